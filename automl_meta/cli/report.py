"""The report of a saved model."""

from pathlib import Path

import click

from automl_meta.cli.inputs import MODEL
from automl_meta.cli.output import console_for


@click.command()
@click.argument("model", type=MODEL)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="HTML file. [default: MODEL.html]")
def report(model: Path, output: Path | None) -> None:
    """Draw the report of MODEL: one HTML file, to read on any screen, to print, to publish.

    \b
    automl-meta report churn.automl -o churn.html
    """
    from automl_meta.files import check_apart, check_writable
    from automl_meta.persistence import read_contents
    from automl_meta.reporting.html import render_report, write_report

    path = output or model.with_suffix(".html")
    check_apart([path], [model])
    check_writable(path)
    manifest, stored = read_contents(model)
    write_report(path, render_report(manifest, stored))
    console_for().print(f"wrote {path}", style="bold")

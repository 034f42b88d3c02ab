"""Comparing a table with the one that a model was fitted to."""

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from automl_meta.cli.inputs import MODEL, TABLE
from automl_meta.cli.output import console_for, plain_table, print_json


@click.command()
@click.argument("model", type=MODEL)
@click.argument("data", type=TABLE)
@click.option(
    "--fail-on",
    multiple=True,
    help="Kinds of findings for which the exit code is 1: missing, extra, type, unreadable, unseen, gaps, drift, any;"
    " repeatable, or separated by commas.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(model: Path, data: str, fail_on: tuple[str, ...], as_json: bool) -> None:
    """Say how DATA differs from the table that MODEL was fitted to, predicting nothing.

    Looks for missing and new columns, changed types, unseen levels, many more missing cells, and columns that are
    distributed differently (population stability index of 0.2 and more, beyond chance). The exit code is 0, 1 if
    there is a finding of a kind in --fail-on, or 2 for errors.

    \b
    automl-meta check churn.automl new.csv
    automl-meta check churn.automl new.csv --fail-on missing,drift
    """
    from automl_meta.automl.checking import check_table, parse_kinds
    from automl_meta.persistence import load_model

    kinds = parse_kinds(fail_on)
    fitted = load_model(model)
    found = check_table(fitted, data)
    findings = found.findings()
    failed = [finding for finding in findings if finding.kind in kinds]
    if as_json:
        rows = [finding.to_dict() for finding in findings]
        print_json({"model": str(model), "data": data, "rows": found.rows, "findings": rows, "failed": len(failed)})
    else:
        _print(found, findings, fitted.profile is not None)
        if failed:
            named = ", ".join(dict.fromkeys(finding.kind for finding in failed))
            text = f": {len(failed)} findings of the kinds asked for: {named}"
            console_for().print(Text.assemble(("failed", "red"), text))
    if failed:
        raise click.exceptions.Exit(1)


def _print(found: Any, findings: list[Any], has_profile: bool) -> None:
    console = console_for()
    if not has_profile:
        console.print("This model file was made without the columns' distributions: drift cannot be seen.")
    if not findings:
        console.print(f"{found.rows:,} rows: like the table that the model was fitted to")
        return
    table = plain_table("kind", "column", "finding", title=f"{found.rows:,} rows, {len(findings)} findings")
    for finding in findings:
        table.add_row(finding.kind, finding.column, finding.text)
    console.print(table)

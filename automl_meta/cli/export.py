"""A saved model in another shape."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from automl_meta.cli.inputs import MODEL
from automl_meta.cli.output import console_for
from automl_meta.errors import InputError

SUFFIXES = {"python": ".py", "onnx": ".onnx", "pickle": ".pickle"}
# What is in all files that this command has written.
MARKS = {
    "python": re.compile(rb"^Written by automl-meta \S+; needs ", re.MULTILINE),
    "onnx": re.compile(rb"automl-meta"),
    "pickle": re.compile(rb"automl_meta\.persistence\.model"),
}


@click.command()
@click.argument("model", type=MODEL)
@click.option(
    "--format", "kind", type=click.Choice(["python", "onnx", "pickle"]), default="python", show_default=True
)
@click.option(
    "--members",
    type=click.Choice(["ensemble", "best"]),
    default="ensemble",
    show_default=True,
    help="Whether the ensemble is written, or the best single configuration (python, onnx).",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write. [default: MODEL.py, MODEL.onnx, MODEL.pickle]",
)
def export(model: Path, kind: str, members: Any, output: Path | None) -> None:
    """Write MODEL as a plain script that retrains it without this package, as an ONNX graph, or as a pickle.

    The script needs scikit-learn, pandas and, where it is a member, LightGBM; run, it prints its own out-of-fold
    score. An ONNX graph predicts the same in other languages, where its members allow it; that is checked. A pickle
    holds the fitted model for programs that have this package.

    \b
    automl-meta export churn.automl --format python -o retrain_churn.py
    automl-meta export churn.automl --format onnx --members best
    """
    from automl_meta.files import check_apart, check_writable
    from automl_meta.persistence import load_model
    from automl_meta.persistence.exporting import write_onnx, write_pickle, write_script

    path = output or model.with_suffix(SUFFIXES[kind])
    check_apart([path], [model])
    if output is None:
        _refuse_foreign(path, kind)
    check_writable(path)
    fitted = load_model(model)
    console = console_for()
    if kind == "python":
        write_script(path, fitted, members=members)
        console.print(Text.assemble((f"wrote {path}", "bold"), f". Try: python {shlex.quote(str(path))} DATA.csv"))
        return
    if kind == "onnx":
        names, difference = write_onnx(path, fitted, members=members)
        console.print(Text.assemble((f"wrote {path}", "bold"), f" of {', '.join(names)}."))
        console.print(f"It was checked against the model: predictions differ by {difference:.1e} at most.")
        return
    write_pickle(path, fitted)
    console.print(f"wrote {path}", style="bold")
    console_for(machine_readable=True).print(
        "warning: a pickle runs code when it is opened: open only those that you made. It needs the same versions of "
        "all libraries; the model file itself does not run code, and says when versions differ.",
    )


def _refuse_foreign(path: Path, kind: str) -> None:
    """Refuse to replace what this command did not write, where the file was not named."""
    if path.is_file() and not MARKS[kind].search(path.read_bytes()):
        raise InputError(
            f"{path}: is there already, and this command did not write it. Name the file to write, or this one to "
            f"replace it: -o {shlex.quote(str(path))}"
        )

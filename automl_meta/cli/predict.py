"""Predicting with a saved model."""

import shlex
from pathlib import Path

import click

from automl_meta.cli.inputs import MODEL, TABLE
from automl_meta.cli.output import console_for

SHOWN_MESSAGES = 20


@click.command()
@click.argument("model", type=MODEL)
@click.argument("data", type=TABLE)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="CSV, TSV (each also .gz) or Parquet file. [default: CSV on stdout]",
)
@click.option("--proba", is_flag=True, help="Also write the probability of each class.")
@click.option(
    "--interval",
    type=float,
    is_flag=False,
    flag_value=0.9,
    help="Also write bounds that hold the true number with this probability (0.9 if none is given).",
)
@click.option("--explain", is_flag=True, help="Also write what each column adds to the prediction.")
@click.option("--jobs", type=click.IntRange(min=0), help="Threads. [default, and 0: one a core]")
def predict(
    model: Path,
    data: str,
    output: Path | None,
    proba: bool,
    interval: float | None,
    explain: bool,
    jobs: int | None,
) -> None:
    """Predict the rows of DATA with MODEL, in their order.

    Columns may come in another order; columns that the model does not know are ignored with a warning. Large CSV and
    Parquet files are read, predicted and written piece by piece. How the table differs from the one that the model
    was fitted to is said on standard error; `automl-meta check` says it alone.

    \b
    automl-meta predict churn.automl new.csv -o predictions.csv
    automl-meta predict churn.automl new.parquet --proba --explain -o predictions.parquet
    """
    from automl_meta.automl.checking import TableCheck
    from automl_meta.automl.options import available_cores
    from automl_meta.automl.predicting import Wanted, predict_pieces
    from automl_meta.cli.bars import Bar
    from automl_meta.cli.predictions import check_output, predictions_to
    from automl_meta.datasets.streaming import open_pieces
    from automl_meta.persistence import load_model

    if output is not None:
        check_output(output, (model, data))
    fitted = load_model(model)
    wanted = Wanted(probabilities=proba, interval=interval, contributions=explain)
    console = console_for(machine_readable=True)
    done = 0
    with open_pieces(data, fitted.schema) as table, predictions_to(output) as write, Bar(console) as bar:
        check = TableCheck(fitted.schema, fitted.profile, table.names)
        for piece in predict_pieces(fitted, table, wanted, threads=jobs or available_cores(), check=check):
            write(piece)
            done += len(piece)
            bar.show(table.share(), f"{done:,} rows", f"{done:,} rows predicted, {table.share():.0%} read")
    messages = check.messages()
    for message in messages[:SHOWN_MESSAGES]:
        console.print(f"warning: {message}")
    if len(messages) > SHOWN_MESSAGES:
        more = len(messages) - SHOWN_MESSAGES
        console.print(f"warning: and {more} more; see: {shlex.join(['automl-meta', 'check', str(model), data])}")

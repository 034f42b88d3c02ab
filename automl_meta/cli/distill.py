"""One small model in the place of a saved ensemble."""

from pathlib import Path

import click

from automl_meta.cli.inputs import MODEL, TABLE
from automl_meta.cli.output import console_for, number, print_json


@click.command()
@click.argument("model", type=MODEL)
@click.argument("data", type=TABLE)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Model file. [default: MODEL-small.automl]")
@click.option("--algorithm", default="lightgbm", show_default=True, help="Of the small model; see `algorithms`.")
@click.option("--time-column", help="By which the rows are ordered, where MODEL was fitted with one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def distill(
    model: Path, data: str, output: Path | None, algorithm: str, time_column: str | None, as_json: bool
) -> None:
    """Make a single small model that has learned from the ensemble MODEL on the rows of DATA, and say what it loses.

    DATA has the target; the table that MODEL was fitted to is best, because what is lost can then be measured on
    folds that neither model has seen. Groups and weights are those of the columns that MODEL was fitted with.

    \b
    automl-meta distill churn.automl churn.csv -o churn-small.automl
    """
    from automl_meta.automl.distilling import distill as distilled
    from automl_meta.automl.distilling import labelled_rows
    from automl_meta.datasets import read_table
    from automl_meta.files import check_apart, check_writable, table_name
    from automl_meta.persistence import load_model, save_model

    path = output or model.with_name(f"{model.stem}-small.automl")
    check_apart([path], (model, data))
    check_writable(path)
    large = load_model(model)
    rows = labelled_rows(read_table(data, large.schema), large.schema, table_name(data), time=time_column)
    result = distilled(large, rows, algorithm)
    save_model(path, result.model)
    megabytes = {"model": path.stat().st_size / 1e6, "ensemble": model.stat().st_size / 1e6}
    if as_json:
        print_json(
            {
                "model": str(path),
                "metric": result.metric,
                "score": result.score,
                "ensemble_score": result.teacher_score,
                "difference": result.difference,
                "difference_error": result.error,
                "honest": result.honest,
                "megabytes": megabytes,
            }
        )
        return
    console = console_for()
    console.print(
        f"{result.metric}: {algorithm} alone {number(result.score)}, the ensemble {number(result.teacher_score)} "
        f"({result.difference:+.4g} ± {result.error:.2g} over the same folds)"
    )
    if not result.honest:
        console.print(
            "The ensemble may have seen the rows that both were scored on: DATA is not the table that it was fitted "
            "to, or its members are refitted, or in layers. Where it has, both scores are too good."
        )
    console.print(f"saved {path} ({megabytes['model']:.1f} MB; the ensemble has {megabytes['ensemble']:.1f} MB)")

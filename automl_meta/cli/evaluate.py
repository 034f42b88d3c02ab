"""Scoring a saved model: a table for people, a gate for CI."""

from pathlib import Path
from typing import Any

import click
from rich.text import Text

from automl_meta.cli.inputs import MODEL, TABLE
from automl_meta.cli.output import console_for, number, plain_table, print_json

SHOWN_CLASSES = 20


@click.command()
@click.argument("model", type=MODEL)
@click.argument("data", type=TABLE)
@click.option("--metric", "extra", multiple=True, help="A further metric; repeatable.")
@click.option("--min-score", "minima", multiple=True, help="METRIC=VALUE below which the exit code is 1; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--report", type=click.Path(path_type=Path), help="Also write the report with these results: HTML.")
def evaluate(
    model: Path, data: str, extra: tuple[str, ...], minima: tuple[str, ...], as_json: bool, report: Path | None
) -> None:
    """Score MODEL on DATA, which has the target; higher is better for every metric.

    Prints every metric of the task with a 95 % bootstrap interval, how the classes are confused (or how the residuals
    are spread), and how far probabilities can be trusted. The exit code is 0 if all minima are reached, 1 if one is
    missed, 2 for errors.

    \b
    automl-meta evaluate churn.automl test.csv --min-score roc_auc=0.80
    automl-meta evaluate churn.automl test.csv --report churn.html
    """
    from automl_meta.automl.judging import judge, missed_gates, parse_gates
    from automl_meta.datasets import read_table
    from automl_meta.files import check_apart, check_writable
    from automl_meta.persistence import load_model

    if report is not None:
        check_apart([report], (model, data))
        check_writable(report)
    gates = parse_gates(minima)
    fitted = load_model(model)
    judged = judge(fitted, read_table(data, fitted.schema), (*extra, *gates))
    for message in (*fitted.warnings, *judged.warnings):
        console_for(machine_readable=True).print(f"warning: {message}")
    missed = missed_gates(judged, gates, fitted.schema.task)
    if report is not None:
        _write_report(report, fitted, data, judged, gates)
    if as_json:
        document = {"model": str(model), "rows": judged.rows, "scores": judged.scores, "missed": missed}
        print_json({**document, "diagnosis": judged.diagnosis})
    else:
        _print(judged, missed)
    if missed:
        raise click.exceptions.Exit(1)


def _write_report(path: Path, fitted: Any, data: str, judged: Any, gates: dict[str, float]) -> None:
    from automl_meta.evaluation import resolve_metric
    from automl_meta.reporting.html import render_report, write_report
    from automl_meta.reporting.page import TestResult

    minima = {resolve_metric(name, fitted.schema.task).name: minimum for name, minimum in gates.items()}
    test = TestResult(data=data, rows=judged.rows, scores=judged.scores, diagnosis=judged.diagnosis, minima=minima)
    write_report(path, render_report(fitted.manifest, fitted.report, warnings=fitted.warnings, test=test))


def _print(judged: Any, missed: list[dict[str, Any]]) -> None:
    console = console_for()
    table = plain_table(
        "metric", "score", "95 % interval", right=("score", "95 % interval"), title=f"{judged.rows} rows"
    )
    for row in judged.scores:
        lower, upper = row["interval"]
        table.add_row(row["metric"], number(row["score"]), f"{number(lower)} to {number(upper)}")
    console.print(table)
    if judged.diagnosis["kind"] == "classes":
        _print_classes(console, judged.diagnosis)
    else:
        _print_residuals(console, judged.diagnosis)
    for gate in missed:
        score, minimum = number(gate["score"]), f"{gate['minimum']:g}"
        text = f": {gate['metric']} is {score}, at least {minimum} is asked for"
        console.print(Text.assemble(("missed", "red"), text))


def _print_classes(console: Any, diagnosis: dict[str, Any]) -> None:
    right = ("rows", "precision", "recall", "f1")
    by_class = plain_table("class", *right, right=right, title="\nby class")
    for row in diagnosis["per_class"][:SHOWN_CLASSES]:
        by_class.add_row(row["class"], str(row["rows"]), *(number(row[name], 3) for name in right[1:]))
    console.print(by_class)
    if len(diagnosis["per_class"]) > SHOWN_CLASSES:
        console.print(f"and {len(diagnosis['per_class']) - SHOWN_CLASSES} more classes")
    labels = diagnosis["confusion"]["labels"]
    # Above the table and not its title, which would be as narrow as the table.
    console.print(Text("\nconfusion (columns: predicted)", style="bold"))
    matrix = plain_table("true", *labels, right=tuple(labels))
    for label, counts in zip(labels, diagnosis["confusion"]["matrix"], strict=True):
        matrix.add_row(label, *map(str, counts))
    console.print(matrix)
    error = diagnosis["calibration"]["error"]
    console.print(f"\ncalibration: probabilities are off by {error:.1%} on average (expected calibration error)")


def _print_residuals(console: Any, diagnosis: dict[str, Any]) -> None:
    spread = ", ".join(f"{float(level):.0%}: {number(value)}" for level, value in diagnosis["quantiles"].items())
    console.print(f"\nresiduals (true - predicted): mean {number(diagnosis['mean'])}; quantiles {spread}")

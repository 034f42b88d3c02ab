"""The meta-features of a table."""

import csv
import io
import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.inputs import NOT_NEGATIVE, SEED, TABLE
from automl_meta.cli.output import console_for, number, plain_table, print_json
from automl_meta.cli.table_options import separated, table_options

if TYPE_CHECKING:
    from automl_meta.datasets import Dataset
    from automl_meta.metafeatures import MetaFeatures

# Named here so that --help need not import what computes them.
GROUPS = (
    "general",
    "real-life",
    "statistical",
    "information",
    "landmarking",
    "relative",
    "model-based",
    "complexity",
    "clustering",
    "concept",
)


@click.command()
@click.argument("data", type=TABLE)
@table_options
@click.option("--groups", multiple=True, help=f"Only these; repeatable, or separated by commas: {', '.join(GROUPS)}.")
@click.option("--time-limit", type=NOT_NEGATIVE, help="Seconds; what does not fit is left missing. [default: 5]")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of the samples and of the models.")
@click.option("--all", "everything", is_flag=True, help="Show every summary, not only the first of each.")
@click.option("--json", "as_json", is_flag=True, help="Print all values as one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print all values as CSV: group, name, value.")
def describe(
    data: str,
    target: str | None,
    task: str,
    ignore: tuple[str, ...],
    groups: tuple[str, ...],
    time_limit: float | None,
    seed: int,
    everything: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print the meta-features of DATA, e.g. `automl-meta describe churn.csv --target Churn`.

    DATA is a file, sklearn:NAME or openml:ID.
    """
    from automl_meta.datasets import read_dataset
    from automl_meta.metafeatures import extract_dataset
    from automl_meta.metafeatures.extractor import TIME_LIMIT

    if as_json and as_csv:
        raise click.UsageError("Give --json or --csv, not both.")
    dataset = read_dataset(data, target, task=task, ignore=ignore)  # type: ignore[arg-type]
    found = extract_dataset(
        dataset,
        groups=separated(groups) or None,
        time_limit=TIME_LIMIT if time_limit is None else time_limit,
        seed=seed,
    )
    if as_json:
        print_json(as_document(dataset, found))
    elif as_csv:
        click.echo(as_lines(found), nl=False)
    else:
        print_tables(dataset, found, everything=everything)


def as_document(dataset: "Dataset", found: "MetaFeatures") -> dict[str, Any]:
    """Return all values by group, None where missing, why they are, and what was looked at."""
    return {
        "dataset": dataset.name,
        "task": dataset.task.value,
        "rows": dataset.n_rows,
        "rows_used": found.rows_used,
        "seconds": round(found.total_seconds, 4),
        "metafeatures": {
            group.value: {name: None if math.isnan(found.values[name]) else found.values[name] for name in names}
            for group, names in groupby(found.values, key=found.groups.__getitem__)
        },
        "left_out": dict(found.left_out),
    }


def as_lines(found: "MetaFeatures") -> str:
    """Return one line of CSV per value, empty where missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["group", "name", "value"])
    for name, value in found.values.items():
        writer.writerow([found.groups[name].value, name, "" if math.isnan(value) else repr(value)])
    return text.getvalue()


def print_tables(dataset: "Dataset", found: "MetaFeatures", *, everything: bool) -> None:
    """Print one table per group, with a line of explanation for each meta-feature."""
    console = console_for()
    console.print(
        f"{dataset.name}: {dataset.task.value}, {dataset.n_rows:,} rows, {dataset.X.shape[1]:,} features; "
        f"columns described by {found.rows_used:,} rows, {found.total_seconds:.2f} s",
    )
    for group, names in groupby(found.values, key=found.groups.__getitem__):
        console.print()
        console.print(_table(group.value, list(names), found, everything))
    late = sum(reason == "time limit" for reason in found.left_out.values())
    console.print(f"\n{len(found.values)} values, {len(found.left_out)} missing, {late} of them for lack of time.")


def _table(title: str, names: list[str], found: "MetaFeatures", everything: bool) -> Any:
    from automl_meta.metafeatures import REGISTRY

    table = plain_table("meta-feature", "value", "what it says", right=("value",), title=title)
    for feature, members in groupby(names, key=lambda name: name.partition(".")[0]):
        shown = list(members)
        for position, name in enumerate(shown if everything else shown[:1]):
            explanation = "" if position else REGISTRY[feature].explanation
            table.add_row(name, readable(found.values[name]), explanation)
    return table


def readable(value: float) -> str:
    """Return whole numbers in full, others to five significant digits, a dash where there is no value."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e9 else number(value, 5)

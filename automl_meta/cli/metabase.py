"""Looking into, building and joining stores of prior experiments."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.metabase_build import add, build
from automl_meta.cli.metabase_rebuild import rebuild
from automl_meta.cli.metabase_train import train_meta_models
from automl_meta.cli.output import console_for, plain_table, print_json
from automl_meta.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from automl_meta.metabase.summary import StoreSummary

FILE = click.Path(path_type=Path, dir_okay=False)
STORE_OPTION = click.option(
    "--metabase", "path", type=FILE, help="The store. [default: $AUTOML_META_METABASE, or the shipped one]"
)
WRITTEN_OPTION = click.option("--metabase", "path", type=FILE, help="The store. [default: your personal one]")
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def metabase() -> None:
    """Look into, build, and merge stores of prior experiments.

    A store is one SQLite file. One comes with automl-meta; your own, where `fit --learn` and `metabase add` write to,
    is used beside it.
    """


metabase.add_command(build)
metabase.add_command(add)
metabase.add_command(train_meta_models)
metabase.add_command(rebuild)


@metabase.command()
@STORE_OPTION
@JSON_OPTION
def info(path: Path | None, as_json: bool) -> None:
    """Print what is in a store: counts, algorithms, coverage, age and versions.

    \b
    automl-meta metabase info
    automl-meta metabase info --metabase mine.sqlite --json
    """
    from automl_meta.metabase import MetaBase
    from automl_meta.metabase.summary import summarise_store

    with MetaBase.open(_to_read(path), "r") as store:
        summary = summarise_store(store)
    if as_json:
        print_json(asdict(summary))
    else:
        _print_summary(console_for(), summary)


@metabase.command()
@STORE_OPTION
@JSON_OPTION
@click.pass_context
def verify(context: click.Context, path: Path | None, as_json: bool) -> None:
    """Check a store: structure, references, doubles, ranges of scores, checksums. Exit code 1 if something is wrong.

    \b
    automl-meta metabase verify --metabase mine.sqlite
    """
    from automl_meta.metabase import MetaBase
    from automl_meta.metabase.verification import verify as find_problems

    path = _to_read(path)
    with MetaBase.open(path, "r") as store:
        problems = find_problems(store)
        n_runs = store.n_runs() if not problems else 0
        sealed = "digest" in store.info() if not problems else False
    if as_json:
        print_json({"path": str(path), "problems": problems})
    elif problems:
        for problem in problems:
            click.echo(problem)
    else:
        click.echo(f"{path}: {n_runs} runs, nothing wrong{', digest as sealed' if sealed else ''}.")
    context.exit(1 if problems else 0)


@metabase.command()
@STORE_OPTION
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder.")
@click.option("--format", "kind", type=click.Choice(["csv", "csv.gz", "parquet"]), default="csv", show_default=True)
def export(path: Path | None, output: Path, kind: Any) -> None:
    """Write a store as tables: datasets, metafeatures and runs.

    \b
    automl-meta metabase export -o tables --format parquet
    """
    from automl_meta.metabase import MetaBase
    from automl_meta.metabase.exporting import export as write_tables

    with MetaBase.open(_to_read(path), "r") as store:
        for written in write_tables(store, output, kind):
            click.echo(str(written))


@metabase.command("import")
@click.argument("runs", type=FILE)
@WRITTEN_OPTION
@click.option("--datasets", type=FILE, help="Table of datasets: name, task, family, n_rows, ...")
@click.option("--metafeatures", type=FILE, help="Table of meta-features: dataset, and one column each.")
@click.option("--data", multiple=True, help="Index, folder or table: compute the meta-features from it; repeatable.")
@click.option("--source", default="import", show_default=True, help="Who made the runs.")
def import_(path: Path | None, runs: Path, **given: Any) -> None:
    """Read experiments from RUNS, a CSV or Parquet table, into a store.

    Its columns are dataset, algorithm, hyperparameters (JSON), metric, score and seconds, and, unless --datasets says
    it, task; a row for each metric of each run. What `export` writes can be imported.

    \b
    automl-meta metabase import runs.csv --metafeatures metafeatures.csv --metabase mine.sqlite
    """
    from automl_meta.metabase.importing import import_tables, store_to_fill
    from automl_meta.metabase.shipped import writable_path

    path = path or writable_path()
    with store_to_fill(path) as store:
        report = import_tables(store, runs, **given)
    click.echo(
        f"{path}: {report.runs} runs on {report.datasets} datasets, {report.known} of the table were there already; "
        f"{report.described} datasets described."
    )
    if report.foreign:
        click.echo(
            f"{report.foreign} runs are of algorithms, versions or hyperparameters that are not as the catalogue has "
            "them. They are kept, and nothing is learned from them. See: automl-meta algorithms"
        )


@metabase.command()
@click.argument("inputs", type=FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, required=True, help="The joined store; may be one of the INPUTS.")
def merge(inputs: tuple[Path, ...], output: Path) -> None:
    """Join stores into one, sealed with a digest, with no other file beside it.

    \b
    automl-meta metabase merge shard1.sqlite shard2.sqlite -o all.sqlite
    """
    from automl_meta.metabase import MetaBase
    from automl_meta.metabase.merging import merge as join

    join(inputs, output)
    with MetaBase.open(output, "ro") as store:
        click.echo(f"{output}: {store.n_runs()} runs on {len(store.datasets())} datasets.")


@metabase.command()
@click.argument("datasets", nargs=-1)
@WRITTEN_OPTION
@click.option("--family", "families", multiple=True, help="Remove all datasets of this family; repeatable.")
@click.option("--algorithm", "algorithms", multiple=True, help="Remove all runs of this algorithm; repeatable.")
@click.option("--configuration", "configurations", multiple=True, help="Remove the runs of this id; repeatable.")
def remove(path: Path | None, **names: tuple[str, ...]) -> None:
    """Remove DATASETS with their runs, or runs by what was run.

    \b
    automl-meta metabase remove churn_2023 --metabase mine.sqlite
    """
    from automl_meta.metabase import MetaBase, personal_path
    from automl_meta.metabase.removing import Doomed
    from automl_meta.metabase.removing import remove as remove_from

    if not any(names.values()):
        raise click.UsageError("Name a dataset, or give --family, --algorithm or --configuration.")
    path = _existing(path or personal_path())
    with MetaBase.open(path, "w") as store:
        removed = remove_from(store, Doomed(**names))
    click.echo(f"{path}: {removed.datasets} datasets and {removed.runs} runs removed.")


def _to_read(path: Path | None) -> Path:
    from automl_meta.metabase import default_path

    return path or default_path()


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path}: there is no such meta-base. Try --metabase with another file.")
    return path


def _print_summary(console: "Console", summary: "StoreSummary") -> None:
    console.print(
        f"{summary.path}: {summary.size_mb:.1f} MiB, {summary.runs} runs, {summary.core_hours:.1f} core-hours"
    )
    age = _age(summary)
    if age:
        console.print(age)
    table = plain_table(
        *("task", "datasets", "families", "simulated", "described", "configurations", "runs", "coverage"),
        right=("datasets", "families", "simulated", "described", "configurations", "runs", "coverage"),
    )
    for name, task in summary.tasks.items():
        counts = (task.datasets, task.families, task.simulated, task.described, task.configurations, task.runs)
        table.add_row(name, *map(str, counts), f"{task.coverage:.0%}")
    console.print(table)
    for name, task in summary.tasks.items():
        dense = ", ".join(f"{count} with {least}" for least, count in task.dense.items() if count)
        if dense:
            console.print(f"{name}: datasets with at least so many configurations: {dense}", soft_wrap=True)
    _print_counts(console, "runs by algorithm", summary.algorithms)
    _print_counts(console, "runs by protocol", summary.protocols)
    _print_counts(console, "runs by grade", summary.grades)
    _print_counts(console, "runs by status", summary.statuses)
    _print_counts(console, "failures", summary.failures)
    console.print(f"metrics: {', '.join(summary.metrics)}", soft_wrap=True)
    for versions in filter(None, summary.versions):  # importers do not know them
        console.print(f"made with: {', '.join(f'{k} {v}' for k, v in versions.items())}", soft_wrap=True)


def _age(summary: "StoreSummary") -> str:
    if summary.first is None or summary.last is None:
        return ""
    first, last = (datetime.fromtimestamp(t, UTC) for t in (summary.first, summary.last))
    days = (datetime.now(UTC) - last).days
    return f"runs made from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {days} days ago"


def _print_counts(console: "Console", title: str, counts: dict[str, int]) -> None:
    if counts:
        table = plain_table("", title, right=("",))
        for name, count in counts.items():
            table.add_row(str(count), name)
        console.print(table)

"""Turning OpenML's public runs into a meta-base."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.inputs import NOT_NEGATIVE
from automl_meta.cli.output import console_for, plain_table, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from automl_meta.metabase.openml.archive import Archive
    from automl_meta.metabase.openml.planning import Forecast
    from automl_meta.metabase.openml.rebuild import RebuildReport

SECONDS_BETWEEN_LINES = 30.0  # in a log
MOST_REASONS = 25
FILE = click.Path(path_type=Path, dir_okay=False)


class Numbers(click.ParamType):  # type: ignore[type-arg]  # generic only in new versions of click
    """Numbers separated by commas."""

    name = "IDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the numbers in `value`."""
        if isinstance(value, tuple):
            return value
        words = [word.strip() for word in str(value).split(",") if word.strip()]
        if not words or not all(word.isdecimal() for word in words):
            self.fail(f"{value!r} is no list of numbers such as 3,31,54", param, ctx)
        return tuple(int(word) for word in words)


def _joined(values: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number for numbers in values for number in numbers))


@click.command()
@click.option("-o", "--output", required=True, type=FILE, help="The meta-base to write.")
@click.option(
    "--suite", "suites", multiple=True, help="cc18, amlb-classification, amlb-regression, a number or a name."
)
@click.option("--tasks", multiple=True, type=Numbers(), help="Numbers of tasks, separated by commas.")
@click.option("--datasets", multiple=True, type=Numbers(), help="Numbers of datasets: all their supervised tasks.")
@click.option("--flows", multiple=True, type=Numbers(), help="Only runs of these flows.")
@click.option("--uploader", "uploaders", multiple=True, type=Numbers(), help="Only runs of these people.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    help="As OpenML calls it; repeatable. [default: area_under_roc_curve, root_mean_squared_error]",
)
@click.option("--max-runs", type=click.IntRange(1), help="At most so many runs of each task.")
@click.option("--qualities", is_flag=True, help="Meta-features from OpenML's qualities; fetch no tables.")
@click.option("--api-key", help="[default: $OPENML_API_KEY, or openml's configuration; public data need none]")
@click.option("--server", help="Address of the interface. [default: $OPENML_SERVER, or openml's configuration]")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder. [default: in openml's cache]"
)
@click.option("--offline", is_flag=True, help="Use what is in the cache, and ask nobody.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched and how long it would take.")
@click.option(
    "--page-size", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Rows of a request."
)
@click.option("--pause", type=NOT_NEGATIVE, default=0.5, show_default=True, help="Seconds between requests.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON document.")
def rebuild(output: Path, as_json: bool, dry_run: bool, **given: Any) -> None:
    """Turn OpenML's public runs into a meta-base.

    Every response is kept in the cache: stop it when you like; the same command goes on where it stopped, and with
    --offline makes the same file again. docs/openml.md says what is translated and what is lost. The exit code is 1
    if a task is missing from the file, or may lack rows.

    \b
    automl-meta metabase rebuild --suite cc18 -o cc18.sqlite
    automl-meta metabase rebuild --tasks 31,3917 --max-runs 5000 -o two.sqlite --dry-run
    """
    from automl_meta.files import check_writable
    from automl_meta.metabase.openml.measures import DEFAULTS
    from automl_meta.metabase.openml.planning import forecast
    from automl_meta.metabase.openml.rebuild import RebuildOptions
    from automl_meta.metabase.openml.rebuild import rebuild as rebuild_store
    from automl_meta.metabase.openml.selection import Selection

    options = RebuildOptions(
        selection=Selection(
            suites=given["suites"], tasks=_joined(given["tasks"]), datasets=_joined(given["datasets"])
        ),
        flows=_joined(given["flows"]),
        uploaders=_joined(given["uploaders"]),
        measures=given["measures"] or DEFAULTS,
        max_runs=given["max_runs"],
        page_size=given["page_size"],
        qualities=given["qualities"],
    )
    check_writable(output)
    archive = _archive(given["server"], given["api_key"], given["cache"], given["offline"], given["pause"])
    console = console_for(machine_readable=as_json)
    if dry_run:
        expected = forecast(options, archive)
        print_json(asdict(expected)) if as_json else _print_forecast(console, expected)
        return
    started = time.monotonic()
    try:
        with _progress(console) as on_progress:
            report = rebuild_store(output, options, archive, on_progress=on_progress)
    except KeyboardInterrupt:
        console.print("Stopped. What was fetched is kept; the same command goes on where this one stopped.")
        raise  # by what ended it, so that the exit code says it
    seconds = time.monotonic() - started
    if as_json:
        print_json(_document(output, report, archive, seconds))
    else:
        _print_report(console, output, report, archive, seconds)
    if not report.is_whole:
        raise click.exceptions.Exit(1)


def _archive(server: str | None, key: str | None, folder: Path | None, offline: bool, pause: float) -> "Archive":
    from automl_meta.metabase.openml.archive import Archive
    from automl_meta.metabase.openml.client import Client, Patience
    from automl_meta.metabase.openml.settings import api_key, page_cache, server_address

    address = server_address(server)
    client = None if offline else Client(address, key=api_key(address, key), patience=Patience(pause=pause))
    return Archive(page_cache(folder, address), client)


@contextmanager
def _progress(console: "Console") -> "Iterator[Callable[[RebuildReport], None]]":
    """Show a bar on a terminal, and a line now and then in a log."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if not console.is_terminal:
        last = time.monotonic()

        def line(report: "RebuildReport") -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                console.print(f"{report.done} of {report.tasks} tasks, {report.last}")

        yield line
        return
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")
        yield lambda report: bar.update(task, total=report.tasks, completed=report.done, description=report.last)


def _print_forecast(console: "Console", expected: "Forecast") -> None:
    console.print(
        f"{expected.tasks} tasks, {expected.lists} lists of evaluations, {expected.cached} of them in the cache."
    )
    if expected.looked_at:
        console.print(
            f"Judged by {expected.looked_at} of the others: about {expected.rows} evaluations in "
            f"{expected.requests} requests, {timedelta(seconds=round(expected.seconds))} if the server stays as "
            "it is; tables and meta-features come on top."
        )


def _document(output: Path, report: "RebuildReport", archive: "Archive", seconds: float) -> dict[str, Any]:
    traffic = archive.client.traffic if archive.client else None
    return {
        "output": str(output),
        **report.to_dict(),
        "requests": traffic.requests if traffic else 0,
        "failures": dict(traffic.failures) if traffic else {},
        "seconds": seconds,
    }


def _print_report(
    console: "Console", output: Path, report: "RebuildReport", archive: "Archive", seconds: float
) -> None:
    counts = report.counts
    stored = ", ".join(f"{number} {grade}" for grade, number in sorted(counts.stored.items(), reverse=True))
    console.print(
        f"{output}: {counts.stored.total()} runs ({stored or 'none'}) on {report.datasets} datasets, "
        f"from {counts.runs} runs of {report.tasks} tasks, in {timedelta(seconds=round(seconds))}.",
        soft_wrap=True,
    )
    console.print(
        f"left out: {counts.untranslatable.total()} that cannot be translated, {counts.repeated} that repeat a "
        f"configuration, {counts.without_score} without a score",
        soft_wrap=True,
    )
    if archive.client is not None:
        traffic = archive.client.traffic
        console.print(f"{traffic.requests} requests, {traffic.failures.total()} of them answered badly and repeated")
    if counts.untranslatable:
        table = plain_table("runs", "not translatable because", right=("runs",))
        for reason, number in counts.untranslatable.most_common(MOST_REASONS):
            table.add_row(str(number), reason)
        console.print(table)
    for task, reason in sorted({**report.skipped, **report.incomplete}.items()):
        console.print(f"task {task}: {reason}", soft_wrap=True)
    if report.unavailable or report.incomplete:
        console.print("Run the same command again: it asks only for what is missing.")

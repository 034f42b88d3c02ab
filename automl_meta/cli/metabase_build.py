"""Running experiments into a meta-base."""

import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from automl_meta.cli.cluster import CLUSTER_OPTIONS, take_cluster_options
from automl_meta.cli.inputs import TABLE
from automl_meta.cli.output import console_for, plain_table, print_json
from automl_meta.cli.table_options import target_option
from automl_meta.errors import InputError

if TYPE_CHECKING:
    from automl_meta.metabase.build_options import BuildReport
    from automl_meta.metabase.sources import DatasetSource

SECONDS_BETWEEN_LINES = 30.0  # in a log
SECONDS_BETWEEN_UPDATES = 0.5  # on a terminal
SHARE_OF_MEMORY = 0.7  # that all workers together may use
Decorator = Callable[[Callable[..., None]], Callable[..., None]]
TASKS = ("all", "classification", "binary", "multiclass", "regression")


BUILD_OPTIONS = (
    click.option("--configurations", type=click.IntRange(1), default=150, show_default=True, help="Per dataset."),
    click.option("--folds", type=click.IntRange(2), default=3, show_default=True),
    click.option(
        "--rows", type=click.IntRange(0), default=2000, show_default=True, help="At most so many; 0 is all."
    ),
    click.option("--seed", type=int, default=0, show_default=True),
    click.option("--time-limit", type=float, default=120.0, show_default=True, help="Seconds for one evaluation."),
    click.option("--memory-limit", type=float, help="MiB for one evaluation. [default: a share of the machine's]"),
    click.option("--jobs", type=click.IntRange(0), help="Workers. [default: one a core; 0: in this process]"),
    *CLUSTER_OPTIONS,
    click.option("--shard", default="1/1", show_default=True, help="Only this part of the datasets, e.g. 2/4."),
    click.option("--retry-failed", is_flag=True, help="Run again what crashed or ended at a limit."),
    click.option("--metafeatures-only", is_flag=True, help="Bring the meta-features up to date and run nothing."),
    click.option("--log", type=click.Path(path_type=Path), help="File for what candidates print and warn of."),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON document."),
)


def _with_options(options: Sequence[Decorator]) -> Decorator:
    """Decorate a command with several options, in their order."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@click.command()
@click.option(
    "--datasets", "locations", required=True, multiple=True, help="Index, folder, table, sklearn:NAME; repeatable."
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The store; made, or filled up.")
@click.option("--target", help="Column to predict in tables that no index describes.")
@click.option(
    "--task", type=click.Choice(TASKS), default="all", show_default=True, help="Only datasets of this kind."
)
@_with_options(BUILD_OPTIONS)
def build(locations: tuple[str, ...], output: Path, as_json: bool, **given: Any) -> None:
    """Run every configuration on every dataset and store the results.

    Stop it when you like, with Ctrl-C or otherwise: the same command goes on where it stopped.

    \b
    automl-meta metabase build --datasets tables/index.csv -o mine.sqlite
    automl-meta metabase build --datasets sklearn:iris --datasets sklearn:wine -o small.sqlite --configurations 20
    """
    from automl_meta.metabase.sources import read_sources

    _run(read_sources(locations, given["target"]), output, as_json, given)


@click.command()
@click.argument("data", type=TABLE)
@target_option
@click.option("--name", help="What the meta-base calls the dataset. [default: the file's name]")
@click.option("--family", default="", help="Datasets that share rows or origin share a family. [default: the name]")
@click.option("--metabase", "output", type=click.Path(path_type=Path), help="The store. [default: your personal one]")
@click.option("--task", type=click.Choice(TASKS), default="all", hidden=True)
@_with_options(BUILD_OPTIONS)
def add(
    data: str, target: str | None, name: str | None, family: str, output: Path | None, as_json: bool, **given: Any
) -> None:
    """Add a dataset of your own to a store, with its meta-features and a run of each configuration.

    None of its rows goes in: its name, size and meta-features, and the scores.

    \b
    automl-meta metabase add churn.csv --target Churn --configurations 50
    """
    from automl_meta.metabase.shipped import writable_path
    from automl_meta.metabase.sources import read_sources

    sources = read_sources([data], target)
    if len(sources) != 1:
        raise InputError(f"{data}: holds {len(sources)} datasets. Try: automl-meta metabase build --datasets {data}")
    source = replace(sources[0], name=name or sources[0].name, family=family or sources[0].family)
    report = _run([source], output or writable_path(), as_json, given)
    if report.unreadable:
        raise InputError(next(iter(report.unreadable.values())))


def _run(sources: "list[DatasetSource]", output: Path, as_json: bool, given: dict[str, Any]) -> "BuildReport":
    from automl_meta.execution.cluster import connect
    from automl_meta.metabase.builder import ExecutorLostError
    from automl_meta.metabase.builder import build as run_build

    console = console_for(machine_readable=as_json)
    cluster = take_cluster_options(given)
    jobs = given["jobs"] if given["jobs"] is not None else len(os.sched_getaffinity(0))
    options = _options(given, None if cluster else max(jobs, 1))
    stop = threading.Event()
    with ExitStack() as stack:
        reader = stack.enter_context(_executor(jobs, given["log"]))
        executor = stack.enter_context(connect(cluster, preload=_preload())) if cluster else reader
        stack.enter_context(_stopping(stop, executor))
        progress = stack.enter_context(BuildProgress(console))
        try:
            report = run_build(sources, output, options, executor, reader=reader, on_progress=progress, stop=stop)
        except ExecutorLostError as error:
            raise InputError(f"{error}. What was done is in {output}; the same command goes on") from error
    _remember_command(output)
    if as_json:
        print_json(_as_dict(report, output))
    _print_summary(console, report, output, stopped=stop.is_set())
    return report


def _options(given: dict[str, Any], jobs: int | None) -> Any:
    import psutil

    from automl_meta.datasets import Task
    from automl_meta.metabase.build_options import BuildOptions
    from automl_meta.metabase.plan import Shard
    from automl_meta.metabase.records import Protocol
    from automl_meta.pipelines.candidates import candidate_configurations
    from automl_meta.pipelines.catalogue import catalogue

    wanted = {
        "all": tuple(Task),
        "classification": (Task.BINARY, Task.MULTICLASS),
    }.get(given["task"]) or (Task(given["task"]),)
    count = 0 if given["metafeatures_only"] else given["configurations"]
    candidates = {
        task: [c for c in candidate_configurations(task, count) if c.algorithm in catalogue(task)] for task in wanted
    }
    memory_mb = given["memory_limit"]
    if memory_mb is None and jobs is not None:  # workers of a cluster know their own share
        memory_mb = SHARE_OF_MEMORY * psutil.virtual_memory().total / 2**20 / jobs
    return BuildOptions(
        protocol=Protocol(rows=given["rows"], folds=given["folds"], seed=given["seed"], source="build"),
        candidates=candidates,
        time_limit=given["time_limit"],
        memory_mb=memory_mb,
        shard=Shard.parse(given["shard"]),
        retry_failed=given["retry_failed"],
    )


def _executor(jobs: int, log: Path | None) -> Any:
    from automl_meta.execution import InlineExecutor, LocalExecutor

    return InlineExecutor() if jobs == 0 else LocalExecutor(jobs, preload=_preload(), log=log)


def _preload() -> tuple[str, ...]:
    from automl_meta.execution.local import PRELOAD

    return (*PRELOAD, "automl_meta.metabase.experiments")


@contextmanager
def _stopping(stop: threading.Event, executor: Any) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM finish what runs, and the second end at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            executor.shutdown(cancel=True)
            raise KeyboardInterrupt
        stop.set()
        click.echo("\nFinishing what runs; once more to stop at once. Nothing is lost.", err=True)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class BuildProgress:
    """Shows how far a build is: one line that is rewritten on a terminal, a line now and then in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("reading the datasets") if console.is_terminal else None
        self._last = float("-inf")

    def __call__(self, report: "BuildReport") -> None:
        """Show `report`, unless one was shown a moment ago."""
        now = time.monotonic()
        if now - self._last < (SECONDS_BETWEEN_UPDATES if self._status else SECONDS_BETWEEN_LINES):
            return
        self._last = now
        line = progress_line(report)
        if self._status:
            self._status.update(line)
        else:
            self._console.print(line, soft_wrap=True)

    def __enter__(self) -> "BuildProgress":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()


def progress_line(report: "BuildReport") -> str:
    """Return one line that says how far a build is."""
    from automl_meta.execution import Status

    failed = report.done - report.statuses[Status.OK]
    parts = [
        f"{report.done}/{report.planned} evaluations",
        f"{failed} failed",
        f"{_duration(report.wall_seconds)} so far",
    ]
    if report.seconds_left is not None and report.done:
        parts.append(f"about {_duration(report.seconds_left)} to go")
    if report.described:
        parts.append(f"{report.described} datasets described")
    if report.last:
        parts.append(f"now {report.last}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _remember_command(output: Path) -> None:
    from automl_meta import __version__
    from automl_meta.metabase import MetaBase

    with MetaBase.open(output, "w") as store:
        store.set_info({"command": shlex.join(["automl-meta", *sys.argv[1:]]), "tool": f"automl-meta {__version__}"})


def _as_dict(report: "BuildReport", output: Path) -> dict[str, Any]:
    return {
        "output": str(output),
        "planned": report.planned,
        "statuses": {status.value: count for status, count in report.statuses.items()},
        "errors": dict(report.errors.most_common()),
        "unreadable": report.unreadable,
        "described": report.described,
        "core_hours": report.cpu_seconds / 3600,
        "seconds": report.wall_seconds,
    }


def _print_summary(console: Console, report: "BuildReport", output: Path, *, stopped: bool) -> None:
    console.print(progress_line(report), soft_wrap=True)
    if report.errors:
        table = plain_table("failures", "algorithm and reason", right=("failures",))
        for error, count in report.errors.most_common(15):
            table.add_row(str(count), error)
        console.print(table)
    for name, reason in report.unreadable.items():
        console.print(f"{name} could not be used: {reason}", soft_wrap=True)
    console.print(f"{report.cpu_seconds / 3600:.2f} core-hours went into {output}.")
    if stopped:
        console.print("Stopped before the end. The same command goes on.")

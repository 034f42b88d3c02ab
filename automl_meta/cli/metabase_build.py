"""Running experiments into a meta-base."""

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.cluster import CLUSTER_OPTIONS, take_cluster_options
from automl_meta.cli.inputs import POSITIVE, SEED, TABLE
from automl_meta.cli.metabase_build_text import BuildProgress, as_document, print_summary
from automl_meta.cli.output import console_for, print_json
from automl_meta.cli.surroundings import Ended
from automl_meta.cli.table_options import target_option
from automl_meta.errors import InputError
from automl_meta.files import check_apart

if TYPE_CHECKING:
    from automl_meta.metabase.build_options import BuildReport
    from automl_meta.metabase.plan import Shard
    from automl_meta.metabase.sources import DatasetSource

SHARE_OF_MEMORY = 0.7  # that all workers together may use
Decorator = Callable[[Callable[..., None]], Callable[..., None]]
TASKS = ("all", "classification", "binary", "multiclass", "regression")


BUILD_OPTIONS = (
    click.option("--configurations", type=click.IntRange(1), default=150, show_default=True, help="Per dataset."),
    click.option("--folds", type=click.IntRange(2), default=3, show_default=True),
    click.option(
        "--rows", type=click.IntRange(0), default=2000, show_default=True, help="At most so many; 0 is all."
    ),
    click.option("--seed", type=SEED, default=0, show_default=True),
    click.option("--time-limit", type=POSITIVE, default=120.0, show_default=True, help="Seconds for one evaluation."),
    click.option("--memory-limit", type=POSITIVE, help="MiB for one evaluation. [default: a share of the machine's]"),
    click.option("--jobs", type=click.IntRange(0), help="Workers. [default: one a core; 0: in this process]"),
    *CLUSTER_OPTIONS,
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
@click.option("--shard", default="1/1", show_default=True, help="Only this part of the datasets, e.g. 2/4.")
@_with_options(BUILD_OPTIONS)
def build(locations: tuple[str, ...], output: Path, as_json: bool, shard: str, **given: Any) -> None:
    """Run every configuration on every dataset and store the results.

    Stop it when you like, with Ctrl-C or otherwise: the same command goes on where it stopped. The exit code is 0 if
    the store has all that was asked for, failures among it; 1 if a dataset could not be used or described, 130 or 143
    if it was stopped, 2 for errors.

    \b
    automl-meta metabase build --datasets tables/index.csv -o mine.sqlite
    automl-meta metabase build --datasets sklearn:iris --datasets sklearn:wine -o small.sqlite --configurations 20
    """
    from automl_meta.metabase.plan import Shard
    from automl_meta.metabase.sources import read_sources

    part = Shard.parse(shard)
    check_apart((output, given["log"]), locations)
    report = _run(read_sources(locations, given["target"]), output, as_json, given, part)
    if not report.is_whole:
        raise click.exceptions.Exit(1)


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
    from automl_meta.metabase.plan import Shard
    from automl_meta.metabase.shipped import writable_path
    from automl_meta.metabase.sources import read_sources

    sources = read_sources([data], target)
    output = output or writable_path()
    check_apart((output, given["log"]), [data])
    if len(sources) != 1:
        command = shlex.join(["automl-meta", "metabase", "build", "--datasets", data, "-o", str(output)])
        raise InputError(f"{data}: holds {len(sources)} datasets. Try: {command}")
    source = replace(sources[0], name=name or sources[0].name, family=family or sources[0].family)
    report = _run([source], output, as_json, given, Shard())
    if report.unreadable:
        raise InputError(next(iter(report.unreadable.values())))
    if not report.is_whole:
        raise click.exceptions.Exit(1)


class _Stop(threading.Event):
    """Set once a build is asked to end."""

    signal: int | None = None  # which asked for it


def _run(
    sources: "list[DatasetSource]", output: Path, as_json: bool, given: dict[str, Any], shard: "Shard"
) -> "BuildReport":
    """Run what is missing, and tell of it; ends with the signal's exit code where one has stopped it."""
    from automl_meta.automl.options import available_cores
    from automl_meta.execution.cluster import connect
    from automl_meta.metabase.builder import ExecutorLostError
    from automl_meta.metabase.builder import build as run_build

    console = console_for(machine_readable=as_json)
    cluster = take_cluster_options(given)
    jobs = given["jobs"] if given["jobs"] is not None else available_cores()
    options = _options(given, None if cluster else max(jobs, 1), shard)
    stop = _Stop()
    with ExitStack() as stack:
        reader = stack.enter_context(_executor(jobs, given["log"]))
        executor = stack.enter_context(connect(cluster, preload=_preload())) if cluster else reader
        stack.enter_context(_stopping(stop, executor))
        progress = stack.enter_context(BuildProgress(console))
        try:
            report = run_build(sources, output, options, executor, reader=reader, on_progress=progress, stop=stop)
        except ExecutorLostError as error:
            told = f"{error}. What was done is in {output}; the same command goes on"
            raise click.ClickException(told) from error
    _remember_command(output)
    if as_json:
        print_json(as_document(report, output, stopped=stop.is_set()))
    print_summary(console, report, output, stopped=stop.is_set())
    if stop.signal is not None:
        raise click.exceptions.Exit(Ended(stop.signal).exit_code)
    return report


def _options(given: dict[str, Any], jobs: int | None, shard: "Shard") -> Any:
    import psutil

    from automl_meta.datasets import Task
    from automl_meta.metabase.build_options import BuildOptions
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
        shard=shard,
        retry_failed=given["retry_failed"],
    )


def _executor(jobs: int, log: Path | None) -> Any:
    from automl_meta.execution import InlineExecutor, LocalExecutor

    return InlineExecutor() if jobs == 0 else LocalExecutor(jobs, preload=_preload(), log=log)


def _preload() -> tuple[str, ...]:
    from automl_meta.execution.local import PRELOAD

    return (*PRELOAD, "automl_meta.metabase.experiments")


@contextmanager
def _stopping(stop: _Stop, executor: Any) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM finish what runs, and the second end at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            executor.shutdown(cancel=True)
            raise Ended(number)
        stop.signal = number
        stop.set()
        click.echo("\nFinishing what runs; once more to stop at once. Nothing is lost.", err=True)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _remember_command(output: Path) -> None:
    from automl_meta import __version__
    from automl_meta.metabase import MetaBase

    typed = [_without_folder(argument) for argument in sys.argv[1:]]
    with MetaBase.open(output, "w") as store:
        store.set_info({"command": shlex.join(["automl-meta", *typed]), "tool": f"automl-meta {__version__}"})


def _without_folder(argument: str) -> str:
    """Return what was typed: stores are passed on, and where something lies on this machine is nobody's business."""
    option, equals, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    return f"{option}{equals}{Path(value).name}" if Path(value).is_absolute() else argument

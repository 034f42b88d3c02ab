"""How good the recommendations are, judged on the meta-base itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.cluster import cluster_options, take_cluster_options
from automl_meta.cli.output import console_for, plain_table, print_json
from automl_meta.cli.table_options import forget_option, separated
from automl_meta.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from automl_meta.execution import Executor
    from automl_meta.execution.cluster import ClusterOptions
    from automl_meta.metalearning.benchmark import Benchmark
    from automl_meta.metalearning.protocol import Experience

METABASE_HELP = "Meta-base to judge on. [default: $AUTOML_META_METABASE, or the shipped one]"


@click.command()
@click.option("--metabase", type=click.Path(path_type=Path), help=METABASE_HELP)
@click.option("--metric", multiple=True, help="Repeatable; kinds of task that do not have it are left out.")
@click.option(
    "--task",
    "kind",
    type=click.Choice(["all", "classification", "regression"]),
    default="all",
    show_default=True,
)
@click.option(
    "--methods",
    multiple=True,
    help="Repeatable, or separated by commas; few-shot: all that need PyTorch. [default: the classical ones]",
)
@click.option("--folds", type=click.IntRange(min=2), help="Leave out this many parts instead of every family alone.")
@click.option("--evaluations", type=click.IntRange(min=1), default=50, show_default=True, help="Length of a search.")
@forget_option
@click.option("--jobs", type=click.IntRange(min=1), help="Workers. [default: all in this process]")
@cluster_options
@click.option("--report", type=click.Path(path_type=Path), help="HTML file with plots to write.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def benchmark(
    metabase: Path | None,
    metric: tuple[str, ...],
    kind: str,
    methods: tuple[str, ...],
    folds: int | None,
    evaluations: int,
    forget: tuple[str, ...],
    jobs: int | None,
    report: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Judge the meta-models against random search, e.g. `automl-meta benchmark --folds 10 --report out.html`.

    Every dataset is left out in turn, its family with it; each method then searches it as `fit` would, seeing only
    the scores that it has asked for.
    """
    from automl_meta.files import check_apart, check_writable
    from automl_meta.metabase import default_path, metabase_paths
    from automl_meta.metalearning.benchmark import compare, write_page

    if report is not None:
        check_apart([report], [metabase])
        check_writable(report)
    chosen = chosen_methods(methods)
    paths = metabase_paths(metabase) if metabase else [default_path()]
    console = console_for(machine_readable=as_json)
    cluster = take_cluster_options({"jobs": jobs, **given})
    results = []
    with _workers(jobs, cluster) as executor:
        for title, experience, name in experiences(paths, kind, metric, forget):
            with console.status(title) as status:
                results.append(
                    compare(
                        experience,
                        chosen,
                        title=title,
                        metric=name,
                        n_evaluations=evaluations,
                        n_folds=folds,
                        executor=executor,
                        progress=lambda method, done: status.update(f"{title}: {method}, {done} datasets"),  # noqa: B023
                    )
                )
            if not as_json:
                print_benchmark(console, results[-1])
    if report is not None:
        from automl_meta.files import replacing

        with replacing(report) as temporary:
            temporary.write_text(write_page(results), encoding="utf-8")
        console.print(f"wrote {report}")
    if as_json:
        print_json([result.to_dict() for result in results])


@contextmanager
def _workers(jobs: int | None, cluster: "ClusterOptions | None") -> Iterator["Executor | None"]:
    """Give the executor that was asked for, None for this process."""
    from automl_meta.metalearning.side_by_side import JudgingFailedError

    if jobs is None and cluster is None:
        yield None
        return
    from automl_meta.execution import LocalExecutor
    from automl_meta.execution.cluster import connect

    preload = ("automl_meta.metalearning.side_by_side",)
    try:
        with connect(cluster, preload=preload) if cluster else LocalExecutor(jobs or 1, preload=preload) as executor:
            yield executor
    except JudgingFailedError as error:
        raise InputError(f"the benchmark could not be ended: {error}") from error


def chosen_methods(methods: tuple[str, ...]) -> list[str]:
    """Return the names that were asked for, the classical ones if none was.

    Raises
    ------
    InputError
        If a method is unknown.
    MissingExtraError
        If one needs PyTorch, and that is not installed.
    """
    from automl_meta.metalearning.methods import CLASSICAL, FEW_SHOT, METHODS, learned_members
    from automl_meta.optional import require

    asked = separated(methods) or tuple(CLASSICAL)
    names = [name for one in asked for name in ((*FEW_SHOT, "mixture") if one == "few-shot" else (one,))]
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InputError(
            f"no method is called {unknown[0]!r}. Try --methods with some of: {', '.join(METHODS)}, few-shot"
        )
    if any(learned_members(name) for name in names):
        require("torch", "neural")
    return list(dict.fromkeys(names))


def experiences(
    paths: list[Path], kind: str, metrics: tuple[str, ...], forget: tuple[str, ...]
) -> list[tuple[str, "Experience", str]]:
    """Return title, experience and metric of everything that there is to judge on.

    Raises
    ------
    InputError
        If there is nothing, or no kind of task that is judged knows what is to be forgotten.
    """
    from automl_meta.datasets.task import Task
    from automl_meta.evaluation.metrics import MetricError
    from automl_meta.metalearning.loo import is_telling
    from automl_meta.metalearning.memory import names_meant, read_comparable
    from automl_meta.metalearning.standings import standings

    read = []
    refused: InputError | None = None
    for title, task in (("classification", Task.BINARY), ("regression", Task.REGRESSION)):
        if kind not in ("all", title):
            continue
        for metric in metrics or (None,):
            try:
                experience, _, name = read_comparable(paths, task, metric)
            except MetricError as error:
                refused = error
            else:
                read.append((title, task, metric, experience, name))
    known = [{*experience.datasets, *experience.families} for _, _, _, experience, _ in read]
    forgotten = names_meant(forget, set().union(*known)) if read else set()
    found = []
    for (title, task, metric, experience, name), names in zip(read, known, strict=True):
        if here := forgotten & names:  # read again: it has no say in which metric and configurations are taken
            experience, _, name = read_comparable(paths, task, metric, forget=here)
        table = standings(experience.scores, experience.failed)
        if sum(is_telling(row) for row in table) >= 2:
            found.append((title, experience, name))
    if not found:
        raise refused or InputError(
            "no kind of task has two datasets with results for half of the configurations, or for 50 of them. "
            "Try --metabase with another file, or: automl-meta metabase build"
        )
    return found


def print_benchmark(console: "Console", result: "Benchmark") -> None:
    """Print regret, intervals, and how many evaluations random search needs."""
    steps = result.steps
    names = [f"k={step}" for step in steps]
    title = (
        f"{result.title}, {result.metric}: {result.n_datasets} datasets, {result.configurations} configurations; "
        "normalised regret in per cent, and its 95 % interval"
    )
    table = plain_table("method", *names, right=tuple(names), title=title)
    needs = plain_table(
        "method", *names, right=tuple(names), title="evaluations that random search needs to be as good"
    )
    ranks = plain_table("method", *names, right=tuple(names), title="mean rank of the best found")
    tests = plain_table("method", *names, right=tuple(names), title="p, paired Wilcoxon test against random search")
    rows = {(row["method"], row["evaluations"]): row for row in result.rows()}
    for method in result.curves:
        line = [rows[method, step] for step in steps]
        table.add_row(
            method, *(f"{100 * r['regret']:.1f} ({100 * r['low']:.1f}-{100 * r['high']:.1f})" for r in line)
        )
        ranks.add_row(method, *(f"{r['rank']:.1f}" for r in line))
        if method != "random":
            needs.add_row(method, *(str(r["random_needs"] or "more") for r in line))
            tests.add_row(method, *(f"{r['p_random']:.2g}" for r in line))
    times = plain_table(
        "method", "to learn", "to propose", right=("to learn", "to propose"), title="seconds, on average"
    )
    for method, curve in result.curves.items():
        if method != "random":
            times.add_row(method, f"{curve.fit_seconds:.2f}", f"{curve.propose_seconds:.4f}")
    for part in (table, needs, ranks, tests, times):
        console.print(part)
        console.print()

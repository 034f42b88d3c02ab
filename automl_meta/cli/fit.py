"""The main job: from a table to a saved, validated ensemble."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from automl_meta.cli.cluster import cluster_options, take_cluster_options
from automl_meta.cli.config import config_option
from automl_meta.cli.inputs import TABLE
from automl_meta.cli.output import console_for, print_json, process_started
from automl_meta.cli.table_options import forget_option, separated, table_options
from automl_meta.files import check_apart, check_writable

# Arguments that say how the table is read; the others say how the run goes.
OF_THE_TABLE = ("target", "task", "ignore", "groups", "time_column", "sample_weight")
FILES = ("output", "report")  # that are written


@click.command()
@click.argument("data", type=TABLE, required=False)
@table_options
@click.option("--metric", help="A scikit-learn scorer or an alias such as auc, log_loss, rmse. [default: by task]")
@click.option("--time-budget", type=float, help="Seconds from start to saved file. [default: 60]")
@click.option("--max-evaluations", type=int, help="Try at most N configurations; alone, it makes runs repeatable.")
@click.option(
    "--search",
    type=click.Choice(["random", "grid", "halving", "meta", "none", "uniform"]),
    default="random",
    show_default=True,
    help="How to go on after the ranked picks.",
)
@click.option("--ensemble", type=click.Choice(["auto", "stack", "greedy", "best"]), default="auto", show_default=True)
@click.option(
    "--refit",
    type=click.Choice(["auto", "bag", "refit"]),
    default="auto",
    show_default=True,
    help="Members: the bag of their fold models, or one model fitted to all rows.",
)
@click.option("--predict-limit", type=float, help="Seconds that predicting 1,000 rows may take.")
@click.option(
    "--cost",
    help="What mistakes cost: TRUE:PREDICTED=COST,... or fp=1,fn=5 (positive is the second of two classes in sorted "
    "order). Decides the predicted class.",
)
@click.option("--negative-weights", is_flag=True, help="Let the weights of a stack be negative.")
@click.option("--top-k", type=int, default=12, show_default=True, help="Ranked picks to try first.")
@click.option("--folds", type=int, help="Folds of the cross-validation. [default: by number of rows]")
@click.option("--repeats", type=int, help="Cross-validate so often on other folds. [default: more for few rows]")
@click.option("--groups", metavar="COLUMN", help="Rows with the same value are never on both sides of a fold.")
@click.option("--time-column", metavar="COLUMN", help="Train on rows that are earlier than those that validate.")
@click.option("--sample-weight", metavar="COLUMN", help="How much each row counts, in training and in scores.")
@click.option("--jobs", type=int, help="Worker processes. [default: one a core]")
@cluster_options
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Model file. [default: NAME.automl]")
@click.option("--report", type=click.Path(path_type=Path), help="Also write the report: one HTML file.")
@click.option("--include", multiple=True, help="Use only this algorithm; repeatable, or separated by commas.")
@click.option("--exclude", multiple=True, help="Do not use this algorithm; repeatable, or separated by commas.")
@click.option("--metabase", type=click.Path(path_type=Path), help="Another meta-base than the shipped one.")
@click.option("--meta-model", metavar="NAME", help="Method that ranks candidates. [default: combined]")
@forget_option
@click.option(
    "--learn", is_flag=True, envvar="AUTOML_META_LEARN", help="Remember this run's scores (no data) for later runs."
)
@click.option(
    "--racing/--no-racing", default=True, help="Give up candidates that are clearly behind after some folds."
)
@click.option("--patience/--no-patience", default=True, help="End early when more search is not expected to help.")
@click.option("--run-dir", type=click.Path(path_type=Path), help="Keep the run's candidates, journal and log here.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the run that is kept in this folder.")
@click.option("--memory-limit", type=float, help="MiB for one candidate. [default: a share of the machine's]")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; all else goes to standard error.")
@click.option("--quiet", is_flag=True, help="Print only errors (and the JSON document).")
def fit(data: str | None, as_json: bool, quiet: bool, **given: Any) -> None:
    """Fit an ensemble to DATA and save it.

    DATA is a CSV, TSV, Parquet, ARFF or JSON-lines file (each also gzipped), - for standard input, sklearn:NAME or
    openml:ID.

    \b
    automl-meta fit churn.csv --target Churn --time-budget 60
    automl-meta fit sklearn:diabetes --metric mae --json
    automl-meta fit --config churn.toml
    automl-meta fit churn.csv --target Churn --run-dir churn-run
    automl-meta fit --resume churn-run
    """
    started = process_started()
    console = console_for(machine_readable=as_json, quiet=quiet)
    with _workers_to_come(given) as server:
        result, files = _fit(data, given, console=console, started=started, server=server)
    if files["report"] is not None:
        _write_report(files["report"], result.model)
    result.timings["save"] = result.clock.elapsed - sum(result.timings.values())
    from automl_meta.cli.fit_summary import print_summary, summary

    print_summary(console, result, files["output"])
    if as_json:
        print_json(summary(result, files["output"]))


def _workers_to_come(given: dict[str, Any]) -> AbstractContextManager[Any]:
    """Let another process import what workers need, while this one imports what it needs itself."""
    if given["jobs"] == 0 or given["cluster"] is not None:
        return nullcontext()
    from automl_meta.execution.local import early_server

    return early_server()


def _fit(
    data: str | None, given: dict[str, Any], *, console: Any, started: float, server: Any
) -> tuple[Any, dict[str, Any]]:
    """Return the result of the run, whose model is saved, and the files to write."""
    from automl_meta.automl.interruption import Interruption
    from automl_meta.automl.run import run, warm_workers
    from automl_meta.cli.progress import FitProgress
    from automl_meta.cli.resuming import ask
    from automl_meta.persistence import save_model

    asked = ask(data, given)
    options = _options(asked.arguments)  # what makes no sense is said before anything is made
    files = {name: asked.arguments[name] for name in FILES}
    check_apart(files.values(), asked.files_read(FILES))
    with asked.folder() as folder, Interruption() as interruption:
        for file in filter(None, files.values()):  # which may lie in the run's folder
            check_writable(file)
        with warm_workers(options, folder.log, server=server) as executor:
            dataset = _read(asked.data, asked.arguments, console)
            folder.check_same_data(dataset)
            asked.arguments["target"] = dataset.schema.target
            folder.remember(**asked.lasting())  # what was typed to go on holds for the next time, too
            result = run(
                dataset,
                options,
                executor=executor,
                folder=folder,
                started=started,
                listener=FitProgress(console, live=console.is_terminal),
                interruption=interruption,
                arguments=asked.told(),
                command=asked.command(),
            )
            save_model(files["output"], result.model)  # before workers are ended, which may take long on a cluster
    return result, files


def _write_report(path: Path, model: Any) -> None:
    from automl_meta.reporting.html import render_report, write_report

    write_report(path, render_report(model.manifest, model.report))


def _options(given: dict[str, Any]) -> Any:
    from automl_meta.automl.options import RunOptions

    options = {name: value for name, value in given.items() if name not in (*OF_THE_TABLE, *FILES)}
    if options["time_budget"] is None and options["max_evaluations"] is None:
        options["time_budget"] = 60.0
    options["forget"] = tuple(options["forget"])
    for name in ("include", "exclude"):
        options[name] = separated(options[name])
    return RunOptions(cluster=take_cluster_options(options), **options)


def _read(data: str, given: dict[str, Any], console: Any) -> Any:
    """Read the table, showing how far; where the target is not clear and somebody sits at the terminal, ask."""
    from automl_meta.cli.bars import Bar
    from automl_meta.datasets import MissingTargetError, RowColumns, read_dataset

    rows = RowColumns(groups=given["groups"], time=given["time_column"], weight=given["sample_weight"])
    how: dict[str, Any] = {"task": given["task"], "ignore": given["ignore"], "rows": rows}

    def read(target: str | None) -> Any:
        with Bar(console) as bar:
            return read_dataset(data, target, progress=lambda share: bar.show(share, f"reading {data}"), **how)

    try:
        return read(given["target"])
    except MissingTargetError as error:
        if given["target"] is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        columns = click.Choice(error.columns)
        answer = click.prompt("Which column is to be predicted?", type=columns, err=True)
    return read(answer)

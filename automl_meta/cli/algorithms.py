"""`automl-meta algorithms`: what is in the catalogue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace
from ConfigSpace.hyperparameters import Hyperparameter
from rich.console import Console

from automl_meta.cli.output import console_for, plain_table, print_json
from automl_meta.datasets.task import Task
from automl_meta.optional import is_installed
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.catalogue import catalogue, search_space


@click.command()
@click.argument("names", nargs=-1)
@click.option("--task", type=click.Choice([str(task) for task in Task]), help="Only algorithms for this task.")
@click.option("--importance", is_flag=True, help="Say how much each hyperparameter matters, by the meta-base.")
@click.option("--metabase", type=click.Path(path_type=Path), help="Another meta-base than the shipped one.")
@click.option("--json", "as_json", is_flag=True, help="Print everything, search spaces too, as one JSON document.")
def algorithms(
    names: tuple[str, ...], task: str | None, importance: bool, metabase: Path | None, as_json: bool
) -> None:
    """List the catalogue; with NAMES, show their search spaces.

    \b
    automl-meta algorithms
    automl-meta algorithms lightgbm catboost
    automl-meta algorithms --importance lightgbm
    automl-meta algorithms --task regression --json
    """
    tasks = [Task(task)] if task else list(Task)
    found = {name: entry for task in tasks for name, entry in catalogue(task, installed_only=False).items()}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is not one of: {', '.join(found)}", param_hint="NAMES")
    chosen = {name: found[name] for name in names or found}
    if importance:
        _show_importance(list(chosen), tasks, metabase, as_json=as_json)
        return
    if as_json:
        print_json([as_document(entry, tasks) for entry in chosen.values()])
        return
    console = console_for(machine_readable=False)
    if names:
        for entry in chosen.values():
            _print_spaces(console, entry, tasks)
        return
    table = plain_table("algorithm", "tasks", "hyperparameters", "available")
    for entry in chosen.values():
        known = [task for task in tasks if task in entry.tasks]
        sizes = sorted({len(search_space(entry.name, task)) for task in known})
        table.add_row(entry.name, ", ".join(known), " or ".join(map(str, sizes)), availability(entry))
    console.print(table)


def _show_importance(names: Sequence[str], tasks: Sequence[Task], metabase: Path | None, *, as_json: bool) -> None:
    """Print, for each algorithm, how much each of its hyperparameters decides."""
    from automl_meta.metabase import metabase_paths
    from automl_meta.metalearning import remember
    from automl_meta.metalearning.importance import hyperparameter_importance
    from automl_meta.metalearning.standings import learn_standings

    rows: list[dict[str, Any]] = []
    for task in tasks:
        memory = remember(metabase_paths(metabase), task)
        knowledge = learn_standings(memory.experience)
        for name in names:
            if name in catalogue(task, installed_only=False):
                shares = hyperparameter_importance(name, task, knowledge, memory.configurations)
                rows += [
                    {"algorithm": name, "task": str(task), "hyperparameter": key, "share": round(share, 4)}
                    for key, share in shares.items()
                ]
    if as_json:
        print_json(rows)
        return
    table = plain_table("algorithm", "task", "hyperparameter", "share", right=("share",))
    for row in rows:
        table.add_row(row["algorithm"], row["task"], row["hyperparameter"], f"{row['share']:.1%}")
    console = console_for(machine_readable=False)
    console.print(table)
    console.print("Shares of what an algorithm's hyperparameters decide, across the datasets of the meta-base.")


def availability(entry: Algorithm) -> str:
    """Return whether the algorithm can run, or what to install."""
    if is_installed(entry.module):
        return "yes"
    return f"pip install 'automl-meta[{entry.extra}]'" if entry.extra else f"pip install {entry.module}"


def as_document(entry: Algorithm, tasks: list[Task]) -> dict[str, Any]:
    """Return what is known of `entry`, ready for JSON."""
    return {
        "name": entry.name,
        "version": entry.version,
        "package": entry.module,
        "installed": is_installed(entry.module),
        "extra": entry.extra,
        "spaces": {str(task): _space(search_space(entry.name, task)) for task in tasks if task in entry.tasks},
    }


def _space(space: ConfigurationSpace) -> list[dict[str, Any]]:
    return [
        {"name": name, **_range(hyperparameter), "only_if": _conditions(space, name)}
        for name, hyperparameter in space.items()
    ]


def _range(hyperparameter: Hyperparameter) -> dict[str, Any]:
    if isinstance(hyperparameter, CategoricalHyperparameter):
        values = [str(value) for value in hyperparameter.choices]
        return {"type": "choice", "values": values, "default": str(hyperparameter.default_value)}
    number = int if isinstance(hyperparameter.default_value, int) else float
    return {
        "type": "whole" if number is int else "real",
        "lower": number(hyperparameter.lower),
        "upper": number(hyperparameter.upper),
        "log": bool(hyperparameter.log),
        "default": number(hyperparameter.default_value),
    }


def _conditions(space: ConfigurationSpace, name: str) -> dict[str, list[str]]:
    """Return parent hyperparameters with the values that let `name` exist."""
    return {
        condition.parent.name: [str(value) for value in condition.values]
        for condition in space.parent_conditions_of[name]
    }


def _print_spaces(console: Console, entry: Algorithm, tasks: list[Task]) -> None:
    """Print the search spaces of `entry`, one table for all tasks that share it."""
    groups: dict[str, tuple[list[Task], list[dict[str, Any]]]] = {}
    for task in tasks:
        if task in entry.tasks:
            described = _space(search_space(entry.name, task))
            groups.setdefault(str(described), ([], described))[0].append(task)
    for known, described in groups.values():
        console.print(f"\n{entry.name} ({', '.join(known)}), available: {availability(entry)}")
        table = plain_table("hyperparameter", "range", "default", "only if")
        for line in described:
            table.add_row(line["name"], _range_text(line), f"{line['default']}", _condition_text(line["only_if"]))
        console.print(table)


def _range_text(line: dict[str, Any]) -> str:
    if line["type"] == "choice":
        return ", ".join(line["values"])
    return f"{line['lower']:g} to {line['upper']:g}{', log' if line['log'] else ''}"


def _condition_text(conditions: dict[str, list[str]]) -> str:
    return "; ".join(f"{parent}: {' or '.join(values)}" for parent, values in conditions.items())

"""How a table is to be read, and what is to be forgotten of it: options that commands share."""

from collections.abc import Callable, Iterable
from typing import Any

import click

TASKS = ("auto", "classification", "binary", "multiclass", "regression")

target_option = click.option(
    "--target", help="Column to predict; may be left out when one is named target, class, label or y."
)
_task_option = click.option("--task", type=click.Choice(TASKS), default="auto", show_default=True)
_ignore_option = click.option(
    "--ignore", multiple=True, help="Column to leave out; repeatable, or separated by commas."
)
forget_option = click.option(
    "--forget",
    multiple=True,
    help="Dataset or family that the meta-base is not to know; repeatable, or separated by commas.",
)


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--target``, ``--task`` and ``--ignore``."""
    return target_option(_task_option(_ignore_option(command)))


def separated(values: Iterable[str]) -> tuple[str, ...]:
    """Return what an option that is repeatable, or separated by commas, was given."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())

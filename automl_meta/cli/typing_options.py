"""Options as they are typed: the way back from values."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import click

from automl_meta.files import STANDARD_INPUT


def typed(values: Mapping[str, Any], parameters: Iterable[click.Parameter]) -> list[str]:
    """Return what is to be typed, last, for values by parameter name; nothing for None."""
    arguments, options = [], []
    for parameter in parameters:
        value = values.get(str(parameter.name))
        if value is None:
            continue
        if isinstance(parameter, click.Argument):
            arguments.append(str(value))
            continue
        long = next(name for name in parameter.opts if name.startswith("--"))
        if isinstance(value, bool):
            options += [long] if value else parameter.secondary_opts[:1]
        else:
            for one in value if isinstance(value, list | tuple) else [value]:
                options += [long, str(one)]
    if any(argument.startswith("-") and argument != STANDARD_INPUT for argument in arguments):
        return [*options, "--", *arguments]  # or they would be taken for options
    return [*arguments, *options]


def command_for(values: Mapping[str, Any], context: click.Context) -> str:
    """Return the command that gives the current command's parameters these values, whatever the shell.

    What would be so anyhow is left out, unless this folder's `pyproject.toml` or a file of options speaks of it.
    """
    bare = click.Context(context.command)  # knows nothing of those files
    spoken_of = context.default_map or {}
    parameters = [
        parameter
        for parameter in context.command.params
        if parameter.name in spoken_of or values.get(str(parameter.name)) != parameter.get_default(bare)
    ]
    return shlex.join(["automl-meta", str(context.command.name), *typed(values, parameters)])

"""Options of `fit` that other commands take too, so that they are told, and understood, in the same way."""

from collections.abc import Callable

import click

from automl_meta.cli.fit import fit


def as_in_fit(*names: str) -> Callable[[click.Command], click.Command]:
    """Give a command options of `fit`, by the names of their values."""
    known = {parameter.name: parameter for parameter in fit.params}

    def decorate(command: click.Command) -> click.Command:
        command.params += [known[name] for name in names]
        return command

    return decorate

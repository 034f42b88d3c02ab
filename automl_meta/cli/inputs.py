"""What commands read: a name that leads nowhere is refused at once, before what reads it is imported."""

import os
from pathlib import Path
from typing import Any

import click

from automl_meta.errors import InputError

NAMED = ("sklearn:", "openml:")  # tables that are no files
STANDARD_INPUT = "-"


class _Table(click.ParamType):  # type: ignore[type-arg]  # generic only in new versions of click
    """A table's file, or its name."""

    name = "table"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it is.

        Raises
        ------
        InputError
            If it names a file that is not there.
        """
        text = str(value)
        if text != STANDARD_INPUT and not text.startswith(NAMED) and not os.path.lexists(text):
            raise InputError(f"{text}: there is no such file.")
        return text


class _Model(click.ParamType):  # type: ignore[type-arg]  # generic only in new versions of click
    """A model's file."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path.

        Raises
        ------
        InputError
            If nothing is there.
        """
        if not os.path.lexists(value):
            raise InputError(f"{value}: no such file. Try the path that `automl-meta fit` printed.")
        return Path(value)


TABLE, MODEL = _Table(), _Model()

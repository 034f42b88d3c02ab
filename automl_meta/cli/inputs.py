"""What commands are given: what cannot be meant is refused at once, before what would use it is imported."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from automl_meta.errors import InputError
from automl_meta.files import is_file_name
from automl_meta.seeding import check_seed


class _Existing(click.ParamType):  # type: ignore[type-arg]  # generic only in new versions of click
    """A file that is there, or what `needs_file` does not take for one.

    Parameters
    ----------
    kind : type
        What the command gets.
    problem : str
        What is said of a file that is not there.
    """

    def __init__(self, name: str, kind: type, problem: str, needs_file: Callable[[str], bool] = bool) -> None:
        self.name = name
        self.kind = kind
        self.problem = problem
        self.needs_file = needs_file

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value as the command gets it.

        Raises
        ------
        InputError
            If it names a file that is not there, or a folder.
        """
        if self.needs_file(str(value)):
            if not os.path.lexists(value):
                raise InputError(f"{value}: {self.problem}")
            if Path(value).is_dir():
                raise InputError(f"{value}: is a folder. Name a file in it.")
        return self.kind(value)


class _Finite(click.FloatRange):
    """A number in a range, and neither infinite nor none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        converted = float(super().convert(value, param, ctx))
        if not math.isfinite(converted):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return converted


class _Seed(click.types.IntParamType):
    """A whole number that can be kept with what was made by it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        seed = int(super().convert(value, param, ctx))
        try:
            check_seed(seed)
        except InputError as error:
            self.fail(str(error), param, ctx)
        return seed


SEED = _Seed()
POSITIVE = _Finite(min=0, min_open=True)
NOT_NEGATIVE = _Finite(min=0)
TABLE = _Existing("table", str, "there is no such file.", is_file_name)
MODEL = _Existing("model", Path, "no such file. Try the path that `automl-meta fit` printed.")

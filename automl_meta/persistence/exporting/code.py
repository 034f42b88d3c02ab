"""Text that may stand in a script: nothing else reaches the template, wherever it came from."""

import math
import re
from typing import Any

from automl_meta.errors import InputError

LONGEST_NAME = 60


class ExportError(InputError):
    """A model cannot be written in the shape asked for."""


class Code(str):
    """A piece of Python that was written by this package, or quoted by it."""

    __slots__ = ()


def literal(value: Any) -> Code:
    """Return `value` as a Python literal: texts, numbers, true and false, None, and lists and tables of them.

    Raises
    ------
    ExportError
        If it is something else, or not a finite number.
    """
    _check(value)
    return Code(repr(value))


def plain(text: Any) -> Code:
    """Return a text as it may stand in a docstring: letters, digits, blanks, points and dashes, and not many."""
    return Code(re.sub(r"[^\w .-]", "_", str(text))[:LONGEST_NAME])


def call(name: str, **arguments: Any) -> Code:
    """Return a call of `name` with arguments that are literals, or code; those that are None are left out.

    Raises
    ------
    ExportError
        If an argument is no literal.
    """
    given = [
        f"{key}={value if isinstance(value, Code) else literal(value)}"
        for key, value in arguments.items()
        if value is not None
    ]
    return Code(f"{name}({', '.join(given)})")


def only_code(value: Any) -> str:
    """Return what a template is about to write.

    Raises
    ------
    TypeError
        If it was not made here: a template writes no text of unknown origin.
    """
    if not isinstance(value, Code):
        raise TypeError(f"a {type(value).__name__} is not code")
    return value


def _check(value: Any) -> None:
    if isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key)
            _check(item)
    elif not (value is None or type(value) in (str, bool, int) or (type(value) is float and math.isfinite(value))):
        raise ExportError(f"the model file holds a {type(value).__name__} that a script cannot: {str(value)[:40]!r}")

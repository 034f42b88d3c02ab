"""What can be wrong with a table."""

import difflib
from collections.abc import Iterable, Sequence

from automl_meta.errors import InputError, quoted

SHOWN = 12  # names in one message
MOST_CHARACTERS = 1_000  # of a message, which may quote a cell of any length


def listed(names: Iterable[object], limit: int = SHOWN) -> str:
    """Return names for a message, quoted and cut, the list after `limit` of them."""
    texts = [quoted(str(name)) for name in names]
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def nearest(name: str, names: Sequence[str]) -> str | None:
    """Return the one of `names` that `name` was probably meant to be, or None."""
    folded = {other.casefold(): other for other in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return folded[near[0]] if near else None


class TableError(InputError):
    """The source cannot be read as a table.

    Parameters
    ----------
    source : str
        What was to be read.
    problem : str
        What is wrong, and what to do.
    """

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem if len(problem) <= MOST_CHARACTERS else f"{problem[:MOST_CHARACTERS]} ...")

    def __str__(self) -> str:
        source, problem = self.args
        return f"{source}: {problem}"


class DuplicateColumnsError(TableError):
    """Two columns have the same name."""


class MissingTargetError(InputError):
    """The target is not among the columns, or was not given and cannot be guessed."""

    def __init__(self, source: str, target: str | None, columns: tuple[str, ...]) -> None:
        super().__init__(source, target, columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names that could be the target."""
        columns: tuple[str, ...] = self.args[2]
        return columns

    def __str__(self) -> str:
        source, target, columns = self.args
        if target is None:
            return f"{source}: which column is to be predicted? Try --target with one of: {listed(columns)}"
        near = nearest(target, columns)
        advice = f"--target {quoted(near)}" if near else f"--target with one of: {listed(columns)}"
        return f"{source}: no column named {quoted(target)}. Try {advice}"


class MissingColumnsError(InputError):
    """Columns that the model was fitted to are not in the table.

    Parameters
    ----------
    missing, unknown : tuple of str
        Columns that only the model knows, and such that only the table has: one may be meant to be the other.
    """

    def __init__(self, missing: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        super().__init__(missing, unknown)

    def __str__(self) -> str:
        missing, unknown = self.args
        near = {name: nearest(name, unknown) for name in missing}
        hints = [f"{quoted(other)} for {quoted(name)}" for name, other in near.items() if other]
        hint = f" Is it {'; '.join(hints[:3])}?" if hints else ""
        return (
            f"The table lacks {len(missing)} of the columns that the model was fitted to: {listed(missing, 50)}."
            f"{hint} Add them; cells may be empty."
        )


class UnknownColumnsError(InputError):
    """Columns to be ignored are not in the table."""

    def __init__(self, unknown: tuple[str, ...], columns: tuple[str, ...]) -> None:
        super().__init__(unknown, columns)

    def __str__(self) -> str:
        unknown, columns = self.args
        near = nearest(unknown[0], columns)
        advice = f"Did you mean {quoted(near)}?" if near else f"The columns are: {listed(columns)}"
        return f"No column named {listed(unknown)} to ignore. {advice}"


class TargetError(InputError):
    """The target column is there and cannot be predicted.

    Parameters
    ----------
    target : str
        Its name.
    problem : str
        What is wrong, and what to do.
    """

    def __init__(self, target: str, problem: str) -> None:
        super().__init__(target, problem)

    def __str__(self) -> str:
        target, problem = self.args
        return f"Target {quoted(target)} {problem}"

"""Columns that say something about the rows, not about what is predicted: groups, times, weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.cells import Cells, look
from automl_meta.datasets.errors import listed, nearest
from automl_meta.datasets.features import read_cells
from automl_meta.datasets.inference import infer_column, numbers_in
from automl_meta.datasets.schema import ColumnRole, Schema
from automl_meta.errors import InputError, quoted


class RowColumnError(InputError):
    """A column cannot be what an option wants of it.

    Parameters
    ----------
    option : str
        As on the command line.
    name : str
        Of the column.
    problem : str
        What is wrong, and what to do.
    """

    def __init__(self, option: str, name: str, problem: str) -> None:
        super().__init__(option, name, problem)

    def __str__(self) -> str:
        option, name, problem = self.args
        return f"{option} {quoted(name)}: {problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumns:
    """Names of the columns that decide which rows validate which, and how much each counts.

    Attributes
    ----------
    groups : str or None
        Rows with the same value belong together: no fold may separate them. Not a feature.
    time : str or None
        Dates or numbers by which the rows are ordered: what is earlier validates nothing that is later. It stays a
        feature.
    weight : str or None
        How much each row counts: finite, not negative. Not a feature; rows of weight 0 are left out.
    """

    groups: str | None = None
    time: str | None = None
    weight: str | None = None

    @property
    def roles(self) -> dict[str, ColumnRole]:
        """The roles of the columns that are no features, by name."""
        named = ((self.groups, ColumnRole.GROUP), (self.weight, ColumnRole.WEIGHT))
        return {name: role for name, role in named if name is not None}

    def check(self, target: str, columns: tuple[str, ...]) -> None:
        """Check that the columns are there and that each has one task.

        Raises
        ------
        RowColumnError
            If not.
        """
        if self.groups is not None and self.time is not None:
            problem = (
                f"rows are split by groups or by time ({quoted(self.time)}), not by both. Leave out one of them."
            )
            raise RowColumnError("--groups", self.groups, problem)
        others = {"--groups": self.groups, "--time-column": self.time}
        for option, name in {**others, "--sample-weight": self.weight}.items():
            if name is None:
                continue
            if name == target:
                raise RowColumnError(option, name, "this is the target. Name another column.")
            if name not in columns:
                near = nearest(name, columns)
                advice = f"Did you mean {quoted(near)}?" if near else f"The columns are: {listed(columns)}"
                raise RowColumnError(option, name, f"there is no such column. {advice}")
            if option == "--sample-weight" and name in others.values():
                raise RowColumnError(option, name, "the column is to order or group the rows already.")


def group_codes(name: str, series: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return a number from 0 for each row, (n_rows,), the same where rows belong together.

    Raises
    ------
    RowColumnError
        If a cell is missing, or all are the same.
    """
    cells = look(series)
    _refuse("--groups", series, cells.missing, "empty", "Fill them in, or drop these rows.")
    _, codes = np.unique(cells.as_text().values, return_inverse=True)
    if codes.max() == 0:
        problem = "all rows belong to one group, so none can be held out. Name a column with at least two values."
        raise RowColumnError("--groups", name, problem)
    return codes.astype(np.int64)


def time_ranks(name: str, series: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return the rank of each row's time, (n_rows,), from 0 for the earliest; the same for the same time.

    Raises
    ------
    RowColumnError
        If a cell is neither a date nor a number, or all are the same.
    """
    cells = look(series)
    if cells.n_distinct == 1 and not cells.missing.any():
        problem = "all rows have the same time, so none is earlier. Name a column with at least two values."
        raise RowColumnError("--time-column", name, problem)
    times = _times(name, cells)
    if times is None:
        example = cells.as_text().texts[0]
        problem = f"cells like {quoted(example)} are neither dates nor numbers. Write dates as 2024-12-31."
        raise RowColumnError("--time-column", name, problem)
    strange = np.isnat(times) if times.dtype.kind == "M" else np.isnan(times)
    _refuse("--time-column", series, strange, "empty or not a time", "Correct them, or drop these rows.")
    ranks = np.unique(times, return_inverse=True)[1]
    return ranks.astype(np.int64)


def row_weights(name: str, series: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return the weights, (n_rows,), zeros among them.

    Raises
    ------
    RowColumnError
        If a cell is not a finite number, or below 0, or all are 0.
    """
    weights = _numbers(look(series))
    if weights is None:
        raise RowColumnError("--sample-weight", name, "the cells are not numbers. Name a column of numbers.")
    _refuse("--sample-weight", series, np.isnan(weights), "not finite numbers", "Correct them; 0 leaves a row out.")
    _refuse("--sample-weight", series, weights < 0, "below 0", "Weights are 0 or more; 0 leaves a row out.")
    if not weights.any():
        raise RowColumnError("--sample-weight", name, "all weights are zero. At least some must be above.")
    return weights


def weights_from(frame: pd.DataFrame, schema: Schema) -> NDArray[np.float64] | None:
    """Return how much each row of a raw table counts under a schema; None where it has no column of weights.

    Raises
    ------
    RowColumnError
        If the column is there and is none of weights.
    """
    present = [name for name in schema.names(ColumnRole.WEIGHT) if name in frame.columns]
    return row_weights(present[0], frame[present[0]]) if present else None


def groups_from(frame: pd.DataFrame, schema: Schema) -> NDArray[np.int64] | None:
    """Return a number for each row of a raw table, the same where rows belong together; None without such a column.

    A table that is not learned from may have a single group, and gaps: such a row is a group of its own.
    """
    present = [name for name in schema.names(ColumnRole.GROUP) if name in frame.columns]
    if not present:
        return None
    cells = look(frame[present[0]]).as_text()
    codes = cells.values.astype(np.int64)
    codes[cells.missing] = len(cells.texts) + np.arange(cells.missing.sum())
    return codes


def _times(name: str, cells: Cells) -> NDArray[Any] | None:
    if cells.kind == "date":
        return cells.values
    if cells.kind == "text":
        column = infer_column(name, cells)
        if column.role is ColumnRole.DATE:
            return np.asarray(read_cells(cells, column)[0])
    return None if cells.kind == "boolean" else _numbers(cells)


def _numbers(cells: Cells) -> NDArray[np.float64] | None:
    if cells.kind in ("number", "boolean"):
        return np.asarray(cells.values, dtype=np.float64)
    found = numbers_in(cells) if cells.kind == "text" and cells.texts else None
    return None if found is None else np.asarray(cells.spread(found[1], np.nan), dtype=np.float64)


def _refuse(option: str, series: "pd.Series[Any]", where: NDArray[np.bool_], what: str, advice: str) -> None:
    """Raise an error that counts the rows `where` something is wrong, if any; the index numbers the rows."""
    count = int(where.sum())
    if count:
        first = int(series.index[int(np.argmax(where))]) + 1
        cells = "1 cell is" if count == 1 else f"{count} cells are"
        raise RowColumnError(option, str(series.name), f"{cells} {what}; the first is in data row {first}. {advice}")

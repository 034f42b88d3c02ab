"""A table whose columns and target are understood."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.schema import Schema
from automl_meta.datasets.target import TINY_ROWS
from automl_meta.datasets.task import Task

STRETCHES = 20  # of time, into which ordered rows fall


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Features in canonical form, a coded target, and the schema that says what they mean.

    Attributes
    ----------
    name : str
        For people; nothing is derived from it.
    X : DataFrame of shape (n_rows, n_features)
        One column per feature of the schema, in its order, with a ``RangeIndex``. By role: NUMERIC is float64;
        BOOLEAN is float64 with 0 and 1, and `NEITHER` for other cells; CATEGORICAL is ``category`` whose categories
        are the schema's levels (strings) and behind them `NEW_LEVEL`, for levels that the schema lacks (see
        `level_dtype`; where the only level is `GIVEN`, every text is); DATE is ``datetime64[ns]``; TEXT is object,
        strings. Missing is NaN, NaT or None. The rows that a schema was inferred from have no `NEITHER` and no
        `NEW_LEVEL`.
    y : array of shape (n_rows,)
        int64 class codes 0 to n_classes - 1 (positions in ``schema.classes``), or float64.
    groups : int64 array of shape (n_rows,) or None
        Rows with the same number belong together, and are never on both sides of a fold.
    times : int64 array of shape (n_rows,) or None
        Ranks of the rows in time; training rows are always earlier than those that validate them.
    weights : float64 array of shape (n_rows,) or None
        How much each row counts, above 0; None is the same for all.
    notes : tuple of str
        What was done to the table on the way, for people: rows dropped, columns left out.
    """

    name: str
    X: pd.DataFrame
    y: NDArray[np.int64] | NDArray[np.float64]
    schema: Schema
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | None = None
    weights: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.schema.task

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def is_tiny(self) -> bool:
        """Whether rows are so few that hardly anything can be told from scores: at most 60."""
        return self.n_rows <= TINY_ROWS

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.schema.classes or ())

    @property
    def kept_together(self) -> NDArray[np.int64] | None:
        """Numbers of rows, (n_rows,), that are held out as a whole inside a training fold, too: groups, or stretches
        of time; None where each row stands alone."""
        if self.groups is not None or self.times is None:
            return self.groups
        stretches: NDArray[np.int64] = self.times * STRETCHES // (self.times.max() + 1)
        return stretches

    def take(self, rows: NDArray[np.intp]) -> "Dataset":
        """Return the dataset with only `rows` (positions), in that order, under the same schema."""
        return replace(
            self,
            X=self.X.iloc[rows].reset_index(drop=True),
            y=self.y[rows],
            groups=taken(self.groups, rows),
            times=taken(self.times, rows),
            weights=taken(self.weights, rows),
        )


def taken(values: NDArray[Any] | None, rows: NDArray[Any]) -> NDArray[Any] | None:
    """Return the values of some rows (positions, mask or slice); None if there are none."""
    return None if values is None else values[rows]


def with_columns(table: pd.DataFrame, values: Mapping[str, Any]) -> pd.DataFrame:
    """Return `table` with these columns instead of, or beside, its own; whatever they are called, ``self`` too."""
    changed = table.copy(deep=False)
    for name, column in values.items():
        changed[name] = column
    return changed

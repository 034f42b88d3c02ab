"""A column looked at once: what kind of cells it has, which are missing, which texts occur."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "Null", "None", "?", "-", "<NA>", "#N/A", "NaT"}
)

EXACT = 2**53  # floats hold all integers below

Kind = Literal["number", "boolean", "date", "text"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a column.

    Attributes
    ----------
    kind
        What the cells are, not what they mean: text may hold numbers.
    dtype : str
        As the table had it.
    values : array of shape (n_rows,)
        float64 for numbers and booleans (0 and 1), where missing and infinite are NaN; datetime64[ns] for dates; for
        text each cell's position in `texts`, where -1 is missing.
    texts : tuple of str
        The distinct texts, stripped, in order of appearance, missing not among them; empty for other kinds.
    categorical : bool
        The table itself says that the column is categorical.
    n_infinite : int
        Cells that were infinite.
    """

    kind: Kind
    dtype: str
    values: NDArray[Any]
    texts: tuple[str, ...] = ()
    categorical: bool = False
    n_infinite: int = 0

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where cells are missing; shape (n_rows,)."""
        if self.kind == "text":
            return np.asarray(self.values < 0)
        return np.asarray(np.isnat(self.values) if self.kind == "date" else np.isnan(self.values))

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Of each text."""
        return np.bincount(self.values[self.values >= 0], minlength=len(self.texts))

    @cached_property
    def n_present(self) -> int:
        """Number of cells that are not missing."""
        return int((~self.missing).sum())

    @cached_property
    def n_distinct(self) -> int:
        """Number of distinct present cells."""
        return len(self.texts) if self.kind == "text" else len(pd.unique(self.values[~self.missing]))

    def as_text(self) -> "Cells":
        """Return the same cells as text; 1, 1.0 and "1" have the same text, "1"."""
        if self.kind == "text":
            return self
        codes, distinct = pd.factorize(self.values)
        if self.kind == "boolean":
            texts = ["True" if value else "False" for value in distinct]
        elif self.kind == "date":
            texts = [date.isoformat() for date in pd.DatetimeIndex(distinct)]
        else:
            texts = [number_text(float(value)) for value in distinct]
        return Cells("text", self.dtype, codes, tuple(texts))

    def spread(self, by_text: NDArray[Any], missing: object) -> NDArray[Any]:
        """Return a value for each cell from a value for each text."""
        padded: NDArray[Any] = np.empty(len(by_text) + 1, dtype=by_text.dtype)
        padded[:-1] = by_text
        padded[-1] = missing  # code -1 is the last
        return np.take(padded, self.values)


def look(series: "pd.Series[Any]", known: Collection[str] = ()) -> Cells:
    """Return the cells of a column of any dtype; a dash is a cell if it is among the `known` ones, else missing."""
    dtype = series.dtype
    name = str(dtype)
    if isinstance(dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy().astype(np.intp)
        return _from_distinct(codes, list(dtype.categories), name, known, categorical=True)
    if isinstance(dtype, pd.SparseDtype):
        return look(pd.Series(np.asarray(series)))
    if isinstance(dtype, pd.PeriodDtype):
        return look(series.dt.to_timestamp())
    if pd.api.types.is_bool_dtype(dtype):
        return Cells("boolean", name, series.to_numpy(dtype=np.float64, na_value=np.nan))
    if pd.api.types.is_timedelta64_dtype(dtype):
        return Cells("number", name, series.dt.total_seconds().to_numpy(dtype=np.float64))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Cells("date", name, nanoseconds(series))
    if pd.api.types.is_complex_dtype(dtype):
        return look(series.astype(str))
    if pd.api.types.is_integer_dtype(dtype) and _has_longer(series.min(), series.max()):
        codes, distinct = pd.factorize(series)
        return _from_distinct(codes, distinct.tolist(), name)
    if pd.api.types.is_numeric_dtype(dtype):
        return _from_numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), name)
    return _from_objects(series, name, known)


def nanoseconds(values: Any) -> NDArray[np.datetime64]:
    """Return datetimes as datetime64[ns] in UTC; what does not fit (before 1677, after 2262) is missing."""
    index = pd.DatetimeIndex(values)
    if index.tz is not None:
        index = index.tz_convert("UTC").tz_localize(None)
    values = index.to_numpy()
    low, high = (np.datetime64(year, "D") for year in ("1678-01-01", "2262-01-01"))
    fits = (values >= low) & (values < high)
    return np.where(fits, values, np.datetime64("NaT")).astype("datetime64[ns]")


def number_text(value: float) -> str:
    """Return the canonical text of a number: whole ones without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)


def cell_text(value: object) -> str:
    """Return the text of a cell, stripped; that of a number is canonical, and empty if it is not finite."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.number):
        return number_text(float(value)) if np.isfinite(value) else ""
    return str(value).strip()


def level_text(text: str) -> str:
    """Return the text under which a cell's text is known as a level: whole numbers lose ".0"."""
    if text.endswith("0") and "." in text:
        whole, _, fraction = text.partition(".")
        if whole.removeprefix("-").isdecimal() and not fraction.strip("0"):
            return whole
    return text


def _from_numbers(numbers: NDArray[np.float64], dtype: str) -> Cells:
    infinite = np.isinf(numbers)
    n_infinite = int(infinite.sum())
    if n_infinite:
        numbers = np.where(infinite, np.nan, numbers)
    return Cells("number", dtype, numbers, n_infinite=n_infinite)


def _has_longer(low: Any, high: Any) -> bool:
    """Return whether there are integers that floats would round, and so confuse with others."""
    return not pd.isna(low) and max(-int(low), int(high)) >= EXACT


def _from_objects(series: "pd.Series[Any]", dtype: str, known: Collection[str]) -> Cells:
    try:
        codes, distinct = pd.factorize(series)
    except TypeError:  # cells such as lists
        codes, distinct = pd.factorize(series.map(str, na_action="ignore"))
    values = distinct.tolist()
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "boolean":
        return Cells("boolean", dtype, np.array([*values, np.nan], dtype=np.float64)[codes])
    is_long = kind == "integer" and _has_longer(min(values), max(values))
    if kind in ("integer", "floating", "mixed-integer-float") and not is_long:
        return _from_numbers(np.array([*values, np.nan], dtype=np.float64)[codes], dtype)
    return _from_distinct(codes, values, dtype, known)


def _from_distinct(
    codes: NDArray[np.intp], values: list[Any], dtype: str, known: Collection[str] = (), *, categorical: bool = False
) -> Cells:
    """Strip the distinct values, join those that become equal, and take out those that mean missing."""
    stripped = [value.strip() if isinstance(value, str) else cell_text(value) for value in values]
    missing = MISSING - {"-"} if "+" in stripped or "-" in known else MISSING  # two classes, + and -
    occurring = np.bincount(codes + 1, minlength=len(values) + 1)[1:]
    distinct = set(stripped)
    if len(distinct) == len(stripped) and occurring.all() and missing.isdisjoint(distinct):
        return Cells("text", dtype, codes, tuple(stripped), categorical)
    positions: dict[str, int] = {}
    lookup = np.full(len(values) + 1, -1, dtype=np.intp)
    for old, text in enumerate(stripped):
        if occurring[old] and text not in missing:
            lookup[old] = positions.setdefault(text, len(positions))
    return Cells("text", dtype, lookup[codes], tuple(positions), categorical)

"""A raw table in canonical form under a schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.cells import Cells, level_text, look
from automl_meta.datasets.dates import ISO, read_dates
from automl_meta.datasets.errors import DuplicateColumnsError, MissingColumnsError, listed
from automl_meta.datasets.inference import BOOLEAN_PAIRS
from automl_meta.datasets.levels import GIVEN, NEITHER, level_dtype
from automl_meta.datasets.numbers import plain_numbers, read_numbers
from automl_meta.datasets.schema import Column, ColumnRole, NumberFormat, Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureCheck:
    """How a table differs from the schema it was read under; all empty if it does not.

    Attributes
    ----------
    extra
        Columns that the schema does not know; they are left out.
    unseen
        By column, the levels that the schema does not know, with the number of their cells; read as `NEW_LEVEL`, in
        Boolean columns as `NEITHER`.
    unreadable
        By column, the number of cells that are not what the column's role needs (a number, a date); read as missing.
    """

    extra: tuple[str, ...] = ()
    unseen: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def messages(self) -> list[str]:
        """Return what to tell people, a line each."""
        lines = []
        if self.extra:
            lines.append(f"Columns left out, because the model does not know them: {listed(self.extra)}")
        for name, levels in self.unseen.items():
            cells = sum(levels.values())
            lines.append(f"Column {name!r}: {cells} cells have values never seen before: {listed(levels, 5)}")
        for name, cells in self.unreadable.items():
            lines.append(f"Column {name!r}: {cells} cells could not be read, and count as missing")
        return lines


def as_frame(X: Any) -> pd.DataFrame:
    """Return a table of any kind as a DataFrame with texts as names and a ``RangeIndex``.

    An array's columns are named x0, x1, ...

    Raises
    ------
    DuplicateColumnsError
        If two columns have the same name.
    """
    if not isinstance(X, pd.DataFrame):
        array = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
        if array.ndim != 2:
            raise ValueError(f"Expected 2D array, got {array.ndim}D array instead. Reshape your data.")
        X = pd.DataFrame(array, columns=[f"x{position}" for position in range(array.shape[1])])
    names = pd.Index([str(name).strip() for name in X.columns], dtype=object)
    repeated = names[names.duplicated()].unique()
    if len(repeated):
        raise DuplicateColumnsError("The table", f"several columns are named {listed(repeated)}. Rename them.")
    frame: pd.DataFrame = X.set_axis(names, axis="columns").reset_index(drop=True)
    return frame


def features_from(X: Any, schema: Schema) -> tuple[pd.DataFrame, FeatureCheck]:
    """Return a raw table's features in canonical form, and how the table differs from the schema.

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)
        The columns may be in any order; an array's are those that an array was fitted with.
    schema : Schema
        Of the table that the model was fitted to.

    Raises
    ------
    MissingColumnsError
        If columns of the schema are missing.
    DuplicateColumnsError
        If two columns have the same name.
    """
    frame = as_frame(X)
    present = set(frame.columns)
    missing = tuple(column.name for column in schema.features if column.name not in present)
    if missing:
        raise MissingColumnsError(missing, schema.unknown(frame.columns))
    columns: dict[str, Any] = {}
    unseen: dict[str, dict[str, int]] = {}
    unreadable: dict[str, int] = {}
    for column in schema.features:
        cells = look(frame[column.name], column.levels or ())
        columns[column.name], strange = read_cells(cells, column)
        if not strange:
            continue
        if column.role in (ColumnRole.CATEGORICAL, ColumnRole.BOOLEAN):
            unseen[column.name] = strange
        else:
            unreadable[column.name] = sum(strange.values())
    known = schema.known_names
    extra = tuple(name for name in frame.columns if name not in known)
    check = FeatureCheck(extra=extra, unseen=unseen, unreadable=unreadable)
    return pd.DataFrame(columns, index=frame.index, columns=pd.Index(list(columns), dtype=object)), check


def read_cells(cells: Cells, column: Column) -> tuple[Any, dict[str, int]]:
    """Return canonical values of a feature's cells, and the texts that are new or unreadable with their counts."""
    match column.role:
        case ColumnRole.NUMERIC:
            return _numeric(cells, column)
        case ColumnRole.BOOLEAN:
            return _boolean(cells)
        case ColumnRole.CATEGORICAL if column.is_presence:
            return _presence(cells), {}
        case ColumnRole.CATEGORICAL:
            return _categorical(cells, column.levels or ())
        case ColumnRole.DATE:
            return _date(cells, column.date_format)
        case ColumnRole.TEXT:
            texts = cells.as_text()
            values = texts.spread(np.array(texts.texts, dtype=object), None)
            return pd.Series(values, dtype=object), {}  # as a bare array pandas would make it its own text type
    raise ValueError(f"column {column.name!r} is {column.role}, not a feature")


def _numeric(cells: Cells, column: Column) -> tuple[NDArray[np.float64], dict[str, int]]:
    if cells.kind in ("number", "boolean"):
        return cells.values, {}
    texts = cells.as_text()
    written = column.number or NumberFormat()
    numbers = read_numbers(texts.texts, written)
    if written == NumberFormat():
        plain = plain_numbers(texts.texts)
        numbers = np.where(np.isnan(plain), numbers, plain)
    return texts.spread(numbers, np.nan), _strange(texts, np.isnan(numbers))


def _boolean(cells: Cells) -> tuple[NDArray[np.float64], dict[str, int]]:
    if cells.kind == "boolean":
        return cells.values, {}
    meaning = {word: float(value) for pair in (*BOOLEAN_PAIRS, ("0", "1")) for value, word in enumerate(pair)}
    texts = cells.as_text()
    values = np.array([meaning.get(level_text(text).casefold(), NEITHER) for text in texts.texts], dtype=np.float64)
    return texts.spread(values, np.nan), _strange(texts, values == NEITHER)


def _categorical(cells: Cells, levels: tuple[str, ...]) -> tuple[pd.Categorical, dict[str, int]]:
    texts = cells.as_text()
    positions = {level: position for position, level in enumerate(levels)}
    found = np.array([positions.get(level_text(text), -1) for text in texts.texts], dtype=np.intp)
    if (found < 0).any():
        others = _positions_otherwise(levels)
        numbers = plain_numbers(texts.texts)
        for position in np.flatnonzero(found < 0):
            text = texts.texts[position]
            found[position] = others.get(text.casefold() if np.isnan(numbers[position]) else numbers[position], -1)
    new = found < 0
    codes = texts.spread(np.where(new, len(levels), found), -1)
    return pd.Categorical.from_codes(codes, dtype=level_dtype(levels)), _strange(texts, new)


def _presence(cells: Cells) -> pd.Categorical:
    return pd.Categorical.from_codes(np.where(cells.missing, -1, 0), dtype=level_dtype((GIVEN,)))


def _positions_otherwise(levels: tuple[str, ...]) -> dict[float | str, int]:
    """Return where levels are that a reader may have turned into numbers or booleans, if only one fits.

    A table with nothing but "07" and "12" may come as 7 and 12, one with nothing but "true" as True.
    """
    positions: dict[float | str, int] = {}
    numbers = plain_numbers(levels).tolist()
    keys = [level.casefold() if np.isnan(number) else number for level, number in zip(levels, numbers, strict=True)]
    for position, key in enumerate(keys):
        if not isinstance(key, str) or key in ("true", "false"):
            positions[key] = -1 if key in positions else position
    return positions


def _date(cells: Cells, date_format: str | None) -> tuple[NDArray[np.datetime64], dict[str, int]]:
    if cells.kind == "date":
        return cells.values, {}
    texts = cells.as_text()
    dates = read_dates(texts.texts, date_format or ISO)
    if date_format not in (None, ISO) and np.isnat(dates).any():
        dates = np.where(np.isnat(dates), read_dates(texts.texts, ISO), dates)
    return texts.spread(dates, np.datetime64("NaT")), _strange(texts, np.isnat(dates))


def _strange(texts: Cells, where: NDArray[np.bool_]) -> dict[str, int]:
    return {texts.texts[i]: int(texts.counts[i]) for i in np.flatnonzero(where)}

"""From a raw table to a dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets.cells import look
from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.delimited import Progress
from automl_meta.datasets.errors import MissingTargetError, TableError, UnknownColumnsError
from automl_meta.datasets.features import as_frame, read_cells
from automl_meta.datasets.inference import infer_column
from automl_meta.datasets.listing import names_in
from automl_meta.datasets.reading import read_table
from automl_meta.datasets.row_columns import RowColumns, group_codes, row_weights, time_ranks
from automl_meta.datasets.schema import Column, ColumnRole, Schema
from automl_meta.datasets.target import TaskChoice, guess_target, prepare_target
from automl_meta.errors import InputError
from automl_meta.files import table_name

NO_ROW_COLUMNS = RowColumns()


def read_dataset(
    source: str | Path,
    target: str | None = None,
    *,
    task: TaskChoice = "auto",
    ignore: Sequence[str] = (),
    rows: RowColumns = NO_ROW_COLUMNS,
    progress: Progress | None = None,
) -> Dataset:
    """Read a table and understand it; see `read_table` for sources and `make_dataset` for the rest.

    Without a `target`, it is the source's own (``sklearn:``, ``openml:``), or a column called target, class, label or
    y.

    Raises
    ------
    InputError
        If the table cannot be read, or nothing can be learned from it.
    """
    frame = read_table(source, progress=progress)
    columns = [str(name) for name in frame.columns]
    if target is None:
        target = frame.attrs.get("target") or guess_target(columns, str(source))
    if target not in columns:
        raise MissingTargetError(str(source), target, tuple(columns))
    return make_dataset(frame, target, task=task, ignore=ignore, rows=rows, name=table_name(source))


def make_dataset(
    frame: pd.DataFrame,
    target: str,
    *,
    task: TaskChoice = "auto",
    ignore: Sequence[str] = (),
    rows: RowColumns = NO_ROW_COLUMNS,
    name: str = "data",
) -> Dataset:
    """Infer the task and the columns' roles, and return the table in canonical form.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        With any index, which is ignored.
    target : str
        Name of the column to predict.
    task : "auto", "classification", "binary", "multiclass" or "regression"
    ignore : sequence of str
        Columns to leave out, each a name or several separated by commas.
    rows : RowColumns
        Columns that decide how rows are split and weighted.
    name : str
        For people.

    Raises
    ------
    InputError
        If the target is absent or cannot be learned, an ignored column is unknown, a column of `rows` is absent or
        not what it should be, or no feature is left.
    """
    attributes = frame.attrs
    frame = as_frame(frame)
    names = tuple(frame.columns)
    if target not in names:
        raise MissingTargetError(name, target, names)
    ignore = names_in(ignore, names)
    unknown = tuple(other for other in ignore if other not in names)
    if unknown:
        raise UnknownColumnsError(unknown, names)
    if len(frame) == 0:
        raise TableError(name, "has a header, but no rows.")
    rows.check(target, names)
    frame, weightless = _with_weight(frame, rows.weight)
    prepared = prepare_target(target, frame[target], task)
    if not prepared.kept.all():
        frame = frame[prepared.kept]
    groups = None if rows.groups is None else group_codes(rows.groups, frame[rows.groups])
    times = None if rows.time is None else time_ranks(rows.time, frame[rows.time])
    weights = None if rows.weight is None else row_weights(rows.weight, frame[rows.weight])
    frame = frame.reset_index(drop=True)
    columns, values = _understand(frame, target, dict.fromkeys(ignore, ColumnRole.IGNORED) | rows.roles)
    if not values:
        raise TableError(name, "has no column to learn from: each is constant, an identifier, or ignored.")
    X = pd.DataFrame(values, index=frame.index, columns=pd.Index(list(values), dtype=object))
    schema = Schema(
        task=prepared.task,
        target=target,
        columns=columns,
        classes=prepared.classes,
        target_number=prepared.number,
    )
    return Dataset(
        name=name,
        X=X,
        y=prepared.y,
        schema=schema,
        groups=groups,
        times=times,
        weights=weights,
        notes=(*attributes.get("notes", ()), *weightless, *prepared.notes),
    )


def dataset_from_arrays(
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    groups: Any = None,
    task: TaskChoice = "auto",
    name: str = "data",
) -> Dataset:
    """Return features and target, given side by side, as a dataset.

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)
        An array's columns are named x0, x1, ...
    y : Series or array of shape (n_rows,)
        A series's name is kept; otherwise the target is called "target".
    sample_weight, groups : array of shape (n_rows,), optional
        How much each row counts, and which rows belong together; see `RowColumns`.

    Raises
    ------
    InputError
        If the lengths differ, or as `make_dataset`.
    """
    frame = as_frame(X)
    values = _as_series(y)
    frame, target = _with_column(frame, "target" if values.name is None else str(values.name), values, "y")
    named: dict[str, str] = {}
    for role, what, given in (("weight", "sample_weight", sample_weight), ("groups", "groups", groups)):
        if given is not None:
            frame, named[role] = _with_column(frame, what, _as_series(given, what), what)
    return make_dataset(frame, target, task=task, rows=RowColumns(**named), name=name)


def _with_column(frame: pd.DataFrame, name: str, values: "pd.Series[Any]", what: str) -> tuple[pd.DataFrame, str]:
    """Return the frame with one more column, and the free name that it got."""
    if len(values) != len(frame):
        raise InputError(f"X has {len(frame)} rows and {what} has {len(values)}: they must be as many.")
    while name in frame.columns:
        name += "_"
    return pd.concat([frame, values.set_axis(frame.index).rename(name)], axis=1), name


def _with_weight(frame: pd.DataFrame, weight: str | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows whose weight is above 0, and a note if there are others."""
    counts = np.ones(len(frame), dtype=bool) if weight is None else row_weights(weight, frame[weight]) > 0
    if counts.all():
        return frame, ()
    return frame[counts], (f"{int((~counts).sum())} rows dropped: their {weight!r} is 0",)


def _as_series(y: Any, name: str = "y") -> "pd.Series[Any]":
    if isinstance(y, pd.Series):
        return y
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        return y.iloc[:, 0]
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"{name} must have one value for each row, and has the shape {array.shape}.")
    return pd.Series(array)


def _understand(
    frame: pd.DataFrame, target: str, left_out: Mapping[str, ColumnRole]
) -> tuple[tuple[Column, ...], dict[str, Any]]:
    columns: list[Column] = []
    values: dict[str, Any] = {}
    for name in frame.columns:
        if name == target:
            continue
        if name in left_out:
            columns.append(Column(name=name, role=left_out[name], dtype=str(frame[name].dtype)))
            continue
        cells = look(frame[name])
        column = infer_column(name, cells)
        columns.append(column)
        if column.role.is_feature:
            values[name], _ = read_cells(cells, column)
    return tuple(columns), values

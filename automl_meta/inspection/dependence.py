"""Partial dependence: what the ensemble predicts on average when a column is set to a value (Friedman, 2001)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import ColumnRole, Dataset
from automl_meta.datasets.dataset import with_columns
from automl_meta.datasets.profile import ColumnProfile
from automl_meta.inspection.out_of_fold import OutOfFoldEnsemble

POINTS = 12  # of a column
MOST_CURVES = 4  # classes that get a curve, the most frequent


def partial_dependences(
    ensemble: OutOfFoldEnsemble, dataset: Dataset, rows: NDArray[np.intp], columns: Sequence[ColumnProfile]
) -> list[dict[str, Any]]:
    """Return one JSON-ready entry a column: its points, and by class (or once) the mean and the middle 80 %
    of the rows, each moved to the common level.

    Texts have no order and few repeats, and are left out.
    """
    X, folds = dataset.X.iloc[rows].reset_index(drop=True), ensemble.fold_of[rows]
    points = {column.name: _points(column, dataset) for column in columns}
    shown = [column for column in columns if len(points[column.name]) > 1]
    copies = [_set(X, column, value) for column in shown for value in points[column.name]]
    if not copies:
        return []
    predicted = ensemble.predict(pd.concat(copies, ignore_index=True), np.tile(folds, len(copies)))
    parts = iter(np.split(predicted, len(copies)))
    entries = []
    for column in shown:
        own = np.stack([next(parts) for _ in points[column.name]])
        entries.append(
            {
                "column": column.name,
                "role": column.role.value,
                "points": [_label(value, column.role) for value in points[column.name]],
                "curves": _curves(own, dataset),
            }
        )
    return entries


def _points(column: ColumnProfile, dataset: Dataset) -> list[Any]:
    if column.role is ColumnRole.CATEGORICAL:
        return list(column.levels[:POINTS])
    if column.role is ColumnRole.BOOLEAN:
        return [0.0, 1.0]
    if column.role is ColumnRole.TEXT or not column.quantiles:
        return []
    distinct = np.unique(column.quantiles[1:-1])
    if len(distinct) > POINTS:
        distinct = np.unique(np.quantile(distinct, np.linspace(0, 1, POINTS), method="nearest"))
    return [float(value) for value in distinct]


def _set(X: pd.DataFrame, column: ColumnProfile, value: Any) -> pd.DataFrame:
    if column.role is ColumnRole.CATEGORICAL:
        levels = X[column.name].cat.categories
        value = pd.Categorical.from_codes(np.full(len(X), levels.get_loc(value)), categories=levels)
    elif column.role is ColumnRole.DATE:
        value = np.datetime64(round(value * 1e9), "ns")
    return with_columns(X, {column.name: value})


def _label(value: Any, role: ColumnRole) -> Any:
    if role is ColumnRole.BOOLEAN:
        return "true" if value else "false"
    if role is ColumnRole.DATE:
        return str(np.datetime64(round(value * 1e9), "ns").astype("datetime64[s]"))
    return value


def _curves(predicted: NDArray[np.float64], dataset: Dataset) -> list[dict[str, Any]]:
    """Return the curves of predictions of shape (n_points, n_rows) or (n_points, n_rows, n_classes)."""
    if dataset.schema.classes is None:
        return [_curve(dataset.schema.target, predicted)]
    if dataset.n_classes == 2:
        return [_curve(str(dataset.schema.classes[1]), predicted[:, :, 1])]
    frequent = np.argsort(-np.bincount(dataset.y.astype(np.intp), minlength=dataset.n_classes), kind="stable")
    return [_curve(str(dataset.schema.classes[code]), predicted[:, :, code]) for code in frequent[:MOST_CURVES]]


def _curve(name: str, predicted: NDArray[np.float64]) -> dict[str, Any]:
    centred = predicted - predicted.mean(axis=0) + predicted.mean()  # rows differ in level; how they respond is asked
    lower, upper = np.quantile(centred, [0.1, 0.9], axis=1)
    means = predicted.mean(axis=1)
    parts = {"mean": means, "lower": lower, "upper": upper}
    return {"of": name, **{key: [float(f"{value:.6g}") for value in values] for key, values in parts.items()}}

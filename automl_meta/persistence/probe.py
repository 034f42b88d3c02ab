"""A few synthetic rows whose predictions are stored, to tell whether a model still predicts the same elsewhere."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import Column, ColumnRole, Schema
from automl_meta.datasets.levels import level_dtype
from automl_meta.ensembling import EnsemblePredictor

N_ROWS = 8
TOLERANCE = 1e-6  # of a probability, or of the predicted numbers' size


def make_probe(schema: Schema, predictor: EnsemblePredictor) -> dict[str, Any]:
    """Return rows made of the schema's ranges and levels, column by column, with their predictions; JSON-ready."""
    columns = {column.name: _cells(column, number) for number, column in enumerate(schema.features)}
    predictions = _predict(schema, predictor, columns)
    kept = predictions.astype(object)
    kept[~np.isfinite(predictions)] = None  # what is too large for a number has no place in JSON
    return {"columns": columns, "predictions": kept.tolist()}


def probe_difference(schema: Schema, predictor: EnsemblePredictor, probe: Mapping[str, Any]) -> float:
    """Return the largest difference between the stored and today's predictions, in parts of what is tolerated."""
    stored = np.asarray(probe["predictions"], dtype=np.float64)
    today = _predict(schema, predictor, probe["columns"])
    if stored.shape != today.shape:
        return float("inf")
    finite = np.isfinite(stored)
    if (finite != np.isfinite(today)).any():
        return float("inf")
    size = 1.0 if schema.task.is_classification else max(float(np.abs(stored[finite]).max(initial=0.0)), 1e-12)
    return float(np.abs(stored / size - today / size).max(where=finite, initial=0.0) / TOLERANCE)


def canonical_frame(schema: Schema, columns: Mapping[str, list[Any]], n_rows: int) -> pd.DataFrame:
    """Return cells as in the probe, `n_rows` a column, None for missing, as the features of a `Dataset`."""
    return pd.DataFrame(
        {column.name: _canonical(column, columns[column.name]) for column in schema.features},
        index=pd.RangeIndex(n_rows),
    )


def _cells(column: Column, number: int) -> list[Any]:
    """Return one cell a row; neighbouring columns step through their values at different paces, one is missing."""
    steps = [(row * (number % 3 + 1) + number) % (N_ROWS - 1) for row in range(N_ROWS - 1)]
    if column.role is ColumnRole.NUMERIC:
        low, high = column.minimum or 0.0, column.maximum if column.maximum is not None else 1.0
        return [*(_between(low, high, step / (N_ROWS - 2)) for step in steps), None]
    if column.role is ColumnRole.BOOLEAN:
        return [*(float(step % 2) for step in steps), None]
    if column.role is ColumnRole.CATEGORICAL:
        levels = column.levels or ()
        return [*(levels[step % len(levels)] if levels else None for step in steps), None]
    if column.role is ColumnRole.DATE:
        return [*(f"20{10 + step:02}-0{step + 1}-1{step}T0{step}:30:00" for step in steps), None]
    return [*(f"some words {step} of {column.name}" for step in steps), None]


def _between(low: float, high: float, share: float) -> float:
    width = high - low
    return low + width * share if math.isfinite(width) else low * (1.0 - share) + high * share


def _predict(schema: Schema, predictor: EnsemblePredictor, columns: Mapping[str, list[Any]]) -> NDArray[np.float64]:
    frame = canonical_frame(schema, columns, N_ROWS)
    if schema.task.is_classification:
        return predictor.predict_proba(frame)
    return np.asarray(predictor.predict(frame), dtype=np.float64)


def _canonical(column: Column, cells: list[Any]) -> Any:
    if column.role in (ColumnRole.NUMERIC, ColumnRole.BOOLEAN):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    if column.role is ColumnRole.CATEGORICAL:
        return pd.Categorical(cells, dtype=level_dtype(column.levels))
    if column.role is ColumnRole.DATE:
        return np.array([np.datetime64("NaT") if cell is None else np.datetime64(cell, "ns") for cell in cells])
    return np.array(cells, dtype=object)

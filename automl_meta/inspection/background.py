"""Rows that nobody is in: drawn column by column from the stored distributions, independently of each other."""

from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets import Column, ColumnRole, Schema
from automl_meta.datasets.levels import level_dtype
from automl_meta.datasets.profile import ColumnProfile, TableProfile


def draw_background(schema: Schema, profile: TableProfile, n_rows: int, random: np.random.Generator) -> pd.DataFrame:
    """Return `n_rows` canonical rows; texts are missing, because none are stored."""
    drawn = {
        column.name: _draw(column, known, n_rows, random)
        for column, known in zip(schema.features, profile.columns, strict=True)
    }
    return pd.DataFrame(drawn, index=pd.RangeIndex(n_rows), columns=pd.Index(list(drawn), dtype=object))


def _draw(column: Column, known: ColumnProfile, n_rows: int, random: np.random.Generator) -> Any:
    missing = random.random(n_rows) < known.missing
    if column.role is ColumnRole.CATEGORICAL:
        return _draw_levels(column, known, n_rows, random)
    if column.role is ColumnRole.TEXT:
        return pd.Series([None] * n_rows, dtype=object)
    if column.role is ColumnRole.BOOLEAN:
        present = max(1.0 - known.missing, 1e-12)
        share = known.shares[-2] / present if len(known.shares) > 2 else 0.0  # of true, the last bin
        return np.where(missing, np.nan, (random.random(n_rows) < share).astype(np.float64))
    if not known.quantiles:
        numbers = np.full(n_rows, np.nan)
    else:
        grid = np.linspace(0, 1, len(known.quantiles))
        numbers = np.interp(random.random(n_rows), grid, known.quantiles)
        numbers[missing] = np.nan
    if column.role is ColumnRole.DATE:
        seconds = np.where(np.isnan(numbers), 0, numbers)
        dates = (seconds * 1e9).astype(np.int64).astype("datetime64[ns]")
        return np.where(np.isnan(numbers), np.datetime64("NaT"), dates)
    return numbers


def _draw_levels(column: Column, known: ColumnProfile, n_rows: int, random: np.random.Generator) -> pd.Categorical:
    levels = column.levels or ()
    positions = {level: position for position, level in enumerate(levels)}
    rare = [position for level, position in positions.items() if level not in known.levels]
    codes = np.array([*(positions.get(level, -1) for level in known.levels), -2, -1], dtype=np.intp)
    shares = np.array(known.shares) / sum(known.shares)
    drawn = codes[random.choice(len(codes), n_rows, p=shares)]
    of_the_rest = drawn == -2
    if of_the_rest.any():
        drawn[of_the_rest] = random.choice(rare or [len(levels)], int(of_the_rest.sum()))
    return pd.Categorical.from_codes(drawn, dtype=level_dtype(levels))

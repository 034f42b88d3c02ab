"""Slices: the parts of the table, by one column, on which the predictions are worst."""

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from automl_meta.datasets import ColumnRole, Dataset
from automl_meta.datasets.profile import ColumnProfile, TableProfile, as_numbers

FEWEST_ROWS = 20
LEAST_SHARE = 0.02  # of the rows
DOUBT = 0.01  # probability, over all slices, of listing one that is worse by chance
BINS = 4
MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Rows on which the loss is larger than on the others.

    Attributes
    ----------
    loss, others : float
        Mean loss on the slice and on the other rows: cross-entropy in nats, or the absolute error.
    p_value : float
        Of a one-sided Welch test that the slice is no worse, times the number of slices that were looked at.
    """

    column: str
    values: str
    rows: int
    loss: float
    others: float
    p_value: float

    def to_dict(self) -> dict[str, str | int | float]:
        """Return a JSON-ready description."""
        return asdict(self)


def row_losses(y: NDArray[np.float64] | NDArray[np.int64], predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's cross-entropy in nats, or its absolute error; shape (n_rows,)."""
    if predictions.ndim == 1:
        return np.asarray(np.abs(y - predictions))
    chosen = predictions[np.arange(len(y)), y.astype(np.intp)]
    return np.asarray(-np.log(np.clip(chosen, 1e-3, 1.0)))  # a single sure mistake is not to make a slice


def worst_slices(dataset: Dataset, profile: TableProfile, losses: NDArray[np.float64]) -> list[Slice]:
    """Return the slices that are worse than the rest by more than chance, those that cost most first.

    Parameters
    ----------
    losses : array of shape (n_rows,)
        Of the rows of `dataset`, by predictions that were made out of fold.
    """
    least = max(FEWEST_ROWS, LEAST_SHARE * len(losses))
    found = []
    looked_at = 0
    for column in profile.columns:
        for values, inside in _parts(column, dataset.X[column.name]):
            if not least <= inside.sum() <= len(losses) - least:
                continue
            looked_at += 1
            found.append(_slice(column.name, values, losses[inside], losses[~inside]))
    corrected = [
        Slice(**{**asdict(one), "p_value": min(one.p_value * looked_at, 1.0)})
        for one in found
        if one.p_value * looked_at < DOUBT
    ]
    return sorted(corrected, key=lambda one: -one.rows * (one.loss - one.others))[:MOST]


def _parts(column: ColumnProfile, values: "pd.Series[float]") -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield what a slice holds, for people, and where it is."""
    missing = values.isna().to_numpy()
    yield "missing", missing
    if column.role is ColumnRole.CATEGORICAL:
        for level in column.levels:
            yield level, (values == level).to_numpy()
    elif column.role is ColumnRole.BOOLEAN:
        yield "true", (values == 1).to_numpy()
        yield "false", (values == 0).to_numpy()
    elif column.quantiles:
        yield from _ranges(column, as_numbers(values, column.role))


def _ranges(column: ColumnProfile, numbers: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    edges = np.unique(np.quantile(column.quantiles, np.linspace(0, 1, BINS + 1), method="nearest"))
    for position, (low, high) in enumerate(itertools.pairwise(edges)):
        above = numbers >= low if position == 0 else numbers > low
        sign = "from" if position == 0 else "above"
        yield f"{sign} {_text(low, column.role)} to {_text(high, column.role)}", above & (numbers <= high)


def _text(value: float, role: ColumnRole) -> str:
    if role is ColumnRole.DATE:
        return str(np.datetime64(round(value), "s").astype("datetime64[D]"))
    return f"{value:.4g}" + (" characters" if role is ColumnRole.TEXT else "")


def _slice(column: str, values: str, inside: NDArray[np.float64], outside: NDArray[np.float64]) -> Slice:
    difference = inside.mean() - outside.mean()
    variance = inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside)
    p_value = float(norm.sf(difference / np.sqrt(variance))) if variance > 0 else 1.0
    return Slice(
        column=column,
        values=values,
        rows=len(inside),
        loss=float(inside.mean()),
        others=float(outside.mean()),
        p_value=p_value,
    )

"""Slices: the parts of the table, by one column, on which the predictions are worst."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from automl_meta.datasets import ColumnRole, Dataset
from automl_meta.datasets.profile import ColumnProfile, TableProfile, as_numbers
from automl_meta.ensembling.deadline import Deadline

FEWEST_ROWS = 20
LEAST_SHARE = 0.02  # of the rows
DOUBT = 0.01  # probability, over all slices, of listing one that is worse by chance
BINS = 4
MOST = 8
ANYWAY = 50  # columns that are looked at however little time there is


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


def worst_slices(
    dataset: Dataset, profile: TableProfile, losses: NDArray[np.float64], *, deadline: Deadline | None = None
) -> tuple[list[Slice], int]:
    """Return the slices that are worse than the rest by more than chance, and how many columns were looked at.

    Those that cost most come first.

    Parameters
    ----------
    losses : array of shape (n_rows,)
        Of the rows of `dataset`, by predictions that were made out of fold.
    deadline : Deadline, optional
        When it has passed, no more than the first 50 columns are looked at.
    """
    deadline = deadline or Deadline()
    least = max(FEWEST_ROWS, LEAST_SHARE * len(losses))
    found: list[tuple[_Part, int]] = []
    sums: list[NDArray[np.float64]] = []
    done = 0
    for column in profile.columns:
        if done >= ANYWAY and deadline.passed:
            break
        part = _part(column, dataset.X[column.name])
        by_value = _sums(part, losses)
        enough = np.flatnonzero((by_value[0] >= least) & (by_value[0] <= len(losses) - least))
        found += [(part, position) for position in enough.tolist()]
        sums.append(by_value[:, enough])
        done += 1
    if not found:
        return [], done
    inside, outside = _moments(np.hstack(sums), losses)
    p_values = np.minimum(_one_sided(inside, outside) * len(found), 1.0)
    slices = [
        Slice(
            column=part.column.name,
            values=part.text(value),
            rows=int(inside.rows[number]),
            loss=float(inside.mean[number]),
            others=float(outside.mean[number]),
            p_value=float(p_values[number]),
        )
        for number, (part, value) in enumerate(found)
        if p_values[number] < DOUBT
    ]
    return sorted(slices, key=lambda one: -one.rows * (one.loss - one.others))[:MOST], done


@dataclass(frozen=True, slots=True)
class _Part:
    """A column cut into values: `codes` says which each row has, from 0, the last of them where it is missing."""

    column: ColumnProfile
    codes: NDArray[np.intp]  # -1 for rows that are in none
    edges: NDArray[np.float64]

    @property
    def n_values(self) -> int:
        if self.column.role is ColumnRole.CATEGORICAL:
            return len(self.column.levels) + 1
        return 3 if self.column.role is ColumnRole.BOOLEAN else max(len(self.edges) - 1, 0) + 1

    def text(self, value: int) -> str:
        """Return what a value is, for people."""
        if value == self.n_values - 1:
            return "missing"
        if self.column.role is ColumnRole.CATEGORICAL:
            return self.column.levels[value]
        if self.column.role is ColumnRole.BOOLEAN:
            return ("false", "true")[value]
        sign = "from" if value == 0 else "above"
        low, high = (_text(edge, self.column.role) for edge in self.edges[value : value + 2])
        return f"{sign} {low} to {high}"


def _part(column: ColumnProfile, values: "pd.Series[float]") -> _Part:
    nothing = np.zeros(0)
    if column.role is ColumnRole.CATEGORICAL:
        place = {level: number for number, level in enumerate(column.levels)}
        of_level = np.array(
            [*(place.get(str(level), -1) for level in values.cat.categories), len(place)], dtype=np.intp
        )
        return _Part(column, of_level[values.cat.codes.to_numpy()], nothing)
    numbers = as_numbers(values, column.role)
    missing = np.isnan(numbers)
    if column.role is ColumnRole.BOOLEAN:
        return _Part(column, np.where(missing, 2, numbers == 1).astype(np.intp), nothing)
    if not column.quantiles:
        return _Part(column, np.where(missing, 0, -1), nothing)
    edges = np.unique(np.quantile(column.quantiles, np.linspace(0, 1, BINS + 1), method="nearest"))
    codes = np.maximum(np.searchsorted(edges, numbers, side="left") - 1, 0)  # the first range holds its lower end
    outside = (numbers < edges[0]) | (numbers > edges[-1])
    return _Part(column, np.where(missing, len(edges) - 1, np.where(outside, -1, codes)), edges)


def _sums(part: _Part, losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by value rows, sum and sum of squares of the losses; shape (3, n_values)."""
    codes, length = part.codes + 1, part.n_values + 1
    weights = (None, losses, losses**2)
    return np.stack([np.bincount(codes, weights=weight, minlength=length)[1:] for weight in weights])


@dataclass(frozen=True, slots=True)
class _Moments:
    rows: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def of(cls, sums: NDArray[np.float64]) -> "_Moments":
        """Return them of rows, sums and sums of squares, shape (3, n)."""
        rows, total, squares = sums
        return cls(rows, total / rows, np.maximum(squares - total**2 / rows, 0.0) / (rows - 1))


def _moments(sums: NDArray[np.float64], losses: NDArray[np.float64]) -> tuple[_Moments, _Moments]:
    """Return mean and variance of the losses on each slice, and on the other rows."""
    everything = np.array([len(losses), losses.sum(), (losses**2).sum()])[:, None]
    return _Moments.of(sums), _Moments.of(everything - sums)


def _one_sided(inside: _Moments, outside: _Moments) -> NDArray[np.float64]:
    """Return the probability that slices which are no worse look as bad by chance (Welch's test)."""
    variance = inside.variance / inside.rows + outside.variance / outside.rows
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (inside.mean - outside.mean) / np.sqrt(variance)
    return np.where(variance > 0, ndtr(-distance), 1.0)


def _text(value: float, role: ColumnRole) -> str:
    if role is ColumnRole.DATE:
        return str(np.datetime64(round(value), "s").astype("datetime64[D]"))
    return f"{value:.4g}" + (" characters" if role is ColumnRole.TEXT else "")

"""Slices: the parts of the table, by one column, on which the predictions are worst.

Whether a slice is worse by more than chance is asked of groups of rows, where there are any: the rows of one resemble
each other, and a column that is the same for all of them cuts groups, not rows. The variance of a mean is that of the
groups' sums of residuals (Cameron & Miller 2015, *A practitioner's guide to cluster-robust inference*), and without
groups each row is one.
"""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr

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
        Of a one-sided test that the slice is no worse, times the number of slices that were looked at.
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
    test = _Test.of(losses, dataset.weights, dataset.groups)
    found: list[tuple[_Part, int]] = []
    compared: list[NDArray[np.float64]] = []
    done = 0
    for column in profile.columns:
        if done >= ANYWAY and deadline.passed:
            break
        part = _part(column, dataset.X[column.name])
        rows = np.bincount(part.codes + 1, minlength=part.n_values + 1)[1:]
        enough = np.flatnonzero((rows >= least) & (rows <= len(losses) - least))
        found += [(part, position) for position in enough.tolist()]
        compared.append(np.vstack([rows, test.compare(part.codes, part.n_values)])[:, enough])
        done += 1
    if not found:
        return [], done
    slices = [
        Slice(
            column=part.column.name,
            values=part.text(value),
            rows=int(rows),
            loss=float(inside),
            others=float(outside),
            p_value=float(min(p_value * len(found), 1.0)),
        )
        for (part, value), (rows, inside, outside, p_value) in zip(found, np.hstack(compared).T, strict=True)
        if p_value * len(found) < DOUBT
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


@dataclass(frozen=True, slots=True)
class _Test:
    """Compares the mean loss of some rows with that of the others.

    Attributes
    ----------
    mean : float
        Of all losses; sums are of what they differ from it by, which keeps their digits.
    weights, weighted : array of shape (n_rows,)
        How much each row counts, and that times what its loss differs by.
    groups : array of shape (n_rows,)
        From 0, none left out.
    group_weights, group_losses : array of shape (n_groups,)
        Sums of the two.
    """

    mean: float
    weights: NDArray[np.float64]
    weighted: NDArray[np.float64]
    groups: NDArray[np.intp]
    group_weights: NDArray[np.float64]
    group_losses: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        losses: NDArray[np.float64],
        weights: NDArray[np.float64] | None,
        groups: NDArray[np.int64] | None,
    ) -> "_Test":
        """Return it for the rows of a table."""
        each = np.ones(len(losses)) if weights is None else weights
        codes = np.arange(len(losses)) if groups is None else np.unique(groups, return_inverse=True)[1]
        mean = float(np.average(losses, weights=each))
        weighted = each * (losses - mean)
        sums = [np.bincount(codes, one).astype(np.float64) for one in (each, weighted)]
        return cls(mean, each, weighted, codes, *sums)

    def compare(self, codes: NDArray[np.intp], n_values: int) -> NDArray[np.float64]:
        """Return for each value the mean loss of its rows, that of the others, and how likely it is by chance.

        The last is the probability that values which are no worse look as bad, by a t-test with as many degrees of
        freedom as there are groups on the side with fewer of them, less one.

        Parameters
        ----------
        codes : array of shape (n_rows,)
            The value of each row, from 0; -1 for rows that have none.

        Returns
        -------
        array of shape (3, n_values)
        """
        n_groups = len(self.group_weights)
        rows = np.flatnonzero(codes >= 0)
        # What a group has of a value; only pairs that occur.
        pairs, pair = np.unique(codes[rows] * n_groups + self.groups[rows], return_inverse=True)
        value, group = pairs // n_groups, pairs % n_groups
        weight, loss = np.bincount(pair, self.weights[rows]), np.bincount(pair, self.weighted[rows])
        inside_weight = np.bincount(value, weight, n_values)
        outside_weight = self.group_weights.sum() - inside_weight
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = np.bincount(value, loss, n_values) / inside_weight
            outside = (self.group_losses.sum() - np.bincount(value, loss, n_values)) / outside_weight
            # A group's share in the difference of the means: if it had nothing of the value, and as it is.
            without = (self.group_losses[group] - outside[value] * self.group_weights[group]) / outside_weight[value]
            residual = (loss - inside[value] * weight) / inside_weight[value]
            others = (loss - outside[value] * weight) / outside_weight[value]
            squares = (
                np.sum(self.group_losses**2)
                - 2 * outside * np.sum(self.group_losses * self.group_weights)
                + outside**2 * np.sum(self.group_weights**2)
            ) / outside_weight**2
            squares += np.bincount(value, (residual + others - without) ** 2 - without**2, n_values)
            whole = np.bincount(value[weight >= self.group_weights[group]], minlength=n_values)
            fewer = np.minimum(np.bincount(value, minlength=n_values), n_groups - whole)
            distance = (inside - outside) / np.sqrt(squares * fewer / (fewer - 1))
        sure = (fewer > 1) & (squares > 0)
        chance = np.where(sure, stdtr(np.maximum(fewer - 1, 1), -distance), 1.0)
        return np.stack([self.mean + inside, self.mean + outside, chance])


def _text(value: float, role: ColumnRole) -> str:
    if role is ColumnRole.DATE:
        return str(np.datetime64(round(value), "s").astype("datetime64[D]"))
    return f"{value:.4g}" + (" characters" if role is ColumnRole.TEXT else "")

"""How the columns of a table are distributed, in few numbers, and whether another table's are alike.

A column is described by the shares of its cells in a few bins: of numbers, dates (as seconds since 1970) and texts
(by their number of characters) between deciles; of categories by level, the rare ones together. Counts of the same
bins in another table add up chunk by chunk, so a table of any size is compared in bounded memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.schema import Column, ColumnRole

FORMAT = 1
MOST_LEVELS = 50  # that are counted one by one; the rest together
QUANTILES = 21  # 0 %, 5 %, ..., 100 %
MOST_ROWS = 100_000  # that a profile is made of; more say the same
DRIFTED = 0.2  # population stability index from which a shift is usually called large
DOUBT = 1e-3  # probability, over all columns, of calling a shift what is chance


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column's distribution.

    Attributes
    ----------
    missing : float
        Share of missing cells.
    quantiles : tuple of float
        Of the present cells, evenly spaced from the minimum to the maximum; empty for categories and booleans.
    levels : tuple of str
        The most frequent levels, most frequent first; empty for other roles.
    edges : tuple of float
        Inner edges of the bins, ascending; empty for categories and booleans.
    shares : tuple of float
        Of all cells: by bin or level, then of the rarer and the new levels together (categories only), then of
        missing cells.
    """

    name: str
    role: ColumnRole
    missing: float
    quantiles: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    def counts(self, values: "pd.Series[Any]") -> NDArray[np.int64]:
        """Return how many cells of a canonical column fall into each bin, in the order of `shares`."""
        if self.role is ColumnRole.CATEGORICAL:
            return self._level_counts(values)
        numbers = as_numbers(values, self.role)
        present = ~np.isnan(numbers)
        bins = np.digitize(numbers[present], np.array(self.edges), right=True)
        counts = np.bincount(bins, minlength=len(self.edges) + 1)
        return np.append(counts, int((~present).sum()))

    def _level_counts(self, values: "pd.Series[Any]") -> NDArray[np.int64]:
        by_level = np.bincount(values.cat.codes + 1, minlength=len(values.cat.categories) + 1)
        known = {str(level): int(count) for level, count in zip(values.cat.categories, by_level[1:], strict=True)}
        named = [known.get(level, 0) for level in self.levels]
        return np.array([*named, sum(known.values()) - sum(named), by_level[0]], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """The distributions of a table's features, in the schema's order."""

    n_rows: int
    columns: tuple[ColumnProfile, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"format": FORMAT, "n_rows": self.n_rows, "columns": [asdict(column) for column in self.columns]}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "TableProfile":
        """Return the profile that `to_dict` described.

        Raises
        ------
        ValueError
            If the description is of another format.
        """
        if content["format"] != FORMAT:
            raise ValueError(f"the profile has format {content['format']}; known: {FORMAT}")
        columns = [
            ColumnProfile(
                **{
                    **column,
                    "role": ColumnRole(column["role"]),
                    "missing": float(column["missing"]),
                    "levels": tuple(map(str, column["levels"])),
                    **{key: tuple(map(float, column[key])) for key in ("quantiles", "edges", "shares")},
                }
            )
            for column in content["columns"]
        ]
        return cls(n_rows=int(content["n_rows"]), columns=tuple(columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How far a column of another table is from the profile.

    Attributes
    ----------
    index : float
        Population stability index: the symmetrised Kullback-Leibler divergence of the binned shares; 0 is the same,
        from 0.2 the shift is large.
    p_value : float
        Of the chi-squared test that both tables' cells come from the same distribution.
    drifted : bool
        The index is at least 0.2, and chance would show such a shift in any of the columns once in 1,000 tables.
    missing, was_missing : float
        Shares of missing cells, now and in the profile.
    """

    name: str
    index: float
    p_value: float
    drifted: bool
    missing: float
    was_missing: float


class DriftCounter:
    """Adds up a table, chunk by chunk, and compares it with a profile."""

    def __init__(self, profile: TableProfile) -> None:
        self._profile = profile
        self._counts = [np.zeros(len(column.shares), dtype=np.int64) for column in profile.columns]

    def add(self, X: pd.DataFrame) -> None:
        """Count the cells of a canonical table."""
        for counts, column in zip(self._counts, self._profile.columns, strict=True):
            counts += column.counts(X[column.name])

    def drifts(self) -> list[ColumnDrift]:
        """Return one entry a column, in the schema's order; none if no row was added."""
        if not self._profile.columns or not self._counts[0].sum():
            return []
        n_columns = len(self._profile.columns)
        return [
            _drift(column, counts, self._profile.n_rows, DOUBT / n_columns)
            for column, counts in zip(self._profile.columns, self._counts, strict=True)
        ]


def profile_of(dataset: Dataset) -> TableProfile:
    """Return the distributions of a dataset's features; of evenly spaced rows if there are more than 100,000."""
    step = -(-dataset.n_rows // MOST_ROWS)
    X = dataset.X.iloc[::step]
    columns = tuple(_profile(column, X[column.name]) for column in dataset.schema.features)
    return TableProfile(n_rows=len(X), columns=columns)


def as_numbers(values: "pd.Series[Any]", role: ColumnRole) -> NDArray[np.float64]:
    """Return a canonical column as numbers: dates as seconds since 1970, texts as their length; NaN is missing."""
    if role is ColumnRole.DATE:
        dates = values.to_numpy(dtype="datetime64[ns]")
        seconds = dates.astype(np.int64) / 1e9
        return np.where(np.isnat(dates), np.nan, seconds)
    if role is ColumnRole.TEXT:
        return np.array([len(text) if isinstance(text, str) else np.nan for text in values], dtype=np.float64)
    return values.to_numpy(dtype=np.float64)


def _profile(column: Column, values: "pd.Series[Any]") -> ColumnProfile:
    described = _levels(column, values) if column.role is ColumnRole.CATEGORICAL else _edges(column, values)
    counts = described.counts(values)
    shares = tuple(float(share) for share in counts / max(int(counts.sum()), 1))
    return ColumnProfile(
        name=column.name,
        role=column.role,
        missing=shares[-1],
        quantiles=described.quantiles,
        levels=described.levels,
        edges=described.edges,
        shares=shares,
    )


def _levels(column: Column, values: "pd.Series[Any]") -> ColumnProfile:
    frequent = values.cat.set_categories(column.levels or ()).value_counts(sort=True)[:MOST_LEVELS]
    levels = tuple(str(level) for level, count in frequent.items() if count)
    return ColumnProfile(name=column.name, role=column.role, missing=0.0, levels=levels)


def _edges(column: Column, values: "pd.Series[Any]") -> ColumnProfile:
    numbers = as_numbers(values, column.role)
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return ColumnProfile(name=column.name, role=column.role, missing=1.0)
    quantiles = np.quantile(present, np.linspace(0, 1, QUANTILES), method="inverted_cdf")
    edges = np.unique(quantiles[2:-2:2])  # deciles; the largest value closes no bin
    kept = tuple(float(edge) for edge in edges if edge < quantiles[-1])
    spread = () if column.role is ColumnRole.BOOLEAN else tuple(float(value) for value in quantiles)
    return ColumnProfile(name=column.name, role=column.role, missing=0.0, quantiles=spread, edges=kept)


def _drift(column: ColumnProfile, counts: NDArray[np.int64], n_rows: int, doubt: float) -> ColumnDrift:
    before = np.array(column.shares) * n_rows
    index = _stability_index(before, counts)
    p_value = _same_distribution(before, counts)
    return ColumnDrift(
        name=column.name,
        index=index,
        p_value=p_value,
        drifted=index >= DRIFTED and p_value < doubt,
        missing=float(counts[-1] / counts.sum()),
        was_missing=column.missing,
    )


def _stability_index(before: NDArray[np.float64], now: NDArray[np.int64]) -> float:
    p, q = _smoothed(before), _smoothed(now)
    return float(((q - p) * np.log(q / p)).sum())


def _smoothed(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return shares with half a cell more in every bin, so that no logarithm is infinite."""
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)), dtype=np.float64)


def _same_distribution(before: NDArray[np.float64], now: NDArray[np.int64]) -> float:
    """Return the p-value of the two-sample chi-squared test over the bins that are not empty in both."""
    used = (before + now) > 0
    if used.sum() < 2:
        return 1.0
    before, now = before[used], now[used]
    ratio = np.sqrt(now.sum() / max(before.sum(), 1))
    statistic = ((ratio * before - now / ratio) ** 2 / (before + now)).sum()
    return float(chi2.sf(statistic, len(before) - 1))


def drifted_names(drifts: Sequence[ColumnDrift]) -> list[str]:
    """Return the names of the columns that drifted, the furthest first."""
    return [drift.name for drift in sorted(drifts, key=lambda drift: -drift.index) if drift.drifted]

"""Numbers: bounded, imputed and scaled, all columns of the block at once."""

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from sklearn.base import BaseEstimator

from automl_meta.seeding import generator

Floats = NDArray[np.float64]

ROWS_FOR_QUANTILES = 10_000  # quantiles of more rows are taken from a sample
LARGEST_UNSCALED = 1e30  # fits float32, which scikit-learn's trees convert to
LARGEST_SCALED = 1e6  # in units of the training rows' spread; its square fits float32 too


class NumericEncoder(BaseEstimator):  # type: ignore[misc]
    """Impute and scale numeric columns; columns that are constant in the training rows are dropped.

    Infinite cells take the largest (or smallest) finite value of the training rows.

    Parameters
    ----------
    scaling : {"none", "standard", "quantile", "robust_smooth"}
        ``quantile`` maps to a normal distribution, tied values to the middle of their ranks. ``robust_smooth`` is
        the scaling of RealMLP [1]_: centred at the median, divided by the interquartile range, x / sqrt(1 + (x/3)²).
    missing : {"native", "median", "indicator"}
        As in `Preprocessing`. Columns that are missing in the same training rows share one indicator.
    seed : int
        For the sample of rows that quantiles are taken from.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees
       on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.
    """

    def __init__(
        self,
        scaling: Literal["none", "standard", "quantile", "robust_smooth"] = "none",
        missing: Literal["native", "median", "indicator"] = "median",
        seed: int = 0,
    ) -> None:
        self.scaling = scaling
        self.missing = missing
        self.seed = seed

    def fit(self, values: Floats) -> Self:
        """Learn from `values` of shape (n_rows, n_columns); NaN is missing."""
        finite = np.where(np.isfinite(values), values, np.nan)
        absent = np.isnan(finite).all(axis=0)
        filled = np.where(absent, 0.0, finite)
        self.low_, self.high_ = np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)
        missing_cells = np.isnan(values)
        varies = self.low_ < self.high_
        if self.missing == "native":
            varies |= missing_cells.any(axis=0) & ~absent
        self.kept_ = np.flatnonzero(varies)
        self.indicated_ = self._columns_to_indicate(missing_cells)
        bounded = self._bounded(values)
        ordered = np.sort(self._sample(bounded), axis=0)  # NaN last
        self.median_ = _quantiles(ordered, np.array([0.5]))[0]
        self._fit_scaling(bounded, ordered)
        return self

    def transform(self, values: Floats) -> Floats:
        """Return the encoded columns, then the indicators; finite, but for NaN where `missing` is native."""
        bounded = self._bounded(values)
        if self.missing != "native":
            gaps = np.isnan(bounded)
            if gaps.any():
                bounded = np.where(gaps, self.median_, bounded)
        scaled = self._scaled(bounded)
        if not self.indicated_.size:
            return scaled
        return np.hstack([scaled, np.isnan(values[:, self.indicated_]).astype(np.float64)])

    def _columns_to_indicate(self, missing_cells: NDArray[np.bool_]) -> NDArray[np.intp]:
        some = np.flatnonzero(missing_cells.any(axis=0) & ~missing_cells.all(axis=0))
        if self.missing != "indicator" or not some.size:
            return np.zeros(0, dtype=np.intp)
        patterns = np.packbits(missing_cells[:, some], axis=0).T.tolist()
        first = dict(zip(map(tuple, reversed(patterns)), reversed(some.tolist()), strict=True))
        return np.sort(np.array(list(first.values()), dtype=np.intp))

    def _bounded(self, values: Floats) -> Floats:
        """Return the kept columns with infinite cells at the training rows' bounds."""
        kept = values[:, self.kept_]
        kept = np.where(kept == np.inf, self.high_[self.kept_], kept)
        return np.where(kept == -np.inf, self.low_[self.kept_], kept)

    def _sample(self, values: Floats) -> Floats:
        if len(values) <= ROWS_FOR_QUANTILES:
            return values
        rows = generator(self.seed, "quantiles").choice(len(values), ROWS_FOR_QUANTILES, replace=False)
        sample = values[rows]
        lost = np.isnan(sample).all(axis=0)  # a column with few present cells: the rows sampled may have none
        if lost.any():
            sample = sample.copy()
            present = np.argmax(~np.isnan(values[:, lost]), axis=0)
            sample[0, lost] = values[present, np.flatnonzero(lost)]
        return sample

    def _fit_scaling(self, values: Floats, ordered: Floats) -> None:
        low, high = self.low_[self.kept_], self.high_[self.kept_]
        middle, half = low / 2 + high / 2, high / 2 - low / 2
        if self.scaling == "none":
            self.center_, self.scale_ = _exact_scale(ordered, middle, half)
        elif self.scaling == "standard":
            unit = (values - middle) / np.where(half > 0, half, 1.0)  # in [-1, 1]: squares cannot overflow
            mean, deviation = np.nanmean(unit, axis=0), np.nanstd(unit, axis=0)
            self.center_, self.scale_ = middle + mean * half, deviation * half
        elif self.scaling == "robust_smooth":
            quartiles = _quantiles(ordered, np.array([0.25, 0.75]))
            spread = quartiles[1] / 2 - quartiles[0] / 2
            self.center_, self.scale_ = self.median_, np.where(spread > 0, np.minimum(spread, 8e307) * 2, half)
        else:
            self.landmarks_, self.normal_ = _normal_landmarks(ordered)

    def _scaled(self, values: Floats) -> Floats:
        if self.scaling == "quantile":
            columns = (np.interp(v, x, z) for v, x, z in zip(values.T, self.landmarks_, self.normal_, strict=True))
            scaled = np.empty_like(values, order="F")
            for position, column in enumerate(columns):
                scaled[:, position] = column
            return scaled
        with np.errstate(over="ignore"):
            scaled = (values - self.center_) / np.where(self.scale_ > 0, self.scale_, 1.0)
        limit = LARGEST_UNSCALED if self.scaling == "none" else LARGEST_SCALED
        scaled = np.clip(scaled, -limit, limit)
        return scaled / np.sqrt(1 + (scaled / 3) ** 2) if self.scaling == "robust_smooth" else scaled


def _quantiles(ordered: Floats, levels: Floats) -> Floats:
    """Return the quantiles, of shape (n_levels, n_columns), of columns sorted with NaN last; none may be all NaN."""
    if not ordered.shape[1]:
        return np.zeros((len(levels), 0))
    position = levels[:, None] * (np.maximum((~np.isnan(ordered)).sum(axis=0), 1) - 1)
    below = np.floor(position).astype(np.intp)
    lower = np.take_along_axis(ordered, below, axis=0)
    upper = np.take_along_axis(ordered, np.ceil(position).astype(np.intp), axis=0)
    share = position - below
    quantiles: Floats = lower * (1 - share) + upper * share
    return quantiles


def _exact_scale(ordered: Floats, middle: Floats, half: Floats) -> tuple[Floats, Floats]:
    """Return a shift and a power of two that let float32 tell a column's values apart; mostly 0 and 1."""
    center = np.where(np.abs(middle) / 1e3 > half, middle, 0.0)
    largest = np.maximum(np.abs(middle - center) / 2 + half / 2, np.finfo(np.float64).tiny)
    scale = np.ones_like(center)
    for column in np.flatnonzero((largest > 1e15) | (largest < 1e-15)):
        sizes = np.abs(ordered[:, column] - center[column])
        sizes = sizes[sizes > 0]  # also drops NaN
        if sizes.size:
            typical = np.median(0.5 * sizes)  # of halves: the sum of two could overflow
            exponent = np.log2(max(typical, np.finfo(np.float64).tiny)) + 1.0
            scale[column] = np.exp2(np.clip(np.round(exponent), -1000, 1000))
    return center, scale


def _normal_landmarks(ordered: Floats) -> tuple[list[Floats], list[Floats]]:
    """Return, for each sorted column, values and the normal quantiles of the middle of their ranks."""
    landmarks, normal = [], []
    for column in ordered.T:
        present = column[~np.isnan(column)]
        values, first, counts = np.unique(present, return_index=True, return_counts=True)
        middle = (first + counts / 2) / len(present)
        wanted = int(np.clip(len(present) // 30, 10, 1000))
        if len(values) > wanted:
            evenly = np.linspace(middle[0], middle[-1], wanted)
            in_tails = ndtr(np.linspace(ndtri(middle[0]), ndtri(middle[-1]), 20)[1:-1])
            chosen = np.unique(np.searchsorted(middle, np.concatenate([evenly, in_tails])))
            values, middle = values[chosen], middle[chosen]
        landmarks.append(values)
        normal.append(ndtri(middle))
    return landmarks, normal

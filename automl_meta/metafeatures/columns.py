"""What many meta-features need to know of single columns, computed for all columns at once.

Missing cells are left out column by column; a column without a present cell gives NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.metafeatures.registry import Cost, shared

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MANY_CLASSES = 300  # above which a column per class is too dear


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Mean and central moments of each numeric column, each of shape (n_numeric,), n in the denominator."""

    mean: Floats
    second: Floats
    third: Floats
    fourth: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """Of each numeric column, each of shape (n_numeric,)."""

    lowest: Floats
    first: Floats
    median: Floats
    third: Floats
    highest: Floats

    @property
    def fences(self) -> tuple[Floats, Floats]:
        """Where outliers begin: 1.5 interquartile ranges below the first and above the third quartile."""
        reach = 1.5 * (self.third - self.first)
        return self.first - reach, self.third + reach


@shared(Cost.CELLS)
def sorted_numeric(numeric: Floats) -> Floats:
    """Return the numeric columns, each in ascending order, NaN last; shape (n_sampled, n_numeric)."""
    return np.sort(numeric, axis=0)


@shared()
def n_present(sorted_numeric: Floats) -> Ints:
    """Return the number of present cells of each numeric column."""
    n_rows, n_columns = sorted_numeric.shape
    counts = [np.searchsorted(sorted_numeric[:, j], np.inf, side="right") for j in range(n_columns)]
    return np.minimum(np.array(counts, dtype=np.int64), n_rows)


@shared(Cost.CELLS)
def n_distinct(sorted_numeric: Floats, n_present: Ints) -> Ints:
    """Return the number of distinct present values of each numeric column."""
    steps = np.count_nonzero(sorted_numeric[1:] > sorted_numeric[:-1], axis=0)
    return np.where(n_present > 0, steps + 1, 0).astype(np.int64)


@shared()
def quartiles(sorted_numeric: Floats, n_present: Ints) -> Quartiles:
    """Return minimum, quartiles and maximum of each numeric column, by linear interpolation."""
    lowest, first, median, third, highest = (
        quantile(sorted_numeric, n_present, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    return Quartiles(lowest=lowest, first=first, median=median, third=third, highest=highest)


@shared(Cost.CELLS)
def filled(numeric: Floats, quartiles: Quartiles, n_present: Ints) -> Floats:
    """Return the numeric columns with each missing cell replaced by its column's median (0 if it has none)."""
    if np.all(n_present == len(numeric)):
        return numeric
    medians = np.nan_to_num(quartiles.median)
    return np.where(np.isnan(numeric), medians, numeric)


@shared(Cost.CELLS)
def moments(numeric: Floats, n_present: Ints) -> Moments:
    """Return mean and central moments of the present cells of each numeric column."""
    n = n_present.astype(np.float64)
    mean = np.nansum(numeric, axis=0) / n
    # A second pass takes out the rounding of the first: columns of large, close numbers keep their spread.
    centred = numeric - mean
    correction = np.nansum(centred, axis=0) / n
    centred -= correction
    squared = centred * centred
    fourth = np.nansum(squared * squared, axis=0) / n
    third = np.nansum(squared * centred, axis=0) / n
    return Moments(mean=mean + correction, second=np.nansum(squared, axis=0) / n, third=third, fourth=fourth)


@shared(Cost.CELLS)
def covariance(filled: Floats) -> Floats:
    """Return the covariance matrix of the filled numeric columns, n - 1 in the denominator."""
    if filled.shape[1] == 0 or len(filled) < 2:
        return np.full((filled.shape[1], filled.shape[1]), np.nan)
    centred = filled - filled.mean(axis=0)
    return np.asarray((centred.T @ centred) / (len(filled) - 1))


@shared()
def correlation(covariance: Floats) -> Floats:
    """Return the absolute Pearson correlations of the filled numeric columns; NaN for constant columns."""
    spread = np.sqrt(np.diag(covariance))
    spread = np.where(spread > 0, spread, np.nan)
    ratios: Floats = np.abs(covariance / spread / spread[:, np.newaxis])
    return np.minimum(ratios, 1.0)


@shared()
def total_class_counts(targets: Ints, is_classification: bool) -> Ints:
    """Return the number of rows of each class that occurs in the whole table."""
    counts = np.bincount(targets) if is_classification else np.array([len(targets)])
    return np.asarray(counts[counts > 0], dtype=np.int64)


@shared()
def class_counts(y: Ints, is_classification: bool) -> Ints:
    """Return the number of sampled rows of each class that occurs; one class where there are none."""
    if not is_classification:
        return np.array([len(y)], dtype=np.int64)
    counts = np.bincount(y)
    return np.asarray(counts[counts > 0], dtype=np.int64)


@shared()
def classes(y: Ints, is_classification: bool) -> Ints:
    """Return the class of each sampled row, counted from 0 without gaps; 0 where there are none."""
    if not is_classification:
        return np.zeros(len(y), dtype=np.int64)
    return np.unique(y, return_inverse=True)[1].astype(np.int64)


def indicators(classes: Ints, n_classes: int) -> Floats:
    """Return one column per class, 1 in its rows and 0 elsewhere."""
    return np.asarray(np.eye(n_classes)[classes])


def class_sums(values: Floats, classes: Ints, n_classes: int) -> Floats:
    """Return the sum of each class's rows of `values`, shape (n_classes, n_columns); no class is without rows."""
    if n_classes <= MANY_CLASSES:
        return np.asarray(indicators(classes, n_classes).T @ values)
    order = np.argsort(classes, kind="stable")
    starts = np.searchsorted(classes[order], np.arange(n_classes))
    return np.asarray(np.add.reduceat(values[order], starts, axis=0))


def quantile(ordered: Floats, counts: Ints, share: float) -> Floats:
    """Return the quantile of each column of `ordered` (ascending, NaN last) by linear interpolation."""
    if ordered.shape[1] == 0 or len(ordered) == 0:
        return np.full(ordered.shape[1], np.nan)
    position = share * np.maximum(counts - 1, 0)
    low = position.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0))
    columns = np.arange(ordered.shape[1])
    below, above = ordered[low, columns], ordered[high, columns]
    return np.where(counts > 0, below + (position - low) * (above - below), np.nan)


def lower_triangle(matrix: Floats) -> Floats:
    """Return the entries below the diagonal."""
    return np.asarray(matrix[np.tril_indices(len(matrix), k=-1)])

"""How much columns tell of the target, each by itself."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif, f_regression

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
Target = NDArray[np.float64] | NDArray[np.int64]

LARGEST = 1e300  # in place of infinity


def f_statistics(values: Floats, y: Target, *, is_classification: bool) -> Floats:
    """Return the F statistic of each column, (n_columns,); -1 where there is none, as for a constant column.

    Parameters
    ----------
    values : array of shape (n_rows, n_columns)
        Finite.
    y : array of shape (n_rows,)
        Codes of classes, or numbers.
    """
    if len(np.unique(y)) < 2:
        return np.full(values.shape[1], -1.0)
    values = _in_units(values)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Features .* are constant")
        statistics = f_classif(values, y) if is_classification else f_regression(values, _in_units(y))
    found: Floats = np.nan_to_num(statistics[0], nan=-1.0, posinf=LARGEST)
    return found


def explained_by_numbers(values: Floats, y: Target, *, n_classes: int) -> Floats:
    """Return the adjusted share of variance of each column that the classes explain, (n_columns,).

    For regression (`n_classes` 0) it is the share of the target's variance that a linear function of the column
    explains. Both are monotonic in the F statistic; -inf where there is none.
    """
    n_groups = n_classes or 2
    within = len(values) - n_groups
    statistics = f_statistics(values, y, is_classification=n_classes > 0)
    if within < 1:
        return np.full_like(statistics, -np.inf)
    return np.where(statistics < 0, -np.inf, 1.0 - (len(values) - 1) / (within + statistics * (n_groups - 1)))


def explained_by_groups(groups: Codes, targets: Floats) -> Floats:
    """Return the adjusted share of each target's variance that lies between groups, (n_targets,).

    It is epsilon squared (Kelley 1935), near 0 for groups that are drawn at random, however many; -inf where each row
    is a group of its own, or nothing varies.

    Parameters
    ----------
    groups : array of shape (n_rows,)
        Numbers of groups, from 0.
    targets : array of shape (n_rows, n_targets)
    """
    sizes = np.bincount(groups)
    within_degrees = len(groups) - np.count_nonzero(sizes)
    total = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    if within_degrees < 1:
        return np.full_like(total, -np.inf)
    sums = np.stack([np.bincount(groups, weights=target) for target in targets.T], axis=1)
    means = sums / np.maximum(sizes, 1)[:, None]
    within = ((targets - means[groups]) ** 2).sum(axis=0)
    unexplained = np.divide(within, total, out=np.full_like(total, np.inf), where=total > 0)
    explained: Floats = 1.0 - unexplained * (len(groups) - 1) / within_degrees
    return explained


def _in_units(values: Floats | Target) -> Floats:
    """Return columns in units of their largest value, so that squares neither overflow nor vanish."""
    in_units: Floats = values / np.maximum(np.abs(values).max(axis=0), np.finfo(np.float64).tiny)
    return in_units

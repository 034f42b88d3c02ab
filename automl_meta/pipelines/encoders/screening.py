"""Which of thousands of columns are looked at."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
Target = NDArray[np.float64] | NDArray[np.int64]

MOST_COLUMNS = 1000
KEPT_COLUMNS = 500  # of tables with more than the most


def columns_looked_at(n_columns: int) -> int:
    """Return how many of so many columns reach an algorithm."""
    return n_columns if n_columns <= MOST_COLUMNS else KEPT_COLUMNS


def screened(numbers: Floats, codes: Codes, y: Target, n_classes: int) -> tuple[Codes, Codes]:
    """Return the positions of the columns that are most related to the target; of all where there are not too many.

    The measure is the share of variance that is explained, of a number by the classes (or of the target by a linear
    function of the number), and of the indicator of a class (or of the target) by the levels of a category; adjusted
    for the degrees of freedom, so that many levels are no advantage. With thousands of columns nearly all that is
    found in the others is noise (Fan & Lv 2008, sure independence screening).

    Parameters
    ----------
    numbers : array of shape (n_rows, n_numbers)
        NaN where missing, which is taken for the mean.
    codes : array of shape (n_rows, n_categories)
        Levels of categories from 0.
    y : array of shape (n_rows,)
        The coded target.
    n_classes : int
        0 for regression.
    """
    n_numbers, n_categories = numbers.shape[1], codes.shape[1]
    kept = columns_looked_at(n_numbers + n_categories)
    if kept == n_numbers + n_categories:
        return np.arange(n_numbers), np.arange(n_categories)
    targets = (
        np.eye(n_classes)[y.astype(np.intp)] if n_classes else _centred(np.asarray(y, dtype=np.float64)[:, None])
    )
    explained = np.concatenate(
        [_of_numbers(_centred(numbers), targets, n_classes), [_of_category(column, targets) for column in codes.T]]
    )
    chosen = np.sort(np.argsort(-explained, kind="stable")[:kept])
    return chosen[chosen < n_numbers], chosen[chosen >= n_numbers] - n_numbers


def _centred(values: Floats) -> Floats:
    """Return columns in units of their largest value, with mean zero, and with zero where nothing is known."""
    known = np.isfinite(values)
    values = np.where(known, values, 0.0)
    values /= np.maximum(np.abs(values).max(axis=0, initial=0.0), np.finfo(np.float64).tiny)
    means = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, values - means, 0.0)


def _of_numbers(numbers: Floats, targets: Floats, n_classes: int) -> Floats:
    total = (numbers**2).sum(axis=0)
    sizes = (targets**2).sum(axis=0)  # of the classes, or the target's own variation
    between = ((targets.T @ numbers) ** 2 / np.maximum(sizes, np.finfo(np.float64).tiny)[:, None]).sum(axis=0)
    return _adjusted(between, total, len(numbers), max(n_classes, 2))


def _of_category(codes: Codes, targets: Floats) -> float:
    counts = np.bincount(codes)
    sums = np.stack([np.bincount(codes, weights=column) for column in targets.T])
    means = targets.mean(axis=0)
    between = (sums**2 / np.maximum(counts, 1)).sum(axis=1) - len(targets) * means**2
    total = ((targets - means) ** 2).sum(axis=0)
    return float(_adjusted(between, total, len(targets), int((counts > 0).sum())).max())


def _adjusted(between: Floats, total: Floats, n_rows: int, n_groups: int) -> Floats:
    """Return the adjusted share of variance between groups; least where each row is its own group."""
    if n_groups >= n_rows:
        return np.full_like(total, -np.inf)
    share = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    adjusted: Floats = 1.0 - (1.0 - share) * (n_rows - 1) / (n_rows - n_groups)
    return adjusted

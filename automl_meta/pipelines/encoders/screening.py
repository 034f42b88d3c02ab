"""Which of thousands of columns are looked at."""

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.encoders.relation import explained_by_groups, explained_by_numbers

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
    targets = np.eye(n_classes)[y.astype(np.intp)] if n_classes else np.asarray(y, dtype=np.float64)[:, None]
    by_categories = [explained_by_groups(column, targets).max() for column in codes.T]
    by_numbers = explained_by_numbers(_gaps_at_mean(numbers), y, n_classes=n_classes) if n_numbers else np.zeros(0)
    chosen = np.sort(np.argsort(-np.concatenate([by_numbers, by_categories]), kind="stable")[:kept])
    return chosen[chosen < n_numbers], chosen[chosen >= n_numbers] - n_numbers


def _gaps_at_mean(values: Floats) -> Floats:
    """Return columns less their means, and zero where nothing is known."""
    known = np.isfinite(values)
    values = np.where(known, values, 0.0)
    largest = np.maximum(np.abs(values).max(axis=0, initial=0.0), np.finfo(np.float64).tiny)
    values /= largest
    means = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, values - means, 0.0)

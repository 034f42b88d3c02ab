"""Rows that are held out of a training fold: to know when to stop, or to be encoded by the others."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

Rows = NDArray[np.intp]


def inner_splits(
    y: NDArray[np.generic],
    n_splits: int,
    seed: int,
    *,
    stratify: bool,
    groups: NDArray[np.int64] | None = None,
) -> list[tuple[Rows, Rows]]:
    """Return up to `n_splits` pairs of (training, held-out) positions; every class stays in every training part.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Class codes or numbers.
    n_splits : int
        One pair holds out one `n_splits`-th of the rows.
    stratify : bool
        Spread the classes evenly. Rows of classes with fewer than `n_splits` rows are never held out.
    groups : array of shape (n_rows,), optional
        Rows that are not to be separated. Splits that would take a class from the training part are left out.
    """
    rows = np.arange(len(y))
    if groups is not None:
        return _group_splits(y, n_splits, seed, stratify, groups)
    if not stratify:
        if len(y) < n_splits:
            return []
        folds = KFold(n_splits, shuffle=True, random_state=seed).split(rows)
        return [(np.asarray(train), np.asarray(held)) for train, held in folds]
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    common = rows[counts[codes] >= n_splits]
    if len(common) == 0:
        return []
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(common, codes[common])
    held_out = [common[held] for _, held in folds]
    return [(np.setdiff1d(rows, held), held) for held in held_out]


def _group_splits(
    y: NDArray[np.generic], n_splits: int, seed: int, stratify: bool, groups: NDArray[np.int64]
) -> list[tuple[Rows, Rows]]:
    n_splits = min(n_splits, len(np.unique(groups)))
    codes = np.unique(y, return_inverse=True)[1] if stratify else np.zeros(len(y), dtype=np.intp)
    if n_splits < 2:
        return []
    kind = StratifiedGroupKFold if stratify and np.bincount(codes).max() >= n_splits else GroupKFold
    splits = kind(n_splits, shuffle=True, random_state=seed).split(codes, codes, groups)
    classes = codes.max() + 1
    return [(train, held) for train, held in splits if len(held) and len(np.unique(codes[train])) == classes]


def group_folds(groups: NDArray[np.int64], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a fold for each row, 0 to `n_folds` - 1, whole groups in folds of sizes as alike as may be.

    Folds are empty where there are fewer groups.
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    folds = np.empty(len(sizes), dtype=np.int64)
    filled = np.zeros(n_folds, dtype=np.int64)
    for group in np.lexsort((rng.random(len(sizes)), -sizes)):  # the largest first, each into the emptiest fold
        folds[group] = filled.argmin()
        filled[folds[group]] += sizes[group]
    return folds[codes]


def balanced_weights(y: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return row weights, of mean 1, under which every class counts alike, in proportion to `weights` within it."""
    _, codes = np.unique(y, return_inverse=True)
    own = np.ones(len(y)) if weights is None else weights
    totals = np.bincount(codes, weights=own)
    return np.asarray(len(y) * own / (len(totals) * totals[codes]), dtype=np.float64)

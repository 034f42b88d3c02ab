"""Rows that are held out of a training fold: to know when to stop, or to be encoded by the others."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from automl_meta.seeding import generator

GROUPS_TO_DEAL = 500  # from so many on groups are dealt: scikit-learn's search for even folds would take seconds

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
    n_groups = len(np.unique(groups))
    n_splits = min(n_splits, n_groups)
    codes = np.unique(y, return_inverse=True)[1] if stratify else np.zeros(len(y), dtype=np.intp)
    if n_splits < 2:
        return []
    splits: Iterable[tuple[Rows, Rows]]
    if stratify and n_groups >= GROUPS_TO_DEAL:
        splits = splits_of(dealt_groups(codes, groups, n_splits, generator(seed, "groups")), n_splits)
    else:
        kind = StratifiedGroupKFold if stratify and np.bincount(codes).max() >= n_splits else GroupKFold
        splits = kind(n_splits, shuffle=True, random_state=seed).split(codes, codes, groups)
    n_classes = int(codes.max()) + 1
    kept = ((train, held) for train, held in splits if len(held))
    return [(train, held) for train, held in kept if np.bincount(codes[train], minlength=n_classes).all()]


def dealt_groups(
    strata: NDArray[np.integer[Any]], groups: NDArray[np.int64], n_folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a fold for each row, 0 to `n_folds` - 1, whole groups in folds that are alike in size and in strata.

    A group counts for the rarest stratum that it has rows of. Stratum by stratum, the rarest first, the groups with
    most of these rows are dealt first, each to the fold that has least of the stratum and of all rows.

    Parameters
    ----------
    strata : int array of shape (n_rows,)
        Class codes, or bins of numbers.
    groups : int array of shape (n_rows,)
        At least as many as folds, or some are empty.
    """
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _, stratum, counts = np.unique(strata, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(counts, kind="stable"))[stratum]  # of each row's stratum, 0 for the rarest
    rarest = np.full(len(sizes), len(counts))
    np.minimum.at(rarest, codes, rank)
    own = np.bincount(codes[rank == rarest[codes]], minlength=len(sizes))
    order = np.lexsort((rng.random(len(sizes)), -sizes, -own, rarest))
    of_all, of_own = sizes / sizes.sum(), own / np.bincount(rarest, weights=own)[rarest]
    folds = np.empty(len(sizes), dtype=np.int64)
    filled = np.zeros(n_folds)
    for members in np.split(order, np.flatnonzero(np.diff(rarest[order])) + 1):
        loads = filled.tolist()
        chosen: list[int] = []
        for load in (of_all + of_own)[members].tolist():
            chosen.append(loads.index(min(loads)))
            loads[chosen[-1]] += load
        folds[members] = chosen
        filled += np.bincount(folds[members], weights=of_all[members], minlength=n_folds)
    named: NDArray[np.int64] = rng.permutation(n_folds)[folds]  # the first is not always that of the largest group
    return named[codes]


def splits_of(folds: NDArray[np.int64], n_folds: int) -> list[tuple[Rows, Rows]]:
    """Return for each fold the positions of the other folds' rows, and of its own."""
    return [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(n_folds)]


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

"""Splitting rows into folds that suit the task, the groups of rows and their order in time."""

import math
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.target import TINY_ROWS
from automl_meta.pipelines.encoders.screening import columns_looked_at
from automl_meta.pipelines.inner_split import GROUPS_TO_DEAL, dealt_groups, splits_of
from automl_meta.seeding import generator, integer_seed

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]

CELLS_FOR_FEWER_FOLDS = 5_000_000
HOLD_OUT = 5  # one fold is a hold-out of one part in so many
FEWER_FOLDS = 3
CANDIDATES = 4  # that there must be time for, or the folds are fewer
FITS_FOR_FOLDS = 5  # with time for fewer fits than this there is a hold-out, if there are enough rows for one
ROWS_FOR_HOLD_OUT = 2_000
FOLDS_OF_TINY = 6  # of a tiny table, in all repeats together


def default_n_folds(n_rows: int, n_columns: int) -> int:
    """Return how many folds a table deserves: more where rows are few, one (a hold-out) from 200,000.

    Where few rows have so many columns that a fit takes long, there are three as well.
    """
    if n_rows < 20_000 and n_rows * columns_looked_at(n_columns) < CELLS_FOR_FEWER_FOLDS:
        return 5
    return 3 if n_rows < 200_000 else 1


def default_repeats(n_rows: int, n_folds: int = 5) -> int:
    """Return how often `n_folds` folds of a table of `n_rows` are to be drawn: several times where rows are few."""
    if n_rows <= TINY_ROWS:
        return max(FOLDS_OF_TINY // n_folds, 1)
    if n_rows < 250:
        return 3
    return 2 if n_rows < 600 else 1


def most_folds(dataset: Dataset) -> int:
    """Return how many folds the rows allow at the most; 0 where no row can be held out.

    Classes with a single row are not held out, since nothing else would tell of them. In a table of at most 60 rows
    each fold has to hold out rows of two classes, or two rows of numbers: less than that no metric can judge; so
    where fewer than two classes have two rows there is nothing to validate by.
    """
    alone = _alone(dataset)
    if dataset.groups is not None:
        return len(np.unique(np.delete(dataset.groups, alone)))
    if dataset.times is not None:
        return dataset.n_rows
    if not dataset.is_tiny:
        return dataset.n_rows - len(alone)
    if not dataset.task.is_classification:
        return dataset.n_rows // 2 if dataset.n_rows > 3 else 0
    second = np.sort(np.bincount(dataset.y.astype(np.int64)))[-2:].min()
    return int(second) if second > 1 else 0


def make_folds(dataset: Dataset, n_folds: int, seed: int, *, repeats: int = 1) -> list[Fold]:
    """Split the rows into `n_folds` folds, shuffled and stratified, `repeats` times over.

    Classes are spread evenly over the folds; for regression the folds are balanced over the target's quantiles.
    There are never more folds than `most_folds` says. One fold is a hold-out of a fifth of the rows, repeats of it
    are other fifths.

    A class with a single row is trained on in all folds and never held out; where nothing could be held out, there
    are no folds.

    Where the dataset has groups, none is on both sides of a fold, and there are never more folds than groups. Where
    it has times, each fold trains on all rows that are earlier than those it validates, and nothing is repeated:
    there is one way to go forward. A single row of a class is then left out of the folds that hold out its group, and
    of those that validate its time.

    Returns
    -------
    list of (training positions, validation positions), both sorted

    Raises
    ------
    ValueError
        If there are fewer than two rows.
    """
    if dataset.n_rows < 2:
        raise ValueError("at least two rows are needed to split them")
    alone = _alone(dataset)
    if dataset.times is not None:
        return _forward(dataset.times, n_folds, alone)
    most = most_folds(dataset)
    if not most:
        return []
    strata = dataset.y if dataset.task.is_classification else _quantile_bins(dataset.y, max(n_folds, 5))
    splits = min(n_folds if n_folds > 1 else HOLD_OUT, most)
    folds: list[Fold] = []
    for repeat in range(repeats):
        splitter_seed = integer_seed(seed, "folds", repeat)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a class with fewer rows than folds is expected
            if dataset.groups is None:
                split = _split(strata, splits, splitter_seed, alone)
            else:
                ordered = not dataset.task.is_classification
                split = _split_groups(strata, dataset.groups, splits, splitter_seed, alone, ordered=ordered)
        folds += split
    return folds if n_folds > 1 else folds[:repeats]


class FoldScheme(NamedTuple):
    """Into how many folds rows are split, and how often."""

    n_folds: int
    repeats: int = 1


def suitable_scheme(
    dataset: Dataset, *, n_folds: int | None = None, repeats: int | None = None, fits: float = math.inf
) -> FoldScheme:
    """Return the scheme that suits the table, and the time that there is.

    Parameters
    ----------
    n_folds, repeats : int, optional
        What is asked for; folds that were asked for are made once, and so are those that could not be drawn in
        another way: as many as there are groups, or forward in time.
    fits : float
        For how many fits there is time. Where nothing is asked for, fewer folds are made of one candidate if too few
        candidates could be evaluated otherwise: one that is never finished is of no use, however well it would have
        been validated.
    """
    wanted = n_folds or default_n_folds(dataset.n_rows, len(dataset.schema.features))
    made = wanted if dataset.groups is not None else max(min(wanted, most_folds(dataset)), 1)
    once = n_folds or dataset.times is not None or (dataset.groups is not None and most_folds(dataset) <= wanted)
    scheme = FoldScheme(wanted, repeats or (1 if once else default_repeats(dataset.n_rows, made)))
    if n_folds or repeats or dataset.is_tiny or fits >= CANDIDATES * wanted * scheme.repeats:
        return scheme
    if fits >= CANDIDATES * wanted:
        return FoldScheme(wanted)
    if fits >= FITS_FOR_FOLDS or dataset.n_rows < ROWS_FOR_HOLD_OUT:
        return FoldScheme(min(wanted, FEWER_FOLDS))
    return FoldScheme(1)


def n_repeats(folds: Sequence[Fold]) -> int:
    """Return how often the folds hold out the row that they hold out most often; 0 without folds."""
    if not folds:
        return 0
    held_out = np.concatenate([valid for _, valid in folds])
    return int(np.bincount(held_out).max())


def kept_folds(dataset: Dataset, folds: Sequence[Fold]) -> frozenset[int]:
    """Return the numbers of the folds whose models make the bag that predicts new rows.

    Repeats sharpen the estimate, and would make the model as many times larger: the first alone is kept. Of forward
    splits the last alone is kept, which knows most of the past. Without folds there is none.
    """
    if not folds:
        return frozenset()
    if dataset.times is not None:
        return frozenset([len(folds) - 1])
    return frozenset(range(len(folds) // n_repeats(folds)))


def _alone(dataset: Dataset) -> NDArray[np.intp]:
    """Return the rows that have a class of their own; none where the others would all be of one group."""
    nothing = np.array([], dtype=np.intp)
    if not dataset.task.is_classification:
        return nothing
    codes = dataset.y.astype(np.int64)
    alone = np.flatnonzero(np.bincount(codes)[codes] == 1)
    if dataset.groups is not None and len(np.unique(np.delete(dataset.groups, alone))) < 2:
        return nothing
    return alone


def _split(strata: NDArray[Any], splits: int, seed: int, alone: NDArray[np.intp]) -> list[Fold]:
    """Return folds of all rows but those `alone`, which each of them trains on."""
    rows = np.setdiff1d(np.arange(len(strata)), alone)
    largest = int(np.bincount(strata[rows]).max())
    splitter: Any = StratifiedKFold if largest >= splits else KFold
    split = splitter(splits, shuffle=True, random_state=seed).split(rows, strata[rows])
    return [(np.sort(np.r_[rows[train], alone]), rows[valid]) for train, valid in split]


def _split_groups(
    strata: NDArray[Any],
    groups: NDArray[np.int64],
    splits: int,
    seed: int,
    alone: NDArray[np.intp],
    *,
    ordered: bool,
) -> list[Fold]:
    """Return folds that keep groups together and validate all rows but those `alone`.

    Each of them trains on groups that consist of such rows.

    Parameters
    ----------
    ordered : bool
        Whether the strata are bins of numbers, so that a group has a mean one.
    """
    has_others = np.isin(groups, np.delete(groups, alone))
    rows, always = np.flatnonzero(has_others), np.flatnonzero(~has_others)
    folds = _whole_groups(strata[rows], groups[rows], splits, seed, ordered=ordered)
    return [(np.sort(np.r_[rows[train], always]), np.setdiff1d(rows[valid], alone)) for train, valid in folds]


def _whole_groups(
    strata: NDArray[Any], groups: NDArray[np.int64], splits: int, seed: int, *, ordered: bool
) -> list[Fold]:
    """Return folds of whole groups, stratified where that leaves no fold empty."""
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    if len(sizes) >= GROUPS_TO_DEAL:
        if ordered:
            strata = np.rint(np.bincount(codes, weights=strata) / sizes)[codes].astype(np.int64)
        return splits_of(dealt_groups(strata, groups, splits, generator(seed, "groups")), splits)
    if int(np.bincount(strata).max()) >= splits:
        splitter = StratifiedGroupKFold(splits, shuffle=True, random_state=seed)
        folds: list[Fold] = list(splitter.split(strata, strata, groups))
        if all(len(train) and len(valid) for train, valid in folds):
            return folds
    return list(GroupKFold(splits, shuffle=True, random_state=seed).split(strata, strata, groups))


def _forward(times: NDArray[np.int64], n_folds: int, alone: NDArray[np.intp]) -> list[Fold]:
    """Return folds that validate one stretch of time after another, each trained on all that is earlier.

    The stretches, and the past that is never validated, have equally many rows, but for equal times, which stay
    together; where many are equal, there are fewer folds. Rows that are `alone` are not validated, unless no others
    could be.
    """
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    n_rows = len(times)
    if n_folds > 1:
        wanted = np.round(n_rows * np.arange(1, n_folds + 1) / (n_folds + 1))
    else:
        wanted = np.round([n_rows * (1 - 1 / HOLD_OUT)])
    changes = np.flatnonzero(np.diff(ordered)) + 1  # positions at which another time begins
    nearest = np.abs(changes - wanted[:, np.newaxis]).argmin(axis=1)
    bounds = [*np.unique(changes[nearest]), n_rows]
    stretches = [(np.sort(order[:start]), np.sort(order[start:end])) for start, end in pairwise(bounds)]
    folds = [(train, np.setdiff1d(valid, alone)) for train, valid in stretches]
    return [(train, valid) for train, valid in folds if len(valid)] or stretches


def _quantile_bins(y: NDArray[Any], n_bins: int) -> NDArray[np.int64]:
    ranks = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    return np.asarray(ranks * min(n_bins, len(y)) // len(y), dtype=np.int64)

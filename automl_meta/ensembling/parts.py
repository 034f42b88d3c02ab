"""The parts that held-out rows fall into: what is learned on some of them is judged on another.

A part is a fold. Where folds are fewer than three, rows are dealt to parts anew, and what belongs together stays so:
whole groups, or whole stretches of time. Weights and intercepts judged on rows whose own group or period they were
learned from would seem to know what no new group or period tells.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.datasets.target import TINY_ROWS
from automl_meta.evaluation.folds import Fold
from automl_meta.seeding import generator

MIN_PARTS = 3  # with fewer, weights cannot be judged on other rows than they were fitted to
NEW_PARTS = 5
ENOUGH_GROUPS = 10  # from which on what is learned from them has been seen to hold on others

Ints = NDArray[np.int64]


def held_out_parts(
    folds: Sequence[Fold],
    y: NDArray[Any],
    *,
    groups: Ints | None = None,
    times: Ints | None = None,
    seed: int = 0,
) -> tuple[NDArray[np.intp], Ints]:
    """Return the rows that were held out, and the part of each, numbered from 0.

    Two folds of at most 60 rows stay what they are: smaller parts could not be scored.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Codes or numbers of all rows.
    groups : int array of shape (n_rows,), optional
        Rows with the same number are of one part.
    times : int array of shape (n_rows,), optional
        Ranks in time; parts are stretches of it.
    """
    first = np.full(len(y), -1, dtype=np.int64)  # the first fold that holds the row out
    for number, (_, valid) in reversed(list(enumerate(folds))):
        first[valid] = number
    rows = np.flatnonzero(first >= 0)
    parts = _numbered(first[rows])
    n_parts, few = int(parts.max()) + 1, len(rows) <= TINY_ROWS
    if n_parts >= MIN_PARTS or (n_parts > 1 and few):
        return rows, parts
    wanted = MIN_PARTS if few else NEW_PARTS
    if times is not None:
        return rows, _stretches(times[rows], wanted)
    return rows, _dealt(y[rows], taken(groups, rows), wanted, seed)


def tells_shifts(folds: Sequence[Fold], times: Ints | None) -> bool:
    """Return whether a shift of all predictions that the folds show can be one that stays.

    Of one or two periods it cannot: members that are fitted again to all rows know the periods that they missed.
    """
    return times is None or len(folds) >= MIN_PARTS


def are_few(groups: Ints | None) -> bool:
    """Return whether rows are of groups, and these fewer than `ENOUGH_GROUPS`."""
    return groups is not None and len(np.unique(groups)) < ENOUGH_GROUPS


def _stretches(times: Ints, n_parts: int) -> Ints:
    """Return stretches of about equally many rows; the same times are of one."""
    earlier = np.searchsorted(np.sort(times), times)  # how many rows are
    return _numbered(earlier * n_parts // len(times))


def _dealt(y: NDArray[Any], groups: Ints | None, n_parts: int, seed: int) -> Ints:
    """Deal the groups, or else the rows, shuffled and then sorted by the target, to the parts in turn.

    Each part is a fair sample.
    """
    random = generator(seed, "groups")
    codes = np.arange(len(y)) if groups is None else _numbered(groups)
    targets = np.bincount(codes, weights=y) / np.bincount(codes)
    shuffled = random.permutation(len(targets))
    by_target = shuffled[np.argsort(targets[shuffled], kind="stable")]
    parts = np.empty(len(targets), dtype=np.int64)
    for start in range(0, len(targets), n_parts):  # the order within each deal is random
        dealt = by_target[start : start + n_parts]
        parts[dealt] = random.permutation(n_parts)[: len(dealt)]
    return _numbered(parts[codes])


def _numbered(values: NDArray[Any]) -> Ints:
    """Return a number from 0 for each value, without gaps."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)

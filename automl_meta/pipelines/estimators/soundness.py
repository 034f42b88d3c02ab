"""What is asked of a stored model before native code may read it, which follows whatever numbers it is given."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.errors import InputError

MOST_LEAVES = 2048  # of one tree; the catalogue's have at most 1,024
Integers = NDArray[Any]


class UnsoundModelError(InputError):
    """A stored model is not what its estimator makes; the text says in what."""


def ensure(condition: Any, reason: str) -> None:
    """Raise if `condition` does not hold.

    Raises
    ------
    UnsoundModelError
        With `reason`.
    """
    if not condition:
        raise UnsoundModelError(reason)


def positions_within(counts: Integers) -> Integers:
    """Return 0, 1, 2, ... anew for each count: where each node is within its tree."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts, counts))


def check_binary_trees(counts: Integers, parents: Integers, children: Integers) -> None:
    """Check that nodes form trees: children come after their parents, so paths end, and no two share a child.

    Parameters
    ----------
    counts : array of shape (n_trees,)
        Nodes of each tree.
    parents, children : arrays of shape (n_edges,)
        Positions among the nodes of all trees, one tree after another, a pair for each edge.

    Raises
    ------
    UnsoundModelError
        If they do not.
    """
    ends = np.cumsum(counts)
    n_nodes = int(ends[-1]) if len(ends) else 0
    ensure(len(parents) == len(children) == n_nodes - len(counts), "a tree does not reach all of its nodes")
    tree = np.repeat(np.arange(len(counts)), counts)
    ensure(((children > parents) & (children < ends[tree[parents]])).all(), "a tree leads outside of itself")
    ensure(np.bincount(children, minlength=1).max() <= 1, "a node of a tree is met on two ways")

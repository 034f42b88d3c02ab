"""Picking one configuration by value, so that ties never depend on the order of the arrays."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.protocol import Floats

DIGITS = 9  # values that agree to this many decimals are ties: sums in another order differ in the last bits


class NothingLeftError(Exception):
    """All that may be proposed has been observed."""


def choose(
    values: Floats, tie_order: NDArray[np.intp], allowed: NDArray[np.bool_], observed: Mapping[int, float]
) -> int:
    """Return the position of the largest of `values` among those `allowed` and not yet `observed`.

    Raises
    ------
    NothingLeftError
        If none is left.
    """
    left = allowed.copy()
    left[list(observed)] = False
    candidates = np.flatnonzero(left)
    if not len(candidates):
        raise NothingLeftError("no configuration is left to propose: all that are allowed have been observed")
    order = np.lexsort((tie_order[candidates], -np.round(values[candidates], DIGITS)))
    return int(candidates[order[0]])


def observed_arrays(observed: Mapping[int, float]) -> tuple[NDArray[np.intp], Floats]:
    """Return positions and scores, sorted by position; a failure counts as the worst score that was seen.

    Where nothing has succeeded yet, failures say only what not to try again: the arrays are empty.
    """
    positions = np.array(sorted(observed), dtype=np.intp)
    scores = np.array([observed[int(i)] for i in positions], dtype=np.float64)
    finite = np.isfinite(scores)
    if not finite.any():
        return positions[:0], scores[:0]
    return positions, np.where(finite, scores, scores[finite].min())

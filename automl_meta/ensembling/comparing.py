"""Comparing ways to combine, group by group of rows."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
# How many standard errors of the difference a way must be better by than the one before it. Averaging different
# models helps nearly always, and so do the weights of a stack that cannot be negative: they are taken unless they are
# clearly worse, for the noise of the comparison is larger than what is at stake (docs/ensembles.md). Learners above
# others, calibrations and decisions have more ways to go wrong.
MARGINS = {"greedy": -1.0, "stack": -1.0, "layers": 1.5, "temperature": 1.0, "isotonic": 1.0, "decided": 1.0}

# A stack's weights and shift are learned from groups rather than from rows, and of few groups the next ones differ in
# what was learned: there the spread of the comparison is that of the groups, and no noise to be generous about.
FEW_GROUPS_MARGINS = {**MARGINS, "stack": 1.0}


def preferred(scores: Mapping[str, Scores], margins: Mapping[str, float] = MARGINS) -> str:
    """Return the first name, or a later one whose scores are better by more than its margin of standard errors.

    Parameters
    ----------
    scores : mapping from name to array of shape (n_groups,)
        Simplest first; of the same groups, so that differences are compared group by group.
    margins : mapping from name to float, optional
        In standard errors of the difference.
    """
    names = list(scores)
    chosen = names[0]
    for name in names[1:]:
        difference = defined(_difference(scores[name], scores[chosen]))
        if len(difference) and difference.mean() > margins.get(name, 0.0) * error_of_mean(difference):
            chosen = name
    return chosen


def no_worse(scores: Scores, plain: Scores) -> bool:
    """Return whether `scores` are at most a quarter of a standard error below the `plain` ones."""
    difference = finite(scores - plain)
    return not len(difference) or bool(difference.mean() >= -0.25 * error_of_mean(plain))


def error_of_mean(values: Scores) -> float:
    """Return the standard error of the mean of those that are finite, as if they were independent; 0 for one."""
    values = finite(values)
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def mean(values: Scores) -> float:
    """Return the mean of those that are defined; NaN if none is."""
    values = defined(values)
    return float(values.mean()) if len(values) else float("nan")


def defined(values: Scores) -> Scores:
    """Return the values that are not NaN; one that is infinite is very bad, but it is a score."""
    return values[~np.isnan(values)]


def _difference(scores: Scores, others: Scores) -> Scores:
    with np.errstate(invalid="ignore"):  # NaN where both are infinite
        return np.asarray(scores - others)


def finite(values: Scores) -> Scores:
    """Return the values that are finite."""
    return values[np.isfinite(values)]

"""How far a score may be from what new rows of the same kind would give.

The scores of a cross-validation's groups are not independent: each group is predicted by what was learned on the
others. A candidate that is lucky on one group is chosen for the others, and so good luck on one comes with good luck
on the rest. Errors that take the groups, or the rows, for independent are too small by a quarter on pure noise; no
estimate from one cross-validation is free of bias (Bengio & Grandvalet 2004). Nadeau & Bengio (2003), *Inference for
the generalization error*, take the correlation between two groups' scores to be the share of rows that a group has,
which is what the errors here are corrected by.
"""

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.ensembling.comparing import error_of_mean
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.fast_scores import make_scorer
from automl_meta.ensembling.library import Floats
from automl_meta.evaluation.metrics import Metric, Weights
from automl_meta.seeding import generator

RESAMPLES, LEAST_RESAMPLES = 40, 8
MOST_NUMBERS = 20_000  # of a group in a resample; the spread of fewer rows is scaled to that of all
MOST_ROWS = 4_000


def standard_error(
    metric: Metric,
    y: NDArray[np.generic],
    predictions: Floats,
    groups: list[NDArray[np.intp]],
    seed: int,
    deadline: Deadline | None = None,
    weights: Weights = None,
) -> float:
    """Return the standard error of the mean score over groups of rows; NaN if there is no way to tell.

    It is the larger of two estimates: the spread of the groups' scores, which alone is a poor guide (the spread of
    five numbers is half of what it should be one time in six), and that of bootstrap resamples of the rows; both
    corrected for the correlation between groups. From one group it cannot be told how others differ.

    Parameters
    ----------
    deadline : Deadline, optional
        When to be content with fewer resamples.
    weights : array of shape (n_rows,), optional
        How much each row counts.
    """
    if len(groups) < 2:
        return float("nan")
    scores = np.array([metric.score(y[group], predictions[group], taken(weights, group)) for group in groups])
    n_groups = int(np.isfinite(scores).sum())
    estimates = []
    if n_groups > 1:
        # The groups' spread does not see what is common to them: s**2 estimates (1 - correlation) of the variance.
        estimates.append(error_of_mean(scores) * np.sqrt(1 + n_groups / (n_groups - 1)))
    within = _bootstrap(metric, y, predictions, groups, seed, deadline or Deadline(), weights)
    if np.isfinite(within):
        estimates.append(within * np.sqrt(1 + (len(groups) - 1) / len(groups)))
    return float(max(estimates)) if estimates else float("nan")


def _bootstrap(
    metric: Metric,
    y: NDArray[np.generic],
    predictions: Floats,
    groups: list[NDArray[np.intp]],
    seed: int,
    deadline: Deadline,
    weights: Weights,
) -> float:
    """Return the spread over resamples of the rows within their groups."""
    random = generator(seed, "bootstrap")
    largest = max(len(group) for group in groups)
    width = predictions.shape[1] if predictions.ndim == 2 else 1
    drawn = min(largest, MOST_ROWS, max(MOST_NUMBERS // width, 200))
    means: list[float] = []
    kind = type(make_scorer(metric, y, predictions, weights))
    for number in range(RESAMPLES):
        if number >= LEAST_RESAMPLES and deadline.passed:
            break
        scores = []
        for group in groups:
            rows = random.choice(group, min(len(group), drawn))
            scorer = kind(metric, y[rows], taken(weights, rows))
            scores.append(scorer.score(scorer.reduce(predictions[rows])[np.newaxis])[0])
        if np.isfinite(scores).any():
            means.append(float(np.nanmean(scores)))
    return float(np.std(means, ddof=1) * np.sqrt(drawn / largest)) if len(means) > 1 else float("nan")

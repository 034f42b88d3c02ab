"""Choosing where rows are few: cross-validated scores are noise for the most part, so they only move a prior.

With a dozen rows the candidate that scores best is mostly the luckiest one. What is believed of a candidate is a
weighted mean of how it stands by its score and of how it was expected to stand; the score's weight is its
reliability, the share of the candidates' variance that is not the error of cross-validation. That is the posterior
mean of normally distributed candidates (Efron & Morris 1973, "Stein's estimation rule and its competitors"). Those
that are believed best are averaged with weights that grow with the belief, and nothing more is fitted.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.ensembling.greedy import Limits
from automl_meta.ensembling.library import Library

AVERAGED = 5
PROBABILITY_FLOOR = 0.01
MOST_ERROR = 9.0  # squared, in variances of the target
LEAST_SHARE = 0.01  # of the best's weight, below which a candidate is left out
TEMPERATURE = 0.5  # deviations of belief that make a weight 2.7 times larger

Floats = NDArray[np.float64]


def average_of_likely_best(library: Library, limits: Limits, seed: int) -> tuple[list[int], WeightedAverage]:
    """Return the members (positions) that are believed best, and their average.

    Parameters
    ----------
    library : Library
        With a prior; what is believed follows from that and from the predictions on the library's rows.
    seed : int
        Unused: nothing is left to chance.
    """
    believed = beliefs(merits(library), library.prior, shared=shared_training(library))
    members = likely_best(believed, limits, library.costs)
    return members, WeightedAverage(weights_of(believed[members]))


def likely_best(believed: Floats, limits: Limits, costs: Floats) -> list[int]:
    """Return the positions of those that are averaged, the best first.

    Parameters
    ----------
    believed, costs : arrays of shape (n_candidates,)
    """
    chosen = np.zeros(len(believed), dtype=bool)
    worst = believed.max() + TEMPERATURE * np.log(LEAST_SHARE)
    members: list[int] = []
    for candidate in np.argsort(-believed, kind="stable"):
        wanted = len(members) < AVERAGED and (believed[candidate] >= worst or not members)
        if wanted and limits.allowed(chosen, costs)[candidate]:
            chosen[candidate] = True
            members.append(int(candidate))
    return members


def weights_of(believed: Floats) -> Floats:
    """Return weights, with sum 1, that grow with what is believed."""
    return np.asarray(softmax(believed / TEMPERATURE), dtype=np.float64)


def beliefs(merit: Floats, prior: Floats, *, shared: float = 1.0) -> Floats:
    """Return what is believed of each candidate, in deviations from the mean; shape (n_candidates,).

    Parameters
    ----------
    merit : array of shape (n_candidates, n_rows)
        How well each row is predicted, see `merits`; may have no rows.
    prior : array of shape (n_candidates,)
        How the candidates are expected to stand, on any scale.
    shared : float
        As for `reliability`.
    """
    expected = _standardised(prior)
    share = reliability(merit, shared=shared)
    return share * _standardised(merit.mean(axis=1)) + (1 - share) * expected if share > 0 else expected


def reliability(merit: Floats, *, shared: float = 1.0) -> float:
    """Return the share of the variance between candidates' mean merits that is not error, from 0 to 1.

    Rows differ in difficulty for all candidates alike, so errors are those of the differences within rows.

    Parameters
    ----------
    merit : array of shape (n_candidates, n_rows)
    shared : float
        How many times larger the variance is than that of independent rows.
    """
    n_candidates, n_rows = merit.shape
    if n_candidates < 2 or n_rows < 2:
        return 0.0
    total = float(np.var(merit.mean(axis=1), ddof=1))
    if total <= 0:
        return 0.0
    within = merit - merit.mean(axis=0) - merit.mean(axis=1, keepdims=True) + merit.mean()
    error = shared * float((within**2).sum()) / ((n_candidates - 1) * (n_rows - 1)) / n_rows
    return float(np.clip(1 - error / total, 0.0, 1.0))


def merits(library: Library) -> Floats:
    """Return how well each candidate predicts each row, whatever the metric; shape (n_candidates, n_rows).

    For classes it is the logarithm of the probability of the true one, for numbers the squared error, negative; both
    bounded, because one mistake among a dozen rows must not be all that counts. Most metrics go in steps where rows
    are few; these do not.
    """
    weights = 1.0 if library.weights is None else library.weights
    return np.array([weights * _merit(library.y, prediction) for prediction in library.predictions])


def shared_training(library: Library) -> float:
    """Return by how much the errors' variance is larger because folds share training rows (Nadeau & Bengio 2003)."""
    parts = max(library.n_parts, 2)
    return 1 + parts / (parts - 1)


def _merit(y: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    if prediction.ndim == 1:
        return np.asarray(-np.minimum((y - prediction) ** 2, MOST_ERROR * y.var()), dtype=np.float64)
    true = prediction[np.arange(len(y)), y.astype(np.intp)]
    return np.asarray(np.log(np.clip(true, PROBABILITY_FLOOR, 1.0)), dtype=np.float64)


def _standardised(values: Floats) -> Floats:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))

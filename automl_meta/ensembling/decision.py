"""From probabilities to a class, for metrics and costs that the most probable class does not serve.

A decision is a positive weight per class: the class with the largest weighted probability is predicted. With two
classes that is a threshold: the second class wins where its probability exceeds w0 / (w0 + w1). Where mistakes have
costs it is their matrix, and the class with the smallest expected cost is predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.ensembling.combiners import Floats
from automl_meta.ensembling.fast_scores import make_scorer
from automl_meta.evaluation.metrics import Metric, Weights

TUNED = ("f1", "balanced_accuracy", "matthews_corrcoef", "jaccard", "cohen_kappa")  # starts of names
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the inverse class frequencies
THRESHOLDS = 199
MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Predictions, and what is decided by; both are the same for numbers, and where nothing weighs the classes.

    Attributes
    ----------
    plain : array of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or numbers.
    weighed : array of the same shape
        What the predicted class is the largest of.
    """

    plain: NDArray[np.float64]
    weighed: NDArray[np.float64]

    @classmethod
    def by(cls, decision: NDArray[Any] | None, predictions: NDArray[np.float64]) -> Self:
        """Return `predictions` with what a decision, see `weighted`, makes of them."""
        return cls(predictions, np.asarray(weighted(predictions, decision), dtype=np.float64))

    def seen_by(self, metric: Metric) -> NDArray[np.float64]:
        """Return what `metric` is to score: the classes that it scores are the decided ones."""
        return self.weighed if metric.needs == "classes" else self.plain


def needs_decision(metric: Metric) -> bool:
    """Return whether `metric` scores classes, and another choice than the most probable can serve it better."""
    return metric.needs == "classes" and metric.name.startswith(TUNED)


def weighted(probabilities: Floats, decision: NDArray[Any] | None) -> Floats:
    """Return what the predicted class is the largest of: `probabilities`, (n_rows, n_classes), weighed by a decision.

    Parameters
    ----------
    decision : array of shape (n_classes,) or (n_classes, n_classes), or None
        Weights per class; or the costs of predicting the column's class where the row's is true.
    """
    if decision is None:
        return probabilities
    weighed: Floats = -(probabilities @ decision) if decision.ndim == 2 else probabilities * decision
    return weighed


def fit_decision(
    metric: Metric, probabilities: Floats, y: NDArray[np.int64], weights: Weights = None
) -> NDArray[np.float64]:
    """Return the weights, (n_classes,), under which `metric` is best on these rows."""
    if len(y) > MAX_ROWS:
        rows = np.linspace(0, len(y) - 1, MAX_ROWS).astype(np.intp)
        probabilities, y, weights = probabilities[rows], y[rows], taken(weights, rows)
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return _best_threshold(metric, probabilities, y, weights)
    totals = np.bincount(y, weights=weights, minlength=n_classes) + 1
    frequency = totals / totals.sum()
    options = [frequency**-power for power in POWERS]
    scores = _scores(metric, probabilities, y, options, weights)
    decision = options[int(np.nanargmax([*scores, -np.inf]))] if np.isfinite(scores).any() else np.ones(n_classes)
    return np.asarray(decision / decision.sum(), dtype=np.float64)


def _best_threshold(
    metric: Metric, probabilities: Floats, y: NDArray[np.int64], weights: Weights
) -> NDArray[np.float64]:
    second = probabilities[:, 1]
    grid = np.unique(np.quantile(second, np.linspace(0, 1, THRESHOLDS + 2)[1:-1], method="linear"))
    middles = np.unique(np.clip(np.r_[0.5, grid], 1e-6, 1 - 1e-6))
    scores = _scores(metric, probabilities, y, [_weights(threshold) for threshold in middles], weights)
    if not np.isfinite(scores).any():
        return _weights(0.5)
    # A smoothed curve: one lucky threshold among bad neighbours is noise.
    smooth = np.convolve(
        np.pad(np.nan_to_num(scores, nan=np.nanmin(scores)), 2, mode="edge"), np.ones(5) / 5, "valid"
    )
    return _weights(float(middles[smooth.argmax()]))


def _scores(
    metric: Metric,
    probabilities: Floats,
    y: NDArray[np.int64],
    options: Sequence[NDArray[np.float64]],
    weights: Weights,
) -> NDArray[np.float64]:
    """Return the score of the decisions under each option's weights per class; `weights` are those of the rows."""
    scorer = make_scorer(metric, y, probabilities, weights)
    decided = (scorer.reduce(probabilities * option)[np.newaxis] for option in options)
    return np.array([scorer.score(one)[0] for one in decided], dtype=np.float64)


def _weights(threshold: float) -> NDArray[np.float64]:
    return np.array([threshold, 1 - threshold])

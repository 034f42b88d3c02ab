"""From probabilities to a class, for metrics and costs that the most probable class does not serve.

A decision is a positive weight per class: the class with the largest weighted probability is predicted. With two
classes that is a threshold: the second class wins where its probability exceeds w0 / (w0 + w1). Where mistakes have
costs it is their matrix, and the class with the smallest expected cost is predicted.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from automl_meta.ensembling.combiners import Floats
from automl_meta.ensembling.fast_scores import score_confusions
from automl_meta.evaluation.metrics import Metric, Weights

TUNED = ("f1", "balanced_accuracy", "matthews_corrcoef", "jaccard", "cohen_kappa")  # starts of names
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the inverse class frequencies
THRESHOLDS = 100  # quantiles of each class


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
    """Return the weights, (n_classes,), under which `metric` is best on these rows.

    All rows are counted: of a rare class a sample would have too few.
    """
    n_classes = probabilities.shape[1]
    if n_classes == 2:
        return _best_threshold(metric, probabilities[:, 1], y, weights)
    totals = np.bincount(y, weights=weights, minlength=n_classes) + 1
    frequency = totals / totals.sum()
    options = [frequency**-power for power in POWERS]
    cells = [y * n_classes + (probabilities * option).argmax(axis=1) for option in options]
    counts = np.array([np.bincount(cell, weights=weights, minlength=n_classes**2) for cell in cells])
    scores = score_confusions(metric, counts.reshape(-1, n_classes, n_classes))
    decision = options[int(np.nanargmax([*scores, -np.inf]))] if np.isfinite(scores).any() else np.ones(n_classes)
    return np.asarray(decision / decision.sum(), dtype=np.float64)


def _best_threshold(metric: Metric, second: Floats, y: NDArray[np.int64], weights: Weights) -> NDArray[np.float64]:
    thresholds = _thresholds(second, y)
    scores = score_confusions(metric, _confusions(second, y, weights, thresholds))
    if not np.isfinite(scores).any():
        return _weights(0.5)
    # A smoothed curve: one lucky threshold among bad neighbours is noise.
    smooth = np.convolve(
        np.pad(np.nan_to_num(scores, nan=np.nanmin(scores)), 2, mode="edge"), np.ones(5) / 5, "valid"
    )
    return _weights(float(thresholds[smooth.argmax()]))


def _thresholds(second: Floats, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return thresholds to try, ascending: a half, and beside the quantiles of each class's own probabilities.

    Both classes count alike: what is to be found out of a rare one lies where its rows are, which all rows'
    quantiles pass over. A threshold is half way between two probabilities, so that none equals it: below that of a
    row of the second class, above that of one of the first, which is then predicted to be what it is.
    """
    values = np.unique(np.asarray(second, dtype=np.float64))
    shares = np.linspace(0, 1, THRESHOLDS)
    own = [np.quantile(second[y == code], shares, method="nearest") if (y == code).any() else [] for code in (0, 1)]
    gaps = np.union1d(np.searchsorted(values, own[0]) + 1, np.searchsorted(values, own[1])).astype(np.intp)
    gaps = gaps[(gaps > 0) & (gaps < len(values))]
    middles = (values[gaps - 1] + values[gaps]) / 2
    return np.unique(np.clip(np.r_[0.5, middles], 1e-6, 1 - 1e-6))


def _confusions(
    second: Floats, y: NDArray[np.int64], weights: Weights, thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the confusion matrix under each threshold, (n_thresholds, true, predicted)."""
    order = np.argsort(second, kind="stable")
    below = np.searchsorted(second[order], thresholds, side="right")
    counted = np.ones(len(y)) if weights is None else weights
    by_class = [np.r_[0.0, np.cumsum((counted * (y == code))[order])] for code in (0, 1)]
    rows = [np.stack([passed[below], passed[-1] - passed[below]], axis=1) for passed in by_class]
    return np.stack(rows, axis=1)


def _weights(threshold: float) -> NDArray[np.float64]:
    return np.array([threshold, 1 - threshold])

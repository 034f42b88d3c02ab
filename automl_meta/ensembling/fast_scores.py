"""Scoring many mixtures of the same candidates at once.

Greedy selection asks for thousands of scores. For most metrics each candidate's predictions can be reduced, by a
linear map, to what the metric depends on: the probability of the true class for the log loss, the residual for the
squared error. Mixtures of the reduced predictions are then scored together, in a few array operations.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from automl_meta.evaluation.metrics import Metric, Weights

Floats = NDArray[np.floating[Any]]
Scores = NDArray[np.float64]
NUMBERS = 8_000_000  # that one step of a selection may touch


class Scorer(ABC):
    """Reduces predictions, and scores mixtures of what it reduced; higher is better.

    Attributes
    ----------
    most_candidates : int
        That a selection can afford with it.
    """

    most_candidates: ClassVar[int] = 60

    def __init__(self, metric: Metric, y: NDArray[Any], weights: Weights = None) -> None:
        self.metric = metric
        self.y = y
        self.weights = weights
        self.total = float(len(y) if weights is None else weights.sum())

    def _weighed(self, values: Floats, power: float = 1.0) -> Floats:
        """Return values by row, times a power of the rows' weights."""
        if self.weights is None:
            return values
        factor = self.weights**power
        weighed: Floats = values * factor.reshape(-1, *[1] * (values.ndim - 1))
        return weighed

    @classmethod
    def most_rows(cls, n_candidates: int, n_classes: int) -> int:
        """Return how many rows a selection can afford."""
        return max(NUMBERS // (n_candidates * max(n_classes, 1)), 1_000)

    @abstractmethod
    def reduce(self, prediction: Floats) -> Floats:
        """Return what the score depends on; the reduction of a mean must be the mean of the reductions."""

    @abstractmethod
    def score(self, mixtures: Floats) -> Scores:
        """Return the score of each mixture; `mixtures` has the shape (n_mixtures, *shape of a reduction)."""


class Generic(Scorer):
    """Any metric, one call a mixture; so slow that it sees fewer candidates and rows."""

    most_candidates = 20

    @classmethod
    def most_rows(cls, n_candidates: int, n_classes: int) -> int:
        """Return a number that keeps a call at about a millisecond."""
        return 2_000

    def reduce(self, prediction: Floats) -> Floats:
        """Return the prediction itself."""
        return prediction

    def score(self, mixtures: Floats) -> Scores:
        """Ask the metric, mixture by mixture."""
        return np.array([self.metric.score(self.y, mixture, self.weights) for mixture in mixtures], dtype=np.float64)


class LogLoss(Scorer):
    """Depends on the probability of the true class alone."""

    def reduce(self, prediction: Floats) -> Floats:
        """Return the probability of the true class, (n_rows,)."""
        chosen: Floats = prediction[np.arange(len(self.y)), self.y]
        return chosen

    def score(self, mixtures: Floats) -> Scores:
        """Return the mean log-likelihoods."""
        logs = np.log(np.clip(mixtures, 1e-15, 1.0))
        if self.weights is None:
            return np.asarray(logs.mean(axis=1, dtype=np.float64))
        return np.asarray(logs @ self.weights / self.total, dtype=np.float64)


class Brier(Scorer):
    """Depends on the residuals of the probabilities."""

    def reduce(self, prediction: Floats) -> Floats:
        """Return the residuals, of which with two classes the second counts alone, times roots of weights."""
        residual = prediction.copy()
        residual[np.arange(len(self.y)), self.y] -= 1
        residual = self._weighed(residual, 0.5)
        return residual[:, 1] if residual.shape[1] == 2 else residual.ravel()

    def score(self, mixtures: Floats) -> Scores:
        """Return minus the mean squares."""
        squares = np.einsum("ij,ij->i", mixtures, mixtures, dtype=np.float64)
        return np.asarray(-squares / self.total)


class Confusion(Scorer):
    """Metrics of classes: everything follows from the confusion matrix."""

    def reduce(self, prediction: Floats) -> Floats:
        """Return the margin between two classes, (n_rows,), or the probabilities of several."""
        self._n_classes = prediction.shape[1]
        return prediction[:, 1] - prediction[:, 0] if prediction.shape[1] == 2 else prediction

    def score(self, mixtures: Floats) -> Scores:
        """Count each mixture's confusion matrix, and score all of them."""
        codes = (mixtures > 0).astype(np.int64) if mixtures.ndim == 2 else mixtures.argmax(axis=2)
        size = self._n_classes**2
        cells = codes + self.y * self._n_classes + size * np.arange(len(codes))[:, np.newaxis]
        weights = None if self.weights is None else np.tile(self.weights, len(codes))
        counts = np.bincount(cells.ravel(), weights=weights, minlength=size * len(codes)).astype(np.float64)
        matrices = counts.reshape(len(codes), self._n_classes, self._n_classes)
        with np.errstate(divide="ignore", invalid="ignore"):
            return _OF_CONFUSION[self.metric.name](matrices)


class RankArea(Scorer):
    """Area under the ROC curve, Mann and Whitney's U with ties counted half; for several classes one against rest."""

    @classmethod
    def most_rows(cls, n_candidates: int, n_classes: int) -> int:
        """Return fewer rows for many classes, each of which is sorted."""
        return 20_000 if n_classes == 2 else max(20_000 // n_classes, 1_500)

    def reduce(self, prediction: Floats) -> Floats:
        """Return a row of probabilities per class, or of the second of two."""
        return prediction[:, 1:].T if prediction.shape[1] == 2 else prediction.T

    def score(self, mixtures: Floats) -> Scores:
        """Return the mean area over the classes that are neither absent nor all."""
        codes = [1] if mixtures.shape[1] == 1 else range(mixtures.shape[1])
        areas = [
            [_area(mixture[row], self.y == code, self.weights) for mixture in mixtures]
            for row, code in enumerate(codes)
            if 0 < np.count_nonzero(self.y == code) < len(self.y)
        ]
        return np.asarray(np.mean(areas, axis=0)) if areas else np.full(len(mixtures), np.nan)


class SquaredError(Scorer):
    """Mean squared error, its root, and the share of variance that it leaves."""

    def reduce(self, prediction: Floats) -> Floats:
        """Return the residuals, (n_rows,), times the roots of weights."""
        return np.asarray(self._weighed(prediction - self.y, 0.5), dtype=np.float64)

    def score(self, mixtures: Floats) -> Scores:
        """Return scores from the mean squares."""
        squares = np.asarray(np.einsum("ij,ij->i", mixtures, mixtures) / self.total, dtype=np.float64)
        if self.metric.name == "r2":
            centre = np.average(self.y, weights=self.weights)
            variance = float(np.average((self.y - centre) ** 2, weights=self.weights))
            return 1 - squares / variance if variance > 0 else np.full(len(mixtures), np.nan)
        return -np.sqrt(squares) if "root" in self.metric.name else -squares


class AbsoluteError(Scorer):
    """Mean absolute error."""

    def reduce(self, prediction: Floats) -> Floats:
        """Return the residuals, (n_rows,), times the weights."""
        return np.asarray(self._weighed(prediction - self.y), dtype=np.float64)

    def score(self, mixtures: Floats) -> Scores:
        """Return minus the mean absolute residuals."""
        return np.asarray(-np.abs(mixtures).sum(axis=1) / self.total, dtype=np.float64)


def scorer_kind(metric: Metric) -> type[Scorer]:
    """Return the fastest scorer that there is for `metric`."""
    return Confusion if metric.name in _OF_CONFUSION else _FAST.get(metric.name, Generic)


def make_scorer(metric: Metric, y: NDArray[Any], sample: Floats, weights: Weights = None) -> Scorer:
    """Return a scorer of these rows that agrees with `metric` on the prediction `sample`."""
    scorer = scorer_kind(metric)(metric, y, weights)
    exact = metric.score(y, sample, weights)
    fast = scorer.score(scorer.reduce(sample)[np.newaxis])[0]
    return scorer if np.isclose(fast, exact, rtol=1e-4, equal_nan=True) else Generic(metric, y, weights)


def score_confusions(metric: Metric, matrices: Scores) -> Scores:
    """Return the score of each confusion matrix, (n_matrices, true, predicted), of a metric of classes.

    The cells are counts, or sums of the rows' weights.
    """
    n_classes = matrices.shape[1]
    true, predicted = (codes.ravel() for codes in np.indices((n_classes, n_classes)))
    hard = np.eye(n_classes)[predicted]

    def exact(cells: NDArray[np.float64]) -> float:
        return metric.score(true, hard, cells.ravel())

    fast = _OF_CONFUSION.get(metric.name)
    if fast is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = fast(matrices)
        if np.isclose(scores[0], exact(matrices[0]), rtol=1e-4, equal_nan=True):
            return scores
    return np.array([exact(cells) for cells in matrices], dtype=np.float64)


def _area(scores: Floats, positive: NDArray[np.bool_], weights: Weights) -> float:
    if weights is not None:
        return _weighted_area(scores, positive, weights)
    negatives, positives = np.sort(scores[~positive]), np.sort(scores[positive])
    below = np.searchsorted(negatives, positives, "left").sum(dtype=np.int64)
    not_above = np.searchsorted(negatives, positives, "right").sum(dtype=np.int64)
    return float((below + not_above) / (2 * len(positives) * len(negatives)))


def _weighted_area(scores: Floats, positive: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    order = np.argsort(scores[~positive])
    negatives = scores[~positive][order]
    passed = np.concatenate([[0.0], np.cumsum(weights[~positive][order])])  # weight of the first so many negatives
    below = passed[np.searchsorted(negatives, scores[positive], "left")]
    not_above = passed[np.searchsorted(negatives, scores[positive], "right")]
    own = weights[positive]
    return float(own @ (below + not_above) / (2 * own.sum() * passed[-1]))


def _accuracy(matrices: Scores) -> Scores:
    return np.asarray(np.trace(matrices, axis1=1, axis2=2) / matrices.sum(axis=(1, 2)))


def _balanced_accuracy(matrices: Scores) -> Scores:
    return np.asarray(np.nanmean(_hits(matrices) / matrices.sum(axis=2), axis=1))


def _f1_by_class(matrices: Scores) -> Scores:
    """Return the F1 of each class; NaN where it is neither true nor predicted."""
    return np.asarray(2 * _hits(matrices) / (matrices.sum(axis=2) + matrices.sum(axis=1)))


def _f1(matrices: Scores) -> Scores:
    return np.nan_to_num(_f1_by_class(matrices)[:, 1])


def _f1_macro(matrices: Scores) -> Scores:
    return np.asarray(np.nanmean(_f1_by_class(matrices), axis=1))


def _f1_weighted(matrices: Scores) -> Scores:
    shares = matrices.sum(axis=2) / matrices.sum(axis=(1, 2))[:, np.newaxis]
    return np.asarray((np.nan_to_num(_f1_by_class(matrices)) * shares).sum(axis=1))


def _matthews(matrices: Scores) -> Scores:
    true, predicted, total = matrices.sum(axis=2), matrices.sum(axis=1), matrices.sum(axis=(1, 2))
    both = np.trace(matrices, axis1=1, axis2=2) * total - (true * predicted).sum(axis=1)
    spread = (total**2 - (true**2).sum(axis=1)) * (total**2 - (predicted**2).sum(axis=1))
    return np.where(spread > 0, both / np.sqrt(spread), 0.0)


def _hits(matrices: Scores) -> Scores:
    return np.asarray(np.diagonal(matrices, axis1=1, axis2=2), dtype=np.float64)


_OF_CONFUSION: dict[str, Callable[[Scores], Scores]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "f1_macro": _f1_macro,
    "f1_weighted": _f1_weighted,
    "matthews_corrcoef": _matthews,
}
_FAST: dict[str, type[Scorer]] = {
    "neg_log_loss": LogLoss,
    "neg_brier_score": Brier,
    "roc_auc": RankArea,
    "neg_root_mean_squared_error": SquaredError,
    "neg_mean_squared_error": SquaredError,
    "r2": SquaredError,
    "neg_mean_absolute_error": AbsoluteError,
}

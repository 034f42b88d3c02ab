"""Probabilities from margins."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from automl_meta.pipelines.estimators.row_extras import row_extras
from automl_meta.pipelines.estimators.smoothing import class_shares
from automl_meta.pipelines.inner_split import inner_splits

Floats = NDArray[np.float64]


class CalibratedMargins(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One classifier fitted to all rows, and a map from its margins to probabilities.

    The map is fitted to margins of held-out training rows: Platt's sigmoid [1]_ for two classes; for more, a
    common slope and an offset a class before a softmax. Classes that are too small to be held out keep the offset
    of their share.

    Parameters
    ----------
    estimator : classifier with ``decision_function``

    References
    ----------
    .. [1] Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    def __init__(self, estimator: Any, n_splits: int = 3, seed: int = 0) -> None:
        self.estimator = estimator
        self.n_splits = n_splits
        self.seed = seed

    def fit(
        self,
        X: Any,
        y: NDArray[np.int64],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Fit the classifier and the map."""
        matrix = np.asarray(X, dtype=np.float64)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = np.ones(len(codes)) if sample_weight is None else sample_weight
        self.estimator_ = clone(self.estimator).fit(matrix, codes, **row_extras(self.estimator, sample_weight, None))
        held_out: list[NDArray[np.intp]] = []
        margins = []
        for train, held in inner_splits(codes, self.n_splits, self.seed, stratify=True, groups=groups):
            extras = row_extras(self.estimator, sample_weight, None, train)
            model = clone(self.estimator).fit(matrix[train], codes[train], **extras)
            margins.append(_margins(model, matrix[held]))
            held_out.append(held)
        priors = np.log(class_shares(codes, weights))
        if not margins:
            self.slope_, self.offsets_ = 1.0, np.zeros(len(self.classes_))
        else:
            rows = np.concatenate(held_out)
            self.slope_, self.offsets_ = _fit_map(np.vstack(margins), codes[rows], priors, weights[rows])
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        margins = _margins(self.estimator_, np.asarray(X, dtype=np.float64))
        return np.asarray(softmax(self.slope_ * margins + self.offsets_, axis=1), dtype=np.float64)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable classes."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def _margins(model: Any, X: Floats) -> Floats:
    """Return margins of shape (n_rows, n_classes)."""
    margins = np.asarray(model.decision_function(X), dtype=np.float64)
    return np.column_stack([-margins / 2, margins / 2]) if margins.ndim == 1 else margins


def _fit_map(margins: Floats, codes: NDArray[np.int64], priors: Floats, weights: Floats) -> tuple[float, Floats]:
    """Return the slope and offsets that make the softmax of the margins most likely, offsets drawn to `priors`."""
    n_classes = margins.shape[1]
    present = np.zeros_like(margins)
    present[np.arange(len(codes)), codes] = 1.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, offsets = np.exp(parameters[0]), parameters[1:]
        scores = slope * margins + offsets
        top = scores.max(axis=1, keepdims=True)
        log_sum = top[:, 0] + np.log(np.exp(scores - top).sum(axis=1))
        value = weights @ (log_sum - (present * scores).sum(axis=1))
        error = weights[:, None] * (np.exp(scores - log_sum[:, None]) - present)
        pull = offsets - (priors - priors.mean())
        gradient = np.concatenate(
            [[slope * (error * margins).sum() + 0.1 * parameters[0]], error.sum(axis=0) + 0.1 * pull]
        )
        return float(value + 0.05 * (pull @ pull + parameters[0] ** 2)), gradient

    start = np.zeros(n_classes + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-6.0, 6.0)] + [(-20.0, 20.0)] * n_classes)
    return float(np.exp(found.x[0])), np.asarray(found.x[1:], dtype=np.float64)

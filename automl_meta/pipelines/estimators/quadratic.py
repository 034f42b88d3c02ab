"""Quadratic discriminant analysis for any number of rows a class."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin


class ShrunkQuadratic(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """One Gaussian a class, its covariance drawn towards the pooled one and towards a multiple of the identity.

    The pooled covariance takes the part ``d / (d + rows of the class)`` in d columns, so that a class of one row
    still has a Gaussian; Friedman, "Regularized discriminant analysis", 1989.

    Parameters
    ----------
    reg_param : float
        Part of the identity, from 0 to 1.
    """

    def __init__(self, reg_param: float = 0.1) -> None:
        self.reg_param = reg_param

    def fit(self, X: Any, y: NDArray[np.int64], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Fit means and covariances."""
        matrix = np.asarray(X, dtype=np.float64)
        weights = np.ones(len(y)) if sample_weight is None else sample_weight * len(y) / sample_weight.sum()
        self.classes_, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes, weights=weights)
        self.means_ = np.array(
            [np.average(matrix[codes == k], axis=0, weights=weights[codes == k]) for k in range(len(counts))]
        )
        centred = (matrix - self.means_[codes]) * np.sqrt(weights)[:, None]
        n_rows, n_columns = matrix.shape
        pooled = centred.T @ centred / n_rows
        self.log_priors_ = np.log(counts / n_rows)
        factors = []
        for k, count in enumerate(counts):
            own = centred[codes == k]
            towards = n_columns / (n_columns + count)
            covariance = (1 - towards) * (own.T @ own / count) + towards * pooled
            factors.append(self._factor(covariance))
        self.rotations_ = np.array([rotation for rotation, _ in factors])
        self.variances_ = np.array([variances for _, variances in factors])
        return self

    def _factor(self, covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        variances, rotation = np.linalg.eigh(covariance)
        mean = max(float(variances.mean()), 1e-12)
        floor = 1e-6 * mean
        return rotation, np.maximum((1 - self.reg_param) * variances + self.reg_param * mean, floor)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return log densities and log priors, summed, of shape (n_rows, number of classes in training)."""
        matrix = np.asarray(X, dtype=np.float64)
        scores = np.empty((len(matrix), len(self.classes_)))
        for k in range(len(self.classes_)):
            turned = (matrix - self.means_[k]) @ self.rotations_[k]
            distance = (turned**2 / self.variances_[k]).sum(axis=1)
            scores[:, k] = self.log_priors_[k] - 0.5 * (distance + np.log(self.variances_[k]).sum())
        return scores

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        return np.asarray(softmax(self.decision_function(X), axis=1), dtype=np.float64)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable classes."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

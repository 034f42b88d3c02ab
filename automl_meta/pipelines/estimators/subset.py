"""Models whose cost grows faster than the rows: fitted to a sample."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from automl_meta.pipelines.estimators.row_extras import row_extras


def sample_rows(y: NDArray[Any], max_rows: int, seed: int, *, classify: bool) -> NDArray[np.intp]:
    """Return at most `max_rows` positions, sorted; for classes, each with its share, and at least one row a class."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(y))
    if len(y) <= max_rows:
        return np.arange(len(y))
    if not classify:
        return np.sort(order[:max_rows])
    _, codes = np.unique(y, return_inverse=True)
    counts = np.bincount(codes)
    # the position of each row within its class, as a part of the class: the smallest parts make a stratified sample
    part = np.empty(len(y))
    for code, count in enumerate(counts):
        rows = order[codes[order] == code]
        part[rows] = np.arange(count) / count
    return np.sort(order[np.argsort(part[order], kind="stable")[:max_rows]])


class OnSubset(BaseEstimator):  # type: ignore[misc]
    """Fits a kernel machine to at most `max_rows` training rows.

    Parameters
    ----------
    estimator : SVC, SVR or a wrapper with an ``estimator`` of its own
    relative_gamma : float
        The kernel's gamma is this over the number of columns.
    """

    def __init__(
        self, estimator: Any, *, max_rows: int, classify: bool, relative_gamma: float, seed: int = 0
    ) -> None:
        self.estimator = estimator
        self.max_rows = max_rows
        self.classify = classify
        self.relative_gamma = relative_gamma
        self.seed = seed

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Fit to a sample of the rows."""
        rows = sample_rows(y, self.max_rows, self.seed, classify=self.classify)
        matrix = np.asarray(X, dtype=np.float64)[rows]
        model = clone(self.estimator)
        name = "estimator__gamma" if "estimator__gamma" in model.get_params() else "gamma"
        model.set_params(**{name: self.relative_gamma / max(matrix.shape[1], 1)})
        self.model_ = model.fit(matrix, y[rows], **row_extras(model, sample_weight, groups, rows))
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, or numbers."""
        return np.asarray(self.model_.predict(np.asarray(X, dtype=np.float64)))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        return np.asarray(self.model_.predict_proba(np.asarray(X, dtype=np.float64)))

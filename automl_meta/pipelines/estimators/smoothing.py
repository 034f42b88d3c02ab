"""Probabilities that are counted from few rows are never quite 0 or 1."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

Floats = NDArray[np.float64]


def class_shares(y: NDArray[Any], weights: Floats | None = None) -> Floats:
    """Return the share of each class in `y`, in the order of their codes, of rows that may count differently."""
    counts = np.bincount(np.unique(y, return_inverse=True)[1], weights=weights)
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def smoothed(probabilities: Floats, shares: Floats, votes: Floats | float) -> Floats:
    """Return `probabilities` as if one more vote had been cast, split as the classes are.

    Parameters
    ----------
    probabilities : array of shape (n_rows, n_classes)
    shares : array of shape (n_classes,)
    votes : float or array of shape (n_rows, 1)
        How many there were.
    """
    return np.asarray((votes * probabilities + shares) / (votes + 1.0), dtype=np.float64)


class SmoothedTree(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A decision tree whose leaves give Cestnik's m-estimate with m = 1 (1990), not the bare share of their rows."""

    def __init__(
        self,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        ccp_alpha: float = 0.0,
        class_weight: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.ccp_alpha = ccp_alpha
        self.class_weight = class_weight
        self.random_state = random_state

    def fit(self, X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Grow the tree."""
        self.tree_ = DecisionTreeClassifier(**self.get_params()).fit(X, y, sample_weight)
        self.classes_ = self.tree_.classes_
        self.rows_ = self.tree_.tree_.n_node_samples.astype(np.float64)  # a model file keeps no counts inside trees
        shares = class_shares(y, sample_weight)
        self.shares_ = np.full_like(shares, 1 / len(shares)) if self.class_weight == "balanced" else shares
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        rows = self.rows_[self.tree_.apply(X)]
        return smoothed(self.tree_.predict_proba(X), self.shares_, rows[:, None])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable classes."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

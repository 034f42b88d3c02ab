"""The outermost layer of every model: whatever the training rows hold, predictions keep their promise."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone

from automl_meta.pipelines.context import Accepted
from automl_meta.pipelines.estimators.quiet import quietly
from automl_meta.pipelines.estimators.row_extras import row_extras
from automl_meta.pipelines.estimators.target_transforms import TargetTransform

# How far beyond the range of the training targets, in parts of that range, a prediction may go.
_MARGIN = 0.5
# The smallest positive prediction, in parts of the mean of the training targets, unless one of these is smaller.
_SMALL = 1e-3


class CodedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Gives probabilities for all classes of the task, also those absent from the training rows.

    Parameters
    ----------
    estimator : classifier
        Sees the codes 0 to k - 1 of the k classes that are present; never fewer than two.
    n_classes : int
        Of the task. The codes in `y` are below it.
    """

    def __init__(self, estimator: Any, n_classes: int) -> None:
        self.estimator = estimator
        self.n_classes = n_classes

    def fit(
        self,
        X: Any,
        y: NDArray[np.int64],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Fit the classifier, or remember the only class; weights and groups reach it if it takes them."""
        self.classes_ = np.arange(self.n_classes)
        self.present_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.estimator_ = None
        if len(self.present_) > 1:
            with quietly(type(self.estimator).__name__):
                extras = row_extras(self.estimator, sample_weight, groups)
                self.estimator_ = clone(self.estimator).fit(X, codes.astype(np.int64), **extras)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        probabilities = np.zeros((X.shape[0], self.n_classes))
        if self.estimator_ is None:
            probabilities[:, self.present_] = 1.0
            return probabilities
        with quietly(type(self.estimator).__name__):
            given = np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)
        seen = np.asarray(getattr(self.estimator_, "classes_", np.arange(given.shape[1])), dtype=np.intp)
        given = np.clip(np.nan_to_num(given, nan=0.0), 0.0, 1.0)
        hopeless = given.sum(axis=1) <= 0
        given[hopeless] = 1.0
        probabilities[:, self.present_[seen]] = given / given.sum(axis=1, keepdims=True)
        return probabilities

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return the most probable class codes."""
        return np.asarray(self.predict_proba(X).argmax(axis=1), dtype=np.int64)


class BoundedRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fits to a transformed target, and predicts finite numbers not far outside the training targets.

    Parameters
    ----------
    estimator : regressor
    transform : {"none", "log", "quantile", "power"}
        See `TargetTransform`.
    accepted : {"all", "nonnegative", "positive"}
        What may be predicted where no training target is below 0; where one is, anything.
    """

    accepted: Accepted = "all"  # also of models in files that were written before there was a choice

    def __init__(self, estimator: Any, transform: str = "none", accepted: Accepted = "all") -> None:
        self.estimator = estimator
        self.transform = transform
        self.accepted = accepted

    def fit(
        self,
        X: Any,
        y: NDArray[np.float64],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Fit the regressor, or remember the only value; weights and groups reach it if it takes them."""
        targets = np.asarray(y, dtype=np.float64)
        low, high = float(targets.min()), float(targets.max())
        margin = _MARGIN * (high - low)
        lowest = max(low - margin, _least(targets, self.accepted))
        self.bounds_ = (lowest, max(high + margin, lowest))
        self.centre_ = float(np.clip(np.median(targets), *self.bounds_))
        self.estimator_ = None
        if high > low:
            self.transform_ = TargetTransform(self.transform).fit(targets)
            with quietly(type(self.estimator).__name__):
                extras = row_extras(self.estimator, sample_weight, groups)
                self.estimator_ = clone(self.estimator).fit(X, self.transform_.forward(targets), **extras)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return float64 numbers of shape (n_rows,)."""
        if self.estimator_ is None:
            return np.full(X.shape[0], self.centre_)
        with quietly(type(self.estimator).__name__):
            given = np.asarray(self.estimator_.predict(X), dtype=np.float64).reshape(-1)
            numbers = self.transform_.backward(given)
        numbers = np.nan_to_num(numbers, nan=self.centre_, posinf=self.bounds_[1], neginf=self.bounds_[0])
        return np.clip(numbers, *self.bounds_)


def _least(targets: NDArray[np.float64], accepted: Accepted) -> float:
    """Return the smallest number that may be predicted where only the `accepted` ones can be scored."""
    if accepted == "all" or targets.min() < 0:
        return -np.inf
    if accepted == "nonnegative":
        return 0.0
    positive = targets[targets > 0]
    return float(min(positive.min(), _SMALL * targets.mean())) if len(positive) else _SMALL

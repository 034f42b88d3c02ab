"""Forests that stop growing when the time is over."""

import copy
import time
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn import ensemble
from sklearn.base import BaseEstimator

from automl_meta.pipelines.estimators.smoothing import class_shares, smoothed

_KINDS = {
    ("random_forest", True): ensemble.RandomForestClassifier,
    ("random_forest", False): ensemble.RandomForestRegressor,
    ("extra_trees", True): ensemble.ExtraTreesClassifier,
    ("extra_trees", False): ensemble.ExtraTreesRegressor,
}
# Trees between two looks at the clock.
_STEP = 20


class Forest(BaseEstimator):  # type: ignore[misc]
    """A forest of scikit-learn's, grown in steps; the same trees as in one go, and one vote for the class shares.

    Parameters
    ----------
    kind : {"random_forest", "extra_trees"}
    settings : mapping
        In scikit-learn's own words.
    classify : bool
        Whether `y` holds class codes.
    max_seconds : float, optional
        No step begins after it.
    """

    def __init__(
        self,
        kind: str,
        settings: Mapping[str, Any],
        *,
        classify: bool,
        n_trees: int,
        seed: int = 0,
        threads: int = 1,
        max_seconds: float | None = None,
    ) -> None:
        self.kind = kind
        self.settings = settings
        self.classify = classify
        self.n_trees = n_trees
        self.seed = seed
        self.threads = threads
        self.max_seconds = max_seconds

    def fit(self, X: Any, y: NDArray[Any], sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Grow the trees."""
        end = None if self.max_seconds is None else time.perf_counter() + self.max_seconds
        step = self.n_trees if end is None else _STEP
        settings = dict(self.settings)
        if settings.get("class_weight") == "balanced":
            settings["class_weight"] = _balanced(y, sample_weight)  # "balanced" and a warm start do not go together
        forest = _KINDS[self.kind, self.classify](
            random_state=self.seed, n_jobs=self.threads, warm_start=end is not None, **settings
        )
        for n_trees in [*range(step, self.n_trees, step), self.n_trees]:
            forest.set_params(n_estimators=n_trees).fit(X, y, sample_weight)
            if end is not None and time.perf_counter() >= end:
                break
        if self.classify:
            shares = class_shares(y, sample_weight)
            balanced = self.settings.get("class_weight") == "balanced"
            self.shares_ = np.full_like(shares, 1 / len(shares)) if balanced else shares
        self.forest_ = forest.set_params(warm_start=False)
        self.votes_ = len(forest.estimators_)
        return self

    def keep_trees(self, n_trees: int) -> None:
        """Forget all but the first `n_trees` trees of a fitted forest; it stays as sure of what it says as it was."""
        forest = copy.copy(self.forest_)
        forest.estimators_ = forest.estimators_[:n_trees]
        self.forest_ = forest.set_params(n_estimators=len(forest.estimators_))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, or numbers."""
        return np.asarray(self.forest_.predict(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        return smoothed(self.forest_.predict_proba(X), self.shares_, float(self.votes_))


def _balanced(y: NDArray[Any], weights: NDArray[np.float64] | None) -> dict[int, float]:
    shares = class_shares(y, weights)
    return {int(code): 1 / (len(shares) * share) for code, share in zip(np.unique(y), shares, strict=True)}

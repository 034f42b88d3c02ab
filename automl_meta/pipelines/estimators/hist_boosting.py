"""scikit-learn's histogram gradient boosting, with a time cap, for any table and any classes."""

import time
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_squared_error

from automl_meta.datasets.dataset import taken
from automl_meta.pipelines.estimators.coded_table import CodedTable
from automl_meta.pipelines.inner_split import inner_splits

# More levels than this are read as numbers: the histograms have 255 bins.
_MAX_LEVELS = 250
# Fewer rows than this are too few to hold some out.
_MIN_ROWS = 500
# A column with fewer cells may lose all of them to the held-out rows, which scikit-learn does not bear.
_MIN_PRESENT = 12
# Rounds times learning rate, where nothing is held out.
_FIXED = 6.0
# The rounds found without some of the rows, times this, are right for all of them.
_MORE_ROWS = 1.1
# One part in so many is held out.
_HELD_OUT = 8
# Rounds between looks at held-out groups.
_STEP = 5
# Rounds of a trial that says what a round takes.
_TRIAL = 5


class HistBooster(BaseEstimator):  # type: ignore[misc]
    """Finds the number of rounds on an eighth of the rows, if there are at least 500, and trains on all of them.

    Parameters
    ----------
    parameters : mapping
        In scikit-learn's own words.
    classify : bool
        Whether `y` holds the codes 0 to k - 1 of two or more classes.
    rounds : int
        At most.
    patience : int
        Rounds without a better score on held-out rows after which training ends.
    class_weight : {"none", "balanced"}
    max_seconds : float, optional
        As many rounds are trained as seem to fit.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        *,
        classify: bool,
        rounds: int = 500,
        patience: int = 20,
        class_weight: str = "none",
        seed: int = 0,
        max_seconds: float | None = None,
    ) -> None:
        self.parameters = parameters
        self.classify = classify
        self.rounds = rounds
        self.patience = patience
        self.class_weight = class_weight
        self.seed = seed
        self.max_seconds = max_seconds

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Find out how many rounds are enough, and train that many on all rows."""
        end = None if self.max_seconds is None else time.perf_counter() + self.max_seconds
        self.table_ = CodedTable().fit(X)
        matrix = self.table_.transform(X)
        rounds = min(round(_FIXED / self.parameters["learning_rate"]), self.rounds)
        if self._can_hold_out(y):
            half = None if end is None else end - 0.5 * (self.max_seconds or 0.0)
            thick = _without_thin_columns(matrix, _MIN_PRESENT)
            if groups is None:
                searched = self._trained(thick, y, sample_weight, self.rounds, half, stop_early=True)
                rounds = max(round((searched.n_iter_ - self.patience) * _MORE_ROWS), 10)
            elif splits := inner_splits(y, _HELD_OUT, self.seed, stratify=self.classify, groups=groups):
                found = self._rounds_without(splits[0], thick, y, sample_weight, half)
                rounds = max(round(found * _MORE_ROWS), 10)
        thick = _without_thin_columns(matrix, 1)
        self.model_ = self._trained(thick, y, sample_weight, rounds, end, stop_early=False)
        return self

    def _can_hold_out(self, y: NDArray[Any]) -> bool:
        if len(y) < _MIN_ROWS or not self.classify:
            return len(y) >= _MIN_ROWS
        counts = np.unique(y, return_counts=True)[1]
        return bool(counts.min() >= 2 and len(y) // _HELD_OUT >= len(counts))

    def _rounds_without(
        self,
        split: tuple[NDArray[np.intp], NDArray[np.intp]],
        matrix: NDArray[np.float64],
        y: NDArray[Any],
        weight: NDArray[np.float64] | None,
        end: float | None,
    ) -> int:
        """Return after how many rounds the rows that `split` holds out are predicted best: scikit-learn's own early
        stopping would hold out any rows, not whole groups."""
        train, held = split
        model = self._model(stop_early=False).set_params(warm_start=True)
        least, best = np.inf, 0
        for rounds in range(_STEP, self.rounds + 1, _STEP):
            model.set_params(max_iter=rounds).fit(matrix[train], y[train], taken(weight, train))
            loss = self._loss(model, matrix[held], y[held], taken(weight, held))
            if loss < least:
                least, best = loss, rounds
            if rounds - best >= self.patience or (end is not None and time.perf_counter() > end):
                break
        return best

    def _loss(
        self, model: Any, matrix: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64] | None
    ) -> float:
        if self.classify:
            probabilities = model.predict_proba(matrix)
            return float(log_loss(y, probabilities, labels=model.classes_, sample_weight=weight))
        return float(mean_squared_error(y, model.predict(matrix), sample_weight=weight))

    def _trained(
        self,
        matrix: Any,
        y: NDArray[Any],
        weight: NDArray[np.float64] | None,
        rounds: int,
        end: float | None,
        *,
        stop_early: bool,
    ) -> Any:
        """Train in one go, so that plenty of time changes nothing; as many rounds as a short trial says fit."""
        if end is not None:
            start = time.perf_counter()
            trial = self._model(stop_early=False).set_params(max_iter=_TRIAL).fit(matrix, y, weight)
            now = time.perf_counter()
            affordable = int((end - now) / ((now - start) / _TRIAL))
            if affordable <= _TRIAL:
                return trial
            rounds = min(rounds, affordable)
        return self._model(stop_early=stop_early).set_params(max_iter=rounds).fit(matrix, y, weight)

    def _model(self, *, stop_early: bool) -> Any:
        settings: dict[str, Any] = {
            "early_stopping": stop_early,
            "validation_fraction": 1 / _HELD_OUT,
            "n_iter_no_change": self.patience,
            "categorical_features": [p for p, levels in self.table_.levels_.items() if len(levels) <= _MAX_LEVELS],
            "random_state": self.seed,
            **self.parameters,
        }
        if not self.classify:
            return HistGradientBoostingRegressor(**settings)
        balanced = "balanced" if self.class_weight == "balanced" else None
        return HistGradientBoostingClassifier(class_weight=balanced, **settings)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, or numbers."""
        return np.asarray(self.model_.predict(self.table_.transform(X)))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, number of classes in training)."""
        return np.asarray(self.model_.predict_proba(self.table_.transform(X)), dtype=np.float64)


def _without_thin_columns(matrix: NDArray[np.float64], least: int) -> NDArray[np.float64]:
    """Return `matrix` with columns of fewer than `least` present cells made constant."""
    thin = (~np.isnan(matrix)).sum(axis=0) < least
    return np.where(thin, 0.0, matrix) if thin.any() else matrix

"""scikit-learn's histogram gradient boosting, with a time cap, for any table and any classes."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_squared_error

from automl_meta.datasets.dataset import taken
from automl_meta.pipelines.estimators.coded_table import CodedTable
from automl_meta.pipelines.estimators.hurry import ENOUGH, rate_in_time
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
# What finding the rounds and training them takes, in trainings.
_BOTH_TIMES = 2.2


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
        clock = None if self.max_seconds is None else _Clock(self.max_seconds)
        self.table_ = CodedTable().fit(X)
        matrix = self.table_.transform(X)
        full = _without_thin_columns(matrix, 1)
        if clock is not None:
            with clock.timing(_TRIAL):
                self.model_ = self._model(max_iter=_TRIAL).fit(full, y, sample_weight)
            left = clock.rounds_left
            if left * self.parameters["learning_rate"] < _BOTH_TIMES * ENOUGH:
                if left > _TRIAL:
                    self.model_ = self._in_a_hurry(left, matrix, y, sample_weight, together=groups is not None)
                return self
        rounds = self._enough_rounds(matrix, y, sample_weight, groups, clock)
        if clock is not None:
            rounds = min(rounds, max(clock.rounds_left, _TRIAL))
        self.model_ = self._model(max_iter=rounds).fit(full, y, sample_weight)
        return self

    def _enough_rounds(
        self,
        matrix: NDArray[np.float64],
        y: NDArray[Any],
        weight: NDArray[np.float64] | None,
        groups: NDArray[np.int64] | None,
        clock: "_Clock | None",
    ) -> int:
        """Return how many rounds are right for all rows: by what is best for rows held out, if any can be."""
        thick = _without_thin_columns(matrix, _MIN_PRESENT)
        if self._can_hold_out(y):
            if groups is None:
                most = self.rounds if clock is None else min(self.rounds, clock.rounds_left // 2)
                searched = self._model(stop_early=True, max_iter=most).fit(thick, y, weight)
                return _for_all_rows(searched.n_iter_ - self.patience)
            if splits := inner_splits(y, _HELD_OUT, self.seed, stratify=self.classify, groups=groups):
                return _for_all_rows(self._rounds_without(splits[0], thick, y, weight, clock))
        return min(round(_FIXED / float(self.parameters["learning_rate"])), self.rounds)

    def _in_a_hurry(
        self,
        affordable: int,
        matrix: NDArray[np.float64],
        y: NDArray[Any],
        weight: NDArray[np.float64] | None,
        *,
        together: bool,
    ) -> Any:
        """Train once, in steps so large that there is time for enough of them; see `Hurry`.

        Parameters
        ----------
        affordable : int
            Rounds for which there is time.
        together : bool
            Whether rows belong together, so that none can be held out by chance.
        """
        asked = self.parameters["learning_rate"]
        rate = rate_in_time(asked, affordable)
        hold_out = self._can_hold_out(y) and not together
        return self._model(
            stop_early=hold_out,
            learning_rate=rate,
            max_iter=min(affordable, self.rounds if hold_out else round(_FIXED / rate)),
            n_iter_no_change=max(round(self.patience * asked / rate), _TRIAL),
        ).fit(_without_thin_columns(matrix, _MIN_PRESENT if hold_out else 1), y, weight)

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
        clock: "_Clock | None",
    ) -> int:
        """Return after how many rounds the rows that `split` holds out are predicted best: scikit-learn's own early
        stopping would hold out any rows, not whole groups."""
        train, held = split
        model = self._model(warm_start=True)
        least, best = np.inf, 0
        for rounds in range(_STEP, self.rounds + 1, _STEP):
            model.set_params(max_iter=rounds).fit(matrix[train], y[train], taken(weight, train))
            loss = self._loss(model, matrix[held], y[held], taken(weight, held))
            if loss < least:
                least, best = loss, rounds
            if rounds - best >= self.patience or (clock is not None and clock.half_is_over):
                break
        return best

    def _loss(
        self, model: Any, matrix: NDArray[np.float64], y: NDArray[Any], weight: NDArray[np.float64] | None
    ) -> float:
        if self.classify:
            probabilities = model.predict_proba(matrix)
            return float(log_loss(y, probabilities, labels=model.classes_, sample_weight=weight))
        return float(mean_squared_error(y, model.predict(matrix), sample_weight=weight))

    def _model(self, *, stop_early: bool = False, **changes: Any) -> Any:
        settings: dict[str, Any] = {
            "early_stopping": stop_early,
            "validation_fraction": 1 / _HELD_OUT,
            "n_iter_no_change": self.patience,
            "categorical_features": [p for p, levels in self.table_.levels_.items() if len(levels) <= _MAX_LEVELS],
            "random_state": self.seed,
            **self.parameters,
            **changes,
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


class _Clock:
    """Knows, from a few rounds, for how many more there is time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.perf_counter() + seconds
        self._a_round = math.inf

    @contextmanager
    def timing(self, rounds: int) -> Iterator[None]:
        """See what a round takes, while so many are trained."""
        start = time.perf_counter()
        yield
        self._a_round = (time.perf_counter() - start) / rounds

    @property
    def rounds_left(self) -> int:
        """Rounds for which there is time."""
        return int((self._end - time.perf_counter()) / self._a_round)

    @property
    def half_is_over(self) -> bool:
        """Whether less than half of the time is left."""
        return time.perf_counter() > self._end - self._seconds / 2


def _for_all_rows(rounds: int) -> int:
    """Return how many rounds are right for all rows, where so many were best without some of them."""
    return max(round(rounds * _MORE_ROWS), 10)


def _without_thin_columns(matrix: NDArray[np.float64], least: int) -> NDArray[np.float64]:
    """Return `matrix` with columns of fewer than `least` present cells made constant."""
    thin = (~np.isnan(matrix)).sum(axis=0) < least
    return np.where(thin, 0.0, matrix) if thin.any() else matrix

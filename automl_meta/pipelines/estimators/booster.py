"""What gradient boosting libraries have in common here: early stopping, a time cap, models that are bytes."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl_meta.errors import InputError
from automl_meta.pipelines.estimators.coded_table import CodedTable
from automl_meta.pipelines.estimators.hurry import Hurry
from automl_meta.pipelines.estimators.soundness import UnsoundModelError, ensure
from automl_meta.pipelines.inner_split import balanced_weights, inner_splits

Floats = NDArray[np.float64]

# Up to this many training rows the model is fitted again to all rows, once the number of rounds is known.
REFIT = 20_000
# The rounds found without some of the rows, times this, are right for all of them.
_MORE_ROWS = 1.1
# Columns times outputs a round up to which a table is light.
_LIGHT = 50
# No table is learned at a faster rate, unless the configuration asks for it.
_FASTEST = 0.15
# Rounds times learning rate, where the number of rounds cannot be found out.
_FIXED = 8.0
# Of the time that it takes to train on all rows, a part that is worth it: with larger steps, but all rows.
_WORTHWHILE = 0.8
# Wide tables show a tree no more columns than this, or a tenth of them.
_MOST_COLUMNS = 150
# Threads that a stored model may ask for.
_MOST_THREADS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows as a booster wants them."""

    X: Floats
    y: NDArray[Any]
    weight: Floats | None

    def take(self, rows: NDArray[np.intp]) -> "Rows":
        """Return the rows at these positions."""
        return Rows(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What came of training: the model, the rounds of it that are worth keeping, and whether time changed them."""

    model: bytes | str
    rounds: int
    hurried: bool = False


class Booster(BaseEstimator, ABC):  # type: ignore[misc]
    """Trains in rounds, and finds on held-out training rows how many rounds are enough.

    Then it trains so many on all rows. Where that would take longer than there is time for, what was trained without
    the held-out rows is the model, and where even that is short of time, its steps are larger (`Hurry`).

    A round costs columns times outputs (one for numbers and two classes, else one a class). Where that is much, the
    learning rate is raised, and rounds and patience are lowered, by its square root, so that a table of 500 columns
    or 50 classes costs a few times what a plain one does, not a hundred times.

    Parameters
    ----------
    parameters : mapping
        In the library's own words.
    classify : bool
        Whether `y` holds the codes 0 to k - 1 of two or more classes.
    rounds : int
        At most.
    patience : int
        Rounds without a better score on held-out rows after which training ends.
    class_weight : {"none", "balanced"}
    max_seconds : float, optional
        Training ends after the round in which the time is over.
    """

    # Below the first number of rows, five inner splits; below the second, three; from there on, one.
    few_rows: ClassVar[tuple[int, int]] = (500, 1500)
    # What a column of categories costs, in columns of numbers.
    dear_categories: ClassVar[int] = 1

    def __init__(
        self,
        parameters: Mapping[str, Any],
        *,
        classify: bool,
        rounds: int = 1000,
        patience: int = 50,
        class_weight: str = "none",
        seed: int = 0,
        threads: int = 1,
        max_seconds: float | None = None,
    ) -> None:
        self.parameters = parameters
        self.classify = classify
        self.rounds = rounds
        self.patience = patience
        self.class_weight = class_weight
        self.seed = seed
        self.threads = threads
        self.max_seconds = max_seconds

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
    ) -> Self:
        """Find the number of rounds, and train that many on all rows."""
        start = time.perf_counter()
        self.table_ = CodedTable().fit(X)
        self.n_classes_ = int(y.max()) + 1 if self.classify else 0
        weight = sample_weight
        if self.classify and self.class_weight == "balanced":
            weight = balanced_weights(y, sample_weight)
        data = Rows(self.table_.transform(X), y, weight)
        splits = self._splits(y, groups)
        self._live, self._is_sound = None, True  # what is trained here need not be checked
        self.pace_ = self._pace(data.X.shape[1])
        self.prior_ = None if _varies(data.X) else self._prior(data)
        if self.prior_ is not None:
            return self  # CatBoost refuses such a table; no booster could learn from it
        trained = self._fitted(data, splits, start)
        self.model_, self.rounds_ = trained.model, trained.rounds
        return self

    def _fitted(self, data: Rows, splits: list[tuple[Any, Any]], start: float) -> Trained:
        """Train on all rows, as many rounds as were best without some of them; as far as there is time."""
        if not splits:
            return self._train(data, None, self._fixed_rounds(), self._left(start))
        if len(splits) == 1:
            return self._after_one_split(data, *splits[0], start)
        return self._after_several_splits(data, splits, start)

    def _after_one_split(self, data: Rows, train: NDArray[np.intp], held: NDArray[np.intp], start: float) -> Trained:
        """Train without the rows held out, and again with them if it is worth the time: an eighth can be spared."""
        began = time.perf_counter()
        found = self._train(data.take(train), data.take(held), self._most_rounds, self._left(start))
        if found.hurried or len(data.y) > REFIT:
            return found
        rounds = _for_all_rows(found.rounds)
        share = min(rounds / (found.rounds + self._patience), 1.0)
        again = share * (time.perf_counter() - began) * len(data.y) / len(train)
        left = self._left(start)
        if left is not None and left < _WORTHWHILE * again:
            return found
        return self._train(data, None, rounds, left, enough=rounds * self._rate)

    def _after_several_splits(self, data: Rows, splits: list[tuple[Any, Any]], start: float) -> Trained:
        """Train on all rows, none of which can be spared, with half of the time for what is found before."""
        found: list[Trained] = []
        again = 0.0  # seconds that training once more may take
        for train, held in splits:
            left = self._left(start)
            if found and left is not None and left < 2 * again:
                break
            began = time.perf_counter()
            half = None if left is None else left / 2
            found.append(self._train(data.take(train), data.take(held), self._most_rounds, half))
            again = (time.perf_counter() - began) * len(data.y) / len(train)
            if found[-1].hurried:
                break
        rounds = _for_all_rows(float(np.mean([trained.rounds for trained in found])))
        enough = None if found[-1].hurried else rounds * self._rate
        return self._train(data, None, rounds, self._left(start), enough)

    def _splits(
        self, y: NDArray[Any], groups: NDArray[np.int64] | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return the inner splits: several for few rows, where one small part says little; none to train blindly."""
        few, some = self.few_rows
        n_splits = 5 if len(y) < few else 3 if len(y) < some else 8
        splits = inner_splits(y, n_splits, self.seed, stratify=self.classify, groups=groups)
        if not self.classify:  # a part without variation can teach nothing
            splits = [(train, held) for train, held in splits if np.ptp(y[train]) > 0]
        return splits if len(y) < some else splits[:1]

    def _prior(self, data: Rows) -> Floats:
        """Return the shares of the classes, or the mean, as an array."""
        if not self.classify:
            return np.array([np.average(data.y, weights=data.weight)])
        totals = np.bincount(data.y, weights=data.weight, minlength=self.n_classes_)
        return np.asarray(totals / totals.sum())

    def _pace(self, n_columns: int) -> float:
        outputs = self.n_classes_ if self.n_classes_ > 2 else 1
        columns = n_columns + (self.dear_categories - 1) * len(self.table_.categorical_)
        heaviness = float(np.sqrt(max(outputs * columns / _LIGHT, 1.0)))
        return min(heaviness, max(_FASTEST / self._asked_rate, 1.0))

    @property
    def _asked_rate(self) -> float:
        return float(self.parameters["learning_rate"])

    @property
    def _rate(self) -> float:
        """The learning rate that suits the table."""
        return self._asked_rate * self.pace_

    @property
    def _most_rounds(self) -> int:
        return max(round(self.rounds / self.pace_), 20)

    @property
    def _patience(self) -> int:
        return max(round(self.patience / self.pace_), 10)

    def _fixed_rounds(self) -> int:
        """Return how many rounds are trained where nothing can be held out."""
        return int(min(max(round(_FIXED / self._rate), 20), self._most_rounds))

    def _left(self, start: float) -> float | None:
        return None if self.max_seconds is None else max(self.max_seconds - (time.perf_counter() - start), 0.0)

    def _hurry(self, seconds: float | None, enough: float | None) -> Hurry | None:
        return None if seconds is None else Hurry(self._rate, seconds, enough)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class codes, or numbers."""
        if self.classify:
            return np.asarray(self.predict_proba(X).argmax(axis=1))
        if self.prior_ is not None:
            return np.full(X.shape[0], self.prior_[0])
        return self._scores(self._coded(X))

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities of shape (n_rows, n_classes_)."""
        if self.prior_ is not None:
            return np.tile(self.prior_, (X.shape[0], 1))
        scores = self._scores(self._coded(X))
        return np.column_stack([1.0 - scores, scores]) if scores.ndim == 1 else scores

    def check(self) -> None:
        """Check a model that was stored, before the library may read it: it trusts whatever it is given.

        A model that was trained or checked here is not checked again.

        Raises
        ------
        UnsoundModelError
            If the library could not have written it for this estimator.
        """
        if getattr(self, "_is_sound", False):
            return
        parts = vars(self)
        ensure({"table_", "n_classes_", "prior_", "classify", "threads"} <= set(parts), "a booster lacks parts")
        _check_table(parts["table_"])
        n_classes = parts["n_classes_"]
        whole = type(n_classes) is int and isinstance(parts["classify"], bool)
        ensure(whole and (n_classes >= 2 if parts["classify"] else n_classes == 0), "a booster is of another task")
        threads = parts["threads"]
        ensure(type(threads) is int and -1 <= threads <= _MOST_THREADS, "a booster asks for too many threads")
        if parts["prior_"] is None:
            self._check_model(parts.get("model_"))
        self._is_sound = True

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a pickle restores it: pickles are programs, so what was known to be sound is so there, too."""
        return _restored, (type(self), self.__getstate__(), getattr(self, "_is_sound", False))

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the library's own object, which is read again from `model_` when it is needed."""
        state = {name: value for name, value in self.__dict__.items() if name != "_is_sound"}
        return {**state, "_live": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take on a state that came from elsewhere, of which nothing is known before it is checked."""
        self.__dict__.update({**state, "_live": None, "_is_sound": False})

    def _coded(self, X: Any) -> Floats:
        matrix = self.table_.transform(X)
        if matrix.shape[1] != self.table_.n_columns_:
            raise ValueError(f"the table has {matrix.shape[1]} columns, the booster knows {self.table_.n_columns_}")
        return matrix

    @property
    def _booster(self) -> Any:
        if getattr(self, "_live", None) is None:
            self.check()
            try:
                self._live = self._load()
            except InputError:
                raise
            except Exception as error:  # each library has errors of its own
                raise UnsoundModelError(f"a booster cannot be read ({type(error).__name__})") from error
        return self._live

    @abstractmethod
    def _train(
        self, data: Rows, held: Rows | None, rounds: int, seconds: float | None, enough: float | None = None
    ) -> Trained:
        """Train at most `rounds`; less if `held` says so, `seconds` are over, or larger steps led to `enough`."""

    @abstractmethod
    def _check_model(self, model: Any) -> None:
        """Check what is stored as `model_`, once all else is: raise `UnsoundModelError` if it is not sound."""

    @abstractmethod
    def _load(self) -> Any:
        """Return the library's own object from `model_`."""

    @abstractmethod
    def _scores(self, matrix: Floats) -> Floats:
        """Return numbers, probabilities of class 1, or probabilities of shape (n_rows, n_classes_)."""


def _for_all_rows(rounds: float) -> int:
    """Return how many rounds are right for all rows, where so many were best without some of them."""
    return max(round(rounds * _MORE_ROWS), 1)


def column_share(asked: float, n_columns: int) -> float:
    """Return the part of the columns that a tree, level or node sees: near `asked`, and never fewer than three.

    With fewer, trees would know no interactions; with more than is affordable, wide tables would take hours.
    """
    affordable = max(_MOST_COLUMNS / n_columns, 0.1)
    return min(max(min(asked, affordable), 3.01 / n_columns), 1.0)


def _restored(kind: type[Booster], state: dict[str, Any], is_sound: bool) -> Booster:
    booster = kind.__new__(kind)
    booster.__setstate__(state)
    booster._is_sound = is_sound
    return booster


def _check_table(table: Any) -> None:
    """Check that a booster's table says how many columns there are, and which of them hold levels."""
    parts = vars(table) if type(table) is CodedTable else {}
    n_columns, levels = parts.get("n_columns_"), parts.get("levels_")
    ensure(type(n_columns) is int and n_columns >= 1 and type(levels) is dict, "a booster lacks its table")
    assert isinstance(n_columns, int)
    assert isinstance(levels, dict)
    for column, names in levels.items():
        there = type(column) is int and 0 <= column < n_columns and type(names) is list
        ensure(there, "a booster has levels of a column that is not there")
    ensure(list(levels) == sorted(levels), "the columns of a booster are not in their order")


def _varies(matrix: Floats) -> bool:
    """Return whether any column of `matrix` has two values, missing being one."""
    first = matrix[0]
    return bool(((matrix != first) & ~(np.isnan(matrix) & np.isnan(first))).any())

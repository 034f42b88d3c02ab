"""The run behind scikit-learn's estimator interface."""

import numbers
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data

from automl_meta.automl.options import RunOptions, available_cores
from automl_meta.automl.run import RunResult, run
from automl_meta.datasets import Dataset, dataset_from_arrays
from automl_meta.datasets.cells import look
from automl_meta.datasets.target import TaskChoice, class_labels
from automl_meta.errors import InputError


class _AutoML(BaseEstimator):  # type: ignore[misc]
    """What both estimators share; the parameters are those of the command ``fit``.

    Parameters
    ----------
    metric : str or None
        A scikit-learn scorer's name or an alias such as ``log_loss``; None is ROC AUC for two classes, log loss for
        several, RMSE for numbers.
    time_budget : float or None
        Seconds that `fit` may take.
    max_evaluations : int or None
        How many configurations are tried at the most. With ``time_budget=None`` the result depends on the
        `random_state` alone.
    search : {"random", "grid", "none"}
    ensemble : {"auto", "stack", "greedy", "best"}
    top_k : int
        Ranked picks to try before refinement begins.
    include, exclude : tuple of str
        Names of algorithms: only these, not these.
    refit : {"auto", "bag", "refit"}
        Members are the bags of their fold models, or one model fitted to all rows.
    predict_limit : float or None
        Seconds that the ensemble may take to predict 1,000 rows.
    cost : str or None
        What mistakes cost, e.g. ``"fp=1,fn=5"``.
    folds : int or None
        None follows the number of rows.
    repeats : int or None
        How often the folds are drawn anew; None follows the number of rows.
    n_jobs : int or None
        Worker processes; None and -1 are one a core, -2 is one less and so on, 0 works in this process.
    random_state : int, RandomState or None
        None gives another result each time.

    Attributes
    ----------
    model_ : FittedModel
        What the command line saves; `automl_meta.persistence.save_model` writes it.
    leaderboard_ : list of dict
    score_, score_error_ : float
        The honest out-of-fold estimate, higher is better, and its standard error.
    n_features_in_ : int
    feature_names_in_ : array of str
        Where the columns have names.
    """

    _task: TaskChoice

    def __init__(
        self,
        *,
        metric: str | None = None,
        time_budget: float | None = 60.0,
        max_evaluations: int | None = None,
        search: str = "random",
        ensemble: str = "auto",
        top_k: int = 12,
        include: tuple[str, ...] = (),
        exclude: tuple[str, ...] = (),
        refit: str = "auto",
        predict_limit: float | None = None,
        cost: str | None = None,
        folds: int | None = None,
        repeats: int | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.metric = metric
        self.time_budget = time_budget
        self.max_evaluations = max_evaluations
        self.search = search
        self.ensemble = ensemble
        self.top_k = top_k
        self.include = include
        self.exclude = exclude
        self.refit = refit
        self.predict_limit = predict_limit
        self.cost = cost
        self.folds = folds
        self.repeats = repeats
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Search, combine, and keep the best ensemble.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            Strings, dates and missing cells are welcome.
        y : array of shape (n_rows,)
        sample_weight : array of shape (n_rows,), optional
            How much each row counts, in training and in scores; 0 leaves it out.
        groups : array of shape (n_rows,), optional
            Rows with the same value are never on both sides of a fold.

        Raises
        ------
        InputError
            A ``ValueError``: nothing can be learned from the table, or not in the time given.
        """
        X, y = self._checked(X, reset=True), self._checked_target(y)
        dataset = self._dataset(X, y, sample_weight, groups)
        result: RunResult = run(dataset, self._options())
        self.model_ = result.model
        self.leaderboard_ = result.leaderboard
        self.score_, self.score_error_ = result.plan.score, result.plan.error
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return class labels or numbers, shape (n_rows,)."""
        check_is_fitted(self)
        labels, _ = self.model_.predict(self._checked(X, reset=False))
        return np.asarray(labels)

    def _dataset(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> Dataset:
        return dataset_from_arrays(X, y, sample_weight=sample_weight, groups=groups, task=self._task)

    def _options(self) -> RunOptions:
        own = self.get_params(deep=False)
        own["jobs"], own["seed"] = _jobs(own.pop("n_jobs")), _seed(own.pop("random_state"))
        own["include"], own["exclude"] = tuple(own["include"]), tuple(own["exclude"])
        return RunOptions(**own)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        if not isinstance(X, pd.DataFrame):
            X = check_array(
                X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2 if reset else 1, estimator=self
            )
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X if reset else self._named(X)

    def _named(self, X: Any) -> Any:
        """Return a table under the names that it was fitted with, by position where it or the fit has no names."""
        names = [column.name for column in self.model_.schema.columns[: self.n_features_in_]]
        if not isinstance(X, pd.DataFrame):
            return pd.DataFrame(X, columns=names)
        known = hasattr(self, "feature_names_in_") or {str(name).strip() for name in X.columns} == set(names)
        return X if known else X.set_axis(names, axis="columns")

    def _checked_target(self, y: Any) -> Any:
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        return column_or_1d(y, warn=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class AutoMLClassifier(ClassifierMixin, _AutoML):  # type: ignore[misc]
    """AutoML for classes, as a scikit-learn classifier.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from automl_meta import AutoMLClassifier
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> model = AutoMLClassifier(time_budget=None, max_evaluations=2, n_jobs=0).fit(X, y)
    >>> model.predict(X.head(2)).tolist()
    [0, 0]
    """

    __doc__ += (_AutoML.__doc__ or "").partition("\n")[2]
    _task = "classification"

    @property
    def classes_(self) -> NDArray[Any]:
        """The labels that were learned, in the order of the probabilities' columns."""
        check_is_fitted(self)
        return class_labels(self.model_.schema)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes), in the order of ``classes_``."""
        check_is_fitted(self)
        probabilities, _ = self.model_.predict_proba(self._checked(X, reset=False))
        return np.asarray(probabilities)

    def _checked_target(self, y: Any) -> Any:
        y = super()._checked_target(y)
        check_classification_targets(y[~pd.isna(y)] if y.dtype == object else y)
        classes = pd.unique(y)
        if len(classes) < 2:
            raise InputError(f"y holds one class only, {classes[0]!r}; at least two are needed.")
        return y

    def _dataset(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> Dataset:
        """Return the table under the labels as they are given: " a" is not "a", and "NA" is not missing."""
        labels = _texts(y)
        if look(pd.Series(labels, dtype=object)).texts == labels:
            return super()._dataset(X, y, sample_weight, groups)
        codes = pd.Series(y, dtype=object).map({label: code for code, label in enumerate(labels)})
        dataset = super()._dataset(X, codes.astype(np.float64), sample_weight, groups)
        classes = tuple(labels[int(code)] for code in dataset.schema.classes or ())
        return replace(dataset, schema=replace(dataset.schema, classes=classes))


class AutoMLRegressor(RegressorMixin, _AutoML):  # type: ignore[misc]
    """AutoML for numbers, as a scikit-learn regressor.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from automl_meta import AutoMLRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = AutoMLRegressor(time_budget=None, max_evaluations=2, n_jobs=0).fit(X, y)
    >>> model.predict(X.head(2)).shape
    (2,)
    """

    __doc__ += (_AutoML.__doc__ or "").partition("\n")[2]
    _task = "regression"


def _texts(y: Any) -> tuple[str, ...]:
    """Return the distinct labels, sorted, of classes that are all texts or missing; none of others."""
    labels = [label for label in pd.unique(y) if not pd.isna(label)]
    return tuple(sorted(map(str, labels))) if all(isinstance(label, str) for label in labels) else ()


def _jobs(n_jobs: int | None) -> int | None:
    return n_jobs if n_jobs is None or n_jobs >= 0 else max(available_cores() + 1 + n_jobs, 1)


def _seed(random_state: Any) -> int:
    if isinstance(random_state, numbers.Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))

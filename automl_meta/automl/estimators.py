"""The run behind scikit-learn's estimator interface."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_is_fitted, column_or_1d, validate_data

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import RunResult, run
from automl_meta.datasets import dataset_from_arrays
from automl_meta.datasets.target import TaskChoice
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
        Worker processes; None is one a core, 0 works in this process.
    random_state : int

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
        random_state: int = 0,
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
        dataset = dataset_from_arrays(X, y, sample_weight=sample_weight, groups=groups, task=self._task)
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

    def _options(self) -> RunOptions:
        own = self.get_params(deep=False)
        own["jobs"], own["seed"] = own.pop("n_jobs"), own.pop("random_state")
        own["include"], own["exclude"] = tuple(own["include"]), tuple(own["exclude"])
        return RunOptions(**own)

    def _checked(self, X: Any, *, reset: bool) -> Any:
        if not isinstance(X, pd.DataFrame):
            X = check_array(
                X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2 if reset else 1, estimator=self
            )
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

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

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes), in the order of ``classes_``."""
        check_is_fitted(self)
        probabilities, _ = self.model_.predict_proba(self._checked(X, reset=False))
        return np.asarray(probabilities)

    def _checked_target(self, y: Any) -> Any:
        y = super()._checked_target(y)
        check_classification_targets(y)
        self.classes_ = np.unique(np.asarray(y))
        if len(self.classes_) < 2:
            raise InputError(f"y holds one class only, {self.classes_[0]!r}; at least two are needed.")
        return y


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

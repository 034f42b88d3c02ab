"""Metrics under scikit-learn's scorer names; higher is always better."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn import metrics as sk

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.pipelines.context import Accepted

Array = NDArray[Any]
Weights = NDArray[np.float64] | None
CLASSIFICATION = frozenset({Task.BINARY, Task.MULTICLASS})
BINARY = frozenset({Task.BINARY})
REGRESSION = frozenset({Task.REGRESSION})

# What people type, and the scorer that they mean.
ALIASES = {
    "auc": "roc_auc",
    "rocauc": "roc_auc",
    "roc_auc_ovr": "roc_auc",
    "log_loss": "neg_log_loss",
    "logloss": "neg_log_loss",
    "cross_entropy": "neg_log_loss",
    "brier": "neg_brier_score",
    "brier_score": "neg_brier_score",
    "acc": "accuracy",
    "mcc": "matthews_corrcoef",
    "rmse": "neg_root_mean_squared_error",
    "root_mean_squared_error": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "mean_squared_error": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "mean_absolute_error": "neg_mean_absolute_error",
    "median_absolute_error": "neg_median_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "r2_score": "r2",
}


class MetricError(InputError):
    """A metric is unknown, or does not fit the task."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A named score of predictions against the truth.

    Attributes
    ----------
    name : str
        As in scikit-learn's scorers.
    function : callable
        Takes `y`, what `needs` says, and the rows' weights or None, and returns a number; higher is better.
    tasks : frozenset of Task
        The tasks that it is defined for.
    needs : {"probabilities", "classes", "numbers"}
        What of the predictions the function takes.
    weighted : bool
        Whether it is defined for rows that count differently.
    accepted : {"all", "nonnegative", "positive"}
        Which numbers it can score.
    """

    name: str
    function: Callable[[Array, Array, Weights], float]
    tasks: frozenset[Task]
    needs: str
    weighted: bool = True
    accepted: Accepted = "all"

    def score(self, y: Array, prediction: Array, weights: Weights = None) -> float:
        """Return the score of `prediction`; NaN where the metric is undefined on these rows.

        Where it is defined on them, but not for the numbers that are predicted, such as negative ones under a
        logarithm, the score is minus infinity: the prediction is at fault.

        Parameters
        ----------
        y : array of shape (n_rows,)
            Class codes, or numbers.
        prediction : array of shape (n_rows, n_classes) or (n_rows,)
            Probabilities in the order of the codes, or numbers.
        weights : array of shape (n_rows,), optional
            How much each row counts; rows of weight 0 are as if they were not there.
        """
        if weights is not None:
            counts = weights > 0
            if not counts.any():
                return float("nan")
            y, prediction, weights = y[counts], prediction[counts], weights[counts]
        if self.needs == "classes":
            prediction = prediction.argmax(axis=1)
        try:
            return float(self.function(y, prediction, weights))
        except ValueError:  # one class only, negative values under a logarithm, ...
            return -float("inf") if self.needs == "numbers" and self._is_defined(y, weights) else float("nan")

    def _is_defined(self, y: Array, weights: Weights) -> bool:
        """Return whether any numbers could be scored on these rows: positive ones, which no metric refuses."""
        try:
            self.function(y, np.abs(y) + 1.0, weights)
        except ValueError:
            return False
        return True


def roc_auc(y: Array, probabilities: Array, weights: Weights = None, *, by_size: bool = False) -> float:
    """Return the area under the ROC curve; with more than two classes the mean of one-vs-rest areas.

    Classes that are absent from `y`, or make up all of it, are left out of the mean; NaN if none is left.
    The area is Mann and Whitney's U statistic over the number of pairs, ties counted half.

    Parameters
    ----------
    by_size : bool
        Whether each class counts by its rows, or their weights.
    """
    n_classes = probabilities.shape[1]
    areas, sizes = [], []
    for code in [1] if n_classes == 2 else range(n_classes):
        positive = y == code
        if positive.any() and not positive.all():
            areas.append(_area(probabilities[:, code], positive, weights))
            sizes.append(positive.sum() if weights is None else weights[positive].sum())
    return float(np.average(areas, weights=sizes if by_size else None)) if areas else float("nan")


def _area(scores: Array, positive: Array, weights: Weights) -> float:
    if weights is not None:
        return float(sk.roc_auc_score(positive, scores, sample_weight=weights))
    n_positive = int(positive.sum())
    rank_sum = rankdata(scores)[positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * (len(positive) - n_positive)))


def neg_log_loss(y: Array, probabilities: Array, weights: Weights = None) -> float:
    """Return minus the mean cross-entropy in nats, probabilities clipped to [1e-15, 1]."""
    total = probabilities.sum(axis=1)
    chosen = probabilities[np.arange(len(y)), y] / np.where(total > 0, total, 1.0)
    return float(np.average(np.log(np.clip(chosen, 1e-15, 1.0)), weights=weights))


def neg_brier_score(y: Array, probabilities: Array, weights: Weights = None) -> float:
    """Return minus the Brier score: of the second class for two classes, else summed over classes."""
    if probabilities.shape[1] == 2:
        return -float(np.average((probabilities[:, 1] - y) ** 2, weights=weights))
    truth = np.zeros(probabilities.shape)
    truth[np.arange(len(y)), y] = 1.0
    return -float(np.average(((probabilities - truth) ** 2).sum(axis=1), weights=weights))


def _balanced_accuracy(y: Array, codes: Array, weights: Weights = None) -> float:
    inverse = np.unique(y, return_inverse=True)[1]
    own = np.ones(len(y)) if weights is None else weights
    hits = np.bincount(inverse, weights=own * (codes == y))
    return float(np.mean(hits / np.bincount(inverse, weights=own)))


def _neg_root_mean_squared_error(y: Array, numbers: Array, weights: Weights = None) -> float:
    return -float(np.sqrt(np.average((y - numbers) ** 2, weights=weights)))


def _r2(y: Array, numbers: Array, weights: Weights = None) -> float:
    return float(sk.r2_score(y, numbers, sample_weight=weights)) if len(y) > 1 else float("nan")


def _library(
    function: Callable[..., float], sign: int = 1, **options: Any
) -> Callable[[Array, Array, Weights], float]:
    """Return a metric of scikit-learn's in our form."""
    takes_weights = "sample_weight" in inspect.signature(function).parameters

    def score(y: Array, prediction: Array, weights: Weights = None) -> float:
        extra = {"sample_weight": weights} if takes_weights else {}
        return sign * function(y, prediction, **options, **extra)

    return score


def _of_second(function: Callable[[Array, Array, Weights], float]) -> Callable[[Array, Array, Weights], float]:
    """Return a metric of the second class's probability as one of the probabilities of both."""
    return lambda y, p, w: function(y, p[:, 1], w)


_STORED = (
    Metric("roc_auc", roc_auc, CLASSIFICATION, "probabilities"),
    Metric("neg_log_loss", neg_log_loss, CLASSIFICATION, "probabilities"),
    Metric("accuracy", lambda y, c, w: float(np.average(y == c, weights=w)), CLASSIFICATION, "classes"),
    Metric("balanced_accuracy", _balanced_accuracy, CLASSIFICATION, "classes"),
    Metric("f1_macro", _library(sk.f1_score, average="macro", zero_division=0), CLASSIFICATION, "classes"),
    Metric("matthews_corrcoef", _library(sk.matthews_corrcoef), CLASSIFICATION, "classes"),
    Metric("neg_brier_score", neg_brier_score, CLASSIFICATION, "probabilities"),
    Metric("f1", _library(sk.f1_score, zero_division=0), BINARY, "classes"),
    Metric("average_precision", _of_second(_library(sk.average_precision_score)), BINARY, "probabilities"),
    Metric("neg_root_mean_squared_error", _neg_root_mean_squared_error, REGRESSION, "numbers"),
    Metric("neg_mean_absolute_error", _library(sk.mean_absolute_error, -1), REGRESSION, "numbers"),
    Metric("neg_median_absolute_error", _library(sk.median_absolute_error, -1), REGRESSION, "numbers"),
    Metric("r2", _r2, REGRESSION, "numbers"),
)


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """Return the metrics that every evaluation of `task` records, in a fixed order."""
    return tuple(metric for metric in _STORED if task in metric.tasks)


def default_metric(task: Task) -> Metric:
    """Return ROC AUC for two classes, log loss for several, RMSE for numbers."""
    name = {
        Task.BINARY: "roc_auc",
        Task.MULTICLASS: "neg_log_loss",
        Task.REGRESSION: "neg_root_mean_squared_error",
    }[task]
    return resolve_metric(name, task)


def resolve_metric(name: str, task: Task) -> Metric:
    """Return the metric of a scikit-learn scorer's name, or of a friendly alias.

    Raises
    ------
    MetricError
        If there is none of that name, or it does not fit the task.
    """
    wanted = ALIASES.get(name.lower(), name.lower())
    metric = next((metric for metric in _STORED if metric.name == wanted), None) or _from_scorer(wanted)
    fitting = [metric.name for metric in metrics_of(task)]
    if metric is None:
        near = difflib.get_close_matches(wanted, [*fitting, *sk.get_scorer_names(), *ALIASES], n=3)
        hint = ", ".join(near or fitting)
        raise MetricError(f"no metric named {name!r}. Try --metric with one of: {hint}")
    if task not in metric.tasks:
        raise MetricError(
            f"the metric {name!r} does not fit a {task} task. Try --metric with one of: {', '.join(fitting)}"
        )
    return metric


_ACCEPTED: dict[str, Accepted] = {
    "neg_mean_squared_log_error": "nonnegative",
    "neg_root_mean_squared_log_error": "nonnegative",
    "neg_mean_poisson_deviance": "positive",
    "neg_mean_gamma_deviance": "positive",
}
_CLUSTERING = (
    "adjusted_",
    "completeness",
    "fowlkes",
    "homogeneity",
    "mutual_info",
    "normalized_",
    "rand_",
    "v_measure",
)


def _from_scorer(name: str) -> Metric | None:
    """Adapt one of scikit-learn's own scorers, if it scores classes, probabilities or numbers."""
    if name not in sk.get_scorer_names():
        return None
    scorer = sk.get_scorer(name)
    function, sign, options = scorer._score_func, scorer._sign, scorer._kwargs
    if name.startswith(_CLUSTERING) or name.endswith("_samples"):
        return None  # these compare clusterings, or sets of labels
    if _is_for_numbers(name):
        accepted = _ACCEPTED.get(name, "all")
        return Metric(name, _library(function, sign, **options), REGRESSION, "numbers", accepted=accepted)
    if "predict_proba" in np.atleast_1d(scorer._response_method):
        return _probability_metric(name, function, sign, options)
    for_two = options.get("average") == "binary" or "likelihood_ratio" in name
    tasks = BINARY if for_two else CLASSIFICATION
    return Metric(name, _library(function, sign, **options), tasks, "classes")


def _probability_metric(name: str, function: Callable[..., float], sign: int, options: dict[str, Any]) -> Metric:
    if name == "roc_auc_ovr_weighted":  # scikit-learn's is undefined where a class is absent
        return Metric(name, partial(roc_auc, by_size=True), CLASSIFICATION, "probabilities")
    if "multi_class" in options:  # roc_auc_ovo, roc_auc_ovo_weighted

        def several(y: Array, p: Array, weights: Weights) -> float:
            scores = p[:, 1] if p.shape[1] == 2 else p
            return _library(function, sign, labels=np.arange(p.shape[1]), **options)(y, scores, weights)

        return Metric(name, several, CLASSIFICATION, "probabilities", weighted=False)
    if name in ("top_k_accuracy", "d2_log_loss_score"):
        tasks = frozenset({Task.MULTICLASS}) if name == "top_k_accuracy" else CLASSIFICATION

        def labelled(y: Array, p: Array, weights: Weights) -> float:
            return _library(function, labels=np.arange(p.shape[1]))(y, p, weights)

        return Metric(name, labelled, tasks, "probabilities")
    return Metric(name, _of_second(_library(function, sign, **options)), BINARY, "probabilities")


def _is_for_numbers(name: str) -> bool:
    words = ("_error", "r2", "explained_variance", "deviance", "d2_absolute", "d2_pinball", "d2_tweedie")
    return any(word in name for word in words)

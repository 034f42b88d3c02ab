"""One model fitted to all rows in the place of the bag of fold models."""

import math
from collections.abc import Sequence
from pathlib import Path

from sklearn.pipeline import Pipeline

from automl_meta.ensembling.options import Refit
from automl_meta.evaluation.all_rows import fit_to_all_rows, keep_fitted_to_all_rows
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.metrics import resolve_metric
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Shared
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.estimators.forest import Forest
from automl_meta.tuning.work import Problem

LARGE_BAG = 40e6  # bytes of fold models: a bag beyond is worth replacing for its size alone
FOREST_BAG = 8e6  # of models that are bags already: a bag of them is no better than one
FORESTS = ("random_forest", "extra_trees")
STABLE = frozenset(
    (
        "bayesian_ridge",
        "elastic_net",
        "gaussian_nb",
        "gaussian_process",
        "knn",
        "lda",
        "linear_svm",
        "logistic_regression",
        "qda",
        "ridge",
        "svm",
    )
)
GROWTH = 1.2  # how much faster than the rows the time for a fit may grow


def is_worth_refitting(evaluation: Evaluation, choice: Refit, *, limited: bool, few_rows: bool = False) -> bool:
    """Return whether a member should be one model.

    A bag of fold models is the better predictor where rows move the model much: each saw fewer of them, but their
    mean is steadier. Stable models gain nothing from the mean and lose by the rows that they did not see (Breiman
    1996, *Bagging predictors*). One model takes a fold's share of the space and of the time to predict. So ``auto``
    prefers it for stable algorithms, where one fold model is all that there is, where predicting is `limited`, where
    the bag is large, and with `few_rows`, none of which can be spared.
    """
    if not evaluation.repeats:  # without folds it is one model on all rows already
        return False
    if choice != "auto":
        return choice == "refit"
    algorithm = evaluation.configuration.algorithm
    if len(evaluation.models) < 2 or limited or few_rows or algorithm in STABLE:
        return True
    size = sum(path.stat().st_size for path in evaluation.models)
    return size > (FOREST_BAG if algorithm in FORESTS else LARGE_BAG)


def thin(pipeline: Pipeline, parts: int) -> None:
    """Keep one of so many `parts` of a fitted forest's trees, in place; other models stay as they are.

    Bags of forests have more trees than they need: one of all fold models is as good with as many as one model has.
    """
    forest = pipeline["model"].estimator_
    if isinstance(forest, Forest):
        forest.keep_trees(math.ceil(forest.votes_ / parts))


def seconds_to_refit(evaluation: Evaluation, folds: Sequence[Fold]) -> float:
    """Return how long fitting to all rows is expected to take."""
    n_rows = sum(len(train) for train, _ in folds) / len(folds)
    total = max(len(train) + len(valid) for train, valid in folds)
    fitted = evaluation.fidelity.rows * n_rows
    return float(evaluation.fit_seconds / len(folds) * (total / fitted) ** GROWTH)


def refit(problem: Shared, configuration: Configuration, threads: int) -> Path:
    """Fit `configuration` to all rows of the shared `Problem`, and return the file that holds the pipeline."""
    given: Problem = problem.get()
    assert given.models_folder is not None
    metric = resolve_metric(given.metric, given.dataset.task)
    pipeline = fit_to_all_rows(configuration, given.dataset, metric, seed=given.seed, threads=threads)
    return keep_fitted_to_all_rows(pipeline, configuration, given.models_folder)

"""From a configuration to a pipeline that can be fitted, and from a fitted pipeline to predictions."""

import time
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl_meta.datasets.schema import Schema
from automl_meta.datasets.task import Task
from automl_meta.pipelines.catalogue import find_algorithm
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.coded_target import BoundedRegressor, CodedClassifier
from automl_meta.pipelines.preprocessing import build_preprocessor

# Of the seconds that a fit may take, the part that is the model's even where preparing the columns takes them all.
_LEAST_SHARE = 0.1


def build_pipeline(configuration: Configuration, schema: Schema, context: FitContext) -> Pipeline:
    """Return an unfitted pipeline for a canonical table under `schema`.

    It takes ``Dataset.X`` and ``Dataset.y`` (or some rows of both, whatever classes are among them) and predicts
    float64 numbers, or class probabilities of shape (n_rows, ``context.n_classes``).

    Raises
    ------
    UnknownAlgorithmError
        If the catalogue has no such algorithm for the task.
    MissingExtraError
        If the algorithm's package is not installed.
    """
    algorithm = find_algorithm(configuration.algorithm, context.task)
    values = configuration.hyperparameters
    preprocessor = build_preprocessor(algorithm.preprocessing(values, context.task), schema, context)
    estimator = algorithm.estimator(values, context)
    model: Any
    if context.task.is_classification:
        model = CodedClassifier(estimator, n_classes=context.n_classes)
    else:
        transform = str(values.get("target_transform", "none"))
        model = BoundedRegressor(estimator, transform=transform, accepted=context.accepted)
    return Pipeline([("preprocess", preprocessor), ("model", model)])


def fit_pipeline(
    pipeline: Pipeline,
    X: pd.DataFrame,
    y: NDArray[Any],
    *,
    weights: NDArray[np.float64] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> Pipeline:
    """Fit a pipeline of `build_pipeline` to some rows, and return it.

    Of the seconds that the context allowed, the model has those that preparing the columns leaves: else the folds of
    a candidate, which share their time, would find less and less of it.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)
    y : array of shape (n_rows,)
    weights : array of shape (n_rows,), optional
        How much each row counts. Only their proportions matter: their mean is made 1, so that penalties keep their
        strength. Algorithms that know no weights go without, and so does the preprocessing.
    groups : array of shape (n_rows,), optional
        Rows with the same number are not separated by inner splits either.
    """
    began = time.perf_counter()
    model = pipeline.named_steps["model"]
    prepared = pipeline.named_steps["preprocess"].fit_transform(X, y, groups)
    allowed = model.get_params().get("estimator__max_seconds")
    if allowed is not None:
        left = max(allowed - (time.perf_counter() - began), _LEAST_SHARE * allowed)
        model.set_params(estimator__max_seconds=left)
    model.fit(prepared, y, None if weights is None else weights / weights.mean(), groups)
    return pipeline


def predict(pipeline: Any, X: pd.DataFrame, task: Task, n_classes: int) -> NDArray[np.float64]:
    """Return what a fitted `pipeline` says of the rows of `X`.

    Returns
    -------
    array of shape (n_rows, n_classes) or (n_rows,)
        Probabilities in code order, each row non-negative with the sum 1; or numbers.
    """
    if not task.is_classification:
        return np.asarray(pipeline.predict(X), dtype=np.float64).reshape(len(X))
    given = np.asarray(pipeline.predict_proba(X), dtype=np.float64)
    probabilities = np.zeros((len(X), n_classes))
    probabilities[:, np.asarray(pipeline.classes_, dtype=np.intp)] = given
    return normalised(probabilities)


def normalised(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `probabilities`, of shape (n_rows, n_classes), clipped to [0, 1] with rows that sum to 1."""
    clipped = np.clip(probabilities, 0.0, 1.0)
    sums = clipped.sum(axis=1, keepdims=True)
    uniform = np.full_like(clipped, 1.0 / clipped.shape[1])
    np.divide(clipped, sums, out=uniform, where=sums > 0)
    return uniform

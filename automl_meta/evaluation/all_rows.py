"""Fitting one configuration to all rows: in the place of a bag of fold models, or where no row can be held out."""

import pickle
import time
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from automl_meta.datasets.dataset import Dataset
from automl_meta.evaluation.metrics import Metric
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.build import build_pipeline, fit_pipeline, predict
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.seeding import integer_seed


def fit_to_all_rows(
    configuration: Configuration,
    dataset: Dataset,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    max_seconds: float | None = None,
) -> Pipeline:
    """Return a pipeline fitted to all rows.

    Parameters
    ----------
    metric : Metric
        That the model is to serve: what it cannot score is not predicted.
    max_seconds : float, optional
        A soft limit, which algorithms that train step by step keep to.
    """
    context = FitContext(
        task=dataset.task,
        n_classes=dataset.n_classes,
        seed=integer_seed(seed, configuration.id, "all rows"),
        threads=threads,
        max_seconds=max_seconds,
        accepted=metric.accepted,
    )
    with threadpool_limits(threads):
        pipeline = build_pipeline(configuration, dataset.schema, context)
        return fit_pipeline(pipeline, dataset.X, dataset.y, weights=dataset.weights, groups=dataset.kept_together)


def keep_fitted_to_all_rows(pipeline: Pipeline, configuration: Configuration, folder: Path) -> Path:
    """Write the pipeline to its file in `folder`, and return the file."""
    path = folder / f"{configuration.id}-all.pickle"
    temporary = path.with_suffix(f".{time.time_ns()}")
    temporary.write_bytes(pickle.dumps(pipeline, protocol=5))
    return temporary.replace(path)


def evaluate_without_folds(
    configuration: Configuration,
    dataset: Dataset,
    metric: Metric,
    *,
    seed: int,
    threads: int = 1,
    max_seconds: float | None = None,
    models_folder: Path | None = None,
) -> Evaluation:
    """Fit to all rows, and see that what it predicts for them are numbers: that is all that can be asked of it.

    Returns
    -------
    Evaluation
        OK, with a model if there is a folder for it, without scores and predictions.

    Raises
    ------
    FloatingPointError
        If the predictions are not finite.
    """
    start = time.perf_counter()
    pipeline = fit_to_all_rows(configuration, dataset, metric, seed=seed, threads=threads, max_seconds=max_seconds)
    fitted = time.perf_counter()
    if not np.isfinite(predict(pipeline, dataset.X, dataset.task, dataset.n_classes)).all():
        raise FloatingPointError("the predictions of the training rows are NaN or infinite")
    predicted = time.perf_counter()
    kept = () if models_folder is None else (keep_fitted_to_all_rows(pipeline, configuration, models_folder),)
    return Evaluation(
        configuration=configuration,
        status=Status.OK,
        models=kept,
        repeats=0,
        fit_seconds=fitted - start,
        predict_seconds=predicted - fitted,
    )

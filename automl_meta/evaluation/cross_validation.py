"""Cross-validating one configuration on one dataset."""

import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from automl_meta.datasets.dataset import Dataset, taken
from automl_meta.evaluation.folds import Fold, kept_folds, n_repeats
from automl_meta.evaluation.metrics import metrics_of, resolve_metric
from automl_meta.evaluation.partial import FULL, Fidelity, Race, subsample
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.build import build_pipeline, fit_pipeline, predict
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import Accepted, FitContext
from automl_meta.seeding import integer_seed

VALIDATED_IN_A_LOOK = 50_000  # rows at the most; what is looked at on few rows is not worth scoring on many


def cross_validate(
    configuration: Configuration,
    dataset: Dataset,
    folds: Sequence[Fold],
    *,
    seed: int,
    threads: int = 1,
    max_seconds: float | None = None,
    models_folder: Path | None = None,
    extra_metrics: Sequence[str] = (),
    fidelity: Fidelity = FULL,
    race: Race | None = None,
) -> Evaluation:
    """Fit on each fold's training rows, predict its validation rows, and score them by every metric of the task.

    Parameters
    ----------
    max_seconds : float, optional
        A soft limit on the sum of the fits: each is given an even share of what is left, which algorithms that
        train step by step keep to. The caller's hard limit is another matter.
    models_folder : Path, optional
        Where the fitted pipelines are written, one file a fold of `kept_folds`.
    extra_metrics : sequence of str
        Names of metrics that are scored besides those of the task; what they cannot score is not predicted.
    fidelity : Fidelity
        How much of it is made.
    race : Race, optional
        Against whom the candidate runs: it is given up when it is clearly behind.

    Returns
    -------
    Evaluation
        CANCELLED, with the scores of the folds that were made and without predictions, if some folds were not made.

    Raises
    ------
    FloatingPointError
        If a fold's predictions are not finite.
    """
    whole, folds = folds, folds[: fidelity.folds]
    kept = kept_folds(dataset, whole) if not fidelity.is_look and models_folder is not None else frozenset()
    tally = _Tally(dataset, extra_metrics)
    models: list[Path] = []
    stopped = "" if not fidelity.is_look else f"a first look: {fidelity}"
    with threadpool_limits(threads):
        for number, fold in enumerate(folds):
            context = FitContext(
                task=dataset.task,
                n_classes=dataset.n_classes,
                seed=integer_seed(seed, configuration.id, number),
                threads=threads,
                max_seconds=_share(max_seconds, tally.fit_seconds, len(folds) - number),
                accepted=tally.accepted,
            )
            train, valid = _looked_at(fold, dataset, fidelity, integer_seed(seed, number))
            pipeline = build_pipeline(configuration, dataset.schema, context)
            tally.add(pipeline, train, valid)
            if race is not None and race.is_lost(tally.scores[race.metric]):
                stopped = f"clearly behind after {number + 1} of {len(folds)} folds"
                break
            if models_folder is not None and number in kept:
                models.append(_keep(pipeline, models_folder / f"{configuration.id}{fidelity.suffix}-{number}.pickle"))
    for path in models if stopped else ():
        path.unlink()
    return Evaluation(
        configuration=configuration,
        status=Status.CANCELLED if stopped else Status.OK,
        scores={name: tuple(values) for name, values in tally.scores.items()},
        predictions=None if stopped else tally.predictions,
        models=() if stopped else tuple(models),
        repeats=n_repeats(folds),
        fit_seconds=tally.fit_seconds,
        predict_seconds=tally.predict_seconds,
        error=stopped,
        fidelity=fidelity,
    )


class _Tally:
    """What comes together, fold by fold: scores, out-of-fold predictions and seconds."""

    def __init__(self, dataset: Dataset, extra_metrics: Sequence[str]) -> None:
        extra = (resolve_metric(name, dataset.task) for name in extra_metrics)
        self._dataset = dataset
        self._metrics = {metric.name: metric for metric in (*metrics_of(dataset.task), *extra)}
        self.scores: dict[str, list[float]] = {name: [] for name in self._metrics}
        self._together = dataset.kept_together
        self._sums, self._counts = _empty_predictions(dataset)
        self.fit_seconds = self.predict_seconds = 0.0

    def add(self, pipeline: Any, train: NDArray[np.intp], valid: NDArray[np.intp]) -> None:
        """Fit `pipeline` to the rows `train`, and take in what it predicts for the rows `valid`."""
        data = self._dataset
        start = time.perf_counter()
        weights, groups = taken(data.weights, train), taken(self._together, train)
        fit_pipeline(pipeline, data.X.iloc[train], data.y[train], weights=weights, groups=groups)
        fitted = time.perf_counter()
        prediction = predict(pipeline, data.X.iloc[valid], data.task, data.n_classes)
        self.predict_seconds += time.perf_counter() - fitted
        self.fit_seconds += fitted - start
        if not np.isfinite(prediction).all():
            number = len(next(iter(self.scores.values())))
            raise FloatingPointError(f"the predictions in fold {number} are NaN or infinite")
        for name, metric in self._metrics.items():
            self.scores[name].append(metric.score(data.y[valid], prediction, taken(data.weights, valid)))
        self._sums[valid] += prediction
        self._counts[valid] += 1

    @property
    def accepted(self) -> Accepted:
        """Which numbers all the metrics can score."""
        return max((metric.accepted for metric in self._metrics.values()), key=get_args(Accepted).index)

    @property
    def predictions(self) -> NDArray[np.floating[Any]]:
        """Out-of-fold predictions, the mean where a row was held out several times."""
        return _mean_predictions(self._sums, self._counts)


def _looked_at(fold: Fold, dataset: Dataset, fidelity: Fidelity, seed: int) -> Fold:
    """Return the rows of a fold that are trained on, and those that are predicted: only a look leaves some out."""
    train, valid = fold
    if fidelity.rows >= 1.0:
        return fold
    strata = dataset.y.astype(np.int64) if dataset.task.is_classification else np.zeros(dataset.n_rows, np.int64)
    share = VALIDATED_IN_A_LOOK / len(valid) if fidelity.is_look else 1.0
    return subsample(train, strata, fidelity.rows, seed), subsample(valid, strata, share, seed)


def _share(max_seconds: float | None, spent: float, folds_left: int) -> float | None:
    return None if max_seconds is None else max(max_seconds - spent, 0.0) / folds_left


def _empty_predictions(dataset: Dataset) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    shape = (dataset.n_rows, dataset.n_classes) if dataset.task.is_classification else (dataset.n_rows,)
    return np.zeros(shape), np.zeros(dataset.n_rows, dtype=np.int64)


def _mean_predictions(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
    divisor = np.where(counts > 0, counts, np.nan)
    if sums.ndim == 1:  # beside a large mean, float32 would lose what numbers differ by
        return sums / divisor
    return np.asarray(sums / divisor[:, None], dtype=np.float32)


def _keep(pipeline: Any, path: Path) -> Path:
    with path.open("wb") as file:
        pickle.dump(pipeline, file, protocol=5)
    return path

"""One small model that has learned from an ensemble.

The small model is fitted to the rows with their true targets, and to several times as many rows that nobody has
seen: each is a copy of a row, with its weight and its group, in which some cells come from another row, and its
target is what the ensemble says of it (Bucilă, Caruana & Niculescu-Mizil 2006, *Model compression*; classes are drawn
from its probabilities). What is lost is measured on folds that neither has seen: a fold's teacher is made of those
fold models alone that were fitted without the fold. Where mistakes have costs, the small model decides by them, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import ColumnRole, Dataset, MissingColumnsError, RowColumns, Schema, has_target, target_from
from automl_meta.datasets.dataset import taken
from automl_meta.datasets.features import as_frame, features_from
from automl_meta.datasets.fingerprint import fingerprint
from automl_meta.datasets.row_columns import group_codes, row_weights, time_ranks
from automl_meta.ensembling import EnsembleOptions, EnsemblePredictor, make_predictor, plan_ensemble
from automl_meta.ensembling.comparing import error_of_mean, mean
from automl_meta.errors import InputError
from automl_meta.evaluation import Evaluation, Metric, default_n_folds, make_folds, resolve_metric
from automl_meta.evaluation.folds import Fold
from automl_meta.execution.protocol import Status
from automl_meta.persistence import FittedModel, make_model
from automl_meta.pipelines.build import build_pipeline, fit_pipeline, predict
from automl_meta.pipelines.catalogue import default_configuration, find_algorithm
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.seeding import generator, integer_seed

NEW_ROWS, MOST_NEW_ROWS = 4, 20_000  # for each row, and at most
SWAPPED = 0.15  # share of a new row's cells that come from another row
DEFAULT_ALGORITHM = "lightgbm"
DOUBT = "the ensemble that it learned from may have seen the rows that it is scored on: the score may be too good"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distilled:
    """A small model, and what it lost.

    Attributes
    ----------
    score, teacher_score : float
        Means over the same folds, higher is better; metrics of classes score those that each decides for.
    difference, error : float
        Small model less ensemble, fold by fold: the mean and its standard error.
    honest : bool
        Whether no teacher had seen the fold that it was scored on. It had where the table is the one that the
        ensemble was fitted to but its members are one model each, or where other rows of the table were among those.
        One with a second layer had heard of the fold.
    """

    model: FittedModel
    metric: str
    score: float
    teacher_score: float
    difference: float
    error: float
    honest: bool


def labelled_rows(frame: pd.DataFrame, schema: Schema, name: str, *, time: str | None = None) -> Dataset:
    """Return the rows of a raw table that have a target and count, under the schema of a model.

    Groups and weights are read from the columns that the schema names; weights may be absent.

    Parameters
    ----------
    time : str, optional
        The column by which the rows are ordered, where the model was fitted with one.

    Raises
    ------
    InputError
        If the target or a column is missing, or is not what it should be.
    """
    frame = as_frame(frame)
    columns = _row_columns(frame, schema, time)
    if columns.weight is not None:
        frame = frame[row_weights(columns.weight, frame[columns.weight]) > 0]
    frame = frame[has_target(frame, schema)]
    X, _ = features_from(frame, schema)
    return Dataset(
        name=name,
        X=X,
        y=target_from(frame, schema),
        schema=schema,
        groups=None if columns.groups is None else group_codes(columns.groups, frame[columns.groups]),
        times=None if time is None else time_ranks(time, frame[time]),
        weights=None if columns.weight is None else row_weights(columns.weight, frame[columns.weight]),
    )


def _row_columns(frame: pd.DataFrame, schema: Schema, time: str | None) -> RowColumns:
    groups, weights = schema.names(ColumnRole.GROUP), schema.names(ColumnRole.WEIGHT)
    missing = tuple(name for name in groups if name not in frame.columns)
    if missing:
        raise MissingColumnsError(missing, schema.unknown(frame.columns))
    present = [name for name in weights if name in frame.columns]
    columns = RowColumns(groups=next(iter(groups), None), time=time, weight=next(iter(present), None))
    columns.check(schema.target, tuple(frame.columns))
    return columns


def distill(model: FittedModel, dataset: Dataset, algorithm: str = DEFAULT_ALGORITHM) -> Distilled:
    """Return a single model of the catalogue's `algorithm` that has learned from `model`.

    Raises
    ------
    InputError
        If there is no such algorithm for the task, or the rows are too few.
    """
    configuration = default_configuration(find_algorithm(algorithm, dataset.task).name, dataset.task)
    metric = resolve_metric(model.manifest["ensemble"]["metric"], dataset.task)
    seed = int(model.manifest["seed"])
    folds = make_folds(
        dataset, model.manifest.get("folds") or default_n_folds(dataset.n_rows, len(dataset.schema.features)), seed
    )
    if not folds:
        raise InputError(f"{dataset.name} has too few rows to judge a small model by: {dataset.n_rows}. Add rows.")
    is_same = model.manifest.get("fingerprint") == fingerprint(dataset)
    teachers, have_not_seen = _teachers(model.predictor, len(folds))
    honest = is_same and have_not_seen
    evaluation, teacher_scores = _cross_validated(configuration, dataset, folds, teachers, metric, seed)
    decision = model.predictor.decision
    by_costs = decision is not None and decision.ndim == 2  # else it is tuned anew
    plan = plan_ensemble(
        [evaluation],
        dataset.y,
        dataset.task,
        metric,
        folds,
        options=EnsembleOptions(mistake_costs=decision if by_costs else None),
        weights=dataset.weights,
        groups=dataset.groups,
        times=dataset.times,
        seed=seed,
    )
    scores = _fold_scores(plan.honest.seen_by(metric), dataset, folds, metric)
    plan = replace(
        plan,
        kind="distilled",
        refitted=plan.members,
        member_seconds=(plan.seconds_per_1000_rows / len(folds),),
        reason=f"distilled from {model.manifest['ensemble']['kind']} of {len(model.predictor.members)}",
        doubt="; ".join(filter(None, (plan.doubt, "" if honest else DOUBT))),
    )
    student = _fitted(configuration, dataset, model.predictor, metric, seed)
    small = make_model(
        dataset=dataset,
        predictor=make_predictor(plan, {configuration.id: [student]}, dataset.n_classes),
        plan=plan,
        seed=seed,
        notes={"teacher": dict(model.manifest["ensemble"]), "fingerprint": fingerprint(dataset), "folds": len(folds)},
    )
    return Distilled(
        model=small,
        metric=metric.name,
        score=mean(scores),
        teacher_score=mean(teacher_scores),
        difference=mean(scores - teacher_scores),
        error=error_of_mean(scores - teacher_scores),
        honest=honest,
    )


def _teachers(predictor: EnsemblePredictor, n_folds: int) -> tuple[list[EnsemblePredictor], bool]:
    """Return a teacher for each fold, and whether it has neither seen the fold nor heard of it.

    It is made of the models that were fitted without the fold, where there are such. Those of a second layer were
    fitted to predictions of models that saw the fold.
    """
    if any(len(member) != n_folds for member in predictor.members) or n_folds < 2:
        return [predictor] * n_folds, False
    parameters = predictor.get_params(deep=False)
    alone = [[[member[fold]] for member in predictor.members] for fold in range(n_folds)]
    teachers = [EnsemblePredictor(**{**parameters, "members": members}) for members in alone]
    return teachers, predictor.inputs is None


def _cross_validated(
    configuration: Configuration,
    dataset: Dataset,
    folds: Sequence[Fold],
    teachers: Sequence[EnsemblePredictor],
    metric: Metric,
    seed: int,
) -> tuple[Evaluation, NDArray[np.float64]]:
    """Return the small model's evaluation, and the teachers' scores on the same folds."""
    width = (dataset.n_classes,) if dataset.task.is_classification else ()
    predictions = np.full((dataset.n_rows, *width), np.nan)
    teacher_scores = []
    for number, ((train, valid), teacher) in enumerate(zip(folds, teachers, strict=True)):
        student = _fitted(configuration, dataset.take(train), teacher, metric, integer_seed(seed, "fold", number))
        predictions[valid] = predict(student, dataset.X.iloc[valid], dataset.task, dataset.n_classes)
        said = teacher.decided(_said(teacher, dataset.X.iloc[valid])).seen_by(metric)
        teacher_scores.append(metric.score(dataset.y[valid], said, taken(dataset.weights, valid)))
    evaluation = Evaluation(
        configuration=configuration, status=Status.OK, predictions=predictions, origin="distilled"
    )
    return evaluation, np.array(teacher_scores)


def _fold_scores(
    predictions: NDArray[np.float64], dataset: Dataset, folds: Sequence[Fold], metric: Metric
) -> NDArray[np.float64]:
    """Return the score in each fold; predictions are of the rows that folds held out, in the table's order."""
    held_out = np.unique(np.concatenate([valid for _, valid in folds]))
    scores = []
    for _, valid in folds:
        said = predictions[np.searchsorted(held_out, valid)]
        scores.append(metric.score(dataset.y[valid], said, taken(dataset.weights, valid)))
    return np.array(scores)


def _fitted(
    configuration: Configuration, rows: Dataset, teacher: EnsemblePredictor, metric: Metric, seed: int
) -> Any:
    """Return a pipeline fitted to the rows and to new rows that the teacher has labelled."""
    learned = _with_new_rows(rows, teacher, seed)
    context = FitContext(task=rows.task, n_classes=rows.n_classes, seed=seed, accepted=metric.accepted)
    pipeline = build_pipeline(configuration, rows.schema, context)
    return fit_pipeline(pipeline, learned.X, learned.y, weights=learned.weights, groups=learned.kept_together)


def _with_new_rows(rows: Dataset, teacher: EnsemblePredictor, seed: int) -> Dataset:
    """Return the rows and new ones, which have the weight and the group of the row that they are copies of."""
    new, source = _new_rows(rows.X, seed)
    labels = _labels(_said(teacher, new), rows, seed)
    both = rows.take(np.concatenate([np.arange(rows.n_rows), source]))
    return replace(both, X=pd.concat([rows.X, new], ignore_index=True), y=np.concatenate([rows.y, labels]))


def _new_rows(X: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return copies of random rows in which each cell comes, now and then, from another row; and which rows'."""
    random = generator(seed, "new rows")
    n_rows = min(NEW_ROWS * len(X), MOST_NEW_ROWS)
    source, other = random.integers(0, len(X), (2, n_rows))
    columns = {
        name: X[name].take(np.where(random.random(n_rows) < SWAPPED, other, source)).reset_index(drop=True)
        for name in X.columns
    }
    return pd.DataFrame(columns), source


def _said(teacher: EnsemblePredictor, X: pd.DataFrame) -> NDArray[np.float64]:
    said = teacher.predict_proba(X) if teacher.n_classes else teacher.predict(X)
    return np.asarray(said, dtype=np.float64)


def _labels(said: NDArray[np.float64], rows: Dataset, seed: int) -> NDArray[Any]:
    """Return numbers as they are; for classes, codes drawn from the probabilities."""
    if not rows.task.is_classification:
        return said
    draws = generator(seed, "labels").random((len(said), 1))
    codes = (draws > np.cumsum(said, axis=1)[:, :-1]).sum(axis=1)
    return np.asarray(codes, dtype=np.int64)

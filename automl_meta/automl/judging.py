"""Scoring a fitted model on a table with known targets, and gating it by minima."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import TableError, Task, groups_from, has_target, target_from, weights_from
from automl_meta.errors import InputError, quoted
from automl_meta.evaluation import Metric, metrics_of, resolve_metric
from automl_meta.evaluation.bootstrap import bootstrap_intervals
from automl_meta.evaluation.diagnosis import diagnose_classes, diagnose_numbers
from automl_meta.evaluation.metrics import Weights
from automl_meta.persistence import FittedModel
from automl_meta.persistence.model import json_ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a model is worth on a table; scores and diagnosis are JSON-ready.

    Attributes
    ----------
    scores : list of dict
        Metric, score and the 95 % bootstrap interval; None where a metric is undefined on these rows, or an
        interval because they are all of one group.
    diagnosis : dict
        As of `diagnose_classes` or `diagnose_numbers`.
    warnings : tuple of str
        How the table differs from the one that the model was fitted to.
    """

    rows: int
    scores: list[dict[str, Any]]
    diagnosis: dict[str, Any]
    warnings: tuple[str, ...]


def judge(model: FittedModel, frame: pd.DataFrame, extra_metrics: Sequence[str] = ()) -> Judgement:
    """Score `model` on the rows of a raw table that have a target, by all metrics of the task and `extra_metrics`.

    Metrics of classes score those that the model decides for, by its threshold or the costs of mistakes.
    Rows count by the column of weights that the model was fitted with, and intervals draw whole groups by its
    column of groups, if the table has them.

    Raises
    ------
    InputError
        If a column or all targets are missing, a class is unknown, or a metric does not fit the task.
    """
    schema = model.schema
    wanted = [*metrics_of(schema.task), *(resolve_metric(name, schema.task) for name in extra_metrics)]
    metrics = list({metric.name: metric for metric in wanted}.values())
    frame = frame[has_target(frame, schema)]
    if not len(frame):
        raise TableError("The table", f"has no row with a target in {schema.target!r}.")
    y = target_from(frame, schema)
    weights, groups = weights_from(frame.reset_index(drop=True), schema), groups_from(frame, schema)
    prediction, check = (model.predict_proba if schema.classes else model.predict)(frame)
    decided = model.predictor.decided(prediction)
    scores = [_scored(metric, y, decided.seen_by(metric), weights, groups) for metric in metrics]
    if schema.classes is None:
        diagnosis = diagnose_numbers(y.astype(np.float64), prediction)
    else:
        codes = model.predictor.decide(prediction)
        diagnosis = diagnose_classes(y.astype(np.int64), prediction, schema.classes, decided=codes, weights=weights)
    return Judgement(
        rows=len(y),
        scores=json_ready(scores),
        diagnosis=json_ready(diagnosis),
        warnings=tuple(check.messages()),
    )


def parse_gates(minima: Sequence[str]) -> dict[str, float]:
    """Return metric and minimum of texts such as ``roc_auc=0.80``.

    Raises
    ------
    InputError
        If one is not of that form.
    """
    return dict(_gate(text) for text in minima)


def missed_gates(judged: Judgement, gates: Mapping[str, float], task: Task) -> list[dict[str, Any]]:
    """Return metric, score and minimum of each gate that is missed; a score that is undefined misses."""
    scores = {row["metric"]: row["score"] for row in judged.scores}
    named = {resolve_metric(name, task).name: minimum for name, minimum in gates.items()}
    return [
        {"metric": name, "score": scores[name], "minimum": minimum}
        for name, minimum in named.items()
        if scores[name] is None or scores[name] < minimum
    ]


def _scored(
    metric: Metric, y: NDArray[Any], prediction: NDArray[Any], weights: Weights, groups: NDArray[np.int64] | None
) -> dict[str, Any]:
    (interval,) = bootstrap_intervals([metric], y, prediction, weights=weights, groups=groups).values()
    return {"metric": metric.name, "score": metric.score(y, prediction, weights), "interval": list(interval)}


def _gate(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        minimum = float(value)
    except ValueError:
        minimum = float("nan")
    if minimum != minimum or not name.strip():
        raise InputError(f"--min-score {quoted(text)} is not METRIC=VALUE. Try: --min-score roc_auc=0.80")
    return name.strip(), minimum

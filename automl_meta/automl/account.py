"""What a run has to tell beyond its model: stored in the model file, drawn by the report."""

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from automl_meta.automl.advice import Advice
from automl_meta.automl.combining import load_pickle
from automl_meta.datasets import Dataset
from automl_meta.datasets.dataset import taken
from automl_meta.datasets.profile import TableProfile
from automl_meta.ensembling import EnsemblePlan, EnsemblePredictor, make_predictor
from automl_meta.evaluation import Evaluation, Metric, metrics_of
from automl_meta.evaluation.diagnosis import diagnose_classes, diagnose_numbers
from automl_meta.evaluation.folds import Fold, kept_folds
from automl_meta.inspection import OutOfFoldEnsemble, inspect_ensemble
from automl_meta.pipelines.naming import brief

FORMAT = 1
MOST_STEPS = 2_000  # evaluations of which the time is told
MOST_NOTES = 50


class Timeline:
    """When each evaluation ended, and what it scored."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._steps: list[dict[str, Any]] = []

    def add(self, seconds: float, evaluation: Evaluation) -> None:
        """Write down that `evaluation` ended `seconds` after the run began."""
        self._steps.append(
            {
                "seconds": round(seconds, 2),
                "id": evaluation.configuration.id,
                "score": evaluation.score(self._metric),
                "origin": evaluation.origin,
            }
        )

    def steps(self) -> list[dict[str, Any]]:
        """Return the first 2,000 steps, JSON-ready but for NaN in the score of a failure."""
        return self._steps[:MOST_STEPS]


def tried(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return how many configurations were tried, by status and by algorithm."""
    return {
        "by_status": dict(Counter(evaluation.status.value for evaluation in evaluations)),
        "by_algorithm": dict(Counter(evaluation.configuration.algorithm for evaluation in evaluations)),
    }


def checksums(paths: Sequence[Path]) -> list[dict[str, str]]:
    """Return name and SHA-256 of each file."""
    described = []
    for path in paths:
        with path.open("rb") as file:
            described.append({"name": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
    return described


def account(
    *,
    dataset: Dataset,
    profile: TableProfile,
    metric: Metric,
    advice: Advice,
    plan: EnsemblePlan,
    predictor: EnsemblePredictor,
    fold_models: Mapping[str, Sequence[Path]],
    folds: Sequence[Fold],
    timeline: Timeline,
    stopped: str,
    seed: int,
    seconds: float | None,
) -> dict[str, Any]:
    """Return what the report is drawn from: JSON-ready but for NaN, and of bounded size.

    Parameters
    ----------
    fold_models : mapping from configuration id to files
        The pipelines of the folds, which did not see the rows that they are looked into with, as a refitted one did.
    seconds : float, optional
        How long looking into the ensemble may take.
    """
    began = time.perf_counter()
    told = _told_of_the_search(dataset, advice, timeline, stopped)
    if not folds:  # there is no row to judge by
        return told
    held_out = np.unique(np.concatenate([valid for _, valid in folds]))
    y, weights = dataset.y[held_out], taken(dataset.weights, held_out)
    told["metrics"] = [
        {"metric": one.name, "score": one.score(y, plan.honest.seen_by(one), weights)}
        for one in metrics_of(dataset.task)
    ]
    told["diagnosis"] = _diagnosis(dataset, plan, held_out, seed)
    bagged = folds  # of forward splits, all that were validated, by one model for all of them
    if dataset.times is None:
        bagged = [folds[number] for number in sorted(kept_folds(dataset, folds))]
    unseeing = _of_fold_models(plan, predictor, fold_models) if plan.refitted else predictor
    ensemble = OutOfFoldEnsemble(unseeing or predictor, bagged, refitted=unseeing is None)
    left = None if seconds is None else seconds - (time.perf_counter() - began)
    told["inspection"] = inspect_ensemble(ensemble, dataset, profile, plan, metric, seed=seed, seconds=left)
    return told


def _told_of_the_search(dataset: Dataset, advice: Advice, timeline: Timeline, stopped: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "notes": list(dataset.notes[:MOST_NOTES]),
        "stopped": stopped,
        "recommendations": [
            {**pick.to_dict(), "brief": brief(pick.configuration, dataset.task)} for pick in advice.recommendations
        ],
        "recommendation_note": advice.note,
        "similar": [{"name": name, "similarity": weight} for name, weight in advice.similarities],
        "timeline": timeline.steps(),
    }


def _of_fold_models(
    plan: EnsemblePlan, predictor: EnsemblePredictor, fold_models: Mapping[str, Sequence[Path]]
) -> EnsemblePredictor | None:
    """Return the ensemble made of fold models alone; None where they are not there for all members."""
    if not all(fold_models.get(member) for member in plan.members):
        return None
    models = dict(zip(plan.members, predictor.members, strict=True))
    for member, paths in fold_models.items():
        if member in models and (member in plan.refitted or len(models[member]) < len(paths)):
            models[member] = [load_pickle(path) for path in paths]
    return make_predictor(plan, models, predictor.n_classes)


def _diagnosis(dataset: Dataset, plan: EnsemblePlan, held_out: Any, seed: int) -> dict[str, Any]:
    y = dataset.y[held_out]
    if dataset.schema.classes is None:
        return diagnose_numbers(y, plan.honest.plain, seed=seed)
    decided = plan.honest.weighed.argmax(axis=1)
    return diagnose_classes(
        y.astype(np.int64),
        plan.honest.plain,
        dataset.schema.classes,
        decided=decided,
        weights=taken(dataset.weights, held_out),
    )

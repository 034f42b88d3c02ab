"""A small fitted ensemble with all that was known when it was made."""

import pickle
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset, Task, make_dataset
from automl_meta.datasets.profile import TableProfile, profile_of
from automl_meta.ensembling import EnsembleOptions, EnsemblePlan, EnsemblePredictor, make_predictor, plan_ensemble
from automl_meta.evaluation import Evaluation, Metric, default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.inspection import OutOfFoldEnsemble
from automl_meta.pipelines.catalogue import catalogue


class Made(NamedTuple):
    dataset: Dataset
    profile: TableProfile
    metric: Metric
    plan: EnsemblePlan
    predictor: EnsemblePredictor
    out_of_fold: OutOfFoldEnsemble


def shop_table(task: Task, n_rows: int = 240) -> pd.DataFrame:
    """Return columns of every role; the target follows `amount` and `colour`, and `noise` is what it is called."""
    random = np.random.default_rng(1)
    amount = random.normal(size=n_rows)
    colour = random.choice(["red", "green", "blue"], n_rows)
    hidden = amount + 2 * (colour == "red") + 0.3 * random.normal(size=n_rows)
    target = {
        Task.BINARY: np.where(hidden > 0.5, "yes", "no"),
        Task.MULTICLASS: np.select([hidden < -0.3, hidden < 1.2], ["low", "middle"], "high"),
        Task.REGRESSION: hidden,
    }[task]
    return pd.DataFrame(
        {
            "amount": np.where(random.random(n_rows) < 0.05, np.nan, amount),
            "colour": colour,
            "member": random.choice(["yes", "no"], n_rows),
            "day": pd.Timestamp("2021-01-01") + pd.to_timedelta(random.integers(0, 900, n_rows), unit="D"),
            "note": [" ".join(random.choice(["quick", "slow", "warm", "cold"], 4)) for _ in range(n_rows)],
            "noise": random.normal(size=n_rows),
            "target": target,
        }
    )


def fold_models(evaluations: Sequence[Evaluation]) -> dict[str, list[Any]]:
    """Return the fitted fold models by configuration."""
    return {e.configuration.id: [pickle.loads(path.read_bytes()) for path in e.models] for e in evaluations}


def three_candidates(task: Task, cheap: str) -> RunOptions:
    """Return options of a run that makes a greedy ensemble of a tree, a linear model and another cheap algorithm."""
    return RunOptions(
        time_budget=None,
        max_evaluations=3,
        top_k=3,
        jobs=0,
        include=("decision_tree", cheap, "logistic_regression" if task.is_classification else "ridge"),
        ensemble="greedy",
        repeats=1,
    )


@cache
def made(task: Task) -> Made:
    dataset = make_dataset(shop_table(task), "target", task=task)
    folds = make_folds(dataset, 3, 0)
    metric = default_metric(task)
    with tempfile.TemporaryDirectory() as folder:
        evaluations = [
            cross_validate(
                catalogue(task)[name].default(task), dataset, folds, seed=0, models_folder=Path(folder), max_seconds=3
            )
            for name in ("decision_tree", "knn")
        ]
        models = fold_models(evaluations)
    plan = plan_ensemble(evaluations, dataset.y, task, metric, folds, options=EnsembleOptions(kind="greedy"))
    predictor = make_predictor(plan, models, dataset.n_classes)
    out_of_fold = OutOfFoldEnsemble(predictor, folds)
    return Made(dataset, profile_of(dataset), metric, plan, predictor, out_of_fold)

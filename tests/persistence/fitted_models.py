"""Small models of every algorithm and every kind of ensemble, fitted to columns of every role."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd

from automl_meta.datasets import Task, make_dataset
from automl_meta.ensembling import EnsembleOptions, make_predictor, plan_ensemble
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.persistence import make_model
from automl_meta.persistence.model import FittedModel
from automl_meta.pipelines.catalogue import catalogue


def mixed_table(task: Task, n_rows: int = 160) -> pd.DataFrame:
    random = np.random.default_rng(5)
    number = random.normal(size=n_rows)
    level = random.choice(list("abcde"), n_rows)
    hidden = number + 2 * (level == "a") + 0.5 * random.normal(size=n_rows)
    words = ["red", "green", "blue", "loud", "soft", "old"]
    target = {
        Task.BINARY: np.where(hidden > 0, "pos", "neg"),
        Task.MULTICLASS: np.select([hidden < -0.5, hidden < 0.7], ["low", "middle"], "high"),
        Task.REGRESSION: hidden,
    }[task]
    return pd.DataFrame(
        {
            "number": np.where(random.random(n_rows) < 0.1, np.nan, number),
            "level": level,
            "flag": random.choice(["yes", "no"], n_rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 1000, n_rows), unit="D"),
            "text": [" ".join(random.choice(words, 5)) for _ in range(n_rows)],
            "target": target,
        }
    )


def fitted(task: Task, names: list[str], folder: Path, kind: str = "auto") -> FittedModel:
    dataset = make_dataset(mixed_table(task), "target", task=task)
    folds = make_folds(dataset, 3, 0)
    evaluations = [
        cross_validate(
            catalogue(task)[name].default(task), dataset, folds, seed=0, max_seconds=3.0, models_folder=folder
        )
        for name in names
    ]
    options = EnsembleOptions(kind=kind)
    plan = plan_ensemble(evaluations, dataset.y, task, default_metric(task), folds, options=options)
    models = {e.configuration.id: [pickle.loads(path.read_bytes()) for path in e.models] for e in evaluations}
    predictor = make_predictor(plan, models, dataset.n_classes)
    return make_model(dataset=dataset, predictor=predictor, plan=plan, seed=0)


def predicted(model: FittedModel, frame: pd.DataFrame) -> list[np.ndarray]:
    """Return all that a model says of a table: probabilities and labels, or numbers and their intervals."""
    if model.schema.classes:
        return [model.predict_proba(frame)[0], np.asarray(model.predict(frame)[0], dtype="U")]
    return [model.predict(frame)[0], *model.predict_interval(frame, 0.8)[:2]]

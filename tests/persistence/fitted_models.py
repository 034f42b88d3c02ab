"""Small models of every algorithm and every kind of ensemble, fitted to columns of every role."""

from pathlib import Path

import numpy as np
import pandas as pd
from small_ensembles import fold_models, shop_table

from automl_meta.datasets import Task, make_dataset
from automl_meta.ensembling import EnsembleOptions, make_predictor, plan_ensemble
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.persistence import make_model
from automl_meta.persistence.model import FittedModel
from automl_meta.pipelines.catalogue import catalogue


def fitted(task: Task, names: list[str], folder: Path, kind: str = "auto") -> FittedModel:
    dataset = make_dataset(shop_table(task, 160), "target", task=task)
    folds = make_folds(dataset, 3, 0)
    evaluations = [
        cross_validate(
            catalogue(task)[name].default(task), dataset, folds, seed=0, max_seconds=3.0, models_folder=folder
        )
        for name in names
    ]
    options = EnsembleOptions(kind=kind)
    plan = plan_ensemble(evaluations, dataset.y, task, default_metric(task), folds, options=options)
    predictor = make_predictor(plan, fold_models(evaluations), dataset.n_classes)
    return make_model(dataset=dataset, predictor=predictor, plan=plan, seed=0)


def predicted(model: FittedModel, frame: pd.DataFrame) -> list[np.ndarray]:
    """Return all that a model says of a table: probabilities and labels, or numbers and their intervals."""
    if model.schema.classes:
        return [model.predict_proba(frame)[0], np.asarray(model.predict(frame)[0], dtype="U")]
    return [model.predict(frame)[0], *model.predict_interval(frame, 0.8)[:2]]

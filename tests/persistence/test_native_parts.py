"""What native code reads without looking is looked over when a model file is read, before anything is predicted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fitted_models import fitted
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, SVR
from small_ensembles import shop_table

from automl_meta.datasets import Task
from automl_meta.persistence import FittedModel, ModelFileError, load_model, native, save_model
from automl_meta.persistence.predictor_part import PredictorPartError, dump_predictor
from automl_meta.pipelines.estimators.lightgbm import LightGBMBooster


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Task], Path]:
    known: dict[tuple[str, Task], Path] = {}

    def stored(name: str, task: Task) -> Path:
        if (name, task) not in known:
            folder = tmp_path_factory.mktemp(f"{name}_{task}")
            known[name, task] = folder / "x.automl"
            save_model(folder / "x.automl", fitted(task, [name], folder))
        return known[name, task]

    return stored


def parts(model: FittedModel, kind: Any) -> list[Any]:
    return [part for part in native._parts(model.predictor) if isinstance(part, kind) and vars(part)]


def more_coefficients(machine: Any) -> None:
    machine.support_vectors_ = np.vstack([machine.support_vectors_] * 50)


def more_votes(model: Any) -> None:
    model._y = np.full(len(model._y), 10**7)
    model._fit_method, model.weights, model._tree = "brute", "uniform", None


def wider_trees(model: Any) -> None:
    model._n_features = 10**7
    for tree in (tree for trees in model._predictors for tree in trees):
        tree.nodes["feature_idx"] = 10**6


def sets_of_numbers(model: Any) -> None:
    for tree in (tree for trees in model._predictors for tree in trees):
        tree.nodes["is_categorical"] = 1
        tree.raw_left_cat_bitsets = np.zeros((1, 8), dtype=np.uint32)
        tree.binned_left_cat_bitsets = np.zeros((1, 8), dtype=np.uint32)


def narrow_sets(model: Any) -> None:
    for tree in (tree for trees in model._predictors for tree in trees):
        tree.raw_left_cat_bitsets = np.zeros((1, 1), dtype=np.uint32)
        tree.binned_left_cat_bitsets = np.zeros((1, 1), dtype=np.uint32)


def unequal_trees(booster: Any) -> None:
    if hasattr(booster, "model_"):  # or it learned the shares of the classes only
        booster.model_ = booster.model_.replace("num_class=", "num_class=9", 1)


CHANGES = {
    "support vectors without coefficients": ("svm", Task.MULTICLASS, SVC, more_coefficients),
    "support vectors of numbers": ("svm", Task.REGRESSION, SVR, more_coefficients),
    "another kernel": ("svm", Task.BINARY, SVC, lambda machine: setattr(machine, "kernel", "precomputed")),
    "other classes": ("svm", Task.BINARY, SVC, lambda machine: setattr(machine, "classes_", np.arange(900))),
    "votes for other classes": ("knn", Task.BINARY, KNeighborsClassifier, more_votes),
    "more neighbours than rows": (
        "knn",
        Task.BINARY,
        KNeighborsClassifier,
        lambda model: setattr(model, "n_neighbors", 10**6),
    ),
    "trees of more columns": ("hist_gradient_boosting", Task.BINARY, HistGradientBoostingClassifier, wider_trees),
    "sets for numbers": ("hist_gradient_boosting", Task.BINARY, HistGradientBoostingClassifier, sets_of_numbers),
    "narrow sets": ("hist_gradient_boosting", Task.BINARY, HistGradientBoostingClassifier, narrow_sets),
    "a booster's text": ("lightgbm", Task.MULTICLASS, LightGBMBooster, unequal_trees),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_model_whose_parts_would_lead_native_code_astray_is_refused(
    name: str, models: Callable[[str, Task], Path], tmp_path: Path
) -> None:
    algorithm, task, kind, change = CHANGES[name]
    model = load_model(models(algorithm, task))
    changed = [part for part in parts(model, kind) if any(name.endswith("_") for name in vars(part))]
    assert changed
    for part in changed:
        change(part)
    model.manifest["libraries"]["numpy"] = "0.0"  # so that the probe would be predicted
    save_model(tmp_path / "bad.automl", model)
    with pytest.raises(ModelFileError, match=r"could do harm|cannot be read"):
        load_model(tmp_path / "bad.automl")


@pytest.mark.parametrize("place", ["list", "dict", "array", "tuple"])
def test_nothing_is_overlooked_wherever_it_is_put(
    place: str, models: Callable[[str, Task], Path], tmp_path: Path
) -> None:
    model = load_model(models("svm", Task.BINARY))
    (machine, *_) = [part for part in parts(model, SVC) if hasattr(part, "support_")]
    more_coefficients(machine)
    held = np.empty(1, dtype=object)
    held[0] = machine
    model.predictor.residuals = None
    model.predictor.members[0][0].steps[-1][1].hidden = {
        "list": [[machine]],
        "dict": {"a": {"b": machine}},
        "array": held,
        "tuple": ((machine,),),
    }[place]
    save_model(tmp_path / "bad.automl", model)
    with pytest.raises(ModelFileError, match="could do harm"):
        load_model(tmp_path / "bad.automl")


def test_what_no_estimator_of_ours_is_made_of_can_be_neither_stored_nor_read(
    models: Callable[[str, Task], Path],
) -> None:
    model = load_model(models("svm", Task.BINARY))
    model.predictor.members[0][0].steps[-1][1].hidden = IsolationForest()
    with pytest.raises(PredictorPartError, match="IsolationForest"):
        dump_predictor(model.predictor)


@pytest.mark.parametrize(("name", "task"), [("svm", Task.BINARY), ("svm", Task.REGRESSION), ("knn", Task.MULTICLASS)])
def test_what_was_not_changed_is_read(name: str, task: Task, models: Callable[[str, Task], Path]) -> None:
    model = load_model(models(name, task))
    assert len(model.predict(shop_table(task, 20))[0]) == 20

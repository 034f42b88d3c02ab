"""What a model file tells, and what becomes of its trees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fitted_models import fitted
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from small_ensembles import shop_table

from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.persistence import ModelFileError, load_model, predictor_part, read_manifest, save_model
from automl_meta.persistence.packing import pack, unpack


def test_labels_and_intervals_come_in_the_users_terms(tmp_path: Path) -> None:
    frame = shop_table(Task.BINARY)
    labels, check = fitted(Task.BINARY, ["decision_tree"], tmp_path).predict(frame.assign(extra=1))
    assert set(labels) <= {"yes", "no"}
    assert check.extra == ("extra",)
    model = fitted(Task.REGRESSION, ["decision_tree"], tmp_path)
    lower, upper, _ = model.predict_interval(frame, 0.8)
    numbers, _ = model.predict(frame)
    assert np.all((lower <= numbers) & (numbers <= upper))
    with pytest.raises(InputError, match="no probabilities"):
        model.predict_proba(frame)


def test_the_manifest_tells_without_making_the_model(tmp_path: Path) -> None:
    model = fitted(Task.MULTICLASS, ["decision_tree", "knn"], tmp_path)
    save_model(tmp_path / "x.automl", model)
    manifest = read_manifest(tmp_path / "x.automl")
    assert manifest["format"] == 1
    assert manifest["schema"]["classes"] == ["high", "low", "middle"]
    assert manifest["ensemble"] == model.manifest["ensemble"]
    assert manifest["target"] == "target"


def test_a_model_that_was_loaded_and_changed_can_be_stored_again(tmp_path: Path) -> None:
    save_model(tmp_path / "x.automl", fitted(Task.BINARY, ["decision_tree"], tmp_path))
    loaded = load_model(tmp_path / "x.automl")
    changed = replace(loaded, manifest={**loaded.manifest, "note": "ours"}, report={"more": 1})
    save_model(tmp_path / "y.automl", changed)
    again = load_model(tmp_path / "y.automl")
    assert again.manifest["note"] == "ours"
    assert again.report == {"more": 1}
    np.testing.assert_array_equal(
        again.predict_proba(shop_table(Task.BINARY))[0], loaded.predict_proba(shop_table(Task.BINARY))[0]
    )


def test_other_library_versions_warn_and_the_probe_is_compared(tmp_path: Path) -> None:
    model = fitted(Task.REGRESSION, ["decision_tree"], tmp_path)
    model.manifest["libraries"]["scikit-learn"] = "1.0"
    save_model(tmp_path / "same.automl", model)
    (warning,) = load_model(tmp_path / "same.automl").warnings
    assert "scikit-learn 1.0" in warning
    assert "still predicts" in warning
    model.probe["predictions"][0] += 1.0
    save_model(tmp_path / "other.automl", model)
    (warning,) = load_model(tmp_path / "other.automl").warnings
    assert "DIFFER" in warning


def test_a_model_that_other_versions_cannot_use_is_refused_with_the_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fitted(Task.REGRESSION, ["decision_tree"], tmp_path)
    model.manifest["libraries"]["scikit-learn"] = "99.0"
    save_model(tmp_path / "x.automl", model)
    needed = r"scikit-learn 99\.0 .*: {}.*Try the versions that it was made with"
    with monkeypatch.context() as patched:
        patched.setattr(DecisionTreeRegressor, "predict", lambda self, X: self.not_there_yet)
        with pytest.raises(ModelFileError, match=needed.format(r"it does not predict \(AttributeError\)")):
            load_model(tmp_path / "x.automl")
    monkeypatch.setattr(predictor_part, "useless_type", lambda node: "types.New")
    with pytest.raises(ModelFileError, match=needed.format("it holds types")):
        load_model(tmp_path / "x.automl")


def test_saving_over_a_file_replaces_it_and_leaves_nothing_else(tmp_path: Path) -> None:
    model = fitted(Task.BINARY, ["dummy"], tmp_path)
    folder = tmp_path / "models"
    folder.mkdir()
    for _ in range(2):
        save_model(folder / "x.automl", model)
    assert [path.name for path in folder.iterdir()] == ["x.automl"]


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(30, max_leaf_nodes=20, random_state=0),
        RandomForestClassifier(30, class_weight="balanced", random_state=0),
        RandomForestRegressor(30, random_state=0),
        ExtraTreesRegressor(30, random_state=0),
        DecisionTreeClassifier(random_state=0),
        HistGradientBoostingClassifier(max_iter=20, categorical_features=[1], random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_packed_trees_predict_the_same_to_the_last_bit(estimator) -> None:
    random = np.random.default_rng(6)
    X = random.normal(size=(500, 4)) * 10.0 ** random.integers(-8, 8, size=(500, 1))
    X[:, 1] = random.integers(0, 6, size=500)
    X[random.random(500) < 0.1, 2] = np.nan
    y = random.integers(0, 3, size=500)
    estimator.fit(X, y)
    again = unpack(pack({"inside": [(estimator, 1)]}))["inside"][0][0]
    fresh = np.vstack([X, X * (1 + 1e-7), X[:, ::-1] % 6])
    fresh[:, 1] %= 6
    np.testing.assert_array_equal(again.predict(fresh), estimator.predict(fresh))
    if hasattr(estimator, "predict_proba"):
        np.testing.assert_array_equal(again.predict_proba(fresh), estimator.predict_proba(fresh))


@pytest.mark.parametrize(
    ("name", "value"), [("right", 10**6), ("right", 0), ("right", -5), ("feature", 200), ("counts", 3)]
)
def test_packed_trees_that_lead_outside_are_refused(name: str, value: int) -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    packed = pack(RandomForestClassifier(5, random_state=0).fit(X, X[:, 0] > 0))
    getattr(packed.trees, name)[0] = value
    with pytest.raises(ValueError, match=r"packed tree|do not fit"):
        unpack(packed)

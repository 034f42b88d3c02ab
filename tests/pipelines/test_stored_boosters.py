"""A stored booster is what its library writes for the estimator, or it is refused before the library reads it."""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import Task
from automl_meta.pipelines.catalogue import default_configuration, find_algorithm, search_space
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators import catboost_model
from automl_meta.pipelines.estimators.soundness import UnsoundModelError

NAMES = ("lightgbm", "xgboost", "catboost")
ROOT = Path(__file__).parents[2]


def some_table(random: np.random.Generator, n_rows: int, *, words: bool, missing: bool) -> pd.DataFrame:
    """Return numbers of different kinds, perhaps categories, one of many levels, and perhaps missing cells."""
    table = pd.DataFrame({"a": random.normal(size=n_rows), "b": random.integers(0, 3, n_rows).astype(float)})
    if words:
        table.insert(0, "c", pd.Categorical(random.choice([f"level {i}" for i in range(200)], n_rows)))
        table["d"] = pd.Categorical(random.choice(list("abcdefghijkl"), n_rows))
        table["e"] = pd.Categorical(random.choice(["x", "y"], n_rows))
    if missing:
        for name in table:
            table.loc[random.random(n_rows) < 0.1, name] = np.nan
    table["f"] = 1e6 * random.exponential(size=n_rows)
    return table


def fitted(name: str, task: Task, X: pd.DataFrame, random: np.random.Generator, **changes: Any) -> Any:
    n_classes = {Task.REGRESSION: 0, Task.BINARY: 2, Task.MULTICLASS: int(random.integers(3, 6))}[task]
    numbers = X["a"].fillna(0).to_numpy() + 0.3 * random.normal(size=len(X))
    if "d" in X:
        numbers += X["d"].cat.codes.to_numpy() % 3
    y = pd.qcut(numbers, n_classes, labels=False) if n_classes else numbers
    context = FitContext(task=task, n_classes=n_classes, seed=3)
    values = {**default_configuration(name, task).hyperparameters, "learning_rate": 0.3, **changes}
    model = find_algorithm(name).estimator(values, context).set_params(rounds=int(changes.pop("rounds", 8)))
    weight = random.random(len(X)) if random.random() < 0.3 else None
    return model.fit(X, y, weight)


def stored(model: Any) -> Any:
    """Return a booster as it comes from a model file, which nobody has looked at."""
    other = type(model).__new__(type(model))
    other.__setstate__(pickle.loads(pickle.dumps(model.__getstate__())))
    return other


@pytest.mark.parametrize("name", NAMES)
def test_pickles_are_programs_and_need_no_second_look(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 60, words=True, missing=True)
    model = fitted(name, Task.BINARY, X, random)
    unread = pickle.loads(pickle.dumps(stored(model)))
    monkeypatch.setattr(type(model), "_check_model", lambda *_: pytest.fail("was looked at"))
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(model)), X), outputs(model, X))
    with pytest.raises(pytest.fail.Exception, match="was looked at"):
        outputs(unread, X)


def outputs(model: Any, X: pd.DataFrame) -> np.ndarray:
    return np.asarray(model.predict_proba(X) if model.classify else model.predict(X))


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    task=st.sampled_from(Task),
    seed=st.integers(0, 10**6),
    n_rows=st.sampled_from([12, 30, 80, 300]),
    words=st.booleans(),
    missing=st.booleans(),
)
def test_what_our_estimators_make_is_sound_and_predicts_the_same_when_it_was_stored(
    name: str, task: Task, seed: int, n_rows: int, words: bool, missing: bool
) -> None:
    random = np.random.default_rng(seed)
    X = some_table(random, n_rows, words=words, missing=missing)
    space = search_space(name, task)
    space.seed(seed)
    model = fitted(name, task, X, random, **{**space.sample_configuration(), "learning_rate": 0.3})
    other = stored(model)
    other.check()
    np.testing.assert_array_equal(outputs(other, X), outputs(model, X))


@pytest.mark.parametrize("changes", [{"kind": "plain"}, {"kind": "extra_trees"}, {"kind": "linear_tree"}])
@pytest.mark.parametrize("task", Task)
def test_each_kind_of_lightgbm_is_sound(task: Task, changes: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 200, words=True, missing=True)
    model = fitted("lightgbm", task, X, random, **changes)
    other = stored(model)
    other.check()
    np.testing.assert_array_equal(outputs(other, X), outputs(model, X))


@pytest.mark.parametrize("name", NAMES)
def test_trees_of_one_leaf_are_sound(name: str) -> None:
    random = np.random.default_rng(0)
    model = fitted(name, Task.REGRESSION, some_table(random, 30, words=False, missing=False), random)
    X = some_table(random, 40, words=False, missing=False)
    model.fit(X, np.r_[np.zeros(39), 1e-12])
    other = stored(model)
    other.check()
    np.testing.assert_array_equal(outputs(other, X), outputs(model, X))


LIGHTGBM = {
    "more classes": ("multiclass num_class:3", "multiclass num_class:200000"),
    "another objective": ("objective=multiclass num_class:3", "objective=lambdarank"),
    "more outputs": ("num_tree_per_iteration=3", "num_tree_per_iteration=2000000"),
    "more features": ("max_feature_idx=", "max_feature_idx=9"),
    "longer trees": ("tree_sizes=", "tree_sizes=9"),
    "shorter text": ("split_gain=", "split_gain"),
    "more leaves": ("num_leaves=", "num_leaves=9"),
    "another feature": ("split_feature=", "split_feature=99999"),
    "a child outside": ("left_child=", "left_child=9999"),
    "a way back": ("right_child=", "right_child=0 0 0 0 0\nright_child="),
    "sets that are not there": ("num_cat=", "num_cat=9"),
    "no end": ("end of trees", "end of all"),
    "a second section": ("label_index=0", "label_index=0\naverage_output"),
    "no text": ("split_gain=", "split_gain=\0"),
}


@pytest.mark.parametrize("change", LIGHTGBM)
def test_lightgbm_that_was_edited_is_refused(change: str) -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 150, words=True, missing=False)
    model = fitted("lightgbm", Task.MULTICLASS, X, np.random.default_rng(2), kind="plain", rounds=3)
    text = model.model_
    n_classes = model.n_classes_
    before, after = (part.replace("3", str(n_classes)) for part in LIGHTGBM[change])
    assert before in text
    other = stored(model)
    other.model_ = text.replace(before, after, 1)
    with pytest.raises(UnsoundModelError):
        outputs(other, X)


def test_lightgbm_whose_trees_lead_back_is_refused() -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 150, words=False, missing=False)
    model = fitted("lightgbm", Task.REGRESSION, X, random, kind="plain")
    lines = model.model_.split("\n")
    for name in ("left_child=", "right_child="):
        place = next(i for i, line in enumerate(lines) if line.startswith(name))
        children = lines[place].removeprefix(name).split(" ")
        lines[place] = name + " ".join("0" if len(child) == 1 else child for child in children)
    other = stored(model)
    other.model_ = "\n".join(lines)
    assert len(other.model_) == len(model.model_)
    with pytest.raises(UnsoundModelError, match=r"leads outside|two ways"):
        other.check()


def edited(content: bytes, name: bytes, at: int, number: int, size: int = 4) -> bytes:
    """Change a number of the first array `name` in XGBoost's bytes."""
    place = content.index(name) + len(name) + len(b"[$l#L") + 8 + size * at
    return content[:place] + number.to_bytes(size, "big", signed=True) + content[place + size :]


XGBOOST: dict[str, Callable[[bytes], bytes]] = {
    "a feature that is not there": lambda b: edited(b, b"split_indices", 0, 900_000_000),
    "a negative feature": lambda b: edited(b, b"split_indices", 0, -5),
    "a child outside": lambda b: edited(b, b"left_children", 0, 10**6),
    "a way back": lambda b: edited(b, b"right_children", 0, 0),
    "another parent": lambda b: edited(b, b"parents", 1, 7),
    "a level that is not there": lambda b: edited(b, b"categories", 0, 10**6),
    "a negative level": lambda b: edited(b, b"categories", 0, -1),
    "another objective": lambda b: b.replace(b"multi:softprob", b"rank:pairwise_"),
    "an output that is not there": lambda b: re.sub(rb"(tree_info\[#L.{8}i)\x00", rb"\1" + b"c", b, flags=re.DOTALL),
    "cut": lambda b: b[:-100],
    "longer": lambda b: b + b"{}",
    "JSON": lambda b: b'{"learner": {}}',
    "nests deep": lambda b: b"{L" + bytes(7) + b"\x01a" + b"[#i\x01" * 5000,
    "empty": lambda b: b"",
}


@pytest.mark.parametrize("change", XGBOOST)
def test_xgboost_that_was_edited_is_refused(change: str) -> None:
    random = np.random.default_rng(5)
    X = some_table(random, 200, words=True, missing=False)
    model = fitted("xgboost", Task.MULTICLASS, X, np.random.default_rng(2), categorical="native", max_cat_to_onehot=2)
    other = stored(model)
    other.model_ = XGBOOST[change](model.model_)
    assert other.model_ != model.model_
    with pytest.raises(UnsoundModelError):
        outputs(other, X)


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise"])
def test_catboost_with_any_of_its_splits_or_statistics_changed_is_refused(policy: str) -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 200, words=True, missing=False)
    model = fitted("catboost", Task.BINARY, X, random, grow_policy=policy)
    core = catboost_model.Table(model.model_[8:])
    trees = core.table(1)
    fields = (
        {"splits": 1, "sizes": 2, "starts": 3, "leaf ids": 11} if policy == "Depthwise" else {"splits": 1, "sizes": 2}
    )
    for field in fields.values():
        begin, count = trees._vector(field, 4)
        assert count
        place = 8 + begin + 4 * (count // 2)
        other = stored(model)
        other.model_ = model.model_[:place] + (900_000_000).to_bytes(4, "little") + model.model_[place + 4 :]
        with pytest.raises(UnsoundModelError):
            outputs(other, X)
    other = stored(model)
    at = model.model_.rindex((2**64 - 1).to_bytes(8, "little"))  # a free bucket of the last table's index
    other.model_ = model.model_[:at] + b"\1" * 12 + model.model_[at + 12 :]
    with pytest.raises(UnsoundModelError, match="index of CatBoost's statistics"):
        outputs(other, X)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change", [{"n_classes_": 7}, {"n_classes_": "2"}, {"threads": 10**9}, {"table_": None}, {"model_": None}]
)
def test_settings_that_do_not_fit_the_model_are_refused(name: str, change: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    other = stored(fitted(name, Task.BINARY, some_table(random, 60, words=True, missing=False), random))
    vars(other).update(change)
    with pytest.raises(UnsoundModelError):
        other.check()


def test_that_a_model_is_sound_is_not_taken_from_what_is_stored() -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 60, words=False, missing=False)
    model = fitted("lightgbm", Task.BINARY, X, random)
    other = object.__new__(type(model))
    other.__setstate__({**vars(model), "_is_sound": True, "_live": model._booster, "model_": "tree\n"})
    with pytest.raises(UnsoundModelError):
        outputs(other, X)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_of_another_width_never_reaches_the_library(name: str) -> None:
    random = np.random.default_rng(0)
    X = some_table(random, 60, words=False, missing=False)
    with pytest.raises(ValueError, match="columns"):
        fitted(name, Task.REGRESSION, X, random).predict(X.to_numpy()[:, :2])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_damage_never_brings_the_process_down(name: str) -> None:
    command = [sys.executable, str(Path(__file__).with_name("damaged_boosters.py")), name, "1", "150"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert ended.returncode == 0, ended.stderr[-2000:]
    refused, predicted = map(int, ended.stdout.split())
    assert refused > predicted > 0

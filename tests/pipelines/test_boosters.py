"""The promises of the gradient boosting estimators."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from automl_meta.datasets import Task
from automl_meta.pipelines.catalogue import default_configuration, find_algorithm
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.booster import column_share
from automl_meta.pipelines.estimators.coded_table import CodedTable
from automl_meta.pipelines.inner_split import balanced_weights, inner_splits

BOOSTERS = ("lightgbm", "catboost", "xgboost", "hist_gradient_boosting")
LOADERS = {Task.BINARY: load_breast_cancer, Task.MULTICLASS: load_wine, Task.REGRESSION: load_diabetes}


def table(task: Task, n_rows: int = 90) -> tuple[pd.DataFrame, np.ndarray]:
    """Return some rows of a real table, with one column of categories made of one of its numbers."""
    X, y = LOADERS[task](return_X_y=True, as_frame=True)
    rows = np.random.default_rng(0).permutation(len(X))[:n_rows]
    X, y = X.iloc[rows].reset_index(drop=True), y.to_numpy()[rows]
    words = pd.qcut(X.iloc[:, 2], 4, labels=list("abcd")).astype(str)
    return X.assign(words=pd.Categorical(words)), y


def booster(name: str, task: Task, max_seconds: float | None = None, **changes: Any) -> Any:
    n_classes = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 0}[task]
    context = FitContext(task=task, n_classes=n_classes, seed=5, max_seconds=max_seconds)
    values = {**default_configuration(name, task).hyperparameters, **changes}
    return find_algorithm(name).estimator(values, context)


def outputs(model: Any, X: pd.DataFrame, task: Task) -> np.ndarray:
    return model.predict_proba(X) if task.is_classification else model.predict(X)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", BOOSTERS)
def test_predictions_are_the_same_to_the_last_bit_after_a_round_trip(name: str, task: Task) -> None:
    X, y = table(task)
    model = booster(name, task).fit(X, y)
    expected = outputs(model, X, task)
    stored = skops.io.dumps(model)
    revived = skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored))
    np.testing.assert_array_equal(outputs(revived, X, task), expected)
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(model)), X, task), expected)


@pytest.mark.parametrize("name", ["lightgbm", "catboost", "xgboost"])
def test_state_holds_no_live_booster(name: str) -> None:
    X, y = table(Task.BINARY, 60)
    model = booster(name, Task.BINARY).fit(X, y)
    model.predict_proba(X)
    for value in model.__getstate__().values():
        assert type(value).__module__.split(".")[0] not in ("lightgbm", "catboost", "xgboost")


@pytest.mark.parametrize("name", BOOSTERS)
def test_plenty_of_time_changes_nothing(name: str) -> None:
    X, y = table(Task.BINARY)
    unlimited = booster(name, Task.BINARY).fit(X, y)
    capped = booster(name, Task.BINARY, max_seconds=600.0).fit(X, y)
    np.testing.assert_array_equal(unlimited.predict_proba(X), capped.predict_proba(X))


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
@pytest.mark.parametrize("name", BOOSTERS)
def test_no_time_at_all_still_gives_a_model(name: str, task: Task) -> None:
    X, y = table(task)
    model = booster(name, task, max_seconds=0.0).fit(X, y)
    assert np.isfinite(outputs(model, X, task)).all()
    rounds = model.model_.n_iter_ if name == "hist_gradient_boosting" else model.rounds_
    assert 1 <= rounds <= 5


@pytest.mark.parametrize("name", BOOSTERS)
def test_unknown_levels_are_told_from_missing_cells_where_the_library_can(name: str) -> None:
    X, y = table(Task.BINARY)
    X["words"] = X["words"].where((y == 0) | (X.index % 2 == 0))
    model = booster(name, Task.BINARY).fit(X, y)
    odd = X.assign(words=pd.Categorical(["never seen"] * len(X)))
    missing = X.assign(words=pd.Categorical([None] * len(X), categories=list("abcd")))
    differ = (model.predict_proba(odd) != model.predict_proba(missing)).any()
    assert differ == (name in ("catboost", "xgboost"))


@pytest.mark.parametrize("name", BOOSTERS)
def test_order_of_levels_in_a_new_table_does_not_matter(name: str) -> None:
    X, y = table(Task.REGRESSION)
    model = booster(name, Task.REGRESSION).fit(X, y)
    turned = X.assign(words=X["words"].cat.reorder_categories(list("dcba")))
    np.testing.assert_array_equal(model.predict(X), model.predict(turned))


@pytest.mark.parametrize("name", BOOSTERS)
def test_balanced_classes_raise_the_rare_one(name: str) -> None:
    X, y = table(Task.BINARY, 300)
    rare = np.flatnonzero(y == 0)[:12]
    kept = np.sort(np.concatenate([rare, np.flatnonzero(y == 1)]))
    X, y = X.iloc[kept, 4:6], y[kept]  # two weak columns: the prior shows
    plain = booster(name, Task.BINARY).fit(X, y).predict_proba(X)[:, 0].mean()
    balanced = booster(name, Task.BINARY, class_weight="balanced").fit(X, y).predict_proba(X)[:, 0].mean()
    assert balanced > plain


@pytest.mark.parametrize("name", BOOSTERS)
def test_columns_with_hardly_a_cell_are_borne(name: str) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(600, 4)))
    y = X[0].to_numpy() + rng.normal(size=600)
    for column, present in ((1, 0), (2, 1), (3, 3)):
        X.loc[present:, column] = np.nan
    model = booster(name, Task.REGRESSION).fit(X, y)
    assert np.corrcoef(model.predict(X), y)[0, 1] > 0.5


@pytest.mark.parametrize("name", BOOSTERS)
def test_boosters_can_be_cloned(name: str) -> None:
    original = booster(name, Task.BINARY)
    assert clone(original).get_params() == original.get_params()


def test_early_stopping_finds_fewer_rounds_for_noise_than_for_signal() -> None:
    X, y = table(Task.REGRESSION, 300)
    noise = np.random.default_rng(0).permutation(y)
    learned = booster("lightgbm", Task.REGRESSION).fit(X, y).rounds_
    assert booster("lightgbm", Task.REGRESSION).fit(X, noise).rounds_ < learned / 2


def test_heavy_tables_are_learned_at_a_faster_rate() -> None:
    X, y = table(Task.MULTICLASS, 60)
    wide = pd.DataFrame(np.tile(X.iloc[:, :13].to_numpy(), (1, 12)))
    light = booster("lightgbm", Task.MULTICLASS).fit(X.iloc[:, :13], y)
    heavy = booster("lightgbm", Task.MULTICLASS).fit(wide, y)
    assert light.pace_ == 1.0
    assert 2.0 < heavy.pace_ < 4.0


def test_trees_see_at_least_three_columns_and_not_all_of_a_wide_table() -> None:
    assert column_share(0.3, 2) == 1.0
    assert int(column_share(0.1, 10) * 10) == 3
    assert column_share(0.6, 50) == 0.6
    assert column_share(1.0, 1000) == 0.15
    assert column_share(1.0, 100_000) == 0.1


def test_inner_splits_never_hold_out_a_class_that_is_too_small() -> None:
    y = np.array([0] * 20 + [1] * 20 + [2])
    splits = inner_splits(y, 5, 0, stratify=True)
    assert len(splits) == 5
    for train, held in splits:
        assert set(y[train]) == {0, 1, 2}
        assert 40 not in held
        assert sorted([*train, *held]) == list(range(41))
    assert inner_splits(np.array([0, 1, 2]), 3, 0, stratify=True) == []


def test_balanced_weights_make_classes_count_alike() -> None:
    y = np.array([0, 0, 0, 1])
    weights = balanced_weights(y)
    assert weights.mean() == pytest.approx(1.0)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())


def test_coded_table_keeps_training_codes_and_turns_infinity_into_missing() -> None:
    frame = pd.DataFrame({"a": [1.0, np.inf, np.nan], "b": pd.Categorical(["y", "x", None])})
    coded = CodedTable().fit(frame)
    np.testing.assert_array_equal(coded.transform(frame), [[1.0, 1.0], [np.nan, 0.0], [np.nan, np.nan]])
    assert coded.categorical_ == [1]

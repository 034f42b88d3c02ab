"""A level that is new when rows are predicted is what validation has for levels that a fold's training rows lack."""

import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import ColumnRole, Dataset, Task, features_from, make_dataset
from automl_meta.datasets.levels import NEITHER, NEW_LEVEL
from automl_meta.pipelines.build import build_pipeline, predict
from automl_meta.pipelines.catalogue import catalogue, default_configuration, search_space
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext

RATE, RATE_MISSING = 0.3, 0.95
TASKS = (Task.BINARY, Task.REGRESSION)
# Their splits of categories send missing cells the way of the levels that the training rows lack; in validation, too.
LIKE_MISSING = {("lightgbm", "native"), ("hist_gradient_boosting", "native")}
# A fold knows where in their order levels belong that its training rows lack, and so does XGBoost.
INEXACT = {("xgboost", "native"), *((name, "ordinal") for name in ("extra_trees", "random_forest", "decision_tree"))}


@cache
def sales(task: Task) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a table in which missing shops and flags tell of the target, and which rows' shops open later."""
    random = np.random.default_rng(1)
    n_rows = 500
    shop = random.integers(0, 25, n_rows)
    later = shop % 5 == 2
    rates = np.where(later, RATE, np.clip(random.normal(RATE, 0.08, 25), 0.1, 0.5)[shop])
    gone, unflagged = (random.random(n_rows) < 0.2) & ~later, random.random(n_rows) < 0.15
    chance = np.where(gone | unflagged, RATE_MISSING, rates)
    said = random.random(n_rows) < chance if task is Task.BINARY else chance + random.normal(0, 0.1, n_rows)
    names = np.array([f"shop {number:02}" for number in range(25)], dtype=object)[shop]
    columns = {
        "size": random.normal(size=n_rows),
        "shop": np.where(gone, None, names),
        "flag": np.where(unflagged, None, random.choice(["yes", "no"], n_rows)),
    }
    target = np.where(said, "yes", "no") if task is Task.BINARY else said
    return pd.DataFrame({**columns, "target": target}), later


@cache
def known_shops(task: Task) -> Dataset:
    """Return the rows of the shops that are open."""
    table, later = sales(task)
    return make_dataset(table[~later], "target", task=task)


def every_encoding() -> list[tuple[Task, str, str]]:
    """Return each algorithm that learns, with each encoding of categories that it knows."""
    found = []
    for task in TASKS:
        for name in catalogue(task):
            space = search_space(name, task)
            encodings = space["categorical"].choices if "categorical" in space else ("native",)  # CatBoost
            found += [(task, name, encoding) for encoding in encodings if name != "dummy"]
    return found


EVERY_ENCODING = pytest.mark.parametrize(("task", "name", "encoding"), every_encoding())


def fitted(train: Dataset, name: str, encoding: str | None = None) -> Any:
    configuration = default_configuration(name, train.task)
    values = dict(configuration.hyperparameters)
    if encoding and "categorical" in values:
        configuration = Configuration(name, {**values, "categorical": encoding}, configuration.version)
    context = FitContext(task=train.task, n_classes=train.n_classes, seed=5)
    return build_pipeline(configuration, train.schema, context).fit(train.X, train.y)


def predictions(pipeline: Any, X: pd.DataFrame, data: Dataset) -> np.ndarray:
    predicted = predict(pipeline, X, data.task, data.n_classes)
    return predicted if predicted.ndim == 1 else predicted[:, -1]


@EVERY_ENCODING
def test_new_levels_are_predicted_as_validation_has_levels_that_training_rows_lack(
    task: Task, name: str, encoding: str
) -> None:
    table, later = sales(task)
    whole, known = make_dataset(table, "target", task=task), known_shops(task)
    fold = fitted(whole.take(np.flatnonzero(~later)), name, encoding)
    validated = predictions(fold, whole.X[later], whole)
    model = fitted(known, name, encoding)
    new = predictions(model, features_from(table[later], known.schema)[0], known)
    missing = predictions(model, features_from(table[later].assign(shop=None), known.schema)[0], known)
    if (name, encoding) in INEXACT:
        true = whole.y[later].mean()
        assert abs(new.mean() - true) < max(abs(validated.mean() - true), 0.15)
    else:
        np.testing.assert_allclose(new, validated, atol=1e-9)
    if (name, encoding) in LIKE_MISSING:
        np.testing.assert_array_equal(new, missing)
    else:
        assert missing.mean() - new.mean() > (0.01 if name == "gaussian_nb" else 0.2)  # which says little here


@pytest.mark.parametrize("name", [name for name in catalogue(Task.BINARY) if name != "dummy"])
def test_what_is_neither_true_nor_false_is_predicted_as_one_of_them_or_between(name: str) -> None:
    data = known_shops(Task.BINARY)
    model = fitted(data, name)
    assert data.schema.names(ColumnRole.BOOLEAN) == ["flag"]
    false, true, neither = (
        predictions(model, data.X.assign(flag=value), data).mean() for value in (0.0, 1.0, NEITHER)
    )
    assert min(false, true) - 0.05 <= neither <= max(false, true) + 0.05


@pytest.mark.parametrize("task", TASKS)
def test_rows_with_known_levels_are_learned_and_predicted_as_ever(task: Task) -> None:
    data = known_shops(task)
    shops = data.X["shop"].cat
    assert shops.categories[-1] == NEW_LEVEL
    before = data.X.assign(shop=shops.remove_categories(NEW_LEVEL))  # as it was when there was no such category
    for name in catalogue(task):
        pipeline = fitted(data, name)
        context = FitContext(task=task, n_classes=data.n_classes, seed=5)
        other = build_pipeline(default_configuration(name, task), data.schema, context).fit(before, data.y)
        expected = predictions(other, before, data)
        np.testing.assert_array_equal(predictions(pipeline, data.X, data), expected)
        revived = pickle.loads(pickle.dumps(other))
        np.testing.assert_array_equal(predictions(revived, data.X, data), expected)


@pytest.mark.parametrize("encoding", ["native", "onehot", "target"])
def test_pieces_of_a_table_are_predicted_as_the_whole_wherever_its_new_levels_are(encoding: str) -> None:
    table, _ = sales(Task.REGRESSION)
    data = known_shops(Task.REGRESSION)
    pipeline = fitted(data, "xgboost" if "xgboost" in catalogue(Task.REGRESSION) else "lightgbm", encoding)
    whole, _ = features_from(table, data.schema)
    pieces = [features_from(table[start : start + 7], data.schema)[0] for start in range(0, len(table), 7)]
    assert {piece["shop"].dtype for piece in pieces} == {whole["shop"].dtype}
    together = np.concatenate([predictions(pipeline, piece, data) for piece in pieces])
    np.testing.assert_array_equal(together, predictions(pipeline, whole, data))

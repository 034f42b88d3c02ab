"""What every algorithm promises, on tables that are hard to bear."""

import itertools
import time
import warnings
from collections.abc import Iterable

import numpy as np
import pytest
from nasty_tables import NASTY_TABLES, split

from automl_meta.datasets import Dataset, Task
from automl_meta.pipelines.build import build_pipeline, predict
from automl_meta.pipelines.catalogue import catalogue, default_configuration
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators import forest
from automl_meta.pipelines.neighbourhood import sample
from automl_meta.seeding import generator

TASKS = {table: make().task for table, make in NASTY_TABLES.items()}
RANDOM = 5
SAMPLES = ("levels_unseen_in_training", "skewed_target", "integer_labels")
TICK, CAP = 2**-6, 2**-4  # seconds that pass with each look at the clock, and that a fit may take; sums are exact
# Where five more would take minutes, the default speaks for all.
LARGE = {"two_thousand_columns", "three_hundred_mixed_columns_regression"}


def of_each_algorithm(tables: Iterable[str]) -> list[tuple[str, str]]:
    """Return every algorithm with every table whose task it knows."""
    return [(name, table) for table in tables for name in catalogue(TASKS[table])]


def configurations(name: str, dataset: Dataset) -> list[Configuration]:
    default = default_configuration(name, dataset.task)
    if dataset.name in LARGE:
        return [default]
    rng = generator(0, "nasty", name, dataset.name)
    drawn = [sample(name, dataset.task, rng) for _ in range(RANDOM)]
    return list({configuration.id: configuration for configuration in (default, *drawn)}.values())


def predictions_of(configuration: Configuration, dataset: Dataset, max_seconds: float | None = None) -> np.ndarray:
    train, held_out = split(dataset)
    context = FitContext(task=dataset.task, n_classes=dataset.n_classes, seed=7, max_seconds=max_seconds)
    pipeline = build_pipeline(configuration, dataset.schema, context).fit(train.X, train.y)
    return predict(pipeline, held_out.X, dataset.task, dataset.n_classes)


def check(predictions: np.ndarray, dataset: Dataset) -> None:
    n_rows = split(dataset)[1].n_rows
    assert predictions.dtype == np.float64
    assert np.isfinite(predictions).all()
    if dataset.task is Task.REGRESSION:
        assert predictions.shape == (n_rows,)
    else:
        assert predictions.shape == (n_rows, dataset.n_classes)
        assert (predictions >= 0).all()
        np.testing.assert_allclose(predictions.sum(axis=1), 1.0, atol=1e-9)


@pytest.fixture
def ticking_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time pass by looking at the clock alone: whoever must stop in time stops soon, and at the same step.

    Forests look after five trees instead of twenty: more trees bear no more.
    """
    for name in ("perf_counter", "monotonic"):
        monkeypatch.setattr(time, name, itertools.count(step=TICK).__next__)
    monkeypatch.setattr(forest, "_STEP", 5)


@pytest.mark.slow
@pytest.mark.usefixtures("ticking_clock")
@pytest.mark.parametrize(("name", "table"), of_each_algorithm(NASTY_TABLES))
def test_algorithm_bears_nasty_table_in_silence_and_repeatably(name: str, table: str) -> None:
    dataset = NASTY_TABLES[table]()
    for configuration in configurations(name, dataset):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first = predictions_of(configuration, dataset, max_seconds=CAP)
        check(first, dataset)
        np.testing.assert_array_equal(predictions_of(configuration, dataset, max_seconds=CAP), first)


@pytest.mark.parametrize(("name", "table"), of_each_algorithm(SAMPLES))
def test_same_seed_gives_the_same_predictions_without_a_time_limit(name: str, table: str) -> None:
    dataset = NASTY_TABLES[table]()
    configuration = default_configuration(name, dataset.task)
    first, second = predictions_of(configuration, dataset), predictions_of(configuration, dataset)
    np.testing.assert_array_equal(first, second)
    check(first, dataset)


@pytest.mark.parametrize("name", catalogue(Task.BINARY))
def test_training_rows_of_one_class_give_that_class(name: str) -> None:
    dataset = NASTY_TABLES["plain_binary"]()
    ones = dataset.take(np.flatnonzero(dataset.y == 1))
    context = FitContext(task=dataset.task, n_classes=2)
    configuration = default_configuration(name, dataset.task)
    pipeline = build_pipeline(configuration, dataset.schema, context).fit(ones.X, ones.y)
    np.testing.assert_array_equal(predict(pipeline, dataset.X, dataset.task, 2)[:, 1], 1.0)

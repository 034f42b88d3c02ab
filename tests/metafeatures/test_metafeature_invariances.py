"""What must not change a meta-feature, over all of them at once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metafeature_tables import dataset_of, datasets, mixed_frame, same_values

from automl_meta.datasets import Dataset, make_dataset
from automl_meta.datasets.levels import NEW_LEVEL
from automl_meta.datasets.schema import Schema
from automl_meta.datasets.task import Task
from automl_meta.metafeatures import Caps, extract_dataset, metafeature_names

slowly = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def values_of(dataset: Dataset, seed: int = 0, caps: Caps | None = None) -> dict[str, float]:
    return extract_dataset(dataset, time_limit=None, seed=seed, caps=caps).to_dict()


def permuted(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    rows, columns = rng.permutation(dataset.n_rows), rng.permutation(dataset.X.shape[1])
    taken = dataset.take(rows)
    schema = Schema(
        task=dataset.task,
        target=dataset.schema.target,
        columns=tuple(dataset.schema.columns[i] for i in columns),
        classes=dataset.schema.classes,
    )
    return Dataset(name="permuted", X=taken.X.iloc[:, columns], y=taken.y, schema=schema)


def large(task: str, n_rows: int = 900) -> Dataset:
    rng = np.random.default_rng(3)
    frame = mixed_frame(rng, n_rows, missing=0.1)
    signal = frame["normal"].fillna(0).to_numpy() + rng.normal(size=n_rows)
    return dataset_of(frame, signal if task == "regression" else np.digitize(signal, [-1, 1]), task)


@slowly
@given(dataset=datasets(), order=st.integers(0, 99))
def test_order_of_rows_and_columns_changes_no_bit(dataset: Dataset, order: int) -> None:
    shuffled = permuted(dataset, np.random.default_rng(order))
    assert same_values(values_of(dataset), values_of(shuffled))


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_order_of_rows_and_columns_changes_no_bit_of_a_sample(task: str) -> None:
    caps = Caps(rows=300, columns=5, landmark_rows=120, pair_rows=60, encoded_columns=6, levels=3)
    dataset = large(task)
    shuffled = permuted(dataset, np.random.default_rng(0))
    assert same_values(values_of(dataset, caps=caps), values_of(shuffled, caps=caps))


@slowly
@given(dataset=datasets(), seed=st.integers(0, 2**31 - 1))
def test_same_seed_gives_the_same_bits_and_all_names(dataset: Dataset, seed: int) -> None:
    first = values_of(dataset, seed)
    assert same_values(first, values_of(dataset, seed))
    assert tuple(first) == metafeature_names(dataset.task)
    assert not np.isinf(list(first.values())).any()


def test_another_seed_draws_another_sample() -> None:
    dataset = large("multiclass")
    caps = Caps(rows=200)
    assert not same_values(values_of(dataset, 0, caps), values_of(dataset, 1, caps))


def test_names_of_columns_levels_and_dataset_do_not_matter_where_there_is_no_sampling() -> None:
    dataset = large("multiclass", 200)
    renamed = dataset.X.rename(columns=lambda name: f"another {name}")
    other = dataset_of(renamed, dataset.y, "multiclass")
    assert same_values(values_of(dataset), values_of(other))


@pytest.mark.parametrize("group", ["clustering", "concept"])
def test_unit_of_a_numeric_column_does_not_matter_to_distances(group: str) -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(120, 4)), columns=list("abcd"))
    y = (frame["a"] + frame["b"] > 0).to_numpy()
    plain, scaled = (
        extract_dataset(dataset_of(frame * unit + offset, y, "binary"), groups=[group], time_limit=None)
        for unit, offset in ((1.0, 0.0), (1000.0, 7.0))
    )
    names = metafeature_names(Task.BINARY, [group])
    np.testing.assert_allclose(plain.as_vector(names), scaled.as_vector(names), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("task", Task)
def test_groups_are_the_same_alone_as_together(task: Task) -> None:
    dataset = large("regression" if task is Task.REGRESSION else "multiclass", 150)
    if task is Task.BINARY:
        dataset = dataset_of(dataset.X, dataset.y > 0, "binary")
    together = values_of(dataset)
    for group in ("relative", "complexity", "real-life"):
        alone = extract_dataset(dataset, groups=[group], time_limit=None).to_dict()
        assert same_values(alone, {name: together[name] for name in alone})


def test_the_place_of_new_levels_is_no_level() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"town": random.choice(["a", "b", "c"], 60), "size": random.normal(size=60), "y": ["u", "v"] * 30}
    )
    dataset = make_dataset(frame, "y")
    before = replace(dataset, X=dataset.X.assign(town=dataset.X["town"].cat.remove_categories(NEW_LEVEL)))
    wanted = [extract_dataset(one, time_limit=None).values for one in (dataset, before)]
    np.testing.assert_array_equal(*(list(values.values()) for values in wanted))

from collections import Counter

import experiments_for_tests as fake
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.datasets import Task, make_dataset
from automl_meta.errors import InputError
from automl_meta.metabase.experiments import sample_rows
from automl_meta.metabase.plan import Shard, dataset_order, plan


def test_one_of_each_family_first_simulated_last() -> None:
    sources = [
        fake.source("simulated", simulated=True, n_rows=10),
        fake.source("large", n_rows=2000, n_columns=9),
        fake.source("twin_1", family="twins", n_rows=90),
        fake.source("twin_2", family="twins", n_rows=20),
        fake.source("small", n_rows=80),
    ]
    names = [source.name for source in dataset_order(sources, 2000)]
    assert names == ["small", "large", "twin_1", "twin_2", "simulated"]


@given(st.integers(1, 60), st.data())
def test_however_few_datasets_come_first_they_are_of_all_sizes(n: int, data: st.DataObject) -> None:
    sizes = [source.n_rows for source in dataset_order([fake.source(f"d{i}", n_rows=10 + i) for i in range(n)], 0)]
    assert sorted(sizes) == list(range(10, 10 + n))
    first = sorted(sizes[: data.draw(st.integers(1, n))])
    gaps = np.diff([9, *first, 10 + n])
    assert gaps.max() <= 4 * n / len(first) + 1


def test_rows_beyond_the_cap_do_not_count() -> None:
    sources = [fake.source("long", n_rows=10_000, n_columns=1), fake.source("wide", n_rows=200, n_columns=20)]
    assert [source.name for source in dataset_order(sources, 1000)] == ["long", "wide"]
    assert [source.name for source in dataset_order(sources, 0)] == ["wide", "long"]


@given(st.integers(1, 70), st.integers(1, 6))
def test_every_pair_comes_once_and_early_configurations_come_on_all_datasets_first(n: int, n_datasets: int) -> None:
    sources = [fake.source(f"d{number}") for number in range(n_datasets)]
    candidates = fake.configurations(n)
    batches = list(plan(sources, {Task.REGRESSION: candidates}))
    pairs = [(batch.source.name, c.id) for batch in batches for c in batch.configurations]
    assert len(pairs) == len(set(pairs)) == n * n_datasets
    first = {batch.source.name for batch in batches[:n_datasets]}
    assert first == {source.name for source in sources}
    assert all(batch.configurations[0] == candidates[0] for batch in batches[:n_datasets])


@given(st.integers(0, 30), st.integers(1, 7))
def test_shards_are_disjoint_and_complete(n: int, count: int) -> None:
    sources = [fake.source(f"d{number}") for number in range(n)]
    parts = [Shard(index=index, count=count).of(sources) for index in range(1, count + 1)]
    assert Counter(source.name for part in parts for source in part) == Counter(source.name for source in sources)


@pytest.mark.parametrize("text", ["3/2", "0/2", "1", "a/b", "1/0", "-1/2", ""])
def test_wrong_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a shard"):
        Shard.parse(text)


@given(counts=st.lists(st.integers(1, 60), min_size=2, max_size=6), cap=st.integers(20, 200), seed=st.integers(0, 5))
def test_row_sample_keeps_classes_in_proportion_and_rare_ones_at_all(counts: list[int], cap: int, seed: int) -> None:
    labels = np.repeat([f"class {code}" for code in range(len(counts))], counts)
    if len(labels) < 10 or len(set(labels)) < 2:
        return
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(labels)), "y": labels})
    try:
        dataset = make_dataset(frame, "y", task="binary" if len(counts) == 2 else "multiclass")
    except InputError:
        return  # too few rows of a class to learn from
    chosen = sample_rows(dataset, cap, 3, seed)
    assert len(set(chosen)) == len(chosen)
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, sample_rows(dataset, cap, 3, seed))
    of_class = np.bincount(dataset.y[chosen].astype(int), minlength=dataset.n_classes)
    everything = np.bincount(dataset.y.astype(int), minlength=dataset.n_classes)
    if dataset.n_rows <= cap:
        assert len(chosen) == dataset.n_rows
    else:
        assert len(chosen) == cap
        assert (of_class >= np.minimum(everything, 3)).all()
        share = everything * cap / dataset.n_rows
        assert (np.abs(of_class - share) <= 3 * len(counts) + 1).all()

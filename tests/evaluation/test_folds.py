from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from automl_meta.datasets.dataset import STRETCHES, Dataset
from automl_meta.datasets.schema import Column, ColumnRole, Schema
from automl_meta.datasets.task import Task
from automl_meta.evaluation.folds import (
    default_n_folds,
    default_repeats,
    kept_folds,
    make_folds,
    n_repeats,
    suitable_scheme,
)


def dataset_with(y: np.ndarray, task: Task) -> Dataset:
    column = Column(name="a", role=ColumnRole.NUMERIC, dtype="float64")
    classes = tuple(range(int(y.max()) + 1)) if task.is_classification else None
    schema = Schema(task=task, target="y", columns=(column,), classes=classes)
    return Dataset(name="t", X=pd.DataFrame({"a": np.arange(len(y), dtype=float)}), y=y, schema=schema)


@given(n_rows=st.integers(61, 99), n_folds=st.integers(2, 8), n_classes=st.integers(1, 4), seed=st.integers(0, 99))
def test_folds_hold_out_every_row_once_and_train_on_the_rest(
    n_rows: int, n_folds: int, n_classes: int, seed: int
) -> None:
    y = np.random.default_rng(seed).integers(0, n_classes, n_rows)
    folds = make_folds(dataset_with(y, Task.MULTICLASS), n_folds, seed)
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(n_rows))
    for train, valid in folds:
        assert len(train) > 0
        assert sorted([*train, *valid]) == list(range(n_rows))


@given(
    counts=st.lists(st.integers(1, 12), min_size=2, max_size=5), n_folds=st.integers(2, 8), seed=st.integers(0, 99)
)
def test_few_rows_are_held_out_so_that_each_fold_has_two_classes(counts: list[int], n_folds: int, seed: int) -> None:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    alone = [int(np.flatnonzero(y == code)[0]) for code, count in enumerate(counts) if count == 1]
    folds = make_folds(dataset_with(y, Task.MULTICLASS), n_folds, seed)
    if len(counts) - len(alone) < 2:
        assert folds == []
        return
    assert len(folds) == min(n_folds, sorted(counts)[-2])
    assert sorted([*np.concatenate([valid for _, valid in folds]), *alone]) == list(range(len(y)))
    for train, valid in folds:
        assert sorted([*train, *valid]) == list(range(len(y)))
        assert len(np.unique(y[valid])) > 1
        assert set(np.unique(y)) == set(y[train])


@given(n_rows=st.integers(2, 60), n_folds=st.integers(2, 8), seed=st.integers(0, 99))
def test_each_fold_of_few_numbers_has_two_of_them(n_rows: int, n_folds: int, seed: int) -> None:
    y = np.random.default_rng(seed).normal(size=n_rows)
    folds = make_folds(dataset_with(y, Task.REGRESSION), n_folds, seed)
    assert len(folds) == (min(n_folds, n_rows // 2) if n_rows > 3 else 0)
    assert all(len(valid) > 1 for _, valid in folds)


def test_without_folds_nothing_is_repeated_and_nothing_kept() -> None:
    dataset = dataset_with(np.arange(5), Task.MULTICLASS)
    folds = make_folds(dataset, 5, 0, repeats=3)
    assert (folds, n_repeats(folds), kept_folds(dataset, folds)) == ([], 0, frozenset())


def test_regression_folds_are_balanced_over_the_target() -> None:
    y = np.random.default_rng(0).lognormal(size=200)
    means = [np.log(y[valid]).mean() for _, valid in make_folds(dataset_with(y, Task.REGRESSION), 5, seed=0)]
    assert np.ptp(means) < 0.1


def test_one_fold_is_a_hold_out_of_a_fifth() -> None:
    folds = make_folds(dataset_with(np.arange(100) % 2, Task.BINARY), 1, seed=0)
    assert [len(valid) for _, valid in folds] == [20]


def test_repeats_are_different_splits() -> None:
    folds = make_folds(dataset_with(np.arange(40) % 2, Task.BINARY), 4, seed=0, repeats=2)
    assert len(folds) == 8
    assert not np.array_equal(folds[0][1], folds[4][1])


def test_one_row_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="two rows"):
        make_folds(dataset_with(np.zeros(1, dtype=int), Task.BINARY), 3, seed=0)


grouped_rows = st.lists(st.integers(0, 6), min_size=8, max_size=60).filter(lambda groups: len(set(groups)) > 1)


@given(groups=grouped_rows, n_folds=st.integers(1, 6), seed=st.integers(0, 99), task=st.sampled_from(Task))
def test_no_group_is_on_both_sides_of_a_fold(groups: list[int], n_folds: int, seed: int, task: Task) -> None:
    codes = np.array(groups)
    random = np.random.default_rng(seed)
    y = random.integers(0, 3, len(codes)) if task.is_classification else random.normal(size=len(codes))
    dataset = replace(dataset_with(y, task), groups=codes)
    folds = make_folds(dataset, n_folds, seed, repeats=2)
    for train, valid in folds:
        assert len(train) > 0
        assert len(valid) > 0
        assert set(codes[train]).isdisjoint(codes[valid])
        assert sorted([*train, *valid]) == list(range(len(codes)))
    if n_folds > 1:
        held_out = np.bincount(np.concatenate([valid for _, valid in folds]), minlength=len(codes))
        assert held_out.tolist() == [2] * len(codes)


@given(times=st.lists(st.integers(0, 30), min_size=2, max_size=60), n_folds=st.integers(1, 6))
def test_every_training_time_is_earlier_than_every_validation_time(times: list[int], n_folds: int) -> None:
    assume(len(set(times)) > 1)
    ranks = np.array(times)
    folds = make_folds(replace(dataset_with(np.zeros(len(ranks)), Task.REGRESSION), times=ranks), n_folds, seed=0)
    assert 1 <= len(folds) <= n_folds
    for train, valid in folds:
        assert ranks[train].max() < ranks[valid].min()
        assert sorted([*train, *valid]) == np.flatnonzero(ranks <= ranks[valid].max()).tolist()  # all of the past
    held_out = np.concatenate([valid for _, valid in folds])
    assert len(held_out) == len(set(held_out))
    assert ranks[held_out].max() == ranks.max()


@given(times=st.lists(st.integers(0, 50), min_size=2, max_size=60))
def test_what_is_held_out_inside_a_fold_are_stretches_of_time(times: list[int]) -> None:
    ranks = np.unique(times, return_inverse=True)[1]
    dataset = replace(dataset_with(np.zeros(len(ranks)), Task.REGRESSION), times=ranks)
    stretches = dataset.kept_together
    in_order = stretches[np.argsort(ranks, kind="stable")]
    assert (np.diff(in_order) >= 0).all()
    assert all(len(set(stretches[ranks == rank])) == 1 for rank in ranks)
    assert len(set(stretches)) == min(len(set(times)), STRETCHES)
    assert replace(dataset, groups=ranks % 2).kept_together.tolist() == (ranks % 2).tolist()


def test_rows_without_groups_and_times_stand_alone() -> None:
    assert dataset_with(np.zeros(9), Task.REGRESSION).kept_together is None


def test_forward_splits_of_distinct_times_are_those_of_scikit_learn() -> None:
    shuffled = np.random.default_rng(0).permutation(60)
    folds = make_folds(replace(dataset_with(np.zeros(60), Task.REGRESSION), times=shuffled), 5, seed=0)
    expected = TimeSeriesSplit(5).split(np.arange(60))
    for (train, valid), (earlier, later) in zip(folds, expected, strict=True):
        assert sorted(shuffled[train]) == earlier.tolist()
        assert sorted(shuffled[valid]) == later.tolist()


@given(
    counts=st.lists(st.integers(5, 30), min_size=2, max_size=4), seed=st.integers(0, 99), repeats=st.integers(1, 3)
)
def test_classes_are_spread_evenly_in_every_repeat(counts: list[int], seed: int, repeats: int) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    folds = make_folds(dataset_with(y, Task.MULTICLASS), 5, seed, repeats=repeats)
    assert np.bincount(np.concatenate([valid for _, valid in folds])).tolist() == [repeats] * len(y)
    for _, valid in folds:
        assert np.abs(np.bincount(y[valid], minlength=len(counts)) - np.array(counts) / 5).max() < 1


def test_groups_are_stratified_where_they_can_be() -> None:
    groups = np.repeat(np.arange(40), 5)
    y = (groups % 4 == 0).astype(int)
    folds = make_folds(replace(dataset_with(y, Task.BINARY), groups=groups), 5, seed=0)
    assert [y[valid].mean() for _, valid in folds] == pytest.approx([0.25] * 5)


def test_the_bag_is_of_the_first_repeat_and_of_the_latest_forward_split() -> None:
    dataset = dataset_with(np.arange(40) % 2, Task.BINARY)
    assert kept_folds(dataset, make_folds(dataset, 4, 0, repeats=3)) == {0, 1, 2, 3}
    assert kept_folds(dataset, make_folds(dataset, 1, 0, repeats=3)) == {0, 1, 2}
    ordered = replace(dataset, times=np.arange(40))
    assert kept_folds(ordered, make_folds(ordered, 4, 0)) == {3}


def test_few_rows_are_split_more_often_and_many_once() -> None:
    repeats = [default_repeats(n_rows) for n_rows in (100, 300, 5_000, 500_000)]
    assert repeats == sorted(repeats, reverse=True)
    assert repeats[0] > 1 == repeats[-1]
    assert [default_repeats(20, n_folds) for n_folds in (2, 3, 5)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "n_folds"),
    [
        (100, 10, 5),
        (19_999, 10, 5),
        (20_000, 10, 3),
        (10_000, 499, 5),
        (10_000, 500, 3),
        (2_000, 9_000, 5),
        (200_000, 2, 1),
    ],
)
def test_there_are_fewer_folds_where_a_fit_takes_long(n_rows: int, n_columns: int, n_folds: int) -> None:
    assert default_n_folds(n_rows, n_columns) == n_folds


@pytest.mark.parametrize(
    ("n_rows", "fits", "scheme"),
    [
        (300, 1000.0, (5, 2)),
        (300, 39.0, (5, 1)),
        (300, 19.0, (3, 1)),
        (300, 0.5, (3, 1)),  # too few rows for a hold-out
        (5_000, 20.0, (5, 1)),
        (5_000, 19.0, (3, 1)),
        (5_000, 4.0, (1, 1)),
        (30_000, 12.0, (3, 1)),
        (30_000, 4.0, (1, 1)),
    ],
)
def test_there_are_fewer_folds_where_there_is_time_for_few_fits(
    n_rows: int, fits: float, scheme: tuple[int, int]
) -> None:
    dataset = dataset_with(np.arange(n_rows) % 2, Task.BINARY)
    assert suitable_scheme(dataset, fits=fits) == scheme
    assert suitable_scheme(dataset, n_folds=7, fits=fits) == (7, 1)
    assert suitable_scheme(dataset, repeats=4, fits=fits).repeats == 4


def test_tiny_tables_are_split_the_same_whatever_the_time() -> None:
    dataset = dataset_with(np.arange(30) % 2, Task.BINARY)
    assert suitable_scheme(dataset, fits=1.0) == suitable_scheme(dataset)


@pytest.mark.parametrize(("n_groups", "repeats"), [(2, 1), (5, 1), (6, 3)])
def test_folds_that_could_only_be_drawn_in_one_way_are_drawn_once(n_groups: int, repeats: int) -> None:
    dataset = replace(dataset_with(np.arange(200) % 2, Task.BINARY), groups=np.arange(200) % n_groups)
    assert suitable_scheme(dataset) == (5, repeats)
    assert suitable_scheme(dataset, repeats=4).repeats == 4
    forward = replace(dataset, groups=None, times=np.arange(200))
    assert suitable_scheme(forward) == (5, 1)

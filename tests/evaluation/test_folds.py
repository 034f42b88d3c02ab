from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold, TimeSeriesSplit

from automl_meta.datasets.dataset import STRETCHES, Dataset
from automl_meta.datasets.schema import Column, ColumnRole, Schema
from automl_meta.datasets.task import Task
from automl_meta.evaluation import folds as folds_module
from automl_meta.evaluation.folds import (
    default_n_folds,
    default_repeats,
    kept_folds,
    make_folds,
    n_repeats,
    suitable_scheme,
)
from automl_meta.pipelines.inner_split import GROUPS_TO_DEAL
from automl_meta.seeding import integer_seed


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


@pytest.mark.parametrize("n_folds", [1, 3, 5])
def test_single_rows_of_classes_are_trained_on_and_never_held_out_in_large_tables_too(n_folds: int) -> None:
    y = np.r_[np.arange(200) % 2, 2, 3]
    folds = make_folds(dataset_with(y, Task.MULTICLASS), n_folds, seed=0, repeats=2)
    assert len(folds) == 2 * n_folds
    for train, valid in folds:
        assert {200, 201} <= set(train)
        assert set(y[valid]) == {0, 1}
        assert sorted([*train, *valid]) == list(range(202))


def test_there_are_no_more_folds_than_rows_that_can_be_held_out() -> None:
    y = np.r_[np.repeat([0, 1], 5), np.arange(2, 60)]
    folds = make_folds(dataset_with(y, Task.MULTICLASS), 20, seed=0)
    assert [len(valid) for _, valid in folds] == [1] * 10


@pytest.mark.parametrize("n_folds", [1, 5])
def test_single_rows_of_classes_are_not_held_out_with_their_group(n_folds: int) -> None:
    y = np.r_[np.arange(100) % 2, 2, 3]
    groups = np.r_[np.arange(100) // 10, 4, 10]  # one is of a group of others, one is a group of its own
    folds = make_folds(replace(dataset_with(y, Task.MULTICLASS), groups=groups), n_folds, seed=0)
    assert len(folds) == n_folds
    for train, valid in folds:
        assert set(groups[train]).isdisjoint(groups[valid])
        assert set(y[valid]) == {0, 1}
        assert 101 in train
        assert (100 in train) == (4 not in groups[valid])
    held_out = sorted(np.concatenate([valid for _, valid in folds]))
    assert held_out == list(range(100)) if n_folds > 1 else len(held_out) == 20


def test_a_single_row_of_a_class_is_held_out_where_nothing_else_could_be() -> None:
    dataset = replace(dataset_with(np.array([0, 0, 0, 1]), Task.BINARY), groups=np.array([0, 0, 0, 1]))
    assert sorted(valid.tolist() for _, valid in make_folds(dataset, 5, seed=0)) == [[0, 1, 2], [3]]


def test_single_rows_of_classes_are_not_validated_forward_in_time() -> None:
    y = np.arange(100) % 2
    y[[30, 90]] = [2, 3]
    folds = make_folds(replace(dataset_with(y, Task.MULTICLASS), times=np.arange(100)), 4, seed=0)
    held_out = np.concatenate([valid for _, valid in folds])
    assert sorted(held_out) == sorted({*range(20, 100)} - {30, 90})
    assert all(train.max() < valid.min() for train, valid in folds)


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
    alone = np.bincount(y)[y] == 1 if task.is_classification else np.zeros(len(y), dtype=bool)
    for train, valid in folds:
        assert len(train) > 0
        assert len(valid) > 0
        assert set(codes[train]).isdisjoint(codes[valid])
        rows = np.bincount([*train, *valid], minlength=len(codes))
        assert rows.max() == 1
        assert (rows[~alone] == 1).all()
    if n_folds > 1:
        held_out = np.bincount(np.concatenate([valid for _, valid in folds]), minlength=len(codes))
        assert (held_out[~alone] == 2).all()
        assert len(set(held_out[alone])) <= 1  # all of them or, where nothing else could be, none


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


def many_groups(n_groups: int, task: Task) -> Dataset:
    """Return groups of one to nine rows, of which one in twenty is of a rare class, or that differ by group."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_groups), random.integers(1, 10, n_groups))
    if task.is_classification:
        y = (random.random(len(groups)) < 0.05).astype(np.int64)
    else:
        y = random.normal(size=n_groups)[groups] + 0.1 * random.normal(size=len(groups))
    return replace(dataset_with(y, task), groups=groups)


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_many_groups_are_dealt_evenly_without_a_search(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folds_module, "StratifiedGroupKFold", None)
    dataset = many_groups(GROUPS_TO_DEAL, task)
    folds = make_folds(dataset, 5, seed=0)
    assert sorted(np.concatenate([valid for _, valid in folds])) == list(range(dataset.n_rows))
    for train, valid in folds:
        assert sorted([*train, *valid]) == list(range(dataset.n_rows))
        assert set(dataset.groups[train]).isdisjoint(dataset.groups[valid])
    assert np.ptp([len(valid) for _, valid in folds]) < 0.02 * dataset.n_rows
    if task.is_classification:
        assert np.ptp([dataset.y[valid].sum() for _, valid in folds]) <= 4
    else:
        assert np.ptp([dataset.y[valid].mean() for _, valid in folds]) < 0.2


def test_many_groups_are_dealt_by_the_seed_and_differently_in_each_repeat() -> None:
    dataset = many_groups(GROUPS_TO_DEAL, Task.BINARY)
    first, again, other = (make_folds(dataset, 5, seed, repeats=2) for seed in (0, 0, 1))
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0][1], first[5][1])
    assert not np.array_equal(first[0][1], other[0][1])


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_fewer_groups_are_split_as_by_scikit_learn(task: Task) -> None:
    dataset = many_groups(GROUPS_TO_DEAL - 1, task)
    ranks = np.argsort(np.argsort(dataset.y, kind="stable"), kind="stable")
    strata = dataset.y if task.is_classification else ranks * 5 // dataset.n_rows
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=integer_seed(0, "folds", 0))
    expected = splitter.split(strata, strata, dataset.groups)
    for found, (train, valid) in zip(make_folds(dataset, 5, seed=0), expected, strict=True):
        np.testing.assert_array_equal(found[0], train)
        np.testing.assert_array_equal(found[1], valid)


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

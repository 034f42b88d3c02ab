import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.pipelines import inner_split
from automl_meta.pipelines.inner_split import GROUPS_TO_DEAL, dealt_groups, inner_splits


@given(
    groups=st.lists(st.integers(0, 30), min_size=1, max_size=120),
    n_folds=st.integers(2, 8),
    n_strata=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_groups_are_dealt_whole_and_leave_no_fold_empty(
    groups: list[int], n_folds: int, n_strata: int, seed: int
) -> None:
    codes = np.array(groups)
    strata = np.random.default_rng(seed).integers(0, n_strata, len(codes))
    folds = dealt_groups(strata, codes, n_folds, np.random.default_rng(seed))
    assert all(len(set(folds[codes == group])) == 1 for group in set(groups))
    assert set(folds) <= set(range(n_folds))
    assert len(set(folds)) == min(n_folds, len(set(groups)))


def test_a_class_of_few_groups_is_spread_over_the_folds() -> None:
    groups = np.arange(2000) // 2
    strata = np.where(groups < 5, 1, 0)
    folds = dealt_groups(strata, groups, 5, np.random.default_rng(0))
    assert np.bincount(folds[strata == 1]).tolist() == [2] * 5
    assert np.ptp(np.bincount(folds)) <= 2


def test_a_large_group_is_dealt_fewer_others() -> None:
    random = np.random.default_rng(0)
    groups = np.r_[np.zeros(3000, dtype=np.int64), 1 + np.arange(7000) // 10]
    folds = dealt_groups(random.integers(0, 2, 10_000), groups, 5, random)
    sizes = np.sort(np.bincount(folds))
    assert sizes[-1] == 3000
    assert np.ptp(sizes[:-1]) < 70


def test_many_groups_are_held_out_inside_a_fold_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inner_split, "StratifiedGroupKFold", None)
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(GROUPS_TO_DEAL), random.integers(1, 5, GROUPS_TO_DEAL))
    y = random.choice([3, 5, 8], len(groups), p=[0.05, 0.35, 0.6])
    splits = inner_splits(y, 8, 0, stratify=True, groups=groups)
    assert sorted(np.concatenate([held for _, held in splits])) == list(range(len(groups)))
    for train, held in splits:
        assert set(groups[train]).isdisjoint(groups[held])
        assert sorted([*train, *held]) == list(range(len(groups)))
        assert abs(len(held) - len(groups) / 8) < 0.02 * len(groups)
        assert (y[held] == 3).sum() > 0


def test_splits_that_would_take_a_class_from_training_are_left_out_of_many_groups_too() -> None:
    groups = np.arange(2 * GROUPS_TO_DEAL) // 2
    y = np.where(groups == 7, 1, 0)
    splits = inner_splits(y, 5, 0, stratify=True, groups=groups)
    assert len(splits) == 4
    assert all(set(y[train]) == {0, 1} for train, _ in splits)

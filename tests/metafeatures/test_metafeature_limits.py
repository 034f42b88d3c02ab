import tracemalloc

import numpy as np
import pandas as pd
import pytest
from metafeature_tables import dataset_of, mixed_frame

from automl_meta.datasets import Dataset
from automl_meta.errors import InputError
from automl_meta.metafeatures import Caps, Group, extract, extract_dataset, metafeature_names
from automl_meta.metafeatures.registry import Cost
from automl_meta.metafeatures.table import WITHOUT_CAPS, stratified_rows, table_from


@pytest.fixture
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    return dataset_of(mixed_frame(rng, 500), rng.choice(3, 500, p=[0.8, 0.15, 0.05]), "multiclass")


def test_no_time_leaves_all_missing_and_says_so(dataset: Dataset) -> None:
    found = extract_dataset(dataset, time_limit=0.0)
    assert np.isnan(list(found.values.values())).all()
    assert set(found.left_out.values()) == {"time limit"}
    assert tuple(found.values) == metafeature_names(dataset.task)


def test_work_that_would_not_end_in_time_is_not_begun(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_meta.metafeatures.extractor import _Clock

    monkeypatch.setattr(_Clock, "elapsed", 0.9)
    dear = dict.fromkeys(Cost, 0.0) | {Cost.MODELS: 0.2}
    monkeypatch.setattr(_Clock, "expect", lambda self, table: setattr(self, "_estimates", dear))
    found = extract_dataset(dataset, time_limit=1.0)
    assert found.left_out["tree.mean"] == "time limit"
    assert found.left_out["leaves"] == "time limit"
    assert found.left_out["tree_over_node"] == "time limit"
    assert np.isfinite(found.values["class_ent"])
    assert np.isfinite(found.values["one_nn.mean"])


def test_without_limit_nothing_is_late(dataset: Dataset) -> None:
    found = extract_dataset(dataset, time_limit=None)
    assert "time limit" not in found.left_out.values()
    assert set(found.seconds) == set(Group)
    assert 0 < sum(found.seconds.values()) <= found.total_seconds


def test_groups_are_those_asked_for_in_their_own_order(dataset: Dataset) -> None:
    found = extract_dataset(dataset, groups=["landmarking", "general"])
    assert list(dict.fromkeys(found.groups.values())) == [Group.GENERAL, Group.LANDMARKING]


def test_unknown_group_is_refused_with_the_known_ones(dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"landmarks\. Known: general, real-life"):
        extract_dataset(dataset, groups=["landmarks"])


def test_row_cap_keeps_the_shares_of_classes_and_counts_the_whole_table(dataset: Dataset) -> None:
    found = extract_dataset(dataset, row_cap=100)
    assert found.rows_used == 100
    assert found.values["nr_inst"] == 500
    table = table_from(dataset, Caps(rows=100), 0)
    np.testing.assert_allclose(np.bincount(table.y) / 100, np.bincount(dataset.y) / 500, atol=0.011)


def test_wide_tables_are_described_by_fewer_rows() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(900, 30))).rename(columns=str)
    dataset = dataset_of(frame, np.arange(900.0), "regression")
    assert len(table_from(dataset, Caps(cells=18_000), 0).y) == 600
    assert len(table_from(dataset, Caps(cells=10), 0).y) == 500
    assert table_from(dataset, Caps(columns=7), 0).numeric.shape == (900, 7)


def test_large_tables_are_drawn_by_position_first() -> None:
    frame = pd.DataFrame({"a": np.arange(3_000.0)})
    dataset = dataset_of(frame, np.arange(3_000) % 3, "multiclass")
    table = table_from(dataset, Caps(hashed_cells=600), 0)
    assert np.bincount(table.y).tolist() == [200, 200, 200]
    assert table.n_rows == 3_000


def test_without_caps_every_row_is_used(dataset: Dataset) -> None:
    table = table_from(dataset, WITHOUT_CAPS, 0)
    assert sorted(table.y) == sorted(dataset.y)


@pytest.mark.parametrize("cap", [10, 57, 300])
def test_stratified_rows_are_as_many_as_the_cap(cap: int) -> None:
    y = np.sort(np.random.default_rng(0).integers(0, 4, 400))
    rows = stratified_rows(y, cap, is_classification=True)
    assert len(np.unique(rows)) == len(rows) == cap


def test_rare_classes_keep_two_rows() -> None:
    y = np.repeat([0, 1, 2], [996, 3, 1])
    rows = stratified_rows(y, 50, is_classification=True)
    assert np.bincount(y[rows]).tolist() == [50, 2, 1]


def test_of_thousands_of_classes_the_largest_stay_within_the_cap() -> None:
    rows = stratified_rows(np.repeat(np.arange(5_000), 2), 600, is_classification=True)
    np.testing.assert_array_equal(rows, np.arange(600))
    y = np.repeat(np.arange(400), np.where(np.arange(400) == 399, 50, 3))
    kept = y[stratified_rows(y, 600, is_classification=True)]
    np.testing.assert_array_equal(np.unique(kept), [*range(299), 399])
    assert len(kept) <= 2 * 600


@pytest.mark.parametrize("n_classes", [299, 300])
def test_as_many_classes_as_the_cap_has_pairs_of_rows_all_stay(n_classes: int) -> None:
    y = np.random.default_rng(0).permutation(np.arange(3_000) % n_classes)
    assert len(np.unique(y[stratified_rows(y, 600, is_classification=True)])) == n_classes


def test_all_classes_of_the_whole_table_are_counted() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(1_500, 2)), columns=["a", "b"])
    dataset = dataset_of(frame, np.arange(1_500) // 2, "multiclass")
    found = extract_dataset(dataset, groups=["general"], time_limit=None, caps=Caps(rows=100, hashed_cells=1_000))
    assert found.values["nr_class"] == 750
    assert found.rows_used == 100


def test_thousands_of_classes_take_little_memory() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(6_000, 2)), columns=["a", "b"])
    dataset = dataset_of(frame, np.arange(6_000) // 2, "multiclass")
    tracemalloc.start()
    found = extract_dataset(dataset, groups=["statistical"], time_limit=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.isfinite([found.values["can_cor.mean"], found.values["gravity"]]).all()
    assert peak < 50e6


def test_models_of_many_classes_are_expected_to_take_longer(dataset: Dataset) -> None:
    from automl_meta.metafeatures.extractor import _Clock

    estimates = []
    for n_classes in (3, 250):
        clock = _Clock(1.0, Caps())
        clock.expect(table_from(dataset_of(dataset.X, np.arange(500) % n_classes, "multiclass"), Caps(), 0))
        estimates.append(clock._estimates)
    assert estimates[1][Cost.MODELS] > 1.5 * estimates[0][Cost.MODELS]
    assert estimates[1][Cost.CELLS] == estimates[0][Cost.CELLS]


def test_vector_has_missing_for_unknown_names(dataset: Dataset) -> None:
    found = extract_dataset(dataset, groups=["general"])
    vector = found.as_vector(["nr_inst", "not there"])
    assert vector[0] == 500
    assert np.isnan(vector[1])
    assert found.to_dict()["nr_inst"] == 500


def test_arrays_and_frames_are_described_alike() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(80, 3)), rng.integers(0, 2, 80)
    from_array = extract(X, y).to_dict()
    from_frame = extract(pd.DataFrame(X, columns=["u", "v", "w"]), pd.Series(y, name="label")).to_dict()
    np.testing.assert_array_equal(list(from_array.values()), list(from_frame.values()))

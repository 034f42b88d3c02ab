import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.base import clone

from automl_meta.datasets import Dataset, Task, make_dataset
from automl_meta.pipelines.build import build_pipeline, fit_pipeline, predict
from automl_meta.pipelines.catalogue import catalogue, default_configuration
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.encoders.categories import TargetMeanEncoder
from automl_meta.pipelines.estimators.hist_boosting import HistBooster
from automl_meta.pipelines.estimators.quadratic import ShrunkQuadratic
from automl_meta.pipelines.estimators.smoothing import class_shares
from automl_meta.pipelines.inner_split import balanced_weights, group_folds, inner_splits

IGNORES_WEIGHTS = {"knn", "lda", "gaussian_process"}  # as docs/validation.md says
EVERY_FIT = [(task, name) for task in (Task.BINARY, Task.REGRESSION) for name in catalogue(task)]


def table(task: Task, n_rows: int = 160) -> Dataset:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=n_rows), "b": random.normal(size=n_rows)})
    signal = frame["a"] + 0.5 * frame["b"] ** 2 + random.normal(size=n_rows)
    frame["y"] = np.where(signal > 0.5, "yes", "no") if task is Task.BINARY else signal
    return make_dataset(frame, "y")


def fitted(name: str, dataset: Dataset, **rows: np.ndarray) -> np.ndarray:
    context = FitContext(task=dataset.task, n_classes=dataset.n_classes)
    configuration = default_configuration(name, dataset.task)
    if name == "extra_trees":  # pure leaves say the same under any weights
        values = {**configuration.hyperparameters, "min_samples_leaf": 10}
        configuration = Configuration(name, values, configuration.version)
    pipeline = build_pipeline(configuration, dataset.schema, context)
    half = slice(0, dataset.n_rows // 2)
    fit_pipeline(pipeline, dataset.X[half], dataset.y[half], **{name: values[half] for name, values in rows.items()})
    return predict(pipeline, dataset.X[half.stop :], dataset.task, dataset.n_classes)


@pytest.mark.parametrize(("task", "name"), EVERY_FIT)
def test_weights_change_every_algorithm_but_those_that_are_said_to_ignore_them(task: Task, name: str) -> None:
    dataset = table(task)
    high = dataset.y == dataset.y.max() if task is Task.BINARY else dataset.y > np.median(dataset.y)
    plain = fitted(name, dataset)
    weighted = fitted(name, dataset, weights=np.where(high, 20.0, 1.0))
    if name in IGNORES_WEIGHTS:
        assert_allclose(weighted, plain)
    else:
        upwards = weighted - plain if task is Task.REGRESSION else (weighted - plain)[:, dataset.y.max()]
        assert upwards.mean() > 0.01


@pytest.mark.parametrize("name", ["lightgbm", "random_forest", "logistic_regression", "qda", "decision_tree"])
def test_only_proportions_of_weights_matter(name: str) -> None:
    dataset = table(Task.BINARY)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, dataset.n_rows)
    assert_allclose(fitted(name, dataset, weights=weights), fitted(name, dataset, weights=1000 * weights), atol=1e-6)


@pytest.mark.parametrize(("task", "name"), EVERY_FIT)
def test_every_algorithm_bears_groups(task: Task, name: str) -> None:
    dataset = table(task)
    predicted = fitted(name, dataset, groups=np.arange(dataset.n_rows) // 30)
    assert np.isfinite(predicted).all()


@pytest.mark.filterwarnings("ignore:The least populated class")
@given(
    groups=st.lists(st.integers(0, 8), min_size=6, max_size=60), n_splits=st.integers(2, 8), stratify=st.booleans()
)
def test_inner_splits_keep_groups_together_and_classes_in_training(
    groups: list[int], n_splits: int, stratify: bool
) -> None:
    codes = np.array(groups)
    y = np.random.default_rng(len(groups)).integers(0, 2, len(groups))
    for train, held in inner_splits(y, n_splits, 0, stratify=stratify, groups=codes):
        assert len(held) > 0
        assert set(codes[train]).isdisjoint(codes[held])
        assert sorted([*train, *held]) == list(range(len(codes)))
        if stratify:
            assert set(y[train]) == set(y)


@given(groups=st.lists(st.integers(0, 20), min_size=1, max_size=80), n_folds=st.integers(2, 8))
def test_members_of_the_perceptron_hold_out_whole_groups(groups: list[int], n_folds: int) -> None:
    codes = np.array(groups)
    folds = group_folds(codes, n_folds, np.random.default_rng(0))
    assert all(len(set(folds[codes == group])) == 1 for group in set(groups))
    assert np.ptp(np.bincount(folds, minlength=n_folds)) <= np.bincount(codes).max()


def test_the_target_encoding_of_a_row_does_not_depend_on_its_group() -> None:
    random = np.random.default_rng(0)
    codes, y, groups = random.integers(1, 4, (60, 2)), random.normal(size=60), np.arange(60) % 12
    encoded = TargetMeanEncoder().fit_transform(codes, [3, 3], y, groups)
    other = np.where(groups == 5, y[::-1], y)
    again = TargetMeanEncoder().fit_transform(codes, [3, 3], other, groups)
    spread = np.abs(y).max() / np.abs(other).max()  # encodings are in units of the largest target
    assert_allclose(again[groups == 5], encoded[groups == 5] * spread)
    assert not np.allclose(again[groups != 5], encoded[groups != 5] * spread)


def test_a_single_group_is_encoded_by_rows() -> None:
    random = np.random.default_rng(0)
    codes, y = random.integers(1, 4, (60, 1)), random.normal(size=60)
    one_group = TargetMeanEncoder().fit_transform(codes, [3], y, np.zeros(60, dtype=np.int64))
    assert_allclose(one_group, TargetMeanEncoder().fit_transform(codes, [3], y))


@pytest.mark.parametrize("classify", [True, False])
def test_histogram_boosting_stops_by_groups_it_has_not_seen(classify: bool) -> None:
    random = np.random.default_rng(0)
    X, signal = random.normal(size=(150, 4)), random.normal(size=150)  # nothing to learn but which row it is
    X, y, groups = np.repeat(X, 6, axis=0), np.repeat(signal > 0 if classify else signal, 6), np.arange(900) // 6
    booster = HistBooster({"learning_rate": 0.1, "min_samples_leaf": 3}, classify=classify)
    by_rows = clone(booster).fit(X, y.astype(float)).model_.n_iter_
    by_groups = clone(booster).fit(X, y.astype(float), groups=groups).model_.n_iter_
    assert by_groups < by_rows / 3


def test_weighted_class_shares_and_balanced_weights_are_those_of_repeated_rows() -> None:
    y, counts = np.array([0, 0, 1, 1, 1]), np.array([3, 1, 1, 2, 1])
    repeated = np.repeat(y, counts)
    assert_allclose(class_shares(y, counts.astype(float)), class_shares(repeated))
    balanced = balanced_weights(y, counts.astype(float))
    assert balanced[y == 0].sum() == pytest.approx(balanced[y == 1].sum())
    assert balanced[3] == pytest.approx(2 * balanced[2])


def test_weighted_quadratic_analysis_is_that_of_repeated_rows() -> None:
    random = np.random.default_rng(0)
    X, y, counts = random.normal(size=(40, 3)), np.arange(40) % 2, random.integers(1, 4, 40)
    weighted = ShrunkQuadratic(reg_param=0.0).fit(X, y, counts.astype(float))
    repeated = ShrunkQuadratic(reg_param=0.0).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    assert_allclose(weighted.means_, repeated.means_)
    assert_allclose(np.exp(weighted.log_priors_), np.exp(repeated.log_priors_))


@pytest.mark.parametrize(("task", "name"), EVERY_FIT)
def test_rows_of_one_group_can_be_learned_from(task: Task, name: str) -> None:
    dataset = table(task)
    assert np.isfinite(fitted(name, dataset, groups=np.zeros(dataset.n_rows, dtype=np.int64))).all()

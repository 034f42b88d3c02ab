from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.reserve import models_to_save, seconds_after_search, seconds_of_layers, seconds_to_save
from automl_meta.datasets import Dataset, read_dataset
from automl_meta.ensembling.layers import seconds_to_evaluate
from automl_meta.evaluation import Evaluation, make_folds
from automl_meta.evaluation.folds import Fold
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.catalogue import default_configuration

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def cancer() -> Dataset:
    return read_dataset("sklearn:breast_cancer")


@pytest.fixture(scope="module")
def folds(cancer: Dataset) -> list[Fold]:
    return make_folds(cancer, 5, 0)


def evaluated(algorithm: str, dataset: Dataset, folder: Path, *, megabytes: float, fit_seconds: float) -> Evaluation:
    """Return an evaluation of five folds, with models of this size in files."""
    files = [folder / f"{algorithm}-{number}" for number in range(5)]
    for file in files:
        file.write_bytes(bytes(int(megabytes * MEGABYTE)))
    return Evaluation(
        configuration=default_configuration(algorithm, dataset.task),
        status=Status.OK,
        scores={"roc_auc": (0.9,) * 5},
        fit_seconds=fit_seconds,
        predictions=np.zeros((dataset.n_rows, 2), dtype=np.float32),
        models=tuple(files),
    )


def test_a_bag_that_one_model_replaces_is_not_counted_in_whole(
    cancer: Dataset, folds: list[Fold], tmp_path: Path
) -> None:
    forest = evaluated("random_forest", cancer, tmp_path, megabytes=3, fit_seconds=1)
    boosted = evaluated("lightgbm", cancer, tmp_path, megabytes=1, fit_seconds=1)
    members = [forest, boosted]
    assert models_to_save(RunOptions(), members, folds) == [forest.models[0], *boosted.models]
    assert models_to_save(RunOptions(refit="bag"), members, folds) == [*forest.models, *boosted.models]
    assert models_to_save(RunOptions(refit="refit"), members, folds) == [forest.models[0], boosted.models[0]]


def test_more_time_is_kept_for_larger_models_and_for_what_is_still_to_be_fitted(
    cancer: Dataset, folds: list[Fold], tmp_path: Path
) -> None:
    def reserve(evaluation: Evaluation) -> float:
        options = RunOptions(time_budget=60, jobs=1)
        return seconds_after_search(options, cancer, folds, [evaluation], "roc_auc", 2.0)

    small = evaluated("lightgbm", cancer, tmp_path, megabytes=0.01, fit_seconds=5)
    larger = evaluated("xgboost", cancer, tmp_path, megabytes=4, fit_seconds=5)
    assert reserve(larger) - reserve(small) == pytest.approx(
        seconds_to_save(larger.models) - seconds_to_save(small.models)
    )
    forest = evaluated("random_forest", cancer, tmp_path, megabytes=4, fit_seconds=5)
    fit = reserve(forest) - reserve(larger) + seconds_to_save(larger.models) - seconds_to_save(forest.models[:1])
    assert fit == pytest.approx(1.25, rel=0.1)  # one fold's fit, on a quarter more rows


def test_little_of_a_short_budget_is_kept(cancer: Dataset, folds: list[Fold], tmp_path: Path) -> None:
    huge = evaluated("random_forest", cancer, tmp_path, megabytes=30, fit_seconds=100)
    kept = seconds_after_search(RunOptions(time_budget=10), cancer, folds, [huge], "roc_auc", 2.0)
    assert 1.0 <= kept <= 5.0
    counted = RunOptions(time_budget=None, max_evaluations=3)
    assert seconds_after_search(counted, cancer, folds, [huge], "roc_auc", 2.0) == 0.0


def test_time_for_a_second_layer_is_kept_only_where_there_can_be_one(cancer: Dataset, folds: list[Fold]) -> None:
    options = RunOptions(time_budget=600)
    assert seconds_of_layers(options, cancer, folds, []) > 0
    few = cancer.take(np.arange(200))
    assert seconds_of_layers(options, few, make_folds(few, 5, 0), []) == 0
    in_time = replace(cancer, times=np.arange(cancer.n_rows))  # the last fold alone keeps its models
    for kind in ("auto", "stack"):
        assert seconds_of_layers(replace(options, ensemble=kind), in_time, make_folds(in_time, 5, 0), []) == 0
    assert seconds_of_layers(replace(options, ensemble="best"), cancer, folds, []) == 0


def test_no_time_is_kept_for_a_second_layer_above_members_that_take_too_long(
    cancer: Dataset, folds: list[Fold], tmp_path: Path
) -> None:
    def kept(fit_seconds: float, **asked: str) -> float:
        options = replace(RunOptions(time_budget=600, jobs=2), **asked)
        member = evaluated("lightgbm", cancer, tmp_path, megabytes=0, fit_seconds=fit_seconds)
        return seconds_of_layers(options, cancer, folds, [member])

    assert kept(5) == kept(0) > 0
    assert kept(50) == 0
    assert kept(50, ensemble="stack") > 0  # it was asked for


def test_repeats_of_the_folds_do_not_make_a_second_layer_dearer(cancer: Dataset, tmp_path: Path) -> None:
    once = evaluated("lightgbm", cancer, tmp_path, megabytes=0, fit_seconds=5)
    thrice = replace(once, scores={"roc_auc": (0.9,) * 15}, fit_seconds=15)
    assert seconds_to_evaluate([thrice], 5) == seconds_to_evaluate([once], 5) == pytest.approx(16)

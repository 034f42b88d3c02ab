import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import Dataset, make_dataset, read_dataset
from automl_meta.ensembling import plan_ensemble
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.all_rows import fit_to_all_rows
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.metrics import resolve_metric
from automl_meta.evaluation.records import Evaluation
from automl_meta.evaluation.spilling import PredictionStore
from automl_meta.pipelines.catalogue import default_configuration

SECONDS_UNTIL_NOW = 1.7e9  # where a target counts from 1970


def rmse(evaluation: Evaluation, y: np.ndarray) -> float:
    return float(np.sqrt(np.mean((y - evaluation.predictions) ** 2)))


@pytest.fixture(scope="module")
def far_off() -> tuple[Dataset, Evaluation]:
    dataset = read_dataset("sklearn:diabetes")
    dataset = replace(dataset, y=dataset.y + SECONDS_UNTIL_NOW)
    return dataset, cross_validate(
        default_configuration("ridge", dataset.task), dataset, make_folds(dataset, 4, 0), seed=0
    )


def test_numbers_keep_what_they_differ_by_beside_a_large_mean(far_off: tuple[Dataset, Evaluation]) -> None:
    dataset, evaluation = far_off
    assert rmse(evaluation, dataset.y) == pytest.approx(-evaluation.score("neg_root_mean_squared_error"), rel=0.01)
    moved = evaluation.predictions - SECONDS_UNTIL_NOW
    near = replace(dataset, y=dataset.y - SECONDS_UNTIL_NOW)
    usual = cross_validate(evaluation.configuration, near, make_folds(near, 4, 0), seed=0)
    np.testing.assert_allclose(moved, usual.predictions, atol=1e-3)


def test_numbers_in_files_are_those_that_were_in_memory(far_off: tuple[Dataset, Evaluation], tmp_path: Path) -> None:
    _, evaluation = far_off
    spilled = PredictionStore(tmp_path, limit=0).keep(evaluation)
    assert isinstance(spilled.predictions, np.memmap)
    np.testing.assert_array_equal(spilled.predictions, evaluation.predictions)


def test_probabilities_are_kept_in_half_the_space() -> None:
    dataset = read_dataset("sklearn:wine")
    found = cross_validate(default_configuration("lda", dataset.task), dataset, make_folds(dataset, 3, 0), seed=0)
    assert found.predictions.dtype == np.float32


def test_a_single_row_of_a_class_is_scored_nowhere_and_learned_everywhere(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(121, 2)), columns=["a", "b"])
    table["y"] = np.r_[np.where(table["a"][:120] > 0, "high", "low"), ["rare"]]
    dataset = make_dataset(table, "y")
    folds, metric = make_folds(dataset, 4, 0, repeats=2), default_metric(dataset.task)
    names = ("decision_tree", "gaussian_nb", "logistic_regression")
    found = [
        cross_validate(default_configuration(name, dataset.task), dataset, folds, seed=0, models_folder=tmp_path)
        for name in names
    ]
    for evaluation in found:
        assert np.isnan(evaluation.predictions[120]).all()
        assert np.isfinite(evaluation.predictions[:120]).all()
        assert all(np.isfinite(scores).all() for scores in evaluation.scores.values())
        for path in evaluation.models:
            assert pickle.loads(path.read_bytes())[-1].present_.tolist() == [0, 1, 2]
    plan = plan_ensemble(found, dataset.y, dataset.task, metric, folds)
    assert len(plan.honest.plain) == 120
    assert np.isfinite(plan.score)


@pytest.fixture(scope="module")
def rare_events() -> Dataset:
    """Counts that are mostly 0, of which linear models predict less than 0."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(240, 4)), columns=list("abcd"))
    return make_dataset(table.assign(y=random.poisson(np.exp(2.5 * table["a"] - 1.5)).astype(float)), "y")


@pytest.mark.parametrize("name", ["ridge", "elastic_net", "hist_gradient_boosting", "knn"])
@pytest.mark.parametrize("metric", ["rmsle", "neg_mean_poisson_deviance"])
def test_all_algorithms_have_scores_of_metrics_that_refuse_negative_numbers(
    rare_events: Dataset, name: str, metric: str
) -> None:
    configuration, folds = default_configuration(name, rare_events.task), make_folds(rare_events, 3, 0)
    served = resolve_metric(metric, rare_events.task)
    found = cross_validate(configuration, rare_events, folds, seed=0, extra_metrics=[served.name])
    assert np.isfinite(found.scores[served.name]).all()
    refitted = fit_to_all_rows(configuration, rare_events, served, seed=0)
    assert np.isfinite(served.score(rare_events.y, refitted.predict(rare_events.X)))


def test_what_is_predicted_for_other_metrics_is_not_bounded_by_those_that_refuse_it(
    rare_events: Dataset,
) -> None:
    """Stored runs were made with these."""
    ridge, folds = default_configuration("ridge", rare_events.task), make_folds(rare_events, 3, 0)
    found = cross_validate(ridge, rare_events, folds, seed=0, extra_metrics=["neg_max_error"])
    assert found.predictions is not None
    assert found.predictions.min() < -1.0
    assert (
        fit_to_all_rows(ridge, rare_events, resolve_metric("r2", rare_events.task), seed=0)
        .predict(rare_events.X)
        .min()
        < 0.0
    )

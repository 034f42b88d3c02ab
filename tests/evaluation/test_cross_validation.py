from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_meta.datasets import Dataset, read_dataset
from automl_meta.evaluation import make_folds
from automl_meta.evaluation.cross_validation import cross_validate
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

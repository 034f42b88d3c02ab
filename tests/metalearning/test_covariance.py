from dataclasses import replace

import numpy as np
import pytest
from worlds import world

from automl_meta.metalearning.covariance import shrunk_covariance
from automl_meta.metalearning.standings import learn_standings
from automl_meta.metalearning.stretching import stretch


def test_what_is_only_expected_varies_more_than_its_estimates_do() -> None:
    experience = world(60, 24)
    scores = experience.scores.copy()
    scores[15:, 0] = np.nan
    knowledge = learn_standings(replace(experience, scores=scores))
    table = stretch(knowledge.standings)
    estimates = np.diag(shrunk_covariance(table, knowledge))
    whole = np.diag(shrunk_covariance(table, knowledge, variances=knowledge.variances))
    assert whole[0] > 1.1 * estimates[0]
    assert whole[1:] == pytest.approx(estimates[1:], rel=0.05)


def test_datasets_that_all_agree_leave_some_doubt() -> None:
    table = np.tile(np.linspace(0.0, 1.0, 5), (6, 1))
    knowledge = learn_standings(replace(world(6, 5), scores=table))
    for share in (0.3, 1.0):
        covariance = shrunk_covariance(stretch(table), knowledge, share=share)
        assert np.linalg.eigvalsh(covariance).min() > 1e-5


def test_a_covariance_is_positive_definite_however_little_is_known() -> None:
    for experience in (world(3, 8, missing=0.7), world(40, 24, missing=0.9), world(1, 5)):
        knowledge = learn_standings(experience)
        table = stretch(knowledge.standings)
        covariance = shrunk_covariance(table, knowledge, share=0.3, variances=knowledge.variances)
        assert np.linalg.eigvalsh(covariance).min() > 0.0

from dataclasses import replace

import numpy as np
import pytest
from worlds import world

from automl_meta.metabase.experience import Experience
from automl_meta.metalearning.levels import learn_levels
from automl_meta.metalearning.standings import learn_standings, standings

SPARSE = slice(0, 10)  # datasets on which only a few good configurations ran


def only_a_few() -> tuple[np.ndarray, Experience]:
    """Return all scores, as areas under a curve, and an experience in which only six good ones ran on some."""
    experience = world(60)
    widths = np.random.default_rng(0).uniform(0.2, 0.5, size=(60, 1))
    truth = 0.95 - widths * (1.0 - standings(experience.scores, experience.failed))
    scores = truth.copy()
    usually_best = np.argsort(-truth.mean(axis=0))[:12:2]
    scores[SPARSE] = np.nan
    scores[SPARSE, usually_best] = truth[SPARSE, usually_best]
    return truth, replace(experience, scores=scores)


def test_what_was_measured_comes_back_as_it_was() -> None:
    _, experience = only_a_few()
    knowledge = learn_standings(experience)
    assert (knowledge.ranges[SPARSE, 0] > 0.1).all()  # they were moved
    levels = learn_levels(knowledge, experience, "roc_auc")
    measured = np.isfinite(experience.scores)
    np.testing.assert_array_equal(levels.expected(knowledge.standings)[measured], experience.scores[measured])
    np.testing.assert_allclose(levels.at(knowledge.standings)[measured], experience.scores[measured])


def test_what_was_not_measured_is_looked_for_beyond_the_range_of_what_was() -> None:
    truth, experience = only_a_few()
    knowledge = learn_standings(experience)
    scores = learn_levels(knowledge, experience, "roc_auc").expected(knowledge.standings)[SPARSE]
    hidden = ~np.isfinite(experience.scores[SPARSE])
    worst, best = (f(experience.scores[SPARSE], axis=1)[:, None] for f in (np.nanmin, np.nanmax))
    within = worst + knowledge.standings[SPARSE] * (best - worst)  # as if the worst that ran were the worst that is
    error, before = (np.abs(said - truth[SPARSE])[hidden].mean() for said in (scores, within))
    assert error < 0.8 * before
    assert (scores < worst).any()


def test_expected_scores_stay_within_what_the_metric_can_be() -> None:
    _, experience = only_a_few()
    knowledge = learn_standings(experience)
    table = learn_levels(knowledge, experience, "roc_auc").at(np.linspace(-3.0, 4.0, 24))
    assert table.min() == 0.0
    assert table.max() == 1.0


def test_a_range_without_width_is_no_obstacle() -> None:
    _, experience = only_a_few()
    knowledge = learn_standings(experience)
    ranges = knowledge.ranges.copy()
    ranges[0] = 0.9, 0.9
    levels = learn_levels(replace(knowledge, ranges=ranges), experience, "roc_auc")
    seen = np.ptp(experience.scores[10:], axis=1)
    assert np.isfinite(levels.at(knowledge.standings)).all()
    assert levels.widths[0] <= np.median(seen)
    assert levels.at(np.array([0.9]))[0, 0] == pytest.approx(np.nanmax(experience.scores[0]))

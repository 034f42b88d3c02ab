from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import world

from automl_meta.metabase.experience import Experience
from automl_meta.metalearning.combined import Combined, stretch, unstretch
from automl_meta.metalearning.loo import evaluate, random_search
from automl_meta.metalearning.portfolio import Portfolio
from automl_meta.metalearning.standings import learn_standings


def test_doubt_grows_with_a_dataset_unlike_any_other() -> None:
    experience = world(60, 24)
    model = Combined().fit(experience)
    familiar = [model.believe(row, {}).doubt.mean() for row in experience.metafeatures]
    alien = model.believe(experience.metafeatures[0] + 1e6, {}).doubt.mean()
    assert alien > np.median(familiar)


def test_all_datasets_count_alike_for_one_unlike_any_other() -> None:
    # Undefined and enormous in turns, so that the leaves alone would single out a few datasets.
    experience = world(60, 24)
    model = Combined().fit(experience)
    familiar = model.dataset_weights(experience.metafeatures[0])
    alien = model.dataset_weights(np.array([1e9, -1e9, 1e9, -1e9, 1e9, -1e9, 1e9]))
    assert alien.max() < 0.5 * familiar.max()
    assert alien.sum() == pytest.approx(1.0)


def test_observations_outweigh_metafeatures() -> None:
    experience = world(60, 24)
    model = Combined().fit(experience)
    seen = {i: float(experience.scores[7, i]) for i in range(12)}
    posterior = model.posterior(experience.metafeatures[20], seen)
    weights = posterior.component_weights(60)
    assert np.argmax(weights) == 7


def test_regret_is_far_below_random_search() -> None:
    experience = world(60, 30, seed=1)
    curves = evaluate(Combined, experience, n_evaluations=5, n_folds=6)
    random = random_search(experience, n_evaluations=15)
    assert curves.mean_regret(1) < 0.5 * random.mean_regret(1)
    assert curves.mean_regret(5) < random.mean_regret(15)


def test_regret_is_below_that_of_a_fixed_portfolio() -> None:
    experience = world(60, 30, seed=1)
    combined = evaluate(Combined, experience, n_evaluations=5, n_folds=6)
    portfolio = evaluate(Portfolio, experience, n_evaluations=5, n_folds=6)
    assert combined.mean_regret(1) < portfolio.mean_regret(1)
    assert combined.mean_regret(5) < portfolio.mean_regret(5)


def runs_of_proposals(experience: Experience, n_whole: int, n_runs: int) -> Experience:
    """Return the experience with everything known of the first datasets, of the others what was proposed there."""
    model = Combined().fit(experience.take(np.arange(n_whole)))
    scores = experience.scores.copy()
    for row in range(n_whole, len(scores)):
        seen: dict[int, float] = {}
        for _ in range(n_runs):
            pick = model.propose(experience.metafeatures[row], seen, np.ones(scores.shape[1], dtype=bool))
            seen[pick] = float(scores[row, pick])
        scores[row, [i for i in range(scores.shape[1]) if i not in seen]] = np.nan
    return replace(experience, scores=scores)


def test_what_is_proposed_again_and_again_keeps_its_standing() -> None:
    errors = []
    for seed in range(3):
        experience = world(60, 24, seed=seed)
        learned = learn_standings(runs_of_proposals(experience, n_whole=20, n_runs=5))
        truth = learn_standings(experience).standings
        often = learned.known[20:].mean(axis=0) > 0.5
        errors.append(np.abs((learned.standings - truth)[20:, often].mean(axis=0)).mean())
    assert np.mean(errors) < 0.13


@given(st.floats(0, 1), st.floats(0, 1))
def test_stretching_keeps_the_order_and_can_be_undone(one: float, other: float) -> None:
    values = np.array([one, other])
    assert unstretch(stretch(values)) == pytest.approx(values, abs=1e-9)
    low, high = stretch(np.sort(values))
    assert low <= high


def test_expected_standings_stay_between_worst_and_best() -> None:
    experience = world(40, 24, missing=0.3, failing=0.1)
    model = Combined().fit(experience)
    belief = model.believe(experience.metafeatures[3], {0: 5.0, 1: -100.0, 2: float("nan")})
    assert ((belief.mean >= 0) & (belief.mean <= 1)).all()

"""What episodes promise: nothing is learned from what they are to predict."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import reorder, world

from automl_meta.metalearning.episodes import (
    EpisodeSampler,
    TaskTable,
    canonical,
    fit_input_scaling,
    split_families,
    standardise,
    task_table,
)
from automl_meta.metalearning.loo import joined_families
from automl_meta.metalearning.traits import fit_traits


def table_of(**how: float) -> TaskTable:
    experience, _ = canonical(world(30, 20, **how))  # type: ignore[arg-type]
    return task_table(experience, fit_input_scaling(experience))


def sampler(table: TaskTable) -> EpisodeSampler:
    everything = np.arange(len(table.datasets))
    return EpisodeSampler(table, everything, everything)


scores = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=12)


@given(scores=scores, offset=st.integers(-1000, 1000), scale=st.integers(1, 1000), seed=st.integers(0, 9))
def test_neither_offset_nor_scale_of_scores_matters(scores: list[float], offset: int, scale: int, seed: int) -> None:
    expected = np.random.default_rng(seed).random(len(scores))
    own = standardise(np.array(scores), expected, 0.2)
    np.testing.assert_allclose(standardise(np.array(scores) * scale + offset, expected, 0.2), own, atol=1e-6)


def test_better_scores_give_higher_residuals_and_failures_the_lowest() -> None:
    residuals = standardise(np.array([0.5, 0.9, np.nan, 0.7]), np.full(4, 0.6), 0.2)
    assert residuals[1] > residuals[3] > residuals[0] == residuals[2]


@pytest.mark.parametrize("scores", [[], [0.3], [0.5, 0.5, 0.5], [np.nan, np.nan]])
def test_scores_that_say_nothing_leave_what_is_expected(scores: list[float]) -> None:
    assert (standardise(np.array(scores), np.full(len(scores), 0.6), 0.2) == 0).all()


def test_support_is_standardised_without_a_look_at_the_query() -> None:
    table = table_of()
    drawn = sampler(table).draw(5, 1, np.random.default_rng(0))
    assert drawn is not None
    table.scores[drawn.datasets[0], drawn.query[0]] = 1e9
    again = sampler(table).draw(5, 1, np.random.default_rng(0))
    assert again is not None
    np.testing.assert_array_equal(again.support_residuals, drawn.support_residuals)


@pytest.mark.parametrize("n_shots", [0, 1, 3, 10])
def test_support_and_query_are_known_and_apart(n_shots: int) -> None:
    table = table_of(missing=0.3, failing=0.1)
    drawn = sampler(table).draw(n_shots, 40, np.random.default_rng(n_shots))
    assert drawn is not None
    for dataset, support, query, counts in zip(drawn.datasets, drawn.support, drawn.query, drawn.counts, strict=True):
        assert len(set(support)) == n_shots
        assert table.known[dataset, support].all()
        assert table.known[dataset, query[counts]].all()
        assert not set(support) & set(query[counts])


def test_too_many_shots_give_no_episode() -> None:
    table = table_of()
    assert sampler(table).draw(20, 4, np.random.default_rng(0)) is None


def test_a_portfolio_begins_with_what_is_good_elsewhere() -> None:
    table = table_of()
    everything, random = np.arange(20), np.random.default_rng(0)
    first = [sampler(table)._portfolio(dataset, everything, 1, random)[0] for dataset in range(30)]
    assert table.expected[first].mean() > np.quantile(table.expected, 0.8)


def test_families_and_near_duplicates_stay_together() -> None:
    metafeatures = np.random.default_rng(0).normal(size=(60, 8))
    metafeatures[7] = metafeatures[40]
    families = joined_families([f"f{i // 2}" for i in range(60)], metafeatures)
    assert families[6] == families[7] == families[40] == families[41]
    parts = split_families(families)
    assert sorted(np.concatenate(parts)) == list(range(60))
    for one in range(3):
        for other in range(one):
            assert not set(families[parts[one]]) & set(families[parts[other]])
    assert len(parts[0]) > len(parts[1]) > 0 < len(parts[2])


def test_order_of_datasets_and_configurations_does_not_matter() -> None:
    experience = world(30, 20, missing=0.2)
    random = np.random.default_rng(0)
    shuffled = reorder(experience, random.permutation(30), random.permutation(20))
    one, _ = canonical(experience)
    other, _ = canonical(shuffled)
    left, right = task_table(one, fit_input_scaling(one)), task_table(other, fit_input_scaling(other))
    np.testing.assert_allclose(left.configurations, right.configurations)
    np.testing.assert_allclose(left.residuals, right.residuals)


def test_traits_keep_distances_and_survive_gaps() -> None:
    random = np.random.default_rng(0)
    hidden = random.normal(size=(200, 3))
    metafeatures = np.exp(hidden @ random.normal(size=(3, 40)))
    traits = fit_traits(metafeatures, n_traits=3)
    found = traits.of(metafeatures)
    predicted = found @ np.linalg.lstsq(found, hidden, rcond=None)[0]
    assert 1 - ((predicted - hidden) ** 2).mean() / hidden.var() > 0.9
    assert np.isfinite(traits.of(np.full((1, 40), np.nan))).all()
    assert traits.of(np.zeros((2, 40))).shape == (2, 3)

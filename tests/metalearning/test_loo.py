from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from worlds import world

from automl_meta.metabase.experience import Experience
from automl_meta.metafeatures import extract
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.loo import (
    best_of,
    evaluate,
    evaluations_of_random,
    near_duplicates,
    paired_p_value,
    random_search,
    splits,
)
from automl_meta.metalearning.methods import CLASSICAL
from automl_meta.metalearning.protocol import Belief


class Oracle:
    """Knows the truth of every dataset by its first meta-feature."""

    name = "oracle"

    def __init__(self, truth: Experience) -> None:
        self.truth = truth

    def fit(self, experience: Experience) -> "Oracle":
        return self

    def believe(self, metafeatures: np.ndarray, observed: Mapping[int, float]) -> Belief:
        row = int(np.flatnonzero(self.truth.metafeatures[:, 0] == metafeatures[0])[0])
        scores = self.truth.scores[row]
        return Belief(mean=np.nan_to_num(scores, nan=-np.inf), doubt=np.zeros_like(scores))

    def propose(self, metafeatures: np.ndarray, observed: Mapping[int, float], allowed: np.ndarray) -> int:
        mean = np.where(allowed, self.believe(metafeatures, observed).mean, -np.inf)
        mean[list(observed)] = -np.inf
        return int(np.argmax(mean))


def test_whoever_knows_the_truth_has_no_regret() -> None:
    experience = world(10, 8)
    curves = evaluate(lambda: Oracle(experience), experience, n_evaluations=3)
    assert (curves.regret == 0).all()
    assert (curves.rank == 1).all()


def test_a_family_leaves_as_a_whole() -> None:
    experience = replace(world(9, 6), families=("a", "b", "a", "c", "c", "d", "e", "f", "a"))
    for split in splits(experience):
        families = {experience.families[i] for i in split.held_out}
        assert families.isdisjoint(split.training.families)


@pytest.mark.parametrize("n_folds", [None, 3])
def test_every_dataset_is_held_out_once(n_folds: int | None) -> None:
    experience = replace(world(9, 6), families=("a", "b", "a", "c", "c", "d", "e", "f", "a"))
    held_out = [i for split in splits(experience, n_folds) for i in split.held_out]
    assert sorted(held_out) == list(range(9))


def test_a_near_duplicate_under_another_name_leaves_too() -> None:
    experience = world(30, 6)
    metafeatures = experience.metafeatures.copy()
    metafeatures[17] = metafeatures[4] * (1 + 1e-6)
    experience = replace(experience, metafeatures=metafeatures)
    assert np.argwhere(np.triu(near_duplicates(metafeatures), 1)).tolist() == [[4, 17]]
    for split in splits(experience):
        if 4 in split.held_out:
            assert "d17" not in split.training.datasets


def test_a_table_described_with_another_seed_is_a_near_duplicate() -> None:
    tables = []
    for number in range(3):
        random = np.random.default_rng(number)
        X = random.normal(size=(700, 4)) ** 3
        tables.append((X, (X[:, number] + random.normal(size=700) > 0).astype(int)))
    found = [
        extract(*tables[number], seed=seed, time_limit=None) for number, seed in ((0, 0), (1, 0), (2, 0), (0, 1))
    ]
    metafeatures = np.stack([features.as_vector(found[0].values) for features in found])
    assert np.argwhere(np.triu(near_duplicates(metafeatures), 1)).tolist() == [[0, 3]]


def test_two_datasets_may_be_all_that_there_is() -> None:
    metafeatures = np.random.default_rng(0).normal(size=(2, 6))
    assert not near_duplicates(metafeatures)[0, 1]
    assert near_duplicates(metafeatures[[0, 0]])[0, 1]


def test_counts_and_what_is_undefined_make_no_near_duplicates() -> None:
    metafeatures = np.zeros((2, 40))
    metafeatures[:, 30:] = np.random.default_rng(0).normal(size=(2, 10))
    metafeatures[0, :10] = metafeatures[1, 5:15] = np.nan
    assert not near_duplicates(metafeatures)[0, 1]


@pytest.mark.parametrize("n_folds", [None, 5])
def test_the_family_of_a_near_duplicate_leaves_too(n_folds: int | None) -> None:
    experience = world(30, 6)
    metafeatures = experience.metafeatures.copy()
    metafeatures[17] = metafeatures[4]
    families = tuple("f17" if name == "f18" else name for name in experience.families)
    experience = replace(experience, metafeatures=metafeatures, families=families)
    together = {"d04", "d17", "d18"}
    for split in splits(experience, n_folds):
        assert together.isdisjoint(split.training.datasets) or together <= set(split.training.datasets)


@pytest.mark.parametrize("name", CLASSICAL)
def test_own_scores_and_those_of_a_twin_never_reach_the_first_pick(name: str) -> None:
    experience = world(20, 8, seed=3)
    metafeatures = experience.metafeatures.copy()
    metafeatures[11] = metafeatures[0]  # a near-duplicate that nobody declared
    families = ("same", "same", *experience.families[2:])
    experience = replace(experience, metafeatures=metafeatures, families=families)
    scores = experience.scores.copy()
    # Whatever the dataset itself, its family and its twin say, they say the opposite now.
    scores[[0, 1, 11]] = -scores[[0, 1, 11]]
    lying = replace(experience, scores=scores)
    assert first_pick(name, experience) == first_pick(name, lying)


def first_pick(name: str, experience: Experience) -> int:
    split = next(split for split in splits(experience) if 0 in split.held_out)
    model = CLASSICAL[name]().fit(split.training)
    return model.propose(experience.metafeatures[0], {}, np.ones(8, dtype=bool))


def test_expectation_over_all_orders_is_that_of_random_search() -> None:
    values = np.array([0.9, 0.7, 0.7, 0.1])
    best = [[max(order[:k]) for k in range(1, 5)] for order in permutations(values)]
    assert best_of(4, 4) @ np.sort(values)[::-1] == pytest.approx(np.mean(best, axis=0))


def test_random_search_ends_without_regret() -> None:
    curves = random_search(world(5, 7, missing=0.2), n_evaluations=9)
    assert curves.regret[:, 8] == pytest.approx(0.0)
    assert (np.diff(curves.regret, axis=1) <= 1e-12).all()


def test_random_order_reaches_what_is_expected_of_it() -> None:
    experience = world(150, 10)
    drawn = evaluate(lambda: CLASSICAL["random"](), experience, n_evaluations=4, n_folds=2)
    expected = random_search(experience, n_evaluations=4)
    # One order for all datasets: compared loosely.
    assert drawn.mean_regret(4) == pytest.approx(expected.mean_regret(4), abs=0.15)


def test_what_failed_costs_an_evaluation_and_brings_nothing() -> None:
    experience = world(8, 6)
    scores, failed = experience.scores.copy(), experience.failed.copy()
    scores[:, 2] = np.nan
    failed[:, 2] = True
    experience = replace(experience, scores=scores, failed=failed)

    class Stubborn(Oracle):
        def propose(self, metafeatures: np.ndarray, observed: Mapping[int, float], allowed: np.ndarray) -> int:
            return 2 if 2 not in observed else super().propose(metafeatures, observed, allowed)

    curves = evaluate(lambda: Stubborn(experience), experience, n_evaluations=2)
    assert curves.regret[:, 0] == pytest.approx(1.0)
    assert curves.regret[:, 1] == pytest.approx(0.0)


def test_datasets_with_few_results_judge_nobody() -> None:
    experience = world(8, 6)
    scores = experience.scores.copy()
    scores[3, 1:] = np.nan
    curves = evaluate(Combined, replace(experience, scores=scores), n_evaluations=2, n_folds=2)
    assert "d03" not in curves.datasets
    assert len(curves.datasets) == 7


def test_intervals_hold_the_mean_and_tests_tell_better_from_equal() -> None:
    experience = world(40, 12)
    random = random_search(experience, n_evaluations=12)
    oracle = evaluate(lambda: Oracle(experience), experience, n_evaluations=5)
    low, high = random.interval(3)
    assert low < random.mean_regret(3) < high
    assert paired_p_value(oracle, random, 3) < 0.001
    assert paired_p_value(random, random, 3) == 1.0
    assert evaluations_of_random(random, random.mean_regret(4)) == 4
    assert evaluations_of_random(random, -1.0) is None

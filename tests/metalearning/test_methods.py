"""Promises that all methods keep."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from worlds import reorder, without_datasets, world

from automl_meta.metabase.experience import Experience
from automl_meta.metalearning.choice import NothingLeftError
from automl_meta.metalearning.methods import CLASSICAL
from automl_meta.metalearning.protocol import MetaModel
from automl_meta.metalearning.standings import standings
from automl_meta.metalearning.tables import experience_from
from automl_meta.seeding import generator

EVERY = pytest.mark.parametrize("name", CLASSICAL)
LEARNING = pytest.mark.parametrize("name", [name for name in CLASSICAL if name != "random"])


def search(
    model: MetaModel, experience: Experience, truth: np.ndarray, metafeatures: np.ndarray, n: int
) -> list[str]:
    """Return the ids in the order in which `model` asks for them."""
    allowed = np.ones(len(experience.configurations), dtype=bool)
    observed: dict[int, float] = {}
    for _ in range(n):
        pick = model.propose(metafeatures, observed, allowed)
        observed[pick] = float(truth[pick])
    return [experience.configurations[i] for i in observed]


def left_out(make: Callable[[], MetaModel], experience: Experience, dataset: int, n: int = 6) -> list[str]:
    others = experience.take(np.arange(len(experience.datasets)) != dataset)
    truth = experience.scores[dataset]
    return search(make().fit(others), experience, truth, experience.metafeatures[dataset], n)


@EVERY
def test_every_configuration_is_proposed_once(name: str) -> None:
    experience = world(12, 9, missing=0.2, failing=0.1)
    order = left_out(CLASSICAL[name], experience, 3, n=9)
    assert sorted(order) == sorted(experience.configurations)


@EVERY
def test_only_what_is_allowed_is_proposed_and_then_nothing(name: str) -> None:
    experience = world(12, 9)
    model = CLASSICAL[name]().fit(experience)
    allowed = np.arange(9) % 4 == 1
    observed = {0: 1.0}
    for _ in range(int(allowed.sum())):
        pick = model.propose(experience.metafeatures[0], observed, allowed)
        assert allowed[pick]
        observed[pick] = float(pick)
    with pytest.raises(NothingLeftError, match="no configuration is left"):
        model.propose(experience.metafeatures[0], observed, allowed)


@EVERY
def test_ranking_is_deterministic(name: str) -> None:
    experience = world(missing=0.2)
    assert left_out(CLASSICAL[name], experience, 1) == left_out(CLASSICAL[name], experience, 1)


@EVERY
@pytest.mark.parametrize("seed", range(3))
def test_order_of_datasets_and_configurations_does_not_matter(name: str, seed: int) -> None:
    experience = world(30, 15, seed=seed, missing=0.2, failing=0.05)
    rows = generator(seed, "rows").permutation(30)
    columns = generator(seed, "columns").permutation(15)
    shuffled = reorder(experience, rows, columns)
    dataset = int(np.flatnonzero(rows == 0)[0])
    assert left_out(CLASSICAL[name], experience, 0, n=10) == left_out(CLASSICAL[name], shuffled, dataset, n=10)


@EVERY
def test_scale_and_offset_of_the_new_scores_do_not_matter(name: str) -> None:
    experience = world()
    model = CLASSICAL[name]().fit(experience.take(np.arange(1, 40)))
    truth, metafeatures = experience.scores[0], experience.metafeatures[0]
    order = search(model, experience, truth, metafeatures, 10)
    assert order == search(model, experience, 1000 * truth - 77, metafeatures, 10)


@LEARNING
def test_one_known_dataset_is_followed(name: str) -> None:
    experience = world(1, 10)
    model = CLASSICAL[name]().fit(experience)
    best = int(np.argmax(experience.scores[0]))
    assert model.propose(experience.metafeatures[0], {}, np.ones(10, dtype=bool)) == best


@EVERY
def test_no_known_dataset_still_gives_an_order(name: str) -> None:
    experience = world(4, 10)
    model = CLASSICAL[name]().fit(without_datasets(experience))
    order = search(model, experience, experience.scores[0], experience.metafeatures[0], 10)
    assert sorted(order) == sorted(experience.configurations)


@EVERY
def test_failures_alone_do_not_confuse(name: str) -> None:
    experience = world()
    model = CLASSICAL[name]().fit(experience)
    order = search(model, experience, np.full(24, np.nan), experience.metafeatures[0], 24)
    assert len(set(order)) == 24


@EVERY
def test_undefined_metafeatures_are_no_obstacle(name: str) -> None:
    experience = world()
    metafeatures = experience.metafeatures.copy()
    metafeatures[::3, 1] = np.nan
    metafeatures[:, 2] = np.nan
    metafeatures[4, 3] = np.inf
    model = CLASSICAL[name]().fit(replace(experience, metafeatures=metafeatures))
    belief = model.believe(np.full(7, np.nan), {0: 0.5, 3: 0.7})
    assert np.isfinite(belief.mean).all()
    assert np.isfinite(belief.doubt).all()
    assert (belief.doubt >= 0).all()


@EVERY
def test_datasets_that_nobody_described_are_no_obstacle(name: str) -> None:
    experience = world(30, 12)
    metafeatures = experience.metafeatures.copy()
    metafeatures[[0, 7, 29]] = np.nan
    for known in (metafeatures, np.full_like(metafeatures, np.nan), metafeatures[:, :0]):
        described = replace(
            experience, metafeatures=known, metafeature_names=experience.metafeature_names[: known.shape[1]]
        )
        model = CLASSICAL[name]().fit(described)
        for asked in known[:2]:
            belief = model.believe(asked, {0: 0.5, 3: 0.7})
            assert np.isfinite(belief.mean).all()
            assert np.isfinite(belief.doubt).all()
            order = search(model, described, experience.scores[0], asked, 12)
            assert sorted(order) == sorted(experience.configurations)


@EVERY
def test_datasets_that_all_agree_are_no_obstacle(name: str) -> None:
    scores = [[0.9, 0.8], [0.7, 0.6], [0.95, 0.5], [0.8, 0.1]]  # the first of two always wins
    experience = experience_from(scores, np.random.default_rng(0).normal(size=(4, 5)))
    model = CLASSICAL[name]().fit(experience)
    order = search(model, experience, np.array([0.9, 0.8]), experience.metafeatures[0], 2)
    assert sorted(order) == sorted(experience.configurations)


@LEARNING
def test_learning_beats_chance(name: str) -> None:
    experience = world(60, 30, seed=4)
    reached = []
    for dataset in range(0, 60, 6):
        order = left_out(CLASSICAL[name], experience, dataset, n=3)
        scores = experience.scores[dataset]
        ranks = (scores > scores[[experience.configurations.index(i) for i in order]].max()).sum()
        reached.append(ranks)
    assert np.mean(reached) < 7.5 - 1  # the best of three random ones of 30 has rank 7.75 on average, from 1


@pytest.mark.parametrize("name", ["combined", "gaussian-posterior"])
def test_a_never_measured_configuration_is_judged_by_its_likes(name: str) -> None:
    experience = world(40, 20)
    scores, vectors = experience.scores.copy(), experience.vectors.copy()
    average = standings(scores, experience.failed).mean(axis=0)
    best, worst = int(np.argmax(average)), int(np.argmin(average))
    twins = [i for i in range(20) if i not in (best, worst)][:2]
    for twin, original in zip(twins, (best, worst), strict=True):
        scores[:, twin] = np.nan
        vectors[twin] = vectors[original] + 1e-3
    model = CLASSICAL[name]().fit(replace(experience, scores=scores, vectors=vectors))
    for metafeatures in experience.metafeatures[::8]:
        belief = model.believe(metafeatures, {})
        assert belief.mean[twins[0]] > belief.mean[twins[1]]


@pytest.mark.parametrize("name", ["combined", "gaussian-posterior"])
def test_what_was_seen_changes_what_is_expected_of_likes(name: str) -> None:
    experience = world(60, 24, seed=2)
    correlation = np.corrcoef(experience.scores.argsort(axis=1).argsort(axis=1), rowvar=False)
    np.fill_diagonal(correlation, 0.0)
    one, other = np.unravel_index(np.argmax(correlation), correlation.shape)
    third = next(i for i in range(24) if i not in (one, other))
    model = CLASSICAL[name]().fit(experience)
    good = model.believe(experience.metafeatures[0], {int(one): 1.0, third: 0.0}).mean
    bad = model.believe(experience.metafeatures[0], {int(one): 0.0, third: 1.0}).mean
    assert good[other] > bad[other]

from dataclasses import replace

import numpy as np
import pytest
from worlds import world

from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.scaling import fit_novelty, fit_scaler
from automl_meta.metalearning.similarity import fit_similarity
from automl_meta.metalearning.standings import learn_standings


def two_kinds() -> tuple[np.ndarray, np.ndarray]:
    """Return meta-features of which the first tells the kind, and scores that depend on the kind."""
    random = np.random.default_rng(0)
    kind = np.arange(40) % 2
    scores = np.where(kind[:, None] == 0, np.arange(6.0), np.arange(6.0)[::-1]) + 0.1 * random.normal(size=(40, 6))
    metafeatures = np.column_stack([kind + 0.1 * random.normal(size=40), 100 * random.normal(size=(40, 5))])
    return metafeatures, scores


def test_datasets_are_alike_if_the_same_configurations_win() -> None:
    metafeatures, scores = two_kinds()
    experience = replace(
        world(40, 6),
        metafeatures=metafeatures,
        metafeature_names=tuple("abcdef"),
        scores=scores,
    )
    similarity = fit_similarity(learn_standings(experience))
    new = fit_scaler(metafeatures).transform(np.array([[0.0, 500.0, -300.0, 0.0, 20.0, 90.0]]))[0]
    weights = similarity.weights(new)
    assert weights[0::2].sum() > 0.85


def test_weights_are_those_of_the_forest() -> None:
    experience = world(40, 12)
    similarity = fit_similarity(learn_standings(experience))
    scaled = fit_scaler(experience.metafeatures).transform(experience.metafeatures)
    for row in scaled[:5]:
        weights = similarity.weights(row)
        assert weights.sum() == pytest.approx(1.0)
        assert (weights >= 0).all()
    # In each tree a known dataset shares its own leaf, so it weighs at least as much as all do on average.
    own = [similarity.weights(row)[i] for i, row in enumerate(scaled)]
    assert min(own) > 1 / 40


def test_few_datasets_are_all_alike() -> None:
    similarity = fit_similarity(learn_standings(world(4, 6)))
    assert similarity.weights(np.zeros(7)) == pytest.approx(0.25)


def test_a_dataset_without_metafeatures_is_like_none() -> None:
    experience = world(40, 12)
    metafeatures = experience.metafeatures.copy()
    metafeatures[[3, 20]] = np.nan
    knowledge = learn_standings(replace(experience, metafeatures=metafeatures))
    scaler = fit_scaler(knowledge.metafeatures)
    new = scaler.transform(np.median(metafeatures[knowledge.described], axis=0)[None])[0]  # the middle of all
    weights = fit_similarity(knowledge).weights(new)
    assert weights[[3, 20]] == pytest.approx(0.0)
    assert weights.sum() == pytest.approx(1.0)
    model = Combined().fit(replace(experience, metafeatures=metafeatures))
    assert model.novelty_.known.shape == (38, 7)
    assert (model.dataset_weights(new)[[3, 20]] > 0.0).all()  # its share of what all get alike


def test_scaled_metafeatures_ignore_monotone_changes() -> None:
    metafeatures = world().metafeatures
    scaled = fit_scaler(metafeatures).transform(metafeatures)
    changed = fit_scaler(np.exp(metafeatures)).transform(np.exp(metafeatures))
    np.testing.assert_allclose(scaled, changed)


def test_constant_and_undefined_metafeatures_say_nothing() -> None:
    metafeatures = np.column_stack([np.ones(9), np.full(9, np.nan), np.arange(9.0)])
    assert fit_scaler(metafeatures).kept == (2,)


def test_novelty_is_small_among_likes_and_large_far_away() -> None:
    known = np.random.default_rng(0).normal(size=(50, 4))
    assert fit_novelty(known).of(known[3] + 0.01) < 1
    assert fit_novelty(known).of(np.full(4, 30.0)) > 10
    assert fit_novelty(known[:2]).of(known[0]) == float("inf")

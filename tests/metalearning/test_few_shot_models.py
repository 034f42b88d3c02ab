"""What few-shot methods promise as meta-models, trained as briefly as it takes to see it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from worlds import reorder, without_datasets, world

from automl_meta.errors import InputError, MissingExtraError
from automl_meta.metalearning.choice import NothingLeftError
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.methods import FEW_SHOT, METHODS, MIXED
from automl_meta.metalearning.mixture import Mixture
from automl_meta.metalearning.portfolio import Portfolio
from automl_meta.metalearning.protocol import Belief, MetaModel
from automl_meta.metalearning.random import RandomOrder


def test_without_the_extra_a_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("automl_meta.optional.importlib.import_module", missing)
    for name in (*FEW_SHOT, "mixture"):
        with pytest.raises(MissingExtraError, match=r"pip install 'automl-meta\[neural\]'"):
            METHODS[name]()


class Fixed:
    """A method that believes the same whatever it sees."""

    name = "fixed"

    def __init__(self, mean: np.ndarray) -> None:
        self.mean = mean

    def fit(self, experience: object) -> "Fixed":
        return self

    def believe(self, metafeatures: object, observed: object) -> Belief:
        return Belief(mean=self.mean, doubt=np.full(len(self.mean), 0.1))

    def propose(self, metafeatures: object, observed: object, allowed: object) -> int:
        return int(np.argmax(self.mean))


def test_the_mixture_follows_who_predicted_well() -> None:
    experience = world(20, 12)
    truth = np.linspace(0.1, 0.9, 12)
    mixture = Mixture([Fixed(truth), Fixed(truth[::-1]), Fixed(np.full(12, 0.5))]).fit(experience)
    alike = mixture.weights(experience.metafeatures[0], {0: truth[0], 5: truth[5]})
    np.testing.assert_allclose(alike, 1 / 3)
    seen = {i: float(truth[i]) for i in (0, 3, 5, 8, 10)}
    weights = mixture.weights(experience.metafeatures[0], seen)
    assert weights[0] > 0.9
    assert weights[1] < 0.01
    in_another_unit = {i: 1000 * score - 7 for i, score in seen.items()}
    np.testing.assert_allclose(mixture.weights(experience.metafeatures[0], in_another_unit), weights)
    belief = mixture.believe(experience.metafeatures[0], seen)
    assert np.argmax(belief.mean) == 11


def test_the_mixture_of_one_is_that_one() -> None:
    experience = world(30, 15)
    one, alone = Mixture([Combined()]).fit(experience), Combined().fit(experience)
    allowed = np.ones(15, dtype=bool)
    observed: dict[int, float] = {}
    for _ in range(8):
        pick = alone.propose(experience.metafeatures[3], observed, allowed)
        assert one.propose(experience.metafeatures[3], observed, allowed) == pick
        observed[pick] = float(experience.scores[3, pick])


def test_members_that_cannot_value_proposals_are_taken_at_their_word() -> None:
    experience = world(20, 10)
    mixture: MetaModel = Mixture([Portfolio(), RandomOrder()]).fit(experience)
    assert 0 <= mixture.propose(experience.metafeatures[0], {1: 0.4}, np.ones(10, dtype=bool)) < 10


torch = pytest.importorskip("torch")

from automl_meta.metalearning.neural.learners import LEARNERS  # noqa: E402
from automl_meta.metalearning.neural.model import NeuralMetaModel  # noqa: E402
from automl_meta.metalearning.neural.training import Training  # noqa: E402
from automl_meta.metalearning.neural.weights_file import Origin, checksum_of, load, save  # noqa: E402

BRIEF = Training(steps=12, check_every=6, tasks=8)
EVERY = pytest.mark.parametrize("name", FEW_SHOT)


def brief(name: str) -> NeuralMetaModel:
    return NeuralMetaModel(LEARNERS[name](), BRIEF)


def picks(model: MetaModel, experience: object, dataset: int, n: int, *, scale: float = 1.0) -> list[int]:
    allowed = np.ones(len(experience.configurations), dtype=bool)  # type: ignore[attr-defined]
    observed: dict[int, float] = {}
    for _ in range(n):
        pick = model.propose(experience.metafeatures[dataset], observed, allowed)  # type: ignore[attr-defined]
        observed[pick] = scale * float(experience.scores[dataset, pick])  # type: ignore[attr-defined]
    return list(observed)


def test_the_names_are_those_of_the_learners() -> None:
    assert set(FEW_SHOT) == set(LEARNERS)
    assert all(make().name == name for name, make in LEARNERS.items())
    assert set(MIXED) <= set(METHODS)


@EVERY
def test_every_configuration_is_proposed_once_whatever_the_unit_of_scores(name: str) -> None:
    experience = world(24, 9, missing=0.2, failing=0.1)
    model = brief(name).fit(experience)
    order = picks(model, experience, 3, 9)
    assert sorted(order) == list(range(9))
    assert picks(model, experience, 3, 9, scale=1000.0) == order
    with pytest.raises(NothingLeftError, match="no configuration is left"):
        model.propose(experience.metafeatures[3], dict.fromkeys(range(9), 0.5), np.ones(9, dtype=bool))


@EVERY
def test_order_of_datasets_and_configurations_does_not_matter(name: str) -> None:
    experience = world(24, 10, missing=0.2)
    random = np.random.default_rng(1)
    shuffled = reorder(experience, random.permutation(24), random.permutation(10))
    dataset = shuffled.datasets.index("d05")
    one, other = brief(name).fit(experience), brief(name).fit(shuffled)
    first = [experience.configurations[i] for i in picks(one, experience, 5, 6)]
    assert [shuffled.configurations[i] for i in picks(other, shuffled, dataset, 6)] == first


@EVERY
def test_beliefs_are_finite_without_metafeatures_and_with_failures_alone(name: str) -> None:
    experience = world(24, 10)
    model = brief(name).fit(experience)
    for observed in ({}, {2: np.nan}, {2: np.nan, 4: 0.3}, {1: 0.2, 2: 0.2}):
        belief = model.believe(np.full(7, np.nan), observed)
        assert np.isfinite(belief.mean).all()
        assert (belief.doubt > 0).all()
        assert np.isfinite(belief.doubt).all()


def test_too_little_experience_leaves_the_average() -> None:
    experience = world(4, 10)
    model = brief("maml").fit(experience)
    best = int(np.argmax(model.believe(experience.metafeatures[0], {}).mean))
    assert model.propose(experience.metafeatures[0], {}, np.ones(10, dtype=bool)) == best
    assert sorted(picks(brief("maml").fit(without_datasets(experience)), experience, 0, 10)) == list(range(10))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["siamese", "matching", "deep-kernel", "neural-process"])
def test_learning_beats_chance(name: str) -> None:
    experience = world(60, 30, seed=4)
    held_out = np.arange(60) % 6 == 0
    model = NeuralMetaModel(LEARNERS[name](), Training(steps=150, check_every=50)).fit(experience.take(~held_out))
    ranks = []
    for dataset in np.flatnonzero(held_out):
        scores = experience.scores[dataset]
        ranks.append((scores > scores[picks(model, experience, int(dataset), 3)].max()).sum())
    assert np.mean(ranks) < 5  # the best of three random ones of 30 has 6.75 above it on average


def test_an_interrupted_training_ends_as_it_would_have(tmp_path: Path) -> None:
    experience = world(24, 10)

    class Stopped(Exception):  # noqa: N818
        pass

    def stop(progress: object) -> None:
        raise Stopped

    kept = tmp_path / "training.npz"
    whole = NeuralMetaModel(LEARNERS["deep-kernel"](), BRIEF).fit(experience)
    with pytest.raises(Stopped):
        NeuralMetaModel(LEARNERS["deep-kernel"](), BRIEF, checkpoint=kept, watch=stop).fit(experience)
    resumed = NeuralMetaModel(LEARNERS["deep-kernel"](), BRIEF, checkpoint=kept).fit(experience)
    assert resumed.progress_.step == whole.progress_.step == 12
    for name, weights in whole.weights_.items():
        torch.testing.assert_close(resumed.weights_[name], weights)


def test_training_ends_where_validation_gains_no_more() -> None:
    impatient = replace(BRIEF, steps=400, check_every=2, patience=2, rate=0.5)
    model = NeuralMetaModel(LEARNERS["deep-kernel"](), impatient).fit(world(24, 10))
    assert model.progress_.step < 400


def origin_of(path: Path) -> Origin:
    return Origin(
        method="matching", task="binary", metric="roc_auc", checksum=checksum_of([path]), datasets=("d00",),
        families=("f00",), steps=12, seconds=1.0, loss=0.1,
    )  # fmt: skip


def test_weights_from_a_file_believe_the_same(tmp_path: Path) -> None:
    experience = world(24, 10)
    model = brief("matching").fit(experience)
    source = tmp_path / "base.sqlite"
    source.write_bytes(b"a meta-base")
    save(model, origin_of(source), tmp_path / "weights.npz")
    found = load(tmp_path / "weights.npz")
    assert found.origin == origin_of(source)
    again = found.model_for(experience)
    observed = {1: 0.3, 4: 0.9}
    before, after = (m.believe(experience.metafeatures[2], observed) for m in (model, again))
    np.testing.assert_allclose(after.mean, before.mean, atol=1e-4)
    np.testing.assert_allclose(after.doubt, before.doubt, atol=1e-4)


def test_weights_find_metafeatures_by_name(tmp_path: Path) -> None:
    experience = world(24, 10)
    (tmp_path / "base.sqlite").write_bytes(b"a meta-base")
    model = brief("siamese").fit(experience)
    save(model, replace(origin_of(tmp_path / "base.sqlite"), method="siamese"), tmp_path / "weights.npz")
    columns, names = experience.metafeatures[:, ::-1], experience.metafeature_names[::-1]
    turned = replace(experience, metafeatures=columns, metafeature_names=names)
    again = load(tmp_path / "weights.npz").model_for(turned)
    np.testing.assert_allclose(
        again.believe(turned.metafeatures[2], {}).mean, model.believe(experience.metafeatures[2], {}).mean, atol=1e-4
    )


def test_hostile_and_old_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(b"not an archive")
    with pytest.raises(InputError, match="holds no weights"):
        load(path)
    np.savez(path, head=np.array([{"format": 1}], dtype=object))  # a pickle inside
    with pytest.raises(InputError, match="holds no weights"):
        load(path)
    np.savez(path, head=np.frombuffer(json.dumps({"format": 99}).encode(), dtype=np.uint8))
    with pytest.raises(InputError, match="format 99"):
        load(path)

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from automl_meta.datasets.task import Task
from automl_meta.evaluation.partial import FULL
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.metalearning import Advisor
from automl_meta.metalearning.choice import NothingLeftError
from automl_meta.metalearning.memory import Memory, forgetful
from automl_meta.metalearning.protocol import Experience
from automl_meta.metalearning.similarity import fit_similarity
from automl_meta.metalearning.standings import learn_standings
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.neighbourhood import sample
from automl_meta.pipelines.vectors import vector_names, vectorize
from automl_meta.tuning.strategies.halving import Halving, rungs_for
from automl_meta.tuning.strategies.posterior import PosteriorGuided
from automl_meta.tuning.strategies.protocol import Proposal, Strategy
from automl_meta.tuning.strategies.recommended import Recommended
from automl_meta.tuning.strategies.refinement import GridAround, RandomAround
from automl_meta.tuning.strategies.sequence import Alternating, Distinct, Sequential
from automl_meta.tuning.strategies.uniform import Uniform

FOREVER = float("inf")


def instantly(configuration: Configuration) -> float:
    return 0.0


def scored(configuration: Configuration, score: float) -> Evaluation:
    return Evaluation(configuration=configuration, status=Status.OK, scores={"roc_auc": (score, score)})


def failed(configuration: Configuration) -> Evaluation:
    return Evaluation(configuration=configuration, status=Status.FAILED)


def random_around(
    seconds: Callable[[Configuration], float] = instantly, favourites: Sequence[Configuration] = ()
) -> RandomAround:
    return RandomAround(Task.BINARY, "roc_auc", 0, seconds, lambda algorithm: favourites)


def grid_around(
    seconds: Callable[[Configuration], float] = instantly, importance: Mapping[str, float] | None = None
) -> GridAround:
    return GridAround(Task.BINARY, "roc_auc", seconds, lambda algorithm: importance or {})


class Listed:
    """Proposes what it was given, in order, and remembers what it is told."""

    def __init__(self, *names: str) -> None:
        self.left = list(names)
        self.told: list[str] = []

    def ask(self, seconds: float) -> Proposal | None:
        return Proposal(Configuration(self.left.pop(0), {}), "list") if self.left else None

    def tell(self, evaluation: Evaluation) -> None:
        self.told.append(evaluation.configuration.algorithm)


def names(strategy: Strategy, most: int = 20) -> list[str]:
    proposals = (strategy.ask(FOREVER) for _ in range(most))
    return [proposal.configuration.algorithm for proposal in proposals if proposal is not None]


@pytest.mark.parametrize("make", [random_around, grid_around])
def test_refinement_waits_for_the_first_success(make: Callable[[], Strategy]) -> None:
    strategy = make()
    assert strategy.ask(FOREVER) is None
    strategy.tell(failed(default_configuration("lightgbm", Task.BINARY)))
    assert strategy.ask(FOREVER) is None
    strategy.tell(scored(default_configuration("knn", Task.BINARY), 0.7))
    proposal = strategy.ask(FOREVER)
    assert proposal is not None
    assert proposal.configuration.algorithm == "knn"


@pytest.mark.parametrize("make", [random_around, grid_around])
def test_refinement_proposes_nothing_that_does_not_fit_the_time(
    make: Callable[[Callable[[Configuration], float]], Strategy],
) -> None:
    for seconds, expected in ((5.0, False), (20.0, True)):
        strategy = make(lambda configuration: 10.0)
        strategy.tell(scored(default_configuration("lightgbm", Task.BINARY), 0.7))
        assert (strategy.ask(seconds) is not None) is expected


@pytest.mark.parametrize("make", [random_around, grid_around])
@pytest.mark.parametrize("seconds", [5.0, FOREVER])
def test_refinement_goes_on_where_nothing_is_known_of_the_time_an_algorithm_takes(
    make: Callable[[Callable[[Configuration], float]], Strategy], seconds: float
) -> None:
    strategy = make(lambda configuration: float("nan"))
    strategy.tell(scored(default_configuration("lightgbm", Task.BINARY), 0.7))
    assert strategy.ask(seconds) is not None


def test_random_steps_prefer_the_best_and_name_their_centre() -> None:
    strategy = random_around()
    best, other = (default_configuration(name, Task.BINARY) for name in ("lightgbm", "svm"))
    strategy.tell(scored(best, 0.9))
    strategy.tell(scored(other, 0.6))
    proposals = [strategy.ask(FOREVER) for _ in range(60)]
    centres = [p.origin.split()[-1] for p in proposals if p is not None]
    assert centres.count(best.id) > centres.count(other.id) > 0


def test_random_steps_depend_on_the_seed_alone() -> None:
    def course() -> list[str]:
        strategy = random_around()
        strategy.tell(scored(default_configuration("extra_trees", Task.BINARY), 0.9))
        return [p.configuration.id for p in (strategy.ask(FOREVER) for _ in range(10)) if p is not None]

    assert len(set(course())) > 5
    assert course() == course()


def test_grid_turns_to_a_better_leader_when_one_appears_and_then_returns() -> None:
    strategy = grid_around()
    first, better = (default_configuration(name, Task.BINARY) for name in ("svm", "logistic_regression"))
    strategy.tell(scored(first, 0.6))
    one = strategy.ask(FOREVER)
    strategy.tell(scored(better, 0.8))
    algorithms = [p.configuration.algorithm for p in (strategy.ask(FOREVER) for _ in range(500)) if p is not None]
    assert one is not None
    assert one.configuration.algorithm == "svm"
    assert algorithms[0] == "logistic_regression"
    assert algorithms[-1] == "svm"
    assert strategy.ask(FOREVER) is None


def test_sequence_passes_on_when_a_stage_ends_and_tells_all_stages() -> None:
    first, second = Listed("a", "b", "c"), Listed("d")
    strategy = Sequential([(first, 2), (second, None)])
    assert names(strategy) == ["a", "b", "d"]
    strategy.tell(failed(Configuration("a", {})))
    assert first.told == second.told == ["a"]


def test_alternation_takes_turns_and_passes_over_who_is_silent() -> None:
    assert names(Alternating([Listed("a", "b", "c"), Listed("d")])) == ["a", "d", "b", "c"]


def test_nothing_is_proposed_twice() -> None:
    known = [Configuration("z", {})]
    assert names(Distinct(Listed("a", "z", "a", "b", "a"), known)) == ["a", "b"]


def test_recommendations_are_distinct_while_results_are_awaited_and_end_with_the_catalogue() -> None:
    advisor = Advisor(forgetful(Task.BINARY, "roc_auc"), {}, algorithms=["knn", "gaussian_nb"])
    strategy = Recommended(advisor, "roc_auc")
    proposals = [strategy.ask(FOREVER) for _ in range(5)]
    ids = [p.configuration.id for p in proposals if p is not None]
    assert len(ids) == len(set(ids)) >= 4
    for proposal in proposals:
        if proposal is not None:
            strategy.tell(failed(proposal.configuration))
    more = strategy.ask(FOREVER)
    assert more is None or more.configuration.id not in ids


class Listening:
    """An advisor that remembers the scores it is told."""

    def next(self, scores: Mapping[str, float], **limits: object) -> Configuration:
        self.scores = dict(scores)
        return Configuration("knn", {})

    def calibrate(self, seconds: Mapping[str, float], *, stopped: Mapping[str, float]) -> None:
        pass


def test_advisor_is_told_scores_though_a_fold_has_none() -> None:
    advisor, undefined = Listening(), float("nan")
    strategy = Recommended(advisor, "roc_auc")
    told = {
        "lda": (Status.OK, (undefined, undefined, undefined)),
        "knn": (Status.OK, (0.8, undefined, 0.6)),
        "svm": (Status.CANCELLED, (0.5, undefined)),  # given up as far behind as 0.3
        "mlp": (Status.CANCELLED, (undefined,)),
    }
    ids = {name: Configuration(name, {}).id for name in told}
    for name, (status, scores) in told.items():
        found = {"roc_auc": scores}
        strategy.tell(Evaluation(configuration=Configuration(name, {}), status=status, scores=found))
    strategy.ask(FOREVER)
    assert advisor.scores == pytest.approx(
        {ids["lda"]: undefined, ids["knn"]: 0.7, ids["svm"]: 0.4, ids["mlp"]: undefined}, nan_ok=True
    )


def test_random_steps_begin_where_similar_datasets_had_their_best() -> None:
    leader = default_configuration("knn", Task.BINARY)
    favourite = sample("knn", Task.BINARY, np.random.default_rng(0))
    strategy = random_around(favourites=[favourite])
    strategy.tell(scored(leader, 0.7))
    origins = [proposal.origin for proposal in (strategy.ask(FOREVER) for _ in range(60)) if proposal is not None]
    early, late = origins[:15], origins[-15:]
    hearsay = f"random search around {favourite.id}"
    assert early.count(hearsay) > late.count(hearsay)
    assert f"random search around {leader.id}" in late


def test_random_steps_grow_while_they_fail_and_shrink_when_they_succeed() -> None:
    def spread(score: float) -> float:
        strategy = random_around()
        strategy.tell(scored(default_configuration("extra_trees", Task.BINARY), 0.5))
        for number in range(12):
            proposal = strategy.ask(FOREVER)
            assert proposal is not None
            strategy.tell(scored(proposal.configuration, score + 0.001 * number if score > 0.5 else score))
        steps = [p.configuration for p in (strategy.ask(FOREVER) for _ in range(40)) if p is not None]
        return float(vectorize(steps, Task.BINARY).std(axis=0).sum())

    assert spread(0.4) > 1.2 * spread(0.6)


def test_grid_takes_what_matters_first_and_finest() -> None:
    default = default_configuration("lightgbm", Task.BINARY)
    name = next(iter(sorted(default.hyperparameters, reverse=True)))
    strategy = grid_around(importance={name: 0.9})
    strategy.tell(scored(default, 0.7))
    points = [p.configuration for p in (strategy.ask(FOREVER) for _ in range(300)) if p is not None]
    changed = [
        [key for key, value in point.hyperparameters.items() if default.hyperparameters.get(key) != value]
        for point in points
    ]
    assert changed[0][0] == name
    assert [name] not in changed[changed.index(next(keys for keys in changed if name not in keys)) :]


def look(proposal: Proposal, score: float) -> Evaluation:
    whole = proposal.fidelity.is_full
    return Evaluation(
        configuration=proposal.configuration,
        status=Status.OK if whole else Status.CANCELLED,
        scores={"roc_auc": (score,)},
        fidelity=proposal.fidelity,
    )


def test_halving_looks_at_many_and_finishes_the_best() -> None:
    source = Listed(*(f"a{number}" for number in range(27)))
    strategy = Halving(source, "roc_auc", rungs_for(200_000, 5))
    counts: dict[str, int] = {}
    finished = []
    while (proposal := strategy.ask(FOREVER)) is not None and len(finished) < 3:
        counts[str(proposal.fidelity)] = counts.get(str(proposal.fidelity), 0) + 1
        score = int(proposal.configuration.algorithm[1:]) * 10 % 27 / 100
        strategy.tell(look(proposal, score))
        if proposal.fidelity.is_full:
            finished.append(proposal.configuration.algorithm)
    assert list(counts) == [str(fidelity) for fidelity in rungs_for(200_000, 5)]
    looks = list(counts.values())
    assert looks[0] > 1.5 * looks[1] >= 2 * looks[2] >= 2 * looks[3]
    assert source.told == finished  # of first looks it hears nothing


@pytest.mark.parametrize("n_rows", [300, 200_000])
def test_halving_of_a_single_fold_fits_nothing_to_the_same_rows_twice(n_rows: int) -> None:
    shares = [fidelity.rows for fidelity in rungs_for(n_rows, 1)]
    assert len({*shares}) == len(shares)
    assert rungs_for(n_rows, 1)[-1] == FULL


def test_halving_begins_with_whole_folds_where_rows_are_few_and_finishes_all_in_the_end() -> None:
    assert [(fidelity.rows, fidelity.folds) for fidelity in rungs_for(300, 5)] == [(1.0, 1), (1.0, None)]
    strategy = Halving(Listed("a", "b", "c"), "roc_auc", rungs_for(300, 5))
    finished = []
    while (proposal := strategy.ask(FOREVER)) is not None:
        strategy.tell(look(proposal, 0.5))
        finished += [proposal.configuration.algorithm] if proposal.fidelity is FULL else []
    assert sorted(finished) == ["a", "b", "c"]


def test_uniform_draws_use_every_algorithm_and_repeat_for_the_same_seed() -> None:
    def course(seed: int) -> list[str]:
        strategy = Uniform(Task.BINARY, ["knn", "svm"], seed)
        return [p.configuration.id for p in (strategy.ask(FOREVER) for _ in range(20)) if p is not None]

    assert course(1) == course(1) != course(2)
    assert set(names(Uniform(Task.BINARY, ["knn", "svm"], 0))) == {"knn", "svm"}


@pytest.fixture(scope="module")
def experienced() -> Advisor:
    """An advisor who knows 12 datasets on which SVMs with a large C and kNN with many neighbours are best."""
    rng = np.random.default_rng(0)
    configurations = [sample(name, Task.BINARY, rng) for name in ("svm", "knn") for _ in range(8)]
    vectors = vectorize(configurations, Task.BINARY)
    names = vector_names(Task.BINARY)
    quality = vectors[:, names.index("svm.C")] + vectors[:, names.index("knn.n_neighbors")]
    experience = Experience(
        datasets=tuple(f"d{i}" for i in range(12)),
        families=tuple(f"d{i}" for i in range(12)),
        configurations=tuple(configuration.id for configuration in configurations),
        metafeature_names=("log_nr_inst",),
        scores=quality + 0.02 * rng.normal(size=(12, 16)),
        failed=np.zeros((12, 16), dtype=bool),
        seconds=np.ones((12, 16)),
        fits=np.ones(12),
        training_rows=np.full(12, np.nan),
        metafeatures=rng.normal(size=(12, 1)),
        vectors=vectors,
    )
    memory = Memory(
        task=Task.BINARY,
        metric="roc_auc",
        asked="roc_auc",
        experience=experience,
        configurations=tuple(configurations),
        similarity=fit_similarity(learn_standings(experience)),
    )
    return Advisor(memory, {"log_nr_inst": 0.0}, algorithms=["svm", "knn"])


def test_posterior_proposes_unseen_configurations_once_it_has_leaders(experienced: Advisor) -> None:
    strategy = Distinct(PosteriorGuided(Task.BINARY, "roc_auc", 0, experienced))
    known = {configuration.id for configuration in experienced.memory.configurations}
    proposed = []
    for _ in range(14):
        proposal = strategy.ask(FOREVER)
        assert proposal is not None
        proposed.append(proposal.configuration.id)
        vector = vectorize([proposal.configuration], Task.BINARY)[0]
        strategy.tell(scored(proposal.configuration, float(vector.max())))
    assert len(set(proposed)) == 14
    assert set(proposed) - known
    assert proposed[0] in known


def test_posterior_goes_on_with_unseen_configurations_when_all_known_ones_are_tried(experienced: Advisor) -> None:
    strategy = Distinct(PosteriorGuided(Task.BINARY, "roc_auc", 0, experienced))
    assert strategy.ask(FOREVER) is not None
    for configuration in experienced.memory.configurations:
        strategy.tell(scored(configuration, 0.5))
    proposal = strategy.ask(FOREVER)
    assert proposal is not None
    assert proposal.configuration not in experienced.memory.configurations


def test_favourites_are_those_that_won_on_known_datasets(experienced: Advisor) -> None:
    favourite = experienced.favourites("svm")[0]
    strengths = [c.hyperparameters["C"] for c in experienced.memory.configurations if c.algorithm == "svm"]
    assert favourite.hyperparameters["C"] == max(strengths)
    assert experienced.favourites("lightgbm") == ()


def test_importance_finds_the_hyperparameter_that_decides(experienced: Advisor) -> None:
    for algorithm, decisive in (("svm", "C"), ("knn", "n_neighbors")):
        importance = experienced.importance(algorithm)
        assert next(iter(importance)) == decisive
        assert all(0 <= share <= 1 for share in importance.values())
    assert experienced.importance("lightgbm") == {}


def test_advisor_with_unseen_configurations_knows_them_by_their_likes(experienced: Advisor) -> None:
    rng = np.random.default_rng(1)
    mean, _ = experienced.expected_standings({})
    own = [i for i, c in enumerate(experienced.memory.configurations) if c.algorithm == "svm"]
    ranked = sorted(own, key=lambda i: mean[i])
    centres = [experienced.memory.configurations[i] for i in (ranked[0], ranked[-1])]
    unseen = [sample("svm", Task.BINARY, rng, centre=c, radius=0.05) for c in centres for _ in range(5)]
    wider = experienced.with_unseen(unseen)
    mean, doubt = wider.expected_standings({})
    assert mean[16:21].max() < mean[21:].min()
    assert doubt[16:].mean() > doubt[own].mean()
    assert experienced.with_unseen(list(experienced.memory.configurations)) is experienced
    assert np.isfinite([wider.expected_seconds(configuration) for configuration in unseen]).all()


class Failing:
    """An advisor that has nothing to say."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def next(self, *_: object, **__: object) -> Configuration:
        raise self._error


def test_what_cannot_be_calculated_ends_proposals_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert Recommended(Failing(NothingLeftError("all have been observed")), "roc_auc").ask(FOREVER) is None  # type: ignore[arg-type]
    assert not caplog.records
    assert Recommended(Failing(np.linalg.LinAlgError("singular")), "roc_auc").ask(FOREVER) is None  # type: ignore[arg-type]
    assert "proposes nothing more: singular" in caplog.text
    with pytest.raises(ValueError, match="a fault"):
        Recommended(Failing(ValueError("a fault")), "roc_auc").ask(FOREVER)  # type: ignore[arg-type]

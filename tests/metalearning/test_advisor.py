from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from bases import table_like, write_metabase

from automl_meta.cli.recommendation_text import evidence
from automl_meta.datasets import Task, dataset_from_arrays
from automl_meta.metafeatures import extract_dataset
from automl_meta.metalearning import Advisor, Effort, Memory, forgetful, remember
from automl_meta.metalearning.choice import NothingLeftError
from automl_meta.metalearning.recommendation import affordable
from automl_meta.metalearning.seconds import SecondsBelief
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.catalogue import catalogue
from automl_meta.pipelines.configuration import Configuration

EVERYTHING = frozenset(catalogue(Task.BINARY, installed_only=False))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    folder = tmp_path_factory.mktemp("base")
    return remember([write_metabase(folder / "base.sqlite", n_datasets=16)], Task.BINARY, cache=folder)


@pytest.fixture(scope="module")
def metafeatures() -> dict[str, float]:
    """Return those of a dataset that is like the even ones."""
    dataset = dataset_from_arrays(*table_like(20, Task.BINARY))
    return extract_dataset(dataset, groups=("general", "statistical")).to_dict()


def proposals(advisor: Advisor, n: int) -> Iterator[Configuration]:
    observed: dict[str, float] = {}
    for number in range(n):
        configuration = advisor.next(observed)
        observed[configuration.id] = 0.5 + 0.01 * number
        yield configuration


def test_likes_decide(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    assert advisor.next({}) == candidate_configurations(Task.BINARY, 1)[0]
    names = [name for name, _ in advisor.similar_datasets[:5]]
    assert all(int(name.removeprefix("binary")) % 2 == 0 for name in names)


def test_observations_overrule_likes(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    candidates = candidate_configurations(Task.BINARY, 25)
    # Scores as on the odd ones: what comes late in the list is good here.
    observed = {candidates[i].id: 0.1 * i for i in range(0, 20, 3)}
    assert candidates.index(advisor.next(observed)) > 18


def test_same_questions_get_same_answers(memory: Memory, metafeatures: dict[str, float]) -> None:
    one = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    other = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    assert list(proposals(one, 8)) == list(proposals(other, 8))
    assert one.next({}) == other.next({})  # nothing was remembered from the questions before


def test_only_allowed_algorithms_are_proposed(memory: Memory, metafeatures: dict[str, float]) -> None:
    names = {"random_forest", "extra_trees", "lightgbm"} & EVERYTHING
    assert names
    advisor = Advisor(memory, metafeatures, algorithms=names)
    n = sum(c.algorithm in names for c in memory.configurations)
    assert {c.algorithm for c in proposals(advisor, n)} <= names
    assert {r.configuration.algorithm for r in advisor.recommendations(25)} <= names
    with pytest.raises(NothingLeftError, match="no configuration is left"):
        list(proposals(advisor, n + 1))


def test_what_is_not_installed_is_not_proposed(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures)
    installed = set(catalogue(Task.BINARY))
    assert {r.configuration.algorithm for r in advisor.recommendations(25)} <= installed


def test_without_experience_the_catalogue_has_its_order() -> None:
    advisor = Advisor(forgetful(Task.REGRESSION, "r2"), {}, algorithms=EVERYTHING)
    assert advisor.knows_nothing
    expected = [c for c in candidate_configurations(Task.REGRESSION, 30) if c.algorithm in EVERYTHING]
    assert list(proposals(advisor, 5)) == expected[:5]
    first = advisor.recommendations(3)[0]
    assert first.configuration == expected[0]
    assert first.to_dict()["standing"] is None
    assert np.isnan(advisor.expected_seconds(expected[0]))


def test_one_dataset_is_hearsay(memory: Memory, metafeatures: dict[str, float]) -> None:
    lonely = replace(memory, experience=memory.experience.take(np.array([3])))
    lonely = replace(lonely, similarity=replace(memory.similarity, leaves=memory.similarity.leaves[[3]]))
    advisor = Advisor(lonely, metafeatures, algorithms=EVERYTHING)
    assert advisor.knows_nothing
    assert list(proposals(advisor, 4)) == candidate_configurations(Task.BINARY, 4)


def test_unknown_configurations_among_the_observed_are_ignored(
    memory: Memory, metafeatures: dict[str, float]
) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    assert advisor.next({"unknown": 0.7}) == advisor.next({})


def test_time_left_excludes_what_will_not_end(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    pick = advisor.next({}, time_left=1.0)
    assert advisor.expected_seconds(pick) < 1.0
    with pytest.raises(NothingLeftError, match="no configuration is left"):
        advisor.next({pick.id: 0.7}, time_left=1e-4)


def test_the_quickest_is_tried_where_nothing_fits(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    quickest = min(memory.configurations, key=advisor.expected_seconds)
    assert advisor.next({}, time_left=1e-4) == quickest


def test_the_quickest_left_is_tried_as_long_as_all_were_stopped(
    memory: Memory, metafeatures: dict[str, float]
) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    quickest, second, third = sorted(memory.configurations, key=advisor.expected_seconds)[:3]
    failed = {quickest.id: float("nan")}
    assert advisor.next(failed, excluded=[second.id], time_left=1e-4) == third
    with pytest.raises(NothingLeftError, match="no configuration is left"):
        advisor.next({**failed, second.id: 0.7}, time_left=1e-4)


def test_what_is_running_is_not_proposed(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    first = advisor.next({})
    assert advisor.next({}, excluded=[first.id]) != first


def test_calibration_moves_all_times(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    one, other = memory.configurations[0], memory.configurations[9]
    before = advisor.expected_seconds(other)
    advisor.calibrate({one.id: 10 * advisor.expected_seconds(one)})
    assert advisor.expected_seconds(other) > 2 * before
    advisor.calibrate({})
    assert advisor.expected_seconds(other) == pytest.approx(before)


def test_what_was_stopped_takes_longer_than_was_expected(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    one, other = memory.configurations[0], memory.configurations[9]
    before = advisor.expected_seconds(other)
    advisor.calibrate({}, stopped={one.id: 20 * advisor.expected_seconds(one)})
    assert advisor.expected_seconds(other) > 2 * before
    advisor.calibrate({})
    advisor.calibrate({}, stopped={one.id: 0.1 * advisor.expected_seconds(one)})  # no news
    assert advisor.expected_seconds(other) == pytest.approx(before)


def test_time_of_an_unknown_configuration_is_that_of_its_likes(
    memory: Memory, metafeatures: dict[str, float]
) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    known = {c.id for c in memory.configurations}
    new = next(
        c
        for c in candidate_configurations(Task.BINARY, 90)
        if c.id not in known and any(c.algorithm == k.algorithm for k in memory.configurations)
    )
    of_algorithm = [advisor.expected_seconds(c) for c in memory.configurations if c.algorithm == new.algorithm]
    assert min(of_algorithm) * 0.999 <= advisor.expected_seconds(new) <= max(of_algorithm) * 1.001


def test_recommendations_carry_their_evidence(memory: Memory, metafeatures: dict[str, float]) -> None:
    recommendations = Advisor(memory, metafeatures, algorithms=EVERYTHING).recommendations(25)
    assert len({r.configuration.id for r in recommendations}) == 25
    first = recommendations[0]
    assert first.measured == 16
    assert 0.6 < first.score < 0.95
    assert first.score_doubt > 0
    columns = {c.id: i for i, c in enumerate(memory.configurations)}
    for recommendation in recommendations:
        for witness in recommendation.evidence:
            scores = memory.experience.scores[memory.experience.datasets.index(witness.dataset)]
            own = scores[columns[recommendation.configuration.id]]
            assert witness.rank == 1 + int((scores > own).sum())
            assert witness.of == 25


def test_evidence_is_of_the_most_similar_datasets_that_have_it(
    memory: Memory, metafeatures: dict[str, float]
) -> None:
    similar = [name for name, _ in Advisor(memory, metafeatures, algorithms=EVERYTHING).similar_datasets]
    position = {name: row for row, name in enumerate(memory.experience.datasets)}
    scores, failed = memory.experience.scores.copy(), memory.experience.failed.copy()
    elsewhere, broken, unseen = 3, 4, 5
    for name in similar[:10]:
        scores[position[name], elsewhere] = np.nan
    scores[:, unseen] = np.nan
    scores[position[similar[0]], broken] = np.nan
    failed[position[similar[0]], broken] = True
    changed = replace(memory, experience=replace(memory.experience, scores=scores, failed=failed))
    advisor = Advisor(changed, metafeatures, algorithms=EVERYTHING)
    order = [name for name, _ in advisor.similar_datasets]
    found = {r.configuration.id: r for r in advisor.recommendations(25)}
    has_it, failing, without = (found[memory.configurations[i].id] for i in (elsewhere, broken, unseen))
    expected = [name for name in order if np.isfinite(scores[position[name], elsewhere])][:3]
    assert [witness.dataset for witness in has_it.evidence] == expected
    assert all(witness.rank for witness in has_it.evidence)
    assert {w.dataset: w.rank for w in failing.evidence if w.failed} == {similar[0]: None}
    assert without.measured == 0
    assert [evidence(r) for r in (has_it, without)] == [
        ", ".join(f"{w.dataset} {w.rank}/{w.of}" for w in has_it.evidence),
        "judged by its likes",
    ]
    assert f"{similar[0]} failed" in evidence(failing)


def test_recommendations_complement_each_other(memory: Memory, metafeatures: dict[str, float]) -> None:
    # The first wins on even datasets; what adds most to it wins on odd ones.
    first, second = Advisor(memory, metafeatures, algorithms=EVERYTHING).recommendations(2)
    candidates = candidate_configurations(Task.BINARY, 25)
    assert candidates.index(first.configuration) < 3
    assert candidates.index(second.configuration) > 20


def test_a_tight_budget_recommends_what_is_quick(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    within = advisor.recommendations(25, time_budget=1.0)
    assert 0 < len(within) < 25
    assert max(r.seconds for r in within) < 1.0
    hopeless = advisor.recommendations(25, time_budget=1e-4)
    assert 0 < len(hopeless) < 25


def test_nothing_observed_is_recommended_again(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    first = advisor.recommendations(1)[0].configuration
    later = advisor.recommendations(25, observed={first.id: 0.8})
    assert first not in [r.configuration for r in later]


def test_what_can_be_cut_short_is_begun_where_half_of_it_ends_in_time() -> None:
    seconds = SecondsBelief(expected=np.array([4.0, 4.0, 12.0]), factor=np.full(3, 1.0))
    assert affordable(seconds, 3.0).tolist() == [False, False, False]
    assert affordable(seconds, 3.0, np.array([True, False, True])).tolist() == [True, False, False]


def test_seconds_are_those_of_the_effort_that_is_expected(memory: Memory, metafeatures: dict[str, float]) -> None:
    advisor = Advisor(memory, metafeatures, algorithms=EVERYTHING)
    first = advisor.recommendations(1)[0]
    advisor.expect(Effort(fits=10, training_rows=400))
    ten = advisor.expected_seconds(first.configuration)
    advisor.expect(Effort(fits=1, training_rows=400))
    assert ten == pytest.approx(10 * advisor.expected_seconds(first.configuration))

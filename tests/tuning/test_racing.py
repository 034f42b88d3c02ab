import numpy as np

from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.patience import Patience
from automl_meta.tuning.racing import Racing


def scored(*scores: float, algorithm: str = "a", number: float | None = None) -> Evaluation:
    configuration = Configuration(algorithm, {"x": sum(scores) if number is None else number})
    return Evaluation(configuration=configuration, status=Status.OK, scores={"r2": scores})


def test_nobody_races_before_there_is_a_pace_nor_the_first_of_an_algorithm() -> None:
    racing = Racing("r2", place=3)
    newcomer = Configuration("a", {"x": -1.0})
    for shift in (0.0, 0.1):
        racing.add(scored(0.5 + shift, 0.6 + shift))
        assert racing.race_for(newcomer) is None
    racing.add(scored(0.7, 0.9))
    assert racing.race_for(newcomer) is not None
    assert racing.race_for(Configuration("b", {})) is None


def test_pace_is_that_of_the_place_and_the_deviation_is_within_folds() -> None:
    racing = Racing("r2", place=2)
    for level in (0.1, 0.3, 0.2):
        racing.add(scored(level, level + 0.5, level + 0.2))  # folds differ much, candidates alike in each
    race = racing.race_for(Configuration("a", {"x": 9.0}))
    assert race is not None
    assert race.pace == (0.2, 0.7, 0.4)
    assert race.deviation < 1e-9


def test_folds_without_a_score_leave_the_pace_to_the_others() -> None:
    undefined = float("nan")
    racing = Racing("r2", place=2)
    for level in (0.1, 0.3, 0.2):
        racing.add(scored(level, undefined, level + 0.5, level + 0.2, number=level))
    race = racing.race_for(Configuration("a", {"x": 9.0}))
    assert race is not None
    np.testing.assert_array_equal(race.pace, (0.2, undefined, 0.7, 0.4))
    assert race.deviation < 1e-9


def test_given_up_and_failed_candidates_set_no_pace() -> None:
    racing = Racing("r2", place=1)
    racing.add(Evaluation(configuration=Configuration("a", {}), status=Status.CANCELLED, scores={"r2": (9.0,)}))
    racing.add(Evaluation(configuration=Configuration("a", {"y": 1}), status=Status.FAILED))
    assert racing.race_for(Configuration("a", {"x": 1})) is None


def test_patience_runs_out_when_nothing_gets_noticeably_better() -> None:
    patience = Patience("r2", picks=5, least=10, share=0.4)
    for number in range(12):
        patience.add(scored(0.5 + 0.02 * number, 0.6 + 0.02 * number, number=number))  # ever better
        assert not patience.is_over
    for number in range(12, 21):
        patience.add(scored(0.7201, 0.8201, number=number))  # better, but less than can be told from luck
        assert not patience.is_over
    patience.add(scored(0.1, 0.2, number=99))
    assert patience.is_over


def test_patience_sees_what_gets_better_where_a_fold_has_no_score() -> None:
    patience = Patience("r2", picks=1, least=3, share=0.2)
    for number in range(10):
        patience.add(scored(0.1 * number, float("nan"), 0.1 * number + 0.05, number=number))
        assert not patience.is_over
    for number in range(10, 14):
        patience.add(scored(0.5, float("nan"), 0.5, number=number))
    assert patience.is_over


def test_patience_tries_all_picks_and_goes_on_while_nothing_succeeds() -> None:
    patience = Patience("r2", picks=30, least=5)
    for number in range(40):
        patience.add(Evaluation(configuration=Configuration("a", {"x": number}), status=Status.FAILED))
    assert not patience.is_over
    patience = Patience("r2", picks=30, least=5)
    for number in range(29):
        patience.add(scored(0.5, 0.6, number=number))
        assert not patience.is_over
    patience.add(scored(0.5, 0.6, number=30))
    assert patience.is_over

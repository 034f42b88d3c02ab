import json
from dataclasses import replace

import numpy as np
import pytest
from made_evaluations import class_problem, evaluation, failed, folds_of, number_problem

from automl_meta.datasets.task import Task
from automl_meta.ensembling import EnsembleOptions, plan_ensemble
from automl_meta.ensembling.comparing import preferred
from automl_meta.ensembling.costs import parse_costs
from automl_meta.ensembling.decision import weighted
from automl_meta.ensembling.library import make_library
from automl_meta.errors import InputError
from automl_meta.evaluation.metrics import Metric, default_metric, resolve_metric


def plan_of(made, y, task, metric=None, **options):
    chosen = resolve_metric(metric, task) if metric else default_metric(task)
    return plan_ensemble(made, y, task, chosen, folds_of(y, task), options=EnsembleOptions(**options))


def test_different_equally_good_candidates_are_combined() -> None:
    made, y = class_problem(1000, 2, [1.0] * 6)
    plan = plan_of(made, y, Task.BINARY)
    assert plan.kind in ("greedy", "stack")
    assert len(plan.members) >= 4
    assert plan.score > plan.best_single_score + 0.03
    assert plan.kind in plan.reason


def test_one_candidate_is_a_model() -> None:
    made, y = class_problem(300, 3, [1.0])
    plan = plan_of(made, y, Task.MULTICLASS)
    assert (plan.kind, plan.members, plan.weights) == ("best", (made[0].configuration.id,), (1.0,))
    assert plan.contributions == {}


def test_failed_and_partial_evaluations_are_ignored() -> None:
    made, y = class_problem(300, 2, [0.5, 5.0])
    partial = made[1].predictions.copy()
    partial[7] = np.nan
    plan = plan_of([failed("a"), made[0], evaluation("partial", partial)], y, Task.BINARY)
    assert plan.members == (made[0].configuration.id,)


def test_nothing_usable_is_said_plainly() -> None:
    _, y = class_problem(300, 2, [1.0])
    with pytest.raises(InputError, match="no candidate finished"):
        plan_of([failed("a")], y, Task.BINARY)


def test_a_hold_out_is_enough() -> None:
    made, y = class_problem(2000, 2, [1.0, 1.0, 1.0])
    train, valid = folds_of(y, Task.BINARY)[0]
    for e in made:
        e.predictions[train] = np.nan
    metric = default_metric(Task.BINARY)
    plan = plan_ensemble(made, y, Task.BINARY, metric, [(train, valid)])
    assert len(plan.fold_scores) == 5
    assert plan.score == pytest.approx(plan.optimistic_score, abs=0.03)
    assert plan.error > 0


def test_rows_held_out_twice_count_once() -> None:
    made, y = class_problem(400, 2, [1.0, 1.0])
    folds = [*folds_of(y, Task.BINARY, seed=0), *folds_of(y, Task.BINARY, seed=1)]
    plan = plan_ensemble(made, y, Task.BINARY, default_metric(Task.BINARY), folds)
    assert len(plan.fold_scores) == 5


def test_the_optimistic_score_is_not_below_the_honest_one() -> None:
    made, y = class_problem(150, 2, [0.0] * 40)
    plan = plan_of(made, y, Task.BINARY)
    assert plan.optimistic_score > plan.score + 0.05


def test_overconfident_probabilities_are_calibrated_only_if_allowed() -> None:
    made, y = class_problem(3000, 2, [1.5], noise=3.0)
    assert plan_of(made, y, Task.BINARY, calibrate=False).calibration is None
    plan = plan_of(made, y, Task.BINARY)
    assert plan.calibration is not None
    calibrated = plan.calibration.apply(made[0].predictions)
    loss = resolve_metric("neg_log_loss", Task.BINARY)
    assert loss.score(y, calibrated) > loss.score(y, made[0].predictions) + 0.1


def test_calibrated_probabilities_stay_as_they_are() -> None:
    random = np.random.default_rng(3)
    p = random.uniform(0.02, 0.98, size=3000)
    y = (random.random(3000) < p).astype(np.int64)
    plan = plan_of([evaluation("true", np.column_stack([1 - p, p]))], y, Task.BINARY)
    assert plan.calibration is None


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "matthews_corrcoef"])
def test_rare_classes_move_the_decision(metric: str) -> None:
    random = np.random.default_rng(4)
    signal = random.normal(size=4000)
    p = 1 / (1 + np.exp(-(signal * 2 - 4)))
    y = (random.random(4000) < p).astype(np.int64)
    made = [evaluation("true", np.column_stack([1 - p, p]))]
    tuned = plan_of(made, y, Task.BINARY, metric)
    plain = plan_of(made, y, Task.BINARY, metric, decide=False)
    assert tuned.decision is not None
    assert plain.decision is None
    assert tuned.score > plain.score + 0.02
    assert tuned.decision[1] > tuned.decision[0]  # the rare class needs less than half


@pytest.mark.parametrize("metric", ["roc_auc", "f1"])
def test_costs_move_the_threshold_and_save_money(metric: str) -> None:
    made, y = class_problem(1000, 2, [1.0, 0.9])
    costs = parse_costs("fp=1,fn=5", ("no", "yes"))
    plan = plan_of(made, y, Task.BINARY, metric, mistake_costs=costs)
    # calling costs 1 x P(no), not calling 5 x P(yes): call from 1/6 on
    p = np.array([[0.85, 0.15], [0.8, 0.2]])
    assert weighted(p, plan.decision).argmax(axis=1).tolist() == [0, 1]
    assert plan.cost < 0.9 * plan.undecided_cost


@pytest.mark.parametrize(
    ("metric", "options"), [("f1", {}), ("accuracy", {"costs": "fp=1,fn=5"}), ("roc_auc", {"costs": "fp=1,fn=5"})]
)
def test_honest_predictions_are_probabilities_and_what_is_decided_by(metric: str, options: dict[str, str]) -> None:
    random = np.random.default_rng(4)
    signal = random.normal(size=1500)
    p = 1 / (1 + np.exp(-(signal * 2 - 3)))
    y = (random.random(1500) < p).astype(np.int64)
    costs = parse_costs(options["costs"], ("no", "yes")) if options else None
    made = [evaluation("true", np.column_stack([1 - p, p]))]
    plan = plan_of(made, y, Task.BINARY, metric, mistake_costs=costs)
    np.testing.assert_allclose(plan.honest.plain[:, 1], p, atol=0.05)
    scored = resolve_metric(metric, Task.BINARY)
    groups = [valid for _, valid in folds_of(y, Task.BINARY)]
    seen = plan.honest.seen_by(scored)
    assert plan.score == pytest.approx(np.mean([scored.score(y[group], seen[group]) for group in groups]))
    called = plan.honest.weighed.argmax(axis=1) == 1
    assert called.sum() > 1.2 * (plan.honest.plain.argmax(axis=1) == 1).sum()


@pytest.mark.parametrize("metric", ["accuracy", "f1"])
def test_where_mistakes_cost_candidates_are_compared_by_what_their_decisions_cost(metric: str) -> None:
    """The first is right more often, but all that it tells of a row are 10 % or 90 %; the second knows safe rows."""
    random = np.random.default_rng(0)
    y = random.permutation(np.arange(1000) % 2)
    said = np.where(random.random(1000) < 0.85, y, 1 - y)
    evidence = 1.6 * (random.normal(size=1000) + np.where(y == 1, 0.8, -0.8))
    second = [np.where(said == 1, 0.9, 0.1), 1 / (1 + np.exp(-evidence))]
    made = [evaluation(f"c{number}", np.column_stack([1 - p, p])) for number, p in enumerate(second)]
    costs = parse_costs("fn=20", ["no", "yes"])
    plan = plan_of(made, y, Task.BINARY, metric, kind="best", calibrate=False, mistake_costs=costs)
    assert plan.members == (made[1].configuration.id,)
    assert plan.cost < 0.5  # that of saying yes to all
    assert plan.metric == metric
    assert 0 < plan.score < 1
    assert plan.comparison[0].score == pytest.approx(plan.best_single_score)


def test_costs_of_several_classes_favour_the_dear_mistakes() -> None:
    costs = parse_costs("a:c=10, b:c=10", ("a", "b", "c"))
    assert costs.tolist() == [[0, 1, 10], [1, 0, 10], [1, 1, 0]]
    p = np.array([[0.3, 0.1, 0.6]])
    assert weighted(p, costs).argmax(axis=1).tolist() == [0]


@pytest.mark.parametrize(
    ("text", "what"),
    [("fp=0", "positive"), ("fn=much", "positive"), ("yes:yes=2", "no mistake"), ("maybe=2", "TRUE:PREDICTED=COST")],
)
def test_costs_that_make_no_sense_are_refused(text: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        parse_costs(text, ("no", "yes"))


def test_labels_with_colons_are_told_apart() -> None:
    assert parse_costs("1:2:3=4", ("1:2", "3"))[0, 1] == 4


def test_numbers_get_residuals_that_cover() -> None:
    made, y = number_problem(4000, [1.0, 1.5, 2.0])
    plan = plan_of(made, y, Task.REGRESSION)
    lower, upper = plan.residuals.bounds(0.9)
    fresh, truth = number_problem(4000, [1.0, 1.5, 2.0], seed=1)
    by_id = {e.configuration.id: e.predictions for e in fresh}
    combined = plan.combiner.combine([by_id[member] for member in plan.members])
    covered = np.mean((truth >= combined + lower) & (truth <= combined + upper))
    assert 0.88 <= covered <= 0.92


def test_interval_levels_out_of_reach_are_refused() -> None:
    made, y = number_problem(20, [1.0])
    residuals = plan_of(made, y, Task.REGRESSION).residuals
    with pytest.raises(InputError, match=r"20 rows allow"):
        residuals.bounds(0.99)
    with pytest.raises(InputError, match="between 0 and 1"):
        residuals.bounds(90)


def test_a_plan_is_json_ready_and_repeatable() -> None:
    made, y = class_problem(300, 3, [1.0, 0.9, 0.8])
    first, second = (plan_of(made, y, Task.MULTICLASS).to_dict() for _ in range(2))
    for estimate in (*first["comparison"], *second["comparison"]):
        estimate.pop("seconds")
    assert json.dumps(first, allow_nan=False) == json.dumps(second, allow_nan=False)
    assert set(first["members"][0]) == {"id", "algorithm", "weight", "layer", "refitted", "score_without"}


def test_candidates_that_were_scored_are_not_scored_again() -> None:
    """A score of many classes takes a second on many rows, and there may be hundreds of candidates."""
    made, y = class_problem(300, 2, [1.0] * 8)
    scored = [replace(one, scores={"counted": (0.5 + number / 100,)}) for number, one in enumerate(made)]
    asked = []

    def count(*_: object) -> float:
        asked.append(1)
        return 0.0

    counted = Metric("counted", count, frozenset({Task.BINARY}), "probabilities")
    library = make_library(scored, y, Task.BINARY, counted, folds_of(y, Task.BINARY))
    assert not asked
    assert library.candidates[0].evaluation is scored[-1]
    make_library(made, y, Task.BINARY, counted, folds_of(y, Task.BINARY))
    assert len(asked) == len(made)


def test_no_time_leaves_the_single_best() -> None:
    made, y = class_problem(500, 2, [1.0, 1.0])
    metric = default_metric(Task.BINARY)
    plan = plan_ensemble(made, y, Task.BINARY, metric, folds_of(y, Task.BINARY), seconds=0.0)
    assert plan.kind == "best"


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(InputError, match="Try one of: auto, best, greedy, stack, layers"):
        EnsembleOptions(kind="bst")


def test_a_stack_must_not_be_clearly_worse_and_layers_be_clearly_better() -> None:
    greedy = np.array([0.80, 0.82, 0.84, 0.86, 0.88])
    hardly = np.array([0.01, -0.02, 0.02, 0.01, 0])
    assert preferred({"greedy": greedy, "stack": greedy - hardly}) == "stack"
    assert preferred({"greedy": greedy, "stack": greedy - 0.01 - hardly}) == "greedy"
    assert preferred({"greedy": greedy, "layers": greedy + hardly}) == "greedy"
    assert preferred({"greedy": greedy, "layers": greedy + 0.01}) == "layers"


def test_what_makes_no_difference_is_left_out() -> None:
    perfect = np.ones(5)
    assert preferred({"best": perfect, "greedy": perfect, "stack": perfect}) == "best"


def test_a_kind_whose_predictions_a_metric_refuses_somewhere_is_not_chosen_for_the_rest() -> None:
    refused, plain = np.array([-np.inf, 0.9, 0.9, 0.9]), np.array([0.5, 0.5, 0.6, 0.5])
    assert preferred({"greedy": plain, "stack": refused}) == "greedy"
    assert preferred({"greedy": refused, "stack": plain}) == "stack"
    assert preferred({"greedy": refused, "stack": refused}) == "greedy"

import numpy as np
import pytest
from made_evaluations import class_problem, evaluation, folds_of, number_problem

from automl_meta.datasets.task import Task
from automl_meta.ensembling import EnsembleOptions, plan_ensemble
from automl_meta.ensembling.parts import held_out_parts, tells_shifts
from automl_meta.evaluation.metrics import resolve_metric

RMSE = resolve_metric("rmse", Task.REGRESSION)


def hold_out(n_rows: int, n_held_out: int):
    return [(np.arange(n_rows - n_held_out), np.arange(n_rows - n_held_out, n_rows))]


def shifted(sizes: list[int], spread: float = 10.0):
    """Return targets with a level for each group that no candidate knows, candidates, and the groups."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    signal = random.normal(size=len(groups))
    y = spread * random.normal(size=len(sizes))[groups] + signal
    made = [evaluation(f"c{i}", signal + 0.3 * random.normal(size=len(groups))) for i in range(3)]
    return made, y, groups


def test_three_folds_are_the_parts_whatever_the_groups() -> None:
    y = np.arange(90.0)
    folds = folds_of(y, Task.REGRESSION, 3)
    rows, parts = held_out_parts(folds, y, groups=np.arange(90) // 10)
    assert rows.tolist() == list(range(90))
    assert all((parts[valid] == number).all() for number, (_, valid) in enumerate(folds))


@pytest.mark.parametrize("n_folds", [1, 2])
def test_no_group_is_in_two_parts(n_folds: int) -> None:
    y = np.random.default_rng(0).normal(size=400)
    groups = np.arange(400) // 20
    folds = folds_of(y, Task.REGRESSION, n_folds) if n_folds > 1 else hold_out(400, 200)
    rows, parts = held_out_parts(folds, y, groups=groups)
    assert len(np.unique(parts)) == 5
    assert all(len(set(parts[groups[rows] == group])) == 1 for group in np.unique(groups[rows]))


def test_parts_are_whole_stretches_of_time() -> None:
    times = np.random.default_rng(0).permutation(np.arange(400) // 8)
    rows, parts = held_out_parts(hold_out(400, 200), np.zeros(400), times=times)
    ordered = parts[np.argsort(times[rows], kind="stable")]
    assert len(np.unique(parts)) == 5
    assert (np.diff(ordered) >= 0).all()
    assert all(len(set(parts[times[rows] == time])) == 1 for time in np.unique(times[rows]))


@pytest.mark.parametrize("n_held_out", [3, 30, 60, 61])
def test_a_hold_out_of_any_size_has_several_parts(n_held_out: int) -> None:
    _, parts = held_out_parts(hold_out(300, n_held_out), np.arange(300.0))
    assert len(np.unique(parts)) >= 3


@pytest.mark.parametrize("size", [30, 80])
def test_one_group_held_out_leaves_the_best_without_an_error(size: int) -> None:
    made, y, groups = shifted([80, 80, 80, size])
    plan = plan_ensemble(made, y, Task.REGRESSION, RMSE, hold_out(240 + size, size), groups=groups)
    assert (plan.kind, len(plan.members)) == ("best", 1)
    assert plan.score == plan.best_single_score < -1  # the intercept of a stack would know the group's level
    assert np.isnan(plan.error)
    assert "belong together" in plan.doubt


def test_an_average_can_be_asked_for_where_one_group_is_held_out() -> None:
    made, y, groups = shifted([30, 10])
    plan = plan_ensemble(
        made, y, Task.REGRESSION, RMSE, hold_out(40, 10), groups=groups, options=EnsembleOptions(kind="average")
    )
    assert plan.kind == "average"
    assert np.isfinite(plan.score)


@pytest.mark.parametrize("kind", ["auto", "stack"])
def test_a_single_period_gives_no_intercept_to_members_that_will_know_it(kind: str) -> None:
    made, y = number_problem(500, [1.0, 1.0, 1.0])
    times = np.arange(500)
    y[400:] += 10
    options = EnsembleOptions(kind=kind)
    plan = plan_ensemble(made, y, Task.REGRESSION, RMSE, hold_out(500, 100), times=times, options=options)
    assert plan.kind in ("best", "greedy")
    known = plan.combiner.combine([np.full(3, 7.0) for _ in plan.members])
    assert known == pytest.approx(7.0)


def test_three_periods_tell_a_shift_that_stays() -> None:
    assert tells_shifts(hold_out(10, 5) * 3, np.arange(10))
    assert not tells_shifts(hold_out(10, 5), np.arange(10))
    assert tells_shifts(hold_out(10, 5), None)


def test_two_parts_give_no_calibration_and_no_threshold() -> None:
    made, y = class_problem(400, 2, [1.5, 1.2], noise=3.0)
    groups = (np.arange(400) >= 200).astype(np.int64)
    folds = [(np.flatnonzero(groups != group), np.flatnonzero(groups == group)) for group in (0, 1)]
    metric = resolve_metric("f1", Task.BINARY)
    plan = plan_ensemble(made, y, Task.BINARY, metric, folds, groups=groups)
    assert plan.kind in ("best", "greedy")
    assert plan.calibration is None
    assert plan.decision is None


@pytest.mark.parametrize(("groups_per_fold", "kinds"), [(1, ("best", "greedy")), (10, ("stack",))])
def test_of_few_groups_a_stack_must_be_better_and_not_just_uncertain(
    groups_per_fold: int, kinds: tuple[str, ...]
) -> None:
    """One group of four is far off: a shift learned from the others helps there, and harms everywhere else."""
    made, y = number_problem(400, [0.3, 0.3, 0.3])
    fold_of = np.arange(400) // 100
    y = y + np.array([3.0, 0.5, 0.5, 0.5])[fold_of]
    folds = [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(4)]
    groups = fold_of * groups_per_fold + np.arange(400) % groups_per_fold
    plan = plan_ensemble(made, y, Task.REGRESSION, RMSE, folds, groups=groups)
    assert plan.kind in kinds

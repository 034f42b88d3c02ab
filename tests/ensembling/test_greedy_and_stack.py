import numpy as np
import pytest
from made_evaluations import class_problem, evaluation, folds_of, number_problem

from automl_meta.datasets.task import Task
from automl_meta.ensembling.fast_scores import Generic, make_scorer
from automl_meta.ensembling.greedy import Limits, select
from automl_meta.ensembling.library import make_library
from automl_meta.ensembling.nested import KINDS
from automl_meta.ensembling.stacking import stack
from automl_meta.evaluation.metrics import metrics_of, resolve_metric


def library_of(made, y, task, metric=None):
    metric = resolve_metric(metric, task) if metric else metrics_of(task)[0]
    return make_library(made, y, task, metric, folds_of(y, task))


@pytest.mark.parametrize("task", list(Task))
def test_fast_scores_agree_with_the_metrics(task: Task) -> None:
    made, y = (
        number_problem(200, [1.0, 2.0])
        if task is Task.REGRESSION
        else class_problem(200, 2 if task is Task.BINARY else 4, [1.0, 0.3])
    )
    predictions = [e.predictions for e in made]
    extra = [resolve_metric("f1_weighted", task)] if task.is_classification else []
    n_fast = 0
    for metric in (*metrics_of(task), *extra):
        scorer = make_scorer(metric, y, predictions[0])
        n_fast += not isinstance(scorer, Generic)
        mixtures = [
            0.7 * predictions[0] + 0.3 * predictions[1],
            predictions[1],
            np.full_like(predictions[0], 1 / max(predictions[0][0].size, 1)),
        ]
        fast = scorer.score(np.stack([scorer.reduce(mixture) for mixture in mixtures]))
        exact = [metric.score(y, mixture) for mixture in mixtures]
        assert fast == pytest.approx(exact, rel=1e-4, abs=1e-6), metric.name
    assert n_fast >= (3 if task is Task.REGRESSION else 7)


@pytest.mark.parametrize("metric", ["roc_auc", "neg_log_loss", "accuracy", "f1", "average_precision"])
def test_greedy_is_better_than_each_of_its_candidates_on_the_rows_it_saw(metric: str) -> None:
    made, y = class_problem(600, 2, [1.0, 0.9, 0.8, 0.2])
    library = library_of(made, y, Task.BINARY, metric)
    members, average = select(library, Limits(), 0)
    score = library.metric.score(library.y, average.combine([library.predictions[i] for i in members]))
    assert score > max(library.metric.score(library.y, prediction) for prediction in library.predictions)


def test_greedy_weights_are_a_mixture() -> None:
    made, y = class_problem(400, 3, [1.0, 0.9, 0.8, 0.1])
    members, average = select(library_of(made, y, Task.MULTICLASS), Limits(), 0)
    assert len(set(members)) == len(members) == len(average.weights)
    assert np.all(average.weights > 0)
    assert np.sum(average.weights) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", list(KINDS))
def test_no_kind_has_more_members_than_allowed(kind: str) -> None:
    made, y = class_problem(500, 2, list(np.linspace(0.5, 1.0, 20)))
    members, _ = KINDS[kind](library_of(made, y, Task.BINARY), Limits(members=3), 0)
    assert 1 <= len(members) <= 3


@pytest.mark.parametrize("kind", list(KINDS))
def test_slow_candidates_are_left_out_under_a_limit_on_predicting(kind: str) -> None:
    made, y = class_problem(500, 2, [0.8, 0.7, 0.6])
    _, y, (slow, fast) = None, y, (made[0], made[1:])
    slow = evaluation("slow", slow.predictions, predict_seconds=100.0)
    library = library_of([slow, *fast], y, Task.BINARY)
    # 500 rows took 0.1 s in all, so 1,000 rows by five fold models take 1 s
    members, _ = KINDS[kind](library, Limits(seconds_per_1000_rows=2.5), 0)
    assert slow.configuration.id not in {library.names[i] for i in members}
    assert library.costs[members].sum() <= 2.5


def test_a_limit_that_nobody_meets_leaves_the_fastest() -> None:
    made, y = class_problem(300, 2, [0.8, 0.7])
    quick = evaluation("quick", made[1].predictions, predict_seconds=0.01)
    library = library_of([made[0], quick], y, Task.BINARY)
    for kind in KINDS.values():
        members, _ = kind(library, Limits(seconds_per_1000_rows=1e-9), 0)
        assert [library.names[i] for i in members] == [quick.configuration.id]


def test_stack_undoes_overconfidence_that_an_average_cannot() -> None:
    made, y = class_problem(2000, 2, [1.5, 1.5], noise=3.0)  # the evidence is worth a fraction of what it claims
    library = library_of(made, y, Task.BINARY, "neg_log_loss")
    _, average = select(library, Limits(), 0)
    members, layer = stack(library, Limits(), 0)
    stacked = layer.combine([library.predictions[i] for i in members])
    averaged = average.combine([library.predictions[i] for i in select(library, Limits(), 0)[0]])
    assert library.metric.score(library.y, stacked) > library.metric.score(library.y, averaged) + 0.05


def test_stack_of_numbers_weighs_by_precision() -> None:
    made, y = number_problem(3000, [1.0, 2.0])
    library = library_of(made, y, Task.REGRESSION)
    members, layer = stack(library, Limits(), 0)
    weights = dict(zip(members, layer.weights, strict=True))
    # independent errors: the best weights are as the inverse squares of their spreads
    assert weights[0] / weights[1] == pytest.approx(4.0, rel=0.3)
    assert sum(weights.values()) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("kind", list(KINDS))
def test_constant_identical_and_certain_members_are_survived(kind: str, task: Task) -> None:
    if task is Task.REGRESSION:
        made, y = number_problem(200, [1.0])
        odd = [np.full(200, 3.0), np.full(200, 1e30), made[0].predictions]
    else:
        made, y = class_problem(200, 2 if task is Task.BINARY else 3, [1.0])
        certain = np.eye(made[0].predictions.shape[1])[(y + 1) % made[0].predictions.shape[1]]
        odd = [np.full_like(made[0].predictions, 1 / certain.shape[1]), certain, made[0].predictions]
    everyone = [*made, *(evaluation(f"odd{i}", prediction) for i, prediction in enumerate(odd))]
    library = library_of(everyone, y, task)
    members, combiner = KINDS[kind](library, Limits(), 0)
    combined = combiner.combine([library.predictions[i] for i in members])
    assert np.isfinite(combined).all()
    assert library.metric.score(library.y, combined) >= library.metric.score(library.y, made[0].predictions) - 0.02

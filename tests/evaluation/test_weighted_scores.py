import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from automl_meta.datasets import Task
from automl_meta.ensembling.fast_scores import make_scorer
from automl_meta.evaluation.metrics import Metric, MetricError, metrics_of, resolve_metric

N_ROWS = 60


def rows_of(task: Task, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return targets, predictions and weights, some of which are 0."""
    random = np.random.default_rng(seed)
    weights = random.integers(0, 4, N_ROWS).astype(float)
    if not task.is_classification:
        y = random.uniform(1, 3, N_ROWS)
        return y, y + random.uniform(0, 1, N_ROWS), weights
    n_classes = 2 if task is Task.BINARY else 3
    y = np.arange(N_ROWS) % n_classes
    weights[:n_classes] = 1.0
    return y, random.dirichlet(np.ones(n_classes), N_ROWS), weights


def weightable(task: Task) -> list[Metric]:
    found = {metric.name: metric for metric in metrics_of(task)}
    for name in sk.get_scorer_names():
        try:
            metric = resolve_metric(name, task)
        except MetricError:
            continue
        found |= {metric.name: metric} if metric.weighted else {}
    return list(found.values())


EVERY_METRIC = [
    pytest.param(task, metric, id=f"{task}-{metric.name}") for task in Task for metric in weightable(task)
]


@pytest.mark.parametrize(("task", "metric"), EVERY_METRIC)
def test_rows_of_weight_zero_are_as_if_they_were_not_there(task: Task, metric: Metric) -> None:
    y, prediction, weights = rows_of(task, seed=1)
    there = weights > 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = metric.score(y, prediction, weights)
        assert np.isfinite(score)
        assert score == pytest.approx(metric.score(y[there], prediction[there], weights[there]))
        flat = np.where(there, 1.0, 0.0)
        assert metric.score(y, prediction, flat) == pytest.approx(metric.score(y[there], prediction[there]))


@pytest.mark.parametrize("task", Task)
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_whole_weights_count_rows_several_times(task: Task, seed: int) -> None:
    y, prediction, weights = rows_of(task, seed)
    times = weights.astype(int)
    for metric in metrics_of(task):
        if "median" in metric.name:
            continue  # a weighted median lies on a row, an even number's between two
        repeated = metric.score(np.repeat(y, times), np.repeat(prediction, times, axis=0))
        assert metric.score(y, prediction, weights) == pytest.approx(repeated, abs=1e-9), metric.name


@pytest.mark.parametrize(("task", "metric"), EVERY_METRIC)
def test_fast_scores_of_mixtures_weigh_rows_as_the_metric_does(task: Task, metric: Metric) -> None:
    y, prediction, weights = rows_of(task, seed=2)
    other = rows_of(task, seed=3)[1]
    mixtures = [0.3 * prediction + 0.7 * other, other]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scorer = make_scorer(metric, y, prediction, weights)
        fast = scorer.score(np.stack([scorer.reduce(mixture) for mixture in mixtures]))
        assert_allclose(fast, [metric.score(y, mixture, weights) for mixture in mixtures], rtol=1e-6)


def test_common_metrics_have_a_fast_way_for_weighted_rows() -> None:
    for task, name in ((Task.BINARY, "roc_auc"), (Task.MULTICLASS, "neg_log_loss"), (Task.REGRESSION, "r2")):
        y, prediction, weights = rows_of(task, seed=4)
        assert type(make_scorer(resolve_metric(name, task), y, prediction, weights)).__name__ != "Generic"


def test_without_a_weight_above_zero_no_score_is_defined() -> None:
    y, prediction, _ = rows_of(Task.BINARY, seed=0)
    assert np.isnan(resolve_metric("accuracy", Task.BINARY).score(y, prediction, np.zeros(N_ROWS)))


def test_metrics_that_cannot_be_weighted_say_so() -> None:
    assert not resolve_metric("roc_auc_ovo", Task.MULTICLASS).weighted
    assert resolve_metric("roc_auc_ovr", Task.MULTICLASS).weighted

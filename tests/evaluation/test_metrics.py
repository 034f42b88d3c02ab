import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from automl_meta.datasets.task import Task
from automl_meta.evaluation.metrics import (
    ALIASES,
    MetricError,
    default_metric,
    metrics_of,
    neg_log_loss,
    resolve_metric,
    roc_auc,
)


def predictions(n_classes: int, seed: int, n_rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n_rows - n_classes)])
    return y, rng.dirichlet(np.ones(n_classes), n_rows).round(2) + 1e-3


@given(seed=st.integers(0, 10_000))
def test_binary_roc_auc_equals_scikit_learns_also_with_ties(seed: int) -> None:
    y, p = predictions(2, seed)
    assert roc_auc(y, p) == pytest.approx(sk.roc_auc_score(y, p[:, 1]))


@given(seed=st.integers(0, 10_000), n_classes=st.integers(3, 6))
def test_multiclass_roc_auc_is_the_mean_of_one_vs_rest(seed: int, n_classes: int) -> None:
    y, p = predictions(n_classes, seed)
    p /= p.sum(axis=1, keepdims=True)
    assert roc_auc(y, p) == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr"))
    assert neg_log_loss(y, p) == pytest.approx(-sk.log_loss(y, p))
    by_size = resolve_metric("roc_auc_ovr_weighted", Task.MULTICLASS).score(y, p)
    assert by_size == pytest.approx(sk.roc_auc_score(y, p, multi_class="ovr", average="weighted"))


def test_roc_auc_leaves_out_an_absent_class_and_is_undefined_for_one_class() -> None:
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
    assert roc_auc(np.array([0, 1, 0, 1]), p) == 1.0
    assert resolve_metric("roc_auc_ovr_weighted", Task.MULTICLASS).score(np.array([0, 1, 0, 1]), p) == 1.0
    assert np.isnan(roc_auc(np.zeros(4, dtype=int), p))


@pytest.mark.parametrize("task", Task)
def test_every_metric_prefers_the_truth_to_noise(task: Task) -> None:
    rng = np.random.default_rng(0)
    if task.is_classification:
        y, noise = predictions(2 if task is Task.BINARY else 4, seed=0)
        truth = np.eye(noise.shape[1])[y]
    else:
        y = rng.normal(size=50)
        truth, noise = y, rng.normal(size=50)
    for metric in metrics_of(task):
        assert metric.score(y, truth) > metric.score(y, noise), metric.name


@pytest.mark.parametrize("task", Task)
def test_every_scorer_of_scikit_learn_that_fits_gives_a_number(task: Task) -> None:
    n_classes = 2 if task is Task.BINARY else 3
    y, p = predictions(n_classes, seed=1)
    p = p / p.sum(axis=1, keepdims=True)
    truth, guess = (y, p) if task.is_classification else (1.0 + y, 1.0 + p[:, 0])
    fitting = 0
    for name in sk.get_scorer_names():
        if not _resolves(name, task):
            continue
        metric = resolve_metric(name, task)
        fitting += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.isfinite(metric.score(truth, guess)), name
    assert fitting >= 10


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_means_a_scorer(alias: str) -> None:
    assert any(_resolves(alias, task) for task in Task)


def _resolves(name: str, task: Task) -> bool:
    try:
        return resolve_metric(name, task) is not None
    except MetricError:
        return False


def test_unknown_metric_suggests_a_near_one() -> None:
    with pytest.raises(MetricError, match="roc_auc"):
        resolve_metric("roc_ouc", Task.BINARY)


def test_metric_of_another_task_is_refused_with_those_that_fit() -> None:
    with pytest.raises(MetricError, match=r"does not fit a regression task.*r2"):
        resolve_metric("roc_auc", Task.REGRESSION)


def test_defaults_are_those_of_the_documentation() -> None:
    assert [default_metric(task).name for task in Task] == ["roc_auc", "neg_log_loss", "neg_root_mean_squared_error"]


@pytest.mark.parametrize(
    ("name", "y", "refused", "accepted"),
    [
        ("rmsle", [0.0, 3.0, 5.0], -2.0, 0.0),
        ("neg_mean_squared_log_error", [0.0, 3.0, 5.0], -2.0, 0.0),
        ("neg_mean_poisson_deviance", [0.0, 3.0, 5.0], 0.0, 0.01),
        ("neg_mean_gamma_deviance", [1.0, 3.0, 5.0], 0.0, 0.01),
    ],
)
def test_numbers_that_a_metric_refuses_are_the_worst_and_not_undefined(
    name: str, y: list[float], refused: float, accepted: float
) -> None:
    metric, truth = resolve_metric(name, Task.REGRESSION), np.array(y)
    assert metric.score(truth, np.array([refused, 2.0, 4.0])) == -np.inf
    assert metric.score(truth, np.array([refused, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])) == -np.inf
    assert np.isfinite(metric.score(truth, np.array([accepted, 2.0, 4.0])))
    assert np.isfinite(metric.score(truth, np.array([refused, 2.0, 4.0]), np.array([0.0, 2.0, 3.0])))
    assert np.isnan(metric.score(truth - 10.0, truth))  # nothing could be scored on these rows


@pytest.mark.filterwarnings("ignore:Only one class")
def test_metrics_that_some_rows_do_not_define_are_still_undefined() -> None:
    assert np.isnan(resolve_metric("roc_auc_ovo", Task.BINARY).score(np.zeros(3, int), np.full((3, 2), 0.5)))
    assert np.isnan(resolve_metric("r2", Task.REGRESSION).score(np.zeros(1), np.zeros(1)))

import numpy as np
import pytest

from automl_meta.datasets.task import Task
from automl_meta.ensembling.decision import fit_decision
from automl_meta.evaluation.metrics import Metric, resolve_metric

F1 = resolve_metric("f1", Task.BINARY)


def calibrated(n_rows: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of two classes, and classes that are drawn from them."""
    rng = np.random.default_rng(seed)
    second = 1 / (1 + np.exp(-shift - 2.5 * rng.standard_normal(n_rows)))
    return np.stack([1 - second, second], axis=1), (rng.random(n_rows) < second).astype(np.int64)


def scored(metric: Metric, decision: np.ndarray, rows: tuple[np.ndarray, np.ndarray]) -> float:
    probabilities, y = rows
    return metric.score(y, probabilities * decision)


def best_score(metric: Metric, rows: tuple[np.ndarray, np.ndarray]) -> float:
    thresholds = np.quantile(rows[0][:, 1], np.linspace(0.99, 0.9999, 50))
    return max(scored(metric, np.array([t, 1 - t]), rows) for t in thresholds)


@pytest.mark.parametrize("flipped", [False, True])
def test_thresholds_are_found_for_classes_of_one_row_in_five_hundred(flipped: bool) -> None:
    metric = F1
    if flipped:  # the rare class is the first one
        metric = Metric("f1", lambda y, c, w: F1.score(1 - y, np.eye(2)[1 - c], w), frozenset(), "classes")
    others = calibrated(60_000, -9.4, 99)
    assert 0.001 < others[1].mean() < 0.004
    found = []
    for seed in range(4):
        probabilities, y = calibrated(20_000, -9.4, seed)
        if flipped:
            decision = fit_decision(metric, probabilities[:, ::-1], 1 - y)[::-1]
        else:
            decision = fit_decision(metric, probabilities, y)
        found.append(scored(F1, decision, others))
    assert np.mean(found) > 0.88 * best_score(F1, others)


def test_thresholds_of_a_rare_class_are_learned_from_all_rows() -> None:
    """Of every tenth row none would be of the class."""
    y = np.zeros(200_000, dtype=np.int64)
    y[5:2_000:40] = 1
    second = np.random.default_rng(0).uniform(0.1, 0.2, len(y)) + 0.2 * y
    decision = fit_decision(F1, np.stack([1 - second, second], axis=1), y)
    assert 0.2 < decision[0] < 0.32


@pytest.mark.parametrize("name", ["f1", "balanced_accuracy", "matthews_corrcoef", "jaccard", "f1_macro"])
@pytest.mark.parametrize("weighted", [False, True])
def test_thresholds_are_as_good_as_the_best_that_scikit_learn_finds(name: str, weighted: bool) -> None:
    metric = resolve_metric(name, Task.BINARY)
    probabilities, y = calibrated(600, -2.0, 1)
    weights = np.random.default_rng(2).integers(1, 4, 600).astype(float) if weighted else None
    decision = fit_decision(metric, probabilities, y, weights)
    tried = np.linspace(0.02, 0.98, 97)
    scores = [metric.score(y, probabilities * np.array([t, 1 - t]), weights) for t in tried]
    assert metric.score(y, probabilities * decision, weights) > max(scores) - 0.02


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1_macro"])
def test_weights_of_several_classes_find_the_rare_one(name: str) -> None:
    metric = resolve_metric(name, Task.MULTICLASS)
    y = np.repeat([0, 1, 2], [30_000, 20_000, 60])
    own = np.eye(3)[y] * 0.5 + np.array([0.5, 0.4, 0.005])
    own[y == 2] = [0.5, 0.3, 0.2]
    probabilities = own / own.sum(axis=1, keepdims=True)
    decision = fit_decision(metric, probabilities, y)
    assert metric.score(y, probabilities * decision) > metric.score(y, probabilities) + 0.2


def test_ties_are_decided_as_they_were_scored() -> None:
    y = np.repeat([0, 1], [60, 40])
    second = np.repeat([0.2, 0.2, 0.3, 0.3], [40, 5, 20, 35])
    probabilities = np.stack([1 - second, second], axis=1)
    assert scored(F1, fit_decision(F1, probabilities, y), (probabilities, y)) == pytest.approx(80 / 95)


def test_where_all_rows_are_of_one_class_there_is_still_a_decision() -> None:
    probabilities = np.full((30, 2), 0.5)
    for code in (0, 1):
        assert np.isfinite(fit_decision(F1, probabilities, np.full(30, code))).all()

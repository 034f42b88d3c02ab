"""Boosters that have little time take larger steps."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss

from automl_meta.datasets import Task
from automl_meta.pipelines.catalogue import default_configuration, find_algorithm
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators import hist_boosting, hurry
from automl_meta.pipelines.estimators.hurry import ENOUGH, LARGEST, TRIAL, Hurry


class Clock(SimpleNamespace):
    """A clock that moves when it is told to, and by `step` whenever it is looked at."""

    def __init__(self, step: float = 0.0) -> None:
        super().__init__(now=0.0, step=step)

    def perf_counter(self) -> float:
        self.now += self.step
        return float(self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    given = Clock()
    monkeypatch.setattr(hurry, "time", given)
    return given


def rates(given: Hurry, clock: Clock, durations: list[float]) -> list[float]:
    """Return the rates of all rounds until the time is over."""
    used = []
    for duration in durations:
        if given.is_over:
            break
        used.append(given.rate)
        clock.now += duration
        given.after_round()
    return used


def test_plenty_of_time_changes_nothing(clock: Clock) -> None:
    used = rates(Hurry(0.05, 1000.0), clock, [1.0] * 300)
    assert used == [0.05] * 300


@pytest.mark.parametrize("seconds", [60.0, 90.0, 120.0])
def test_rounds_that_there_is_time_for_come_to_enough(clock: Clock, seconds: float) -> None:
    given = Hurry(0.05, seconds)
    used = rates(given, clock, [1.0] * 300)
    assert len(used) == seconds
    assert sum(used) == pytest.approx(ENOUGH, rel=0.05)
    assert given.mattered


def test_no_step_is_too_large(clock: Clock) -> None:
    used = rates(Hurry(0.05, 10.0), clock, [1.0] * 300)
    assert max(used) == LARGEST
    assert max(rates(Hurry(0.5, 10.0), clock, [1.0] * 300)) == 0.5  # unless it was asked for


def test_one_slow_round_is_no_reason_to_hurry(clock: Clock) -> None:
    given = Hurry(0.05, 1000.0)
    used = rates(given, clock, [20.0, 1.0, 50.0, *[1.0] * 300])
    assert set(used) == {0.05}
    assert not given.mattered


def test_what_is_enough_is_not_exceeded_in_larger_steps(clock: Clock) -> None:
    used = rates(Hurry(0.05, 50.0, enough=4.0), clock, [1.0] * 300)
    assert sum(used) == pytest.approx(4.0, rel=0.06)
    assert len(used) > TRIAL


@pytest.mark.parametrize("name", ["lightgbm", "catboost", "xgboost"])
def test_boosters_learn_more_in_little_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_digits(return_X_y=True, as_frame=True)
    slow, hurried = (outcome(name, X, y.to_numpy(), largest, monkeypatch) for largest in (0.0, LARGEST))
    assert hurried < 0.7 * slow


def outcome(name: str, X: pd.DataFrame, y: np.ndarray, largest: float, monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(hurry, "time", Clock(step=0.02))
    monkeypatch.setattr(hurry, "LARGEST", largest)
    context = FitContext(task=Task.MULTICLASS, n_classes=10, seed=0, max_seconds=100.0)
    values = {**default_configuration(name, Task.MULTICLASS).hyperparameters, "learning_rate": 0.01}
    model = find_algorithm(name).estimator(values, context)
    monkeypatch.setattr(type(model), "_left", lambda *_: 1.2)
    monkeypatch.setattr(type(model), "_pace", lambda *_: 1.0)
    model.fit(X[::2], y[::2])
    given = model.predict_proba(X[1::2])
    return float(log_loss(y[1::2], given / given.sum(axis=1, keepdims=True)))


def test_histogram_boosting_takes_larger_steps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_digits(return_X_y=True, as_frame=True)
    context = FitContext(task=Task.MULTICLASS, n_classes=10, seed=0, max_seconds=0.15)
    values = default_configuration("hist_gradient_boosting", Task.MULTICLASS).hyperparameters
    model = find_algorithm("hist_gradient_boosting").estimator(values, context)
    monkeypatch.setattr(hist_boosting, "time", Clock(step=0.02))
    model.fit(X, y.to_numpy())
    assert model.parameters["learning_rate"] < model.model_.learning_rate <= LARGEST
    assert model.model_.n_iter_ <= 25

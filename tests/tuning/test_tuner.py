import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from automl_meta.evaluation.partial import Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.budget import Budget, Clock
from automl_meta.tuning.strategies.protocol import Proposal
from automl_meta.tuning.tuner import AHEAD, GRACE_SECONDS, LOOK_SHARE, Tuner, TunerLimits


class SimulatedWorkers:
    """Threads that take a random while and score a configuration by its hyperparameter."""

    def __init__(self, workers: int, longest: float = 0.01) -> None:
        self.workers = workers
        self._longest = longest
        self._pool = ThreadPoolExecutor(workers)
        self.cancelled: list[Future[Outcome]] = []
        self.limits: list[Limits] = []

    def share(self, value: Any) -> Any:
        return value

    def submit(self, function: Callable[..., Any], /, *arguments: Any, limits: Limits) -> "Future[Outcome]":
        self.limits.append(limits)
        future = self._pool.submit(self._work, arguments[1])
        future.cancel = lambda: not future.done() and self.cancelled.append(future) is None  # type: ignore[method-assign]
        return future

    def _work(self, configuration: Configuration) -> Outcome:
        time.sleep(random.random() * self._longest)
        if configuration.hyperparameters["x"] == 13:
            return Outcome(status=Status.CRASHED, error="its process died")
        score = float(configuration.hyperparameters["x"])
        value = Evaluation(configuration=configuration, status=Status.OK, scores={"r2": (score,)})
        return Outcome(status=Status.OK, value=value)

    def shutdown(self, *, cancel: bool = False) -> None:
        self._pool.shutdown(wait=not cancel, cancel_futures=cancel)


class Climber:
    """Proposes one more than the best that it has heard of plus how often it was asked, up to a last one."""

    def __init__(self, last: int = 10**6) -> None:
        self.best = 0.0
        self.asked = 0
        self.last = last
        self.heard: list[str] = []

    def ask(self, seconds: float) -> Proposal | None:
        if self.asked == self.last:
            return None
        self.asked += 1
        return Proposal(Configuration("a", {"x": int(self.best) + self.asked}), "climber")

    def tell(self, evaluation: Evaluation) -> None:
        self.heard.append(evaluation.configuration.id)
        if evaluation.status is Status.OK:
            self.best = max(self.best, evaluation.score("r2"))


def tuner(workers: Any, budget: Budget, heard: list[Evaluation], **options: Any) -> Tuner:
    return Tuner(None, workers, Clock(budget), TunerLimits(), heard.append, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [1, 2, 3, 8])
def test_course_of_a_counted_search_does_not_depend_on_the_workers(workers: int) -> None:
    def course(workers: int) -> list[str]:
        evaluations = tuner(SimulatedWorkers(workers), Budget(evaluations=25), []).run(Climber())
        return [evaluation.configuration.id for evaluation in evaluations]

    assert course(workers) == course(1)


def test_counted_search_spends_exactly_its_count_and_tells_everything() -> None:
    heard: list[Evaluation] = []
    climber = Climber()
    evaluations = tuner(SimulatedWorkers(3), Budget(evaluations=11), heard).run(climber)
    assert len(evaluations) == climber.asked == 11
    assert heard == evaluations
    assert climber.heard == [evaluation.configuration.id for evaluation in evaluations]


@pytest.mark.parametrize("budget", [Budget(evaluations=50), Budget(seconds=60)])
def test_search_ends_when_the_strategy_has_no_more(budget: Budget) -> None:
    assert len(tuner(SimulatedWorkers(2), budget, []).run(Climber(last=7))) == 7


class Counter(Climber):
    """Proposes 1, 2, 3, ..."""

    def ask(self, seconds: float) -> Proposal | None:
        self.asked += 1
        return Proposal(Configuration("a", {"x": self.asked}), "counter")


def test_crash_of_a_candidate_is_one_failed_evaluation() -> None:
    counter = Counter()
    evaluations = tuner(SimulatedWorkers(2), Budget(evaluations=20), []).run(counter)
    assert len(evaluations) == 20
    failed = [evaluation for evaluation in evaluations if evaluation.status is not Status.OK]
    assert [(evaluation.status, evaluation.error, evaluation.origin) for evaluation in failed] == [
        (Status.CRASHED, "its process died", "counter")
    ]
    assert counter.best == 20


def test_search_ends_with_its_time_and_stops_what_is_running() -> None:
    workers = SimulatedWorkers(2, longest=0.2)
    clock = Clock(Budget(seconds=0.5), reserve=0.1)
    evaluations = Tuner(None, workers, clock, TunerLimits(), lambda _: None).run(Climber())  # type: ignore[arg-type]
    assert evaluations
    assert clock.remaining_for_search <= 0
    assert workers.cancelled


class InTurns(Climber):
    """Proposes a first look, then a whole evaluation, and then no more."""

    def ask(self, seconds: float) -> Proposal | None:
        proposal = super().ask(seconds)
        return replace(proposal, fidelity=Fidelity(folds=1)) if proposal and self.asked == 1 else proposal


def test_a_first_look_may_not_take_what_whole_evaluations_need() -> None:
    workers = SimulatedWorkers(1)
    limits, clock = TunerLimits(seconds=90.0), Clock(Budget(seconds=100.0))
    Tuner(None, workers, clock, limits, lambda _: None).run(InTurns(last=2))  # type: ignore[arg-type]
    look, whole = (one.seconds for one in workers.limits)
    assert look == pytest.approx(100 * LOOK_SHARE + GRACE_SECONDS, abs=1.0)
    assert whole > 90.0


def test_what_is_needed_later_is_prepared_once_while_all_workers_are_busy() -> None:
    workers = SimulatedWorkers(2)
    submitted: list[int] = []
    search = tuner(workers, Budget(seconds=60), [], meanwhile=lambda: submitted.append(len(workers.limits)))
    assert len(search.run(Climber(last=9))) == 9
    assert submitted == [2 + AHEAD]


@pytest.mark.parametrize("meanwhile", [None, lambda: None])
def test_stop_begins_nothing_more(meanwhile: Callable[[], None] | None) -> None:
    stopping: list[Tuner] = []
    workers = SimulatedWorkers(2, longest=0.2)
    subject = Tuner(
        None,  # type: ignore[arg-type]
        workers,  # type: ignore[arg-type]
        Clock(Budget(seconds=60)),
        TunerLimits(),
        lambda _: stopping[0].stop(),
        meanwhile=meanwhile,
    )
    stopping.append(subject)
    assert len(subject.run(Climber())) <= 4
    assert len(workers.cancelled) <= AHEAD
    assert bool(workers.cancelled) == (meanwhile is not None)


class FirstAlone(SimulatedWorkers):
    """Workers of which only the first piece of work ends by itself; the others do when the test is over."""

    def __init__(self, over: threading.Event, first: float = 0.0) -> None:
        super().__init__(3)
        self.over = over
        self.first = first

    def _work(self, configuration: Configuration) -> Outcome:
        if configuration.hyperparameters["x"] > 1:
            self.over.wait()
        time.sleep(self.first)
        return super()._work(configuration)


@pytest.mark.parametrize("budget", [Budget(evaluations=50), Budget(seconds=600)])
def test_what_runs_when_the_search_is_interrupted_is_given_up(budget: Budget) -> None:
    over, interrupting = threading.Event(), []
    workers = FirstAlone(over)
    subject = Tuner(None, workers, Clock(budget), TunerLimits(), lambda _: interrupting[0].interrupt())  # type: ignore[arg-type]
    interrupting.append(subject)
    evaluations = subject.run(Counter())
    assert not over.is_set()
    over.set()
    assert [evaluation.configuration.hyperparameters["x"] for evaluation in evaluations] == [1]
    assert workers.cancelled


def test_an_interrupted_search_waits_for_something_to_combine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_meta.tuning.tuner.CLOSING_SECONDS", -1.0)  # has passed already
    over = threading.Event()
    subject = tuner(FirstAlone(over, first=0.5), Budget(seconds=600), [])
    threading.Timer(0.1, subject.interrupt).start()
    assert len(subject.run(Counter())) == 1
    over.set()


class Forgetful(Climber):
    """Proposes first looks at 1, 2, 3, ..., also at what it was told of before."""

    def ask(self, seconds: float) -> Proposal | None:
        if self.asked == self.last:
            return None
        self.asked += 1
        return Proposal(Configuration("a", {"x": self.asked}), "forgetful", Fidelity(folds=1))


def test_what_a_timed_search_knows_is_told_once() -> None:
    look = Evaluation(
        configuration=Configuration("a", {"x": 2}),
        status=Status.CANCELLED,
        scores={"r2": (0.5,)},
        fidelity=Fidelity(folds=1),
    )
    heard: list[Evaluation] = []
    evaluations = tuner(SimulatedWorkers(1), Budget(seconds=60), heard, known=[look]).run(Forgetful(last=3))
    assert [one.configuration.hyperparameters["x"] for one in heard] == [2, 1, 3]
    assert evaluations == heard

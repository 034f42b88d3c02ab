"""The loop that spends the budget."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace

from automl_meta.evaluation.partial import Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Executor, Limits, Outcome, Status
from automl_meta.tuning.budget import Clock
from automl_meta.tuning.racing import Racing
from automl_meta.tuning.strategies.protocol import Proposal, Strategy
from automl_meta.tuning.work import Problem, evaluate

logger = logging.getLogger(__name__)

# With a budget of evaluations, proposal number n is made when exactly the results before number n - LAG are known,
# in order: so the course of the search does not depend on how many workers there are, and up to LAG are kept busy.
LAG = 4
# A hung candidate is killed this long after its time is over.
GRACE_SECONDS = 1.0
AHEAD = 4  # candidates that wait for a worker while this process is busy with something else
LOOK_SHARE = 0.3  # of the time that is left, for one first look: it is there to spend the rest well
CLOSING_SECONDS = 1.0  # for what runs when the search is interrupted and there is something to combine
BEAT = 0.2  # seconds between two looks at whether it was
SHARE_FOR_FITS = 0.8  # of a candidate's time; the rest is for reading the table, predicting and scoring


@dataclass(frozen=True, slots=True, kw_only=True)
class TunerLimits:
    """What one candidate may use, and how many may run side by side (as many as there are workers, if None)."""

    seconds: float | None = None
    memory_mb: float | None = None
    threads: int = 1
    side_by_side: int | None = None


class Tuner:
    """Evaluates what a strategy proposes, side by side in workers, until the budget or the strategy ends.

    Parameters
    ----------
    on_evaluation : callable
        Called in this process with every evaluation as it ends, failed ones too; the journal and the progress
        display hang on it.
    racing : Racing, optional
        Gives up candidates that are clearly behind after some folds.
    known : iterable of Evaluation
        Of an earlier part of the same run. A counted search is replayed: what is proposed again gets the result that
        it had. A timed one begins by telling them all.
    meanwhile : callable, optional
        Called once in this process, in a timed search, as soon as all workers are busy.
    """

    def __init__(
        self,
        problem: Problem,
        executor: Executor,
        clock: Clock,
        limits: TunerLimits,
        on_evaluation: Callable[[Evaluation], None],
        *,
        racing: Racing | None = None,
        known: Iterable[Evaluation] = (),
        meanwhile: Callable[[], object] | None = None,
    ) -> None:
        self._executor = executor
        self._clock = clock
        self._limits = limits
        self._on_evaluation = on_evaluation
        self._racing = racing
        self._known = {_key(evaluation): evaluation for evaluation in known}
        self._meanwhile = meanwhile
        self._problem = executor.share(problem)
        self._stop = threading.Event()
        self._interrupted_at: float | None = None
        self.executor_lost = ""  # why the executor gave up, if it did

    def stop(self) -> None:
        """Begin nothing more; `run` returns once what is running has ended."""
        self._stop.set()

    def interrupt(self) -> None:
        """Begin nothing more, and give up what is running as soon as there is something to combine."""
        self._interrupted_at = time.monotonic()
        self._stop.set()

    def run(self, strategy: Strategy) -> list[Evaluation]:
        """Spend the budget on what `strategy` proposes, and return the evaluations in the order they were told."""
        deterministic = self._clock.budget.is_deterministic
        return self._run_in_order(strategy) if deterministic else self._run_as_they_end(strategy)

    def _run_in_order(self, strategy: Strategy) -> list[Evaluation]:
        most = self._clock.budget.evaluations
        evaluations: list[Evaluation] = []
        pending: list[tuple[Proposal, Future[Outcome]]] = []
        asked = 0
        exhausted = False
        while True:
            while not exhausted and len(pending) < LAG and not self._stop.is_set() and (most is None or asked < most):
                proposal = strategy.ask(float("inf"))
                if proposal is None:
                    exhausted = not pending  # with results to come there may be more to say
                    break
                asked += 1
                pending.append((proposal, self._submit(proposal)))
            if not pending:
                return evaluations
            if not self._first_ended([pending[0][1]], evaluations):
                _give_up(future for _, future in pending)
                return evaluations
            proposal, future = pending.pop(0)
            evaluations.extend(self._take(proposal, future.result(), strategy))

    def _run_as_they_end(self, strategy: Strategy) -> list[Evaluation]:
        most = self._clock.budget.evaluations or float("inf")
        evaluations = [self._finish(evaluation, strategy) for evaluation in self._known.values()]
        pending: dict[Future[Outcome], Proposal] = {}
        while True:
            workers = self._executor.workers  # a cluster's come and go
            at_once = min(self._limits.side_by_side or workers, workers)
            if self._meanwhile is not None and at_once == workers:
                at_once += AHEAD
            while len(pending) < at_once and len(evaluations) + len(pending) < most:
                seconds = self._clock.remaining_for_search
                proposal = None if self._stop.is_set() or seconds <= 0 else strategy.ask(seconds)
                if proposal is None:
                    break
                if _key(proposal) in self._known:  # told at the beginning; of looks a strategy may not remember it
                    continue
                pending[self._submit(proposal)] = proposal
            if self._stop.is_set():
                for future in [future for future in pending if not (future.running() or future.done())]:
                    future.cancel()
                    del pending[future]
            if not pending:
                return evaluations
            if self._meanwhile is not None:
                self._meanwhile()
                self._meanwhile = None
            ended = self._first_ended(pending, evaluations)
            for future in ended:
                evaluations.extend(self._take(pending.pop(future), future.result(), strategy))
            if not ended:
                _give_up(pending)
                return evaluations

    def _first_ended(
        self, pending: Collection[Future[Outcome]], evaluations: Iterable[Evaluation]
    ) -> set[Future[Outcome]]:
        """Wait for what ends next; return nothing when the rest is not to be waited for."""
        while True:
            seconds = self._clock.remaining_for_search
            ended, _ = wait(pending, timeout=min(max(seconds, 0.0), BEAT), return_when=FIRST_COMPLETED)
            if ended or seconds <= 0 or self._is_cut_short(evaluations):
                return ended

    def _is_cut_short(self, evaluations: Iterable[Evaluation]) -> bool:
        if self._interrupted_at is None or time.monotonic() < self._interrupted_at + CLOSING_SECONDS:
            return False
        return any(one.status is Status.OK and not one.fidelity.is_look for one in evaluations)

    def _submit(self, proposal: Proposal) -> "Future[Outcome]":
        known = self._known.get(_key(proposal))
        if known is not None:
            return _ended_with(known)
        soft = self._limits.seconds
        if not self._clock.budget.is_deterministic:
            share = LOOK_SHARE if proposal.fidelity.is_look else 1.0
            left = max(share * SHARE_FOR_FITS * self._clock.remaining_for_search, 0.1)
            soft = left if soft is None else min(soft, left)
        hard = None if soft is None else soft / SHARE_FOR_FITS + GRACE_SECONDS
        race = self._racing.race_for(proposal.configuration) if self._racing and proposal.fidelity.is_full else None
        return self._executor.submit(
            evaluate,
            self._problem,
            proposal.configuration,
            soft,
            self._limits.threads,
            proposal.fidelity,
            race,
            limits=Limits(seconds=hard, memory_mb=self._limits.memory_mb),
        )

    def _take(self, proposal: Proposal, outcome: Outcome, strategy: Strategy) -> list[Evaluation]:
        """Tell what came of a proposal; nothing did if the executor was lost before, which ends the search."""
        if outcome.status is Status.CANCELLED:
            self.executor_lost = self.executor_lost or outcome.error
            self._stop.set()
            return []
        evaluation = evaluation_of(proposal, outcome)
        if evaluation.status is not Status.OK:
            logger.info("%s %s: %s", evaluation.configuration, evaluation.status, evaluation.error)
            logger.debug("%s", outcome.traceback)
        return [self._finish(evaluation, strategy)]

    def _finish(self, evaluation: Evaluation, strategy: Strategy) -> Evaluation:
        strategy.tell(evaluation)
        if self._racing is not None:
            self._racing.add(evaluation)
        self._on_evaluation(evaluation)
        return evaluation


def evaluation_of(proposal: Proposal, outcome: Outcome) -> Evaluation:
    """Return what the worker returned, or a failed evaluation that says why."""
    if outcome.status is Status.OK:
        value: Evaluation = outcome.value
        memory = max(value.peak_memory_mb, outcome.peak_memory_mb)
        return replace(value, origin=proposal.origin, peak_memory_mb=memory)
    return Evaluation(
        configuration=proposal.configuration,
        status=outcome.status,
        fidelity=proposal.fidelity,
        fit_seconds=outcome.seconds,
        peak_memory_mb=outcome.peak_memory_mb,
        error=outcome.error,
        origin=proposal.origin,
    )


def _key(one: Proposal | Evaluation) -> tuple[str, Fidelity]:
    return one.configuration.id, one.fidelity


def _give_up(pending: Iterable[Future[Outcome]]) -> None:
    for future in pending:
        future.cancel()  # what is done after the search needs the workers


def _ended_with(evaluation: Evaluation) -> "Future[Outcome]":
    future: Future[Outcome] = Future()
    future.set_result(Outcome(status=Status.OK, value=evaluation))
    return future

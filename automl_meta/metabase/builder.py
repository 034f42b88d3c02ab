"""Running experiments and keeping every one of them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from automl_meta.datasets.task import Task
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution import Executor, Limits, Outcome, Shared, Status
from automl_meta.metabase.build_options import BuildOptions, BuildReport
from automl_meta.metabase.claims import Claim, claim, release_claims
from automl_meta.metabase.estimate import Estimate
from automl_meta.metabase.experiments import Prepared, describe, extractor_version, measure, prepare
from automl_meta.metabase.plan import Batch, dataset_order, plan
from automl_meta.metabase.records import DatasetRecord, Protocol, Run, run_of
from automl_meta.metabase.sources import DatasetSource
from automl_meta.metabase.store import MetaBase
from automl_meta.metafeatures import metafeature_names
from automl_meta.pipelines.configuration import Configuration

logger = logging.getLogger(__name__)

READING_LIMITS = Limits(seconds=600, memory_mb=8_000)
RETRIED = frozenset({Status.TIMEOUT, Status.MEMORY, Status.CRASHED})  # a second try may end otherwise
ATTEMPTS_AFTER_CRASH = 2  # a crash may be another process's fault; twice it is the configuration's
AHEAD = 2  # datasets that are read before the work on the present one ends
POLL_SECONDS = 0.5


class ExecutorLostError(RuntimeError):
    """No worker is there any more; what has been stored stays."""


@dataclass(slots=True, eq=False)
class _OpenBatch:
    """A dataset in the executor's hands, until its last evaluation has ended."""

    name: str
    problem: Shared
    n_rows: int
    left: int


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    batch: _OpenBatch
    configuration: Configuration
    attempt: int = 1


def build(
    sources: Iterable[DatasetSource],
    output: Path,
    options: BuildOptions,
    executor: Executor,
    *,
    reader: Executor | None = None,
    on_progress: Callable[[BuildReport], None] = lambda report: None,
    stop: threading.Event | None = None,
) -> BuildReport:
    """Run what is missing in the store at `output`, which is made if it is not there.

    Every evaluation is stored as soon as it ends, so that a kill loses only those in flight, and the same call goes
    on where it stopped. Several builders may fill one file.

    Parameters
    ----------
    reader : Executor, optional
        Reads and describes the datasets, if `executor` is on machines that do not have them.
    on_progress : callable
        Called after each evaluation, and about twice a second, with the same report, changed.
    stop : threading.Event, optional
        Once set, nothing new is begun; what runs is waited for.

    Raises
    ------
    InputError
        If the file is not a meta-base, or a dataset in it had other data or another target.
    ExecutorLostError
        If no worker can be started, or the cluster was lost.
    """
    with MetaBase.open(output, "w") as store:
        builder = Builder(store, options, executor, reader or executor, on_progress, stop or threading.Event())
        try:
            return builder.run(list(sources))
        finally:
            release_claims(store)


class Builder:
    """One call of `build`."""

    def __init__(
        self,
        store: MetaBase,
        options: BuildOptions,
        executor: Executor,
        reader: Executor,
        on_progress: Callable[[BuildReport], None],
        stop: threading.Event,
    ) -> None:
        self._store = store
        self._options = options
        self._executor = executor
        self._reader = reader
        self._on_progress = on_progress
        self._stop = stop
        self._report = BuildReport()
        self._started = time.monotonic()
        self._estimate = Estimate()
        self._running: dict[Future[Outcome], Callable[[Outcome], None]] = {}
        self._coming: deque[Batch] = deque()
        self._ready: deque[_Job] = deque()
        self._undescribed: dict[str, DatasetSource] = {}
        self._tried: set[tuple[str, str]] = set()  # dataset and configuration, in this call
        self._reading = 0
        self._evaluating = 0
        self._taken = 0  # evaluations of this pass that other builders are at

    def run(self, sources: list[DatasetSource]) -> BuildReport:
        """Do all the work."""
        options = self._options
        sources = options.shard.of(dataset_order(self._survey(sources), options.protocol.rows))
        if options.metafeatures:
            self._undescribed = self._without_metafeatures(sources)
        while not self._stop.is_set():
            self._coming = deque(self._missing(sources))
            if not self._coming:
                break
            self._report.planned = self._report.planned or sum(len(batch.configurations) for batch in self._coming)
            self._estimate.plan(c for batch in self._coming for c in batch.configurations)
            self._taken = 0
            self._work_off(self._submit_evaluations)
            if self._taken:
                self._stop.wait(POLL_SECONDS)  # should one of the others die, its work is done here
        self._work_off(self._submit_descriptions)
        self._progress()
        return self._report

    def _work_off(self, submit: Callable[[], None]) -> None:
        """Call `submit` for more, and wait, until it gives nothing more."""
        while True:
            if not self._stop.is_set():
                submit()
            if not self._running:
                return
            self._wait()

    def _read(self, take: Callable[[Outcome], None], work: Callable[..., object], *arguments: object) -> None:
        self._running[self._reader.submit(work, *arguments, limits=READING_LIMITS)] = take

    def _wait(self) -> None:
        ended, _ = wait(self._running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in ended:
            take = self._running.pop(future)
            outcome = future.result()
            if outcome.status is Status.CANCELLED and not self._stop.is_set():
                raise ExecutorLostError(outcome.error)
            take(outcome)
        self._progress()

    def _progress(self) -> None:
        self._report.wall_seconds = time.monotonic() - self._started
        self._report.seconds_left = self._estimate.seconds_left(self._executor.workers)
        self._on_progress(self._report)

    # What is to be done

    def _survey(self, sources: list[DatasetSource]) -> list[DatasetSource]:
        """Read the datasets of which too little is known; return those of the wanted tasks."""
        known = {source.name: source for source in sources}

        def learn(source: DatasetSource, outcome: Outcome) -> None:
            prepared = self._prepared(source, outcome)
            if prepared is not None:
                record = prepared.record
                self._store.check_same(record)
                known[source.name] = replace(
                    source, task=record.task, n_rows=record.n_rows, n_columns=record.n_columns
                )

        for source in sources:
            if not source.is_surveyed:
                self._read(partial(learn, source), prepare, source, self._options.protocol)
        while self._running:
            self._wait()
        return [source for source in known.values() if source.is_surveyed and source.task in self._options.candidates]

    def _without_metafeatures(self, sources: list[DatasetSource]) -> dict[str, DatasetSource]:
        wanted = {task: extractor_version(metafeature_names(task)) for task in Task}
        known = self._store.extractors()
        return {
            source.name: source
            for source in sources
            if source.task is not None and known.get(source.name) != wanted[source.task]
        }

    def _missing(self, sources: list[DatasetSource]) -> Iterator[Batch]:
        """Yield the batches without what is in the store."""
        options = self._options
        usable = [source for source in sources if source.name not in self._report.unreadable]
        done: dict[str, set[str]] = {}
        for source in usable:
            self._store.check_same(_expected(source))
            statuses = self._store.finished(source.name, options.protocol)
            done[source.name] = {
                key for key, status in statuses.items() if not (options.retry_failed and status in RETRIED)
            }
        for batch in plan(usable, options.candidates):
            name = batch.source.name
            left = [c for c in batch.configurations if c.id not in done[name] and (name, c.id) not in self._tried]
            if left:
                yield replace(batch, configurations=tuple(left))

    # Reading datasets

    def _submit_readings(self) -> None:
        while self._coming and self._reading < AHEAD and len(self._ready) < AHEAD * self._executor.workers:
            batch = self._coming.popleft()
            if batch.source.name in self._report.unreadable:
                continue
            self._reading += 1
            self._read(partial(self._open, batch), prepare, batch.source, self._options.protocol)

    def _prepared(self, source: DatasetSource, outcome: Outcome) -> Prepared | None:
        """Return what came of reading, or note why nothing did."""
        if outcome.status is Status.OK:
            prepared: Prepared = outcome.value
            return prepared
        if outcome.status is not Status.CANCELLED:
            logger.warning("%s cannot be used: %s", source.name, outcome.error)
            self._report.unreadable[source.name] = outcome.error
        return None

    def _open(self, batch: Batch, outcome: Outcome) -> None:
        self._reading -= 1
        prepared = self._prepared(batch.source, outcome)
        if prepared is None:
            self._estimate.drop(batch.configurations)
            return
        name = batch.source.name
        self._store.add_dataset(prepared.record)
        opened = _OpenBatch(
            name=name,
            problem=self._executor.share(prepared.problem),
            n_rows=prepared.problem.dataset.n_rows,
            left=len(batch.configurations),
        )
        self._ready.extend(_Job(opened, configuration) for configuration in batch.configurations)
        if name in self._undescribed:
            self._describe(self._undescribed.pop(name))

    # Meta-features

    def _submit_descriptions(self) -> None:
        while self._undescribed and len(self._running) < AHEAD * self._reader.workers:
            _, source = self._undescribed.popitem()
            if source.name not in self._report.unreadable:
                self._describe(source)

    def _describe(self, source: DatasetSource) -> None:
        def keep(outcome: Outcome) -> None:
            if outcome.status is Status.OK:
                record, features = outcome.value
                self._store.add_dataset(record)
                self._store.set_metafeatures(source.name, features)
                self._report.described += 1
            elif outcome.status is not Status.CANCELLED:
                logger.warning("%s: no meta-features: %s", source.name, outcome.error)
                self._report.undescribed[source.name] = outcome.error

        self._read(keep, describe, source)

    # Evaluations

    def _submit_evaluations(self) -> None:
        self._submit_readings()
        self._submit_ready()
        self._submit_readings()  # others may have done all that was ready

    def _submit_ready(self) -> None:
        while self._ready and self._evaluating < AHEAD * self._executor.workers:
            job = self._ready.popleft()
            if job.attempt > 1 or self._claim(job):
                self._evaluate(job)
            else:
                self._close(job)

    def _claim(self, job: _Job) -> bool:
        options = self._options
        lease = (AHEAD + 1) * ATTEMPTS_AFTER_CRASH * options.hard_limit
        again = options.retry_failed
        answer = claim(self._store, job.batch.name, job.configuration, options.protocol, seconds=lease, again=again)
        self._taken += answer is Claim.TAKEN
        return answer is Claim.MINE

    def _evaluate(self, job: _Job) -> None:
        options = self._options
        self._evaluating += 1
        limits = Limits(seconds=options.hard_limit, memory_mb=options.memory_mb)
        arguments = (job.batch.problem, job.configuration, options.time_limit)
        self._running[self._executor.submit(measure, *arguments, limits=limits)] = partial(self._take, job)

    def _take(self, job: _Job, outcome: Outcome) -> None:
        self._evaluating -= 1
        if outcome.status is Status.CANCELLED:
            self._close(job)
        elif outcome.status is Status.CRASHED and job.attempt < ATTEMPTS_AFTER_CRASH:
            self._ready.appendleft(replace(job, attempt=job.attempt + 1))
        else:
            self._keep(job, outcome)
            self._close(job)

    def _keep(self, job: _Job, outcome: Outcome) -> None:
        run = run_from(outcome, job.configuration, job.batch.name, self._options.protocol, job.batch.n_rows)
        self._store.add_run(run, replace=self._options.retry_failed)
        self._tried.add((job.batch.name, job.configuration.id))
        self._report.statuses[run.status] += 1
        if run.error:
            self._report.errors[f"{job.configuration.algorithm}: {run.error}"] += 1
            logger.info("%s on %s %s: %s", job.configuration, job.batch.name, run.status, run.error)
            logger.debug("%s", outcome.traceback)
        self._report.cpu_seconds += run.seconds
        self._report.last = f"{job.batch.name} {job.configuration.algorithm}"
        self._estimate.learn(job.configuration, outcome.seconds)

    def _close(self, job: _Job) -> None:
        self._estimate.drop([job.configuration])
        job.batch.left -= 1
        if job.batch.left == 0:
            job.batch.problem.release()


def _expected(source: DatasetSource) -> DatasetRecord:
    """Return what is known of a surveyed dataset before it is read."""
    assert source.task is not None
    return DatasetRecord(
        name=source.name,
        task=source.task,
        n_rows=source.n_rows,
        n_columns=source.n_columns,
        n_classes=0,
        target=source.target or "",
    )


def run_from(outcome: Outcome, configuration: Configuration, dataset: str, protocol: Protocol, n_rows: int) -> Run:
    """Return what came of `measure` as a run, whether it went well or not."""
    if outcome.status is Status.OK:
        evaluation: Evaluation = replace(outcome.value.evaluation, peak_memory_mb=outcome.peak_memory_mb)
        return run_of(evaluation, dataset, protocol, n_rows=n_rows, cpu_seconds=outcome.value.cpu_seconds)
    evaluation = Evaluation(
        configuration=configuration,
        status=outcome.status,
        fit_seconds=outcome.seconds,
        peak_memory_mb=outcome.peak_memory_mb,
        error=outcome.error,
    )
    return run_of(evaluation, dataset, protocol, n_rows=n_rows)

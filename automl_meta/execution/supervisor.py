"""The thread that hands work to workers, watches their limits and buries the dead."""

import itertools
import logging
import os
import pickle
import queue
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from automl_meta.execution import memory
from automl_meta.execution.fork_server import ForkServer
from automl_meta.execution.output import collect_output, cut_if_long
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.execution.worker import one_line

logger = logging.getLogger(__name__)

TICK = 0.05  # seconds between two looks at the memory of busy workers
REPORT_PATIENCE = 1.0  # seconds to wait for the exit code of a worker that closed its connection
FAILED_STARTS = 5  # in a row, before no more workers are tried
BLOATED = 0.5  # of the memory limit: an idle worker that holds more is replaced before the next piece of work


class OutcomeFuture(Future[Outcome]):
    """A future that ends with an `Outcome` whatever happens; `cancel` also stops work that has begun."""

    def __init__(self, stop: Callable[["OutcomeFuture"], None]) -> None:
        super().__init__()
        self._stop = stop

    def cancel(self) -> bool:
        """Ask for the work to be dropped or stopped; return whether it had not yet ended."""
        if self.done():
            return False
        self._stop(self)
        return True


@dataclass(slots=True, eq=False)
class Work:
    """A piece of work that waits or runs."""

    message: bytes
    limits: Limits
    future: OutcomeFuture


@dataclass(slots=True, eq=False)
class WorkerHandle:
    """What the parent knows of a worker."""

    connection: Connection
    output: Path
    pid: int = 0  # 0 until it has said that it is ready
    fresh_mb: float = 0.0
    peak_mb: float = 0.0  # seen from outside during the present work
    before_mb: float = 0.0
    work: Work | None = None
    used: bool = False
    started: float = 0.0
    closed_at: float | None = None  # when its connection ended; its exit code is on the way


class Supervisor(threading.Thread):
    """Owns the fork server and the workers; others only put orders into its queue."""

    def __init__(self, jobs: int, start_server: Callable[[], ForkServer], log: Path | None) -> None:
        super().__init__(name="automl-meta supervisor", daemon=True)
        self._jobs = jobs
        self._start_server = start_server
        self._log = log
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._lock = threading.Lock()  # of `_open`: no order may be put in after the last was taken out
        self._open = True
        self._finishing = False
        self._waiting: deque[Work] = deque()
        self._workers: list[WorkerHandle] = []
        self._numbers = itertools.count()
        self._failed_starts = 0
        self._server: ForkServer | None = start_server()

    def add_work(self, work: Work) -> None:
        """Queue `work`; after `finish` it ends as CANCELLED."""

        def add() -> None:
            if self._finishing:
                _end(work.future, _cancelled("the executor was shut down"))
            else:
                self._waiting.append(work)
                if self._failed_starts >= FAILED_STARTS:
                    self._failed_starts = 0  # this one may be luckier

        if not self._order(add):
            _end(work.future, _cancelled("the executor was shut down"))

    def stop_work(self, future: OutcomeFuture) -> None:
        """Drop or stop the work of `future`."""
        self._order(lambda: self._cancel(future))

    def finish(self, *, cancel: bool) -> None:
        """Take no more work and end when there is none, or at once if `cancel`."""

        def begin() -> None:
            self._finishing = True
            if cancel:
                self._cancel_all()

        self._order(begin)

    def _order(self, order: Callable[[], None]) -> bool:
        with self._lock:
            if not self._open:
                return False
            self._orders.put(order)
            with suppress(BlockingIOError):  # full: it is awake enough
                os.write(self._wake_write, b"!")
        return True

    def run(self) -> None:
        """Serve until told to finish and nothing is left."""
        try:
            while not self._is_over():
                self._fill_workers()
                self._hand_out()
                for source in wait(self._sources(), self._patience()):
                    self._answer(source)
                self._enforce_limits()
        finally:
            self._close()

    def _is_over(self) -> bool:
        return self._finishing and not self._waiting and not any(worker.work for worker in self._workers)

    def _close(self) -> None:
        with self._lock:
            self._open = False
        while not self._orders.empty():
            self._orders.get()()
        self._cancel_all()
        for worker in self._workers:
            worker.connection.close()
        if self._server is not None:
            self._server.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _sources(self) -> list[Any]:
        connections = [worker.connection for worker in self._workers if worker.closed_at is None]
        control = [] if self._server is None else [self._server.control]
        return [self._wake_read, *connections, *control]  # results before deaths

    def _patience(self) -> float | None:
        busy = [worker for worker in self._workers if worker.work or worker.closed_at is not None]
        if not busy:
            return None
        now = time.monotonic()
        ends = [
            worker.started + worker.work.limits.seconds - now
            for worker in busy
            if worker.work and worker.work.limits.seconds is not None
        ]
        return max(0.0, min([TICK, *ends]))

    def _answer(self, source: Any) -> None:
        if source == self._wake_read:
            os.read(self._wake_read, 65536)
            while not self._orders.empty():
                self._orders.get()()
        elif isinstance(source, socket.socket):
            self._hear_server()
        else:
            worker = next((worker for worker in self._workers if worker.connection is source), None)
            if worker is not None:
                self._hear_worker(worker)

    def _fill_workers(self) -> None:
        if (self._finishing and not self._waiting) or self._failed_starts >= FAILED_STARTS:
            return
        if self._server is None:
            self._server = self._start_server()
        while len(self._workers) < self._jobs:
            try:
                self._workers.append(WorkerHandle(*self._server.start_worker(next(self._numbers))))
            except OSError:
                return  # the server is gone, which `_hear_server` is about to learn

    def _hand_out(self) -> None:
        for worker in list(self._workers):
            if not self._waiting:
                return
            if worker.pid and worker.work is None and worker.closed_at is None:
                self._give(worker, self._waiting[0])

    def _give(self, worker: WorkerHandle, work: Work) -> None:
        before_mb = memory.resident_mb(worker.pid)
        limit = work.limits.memory_mb
        if limit is not None and worker.used and before_mb - worker.fresh_mb > BLOATED * limit:
            self._remove(worker)
            return  # the next worker gets the work
        try:
            worker.connection.send_bytes(work.message)
        except OSError:
            self._remove(worker)
            return
        self._waiting.popleft()
        work.future.set_running_or_notify_cancel()
        worker.work, worker.started, worker.used = work, time.monotonic(), True
        worker.before_mb = worker.peak_mb = before_mb

    def _hear_worker(self, worker: WorkerHandle) -> None:
        try:
            message = worker.connection.recv_bytes()
        except (EOFError, OSError):
            worker.closed_at = time.monotonic()
            if not worker.pid:
                self._failed_starts += 1
                self._remove(worker)
                self._give_up_if_hopeless()
            return
        try:
            content = pickle.loads(message)
        except Exception as error:  # noqa: BLE001 - the class of a value may refuse to be made again
            content = Outcome(status=Status.FAILED, error=one_line(error))
        if not worker.pid:
            worker.pid, worker.fresh_mb = content
            self._failed_starts = 0
        elif worker.work is not None:
            self._end_work(worker, content)

    def _hear_server(self) -> None:
        reports = self._server.reports() if self._server is not None else []
        if reports is None:
            self._lose_server()
            return
        for pid, code in reports:
            worker = next((worker for worker in self._workers if worker.pid == pid), None)
            if worker is not None:
                self._bury(worker, _describe_exit(code), killed=code == -signal.SIGKILL)

    def _bury(self, worker: WorkerHandle, how: str, *, killed: bool = False) -> None:
        """End the work of a worker that died by itself."""
        if worker.work is not None:
            # An uninvited SIGKILL of a large process is the kernel's answer to a lack of memory.
            limit = worker.work.limits.memory_mb or float("inf")
            starved = killed and worker.peak_mb - worker.fresh_mb > BLOATED * min(limit, memory.physical_mb())
            self._end_work(worker, self._stopped(worker, Status.MEMORY if starved else Status.CRASHED, how))
        self._remove(worker)

    def _lose_server(self) -> None:
        """Bury all workers, which died with the server; the next is started when it is needed."""
        server, self._server = self._server, None
        said = server.last_words() if server is not None else ""
        logger.warning("the fork server ended: %s", said or "it said nothing")
        for worker in list(self._workers):
            self._bury(worker, "the process that starts the workers ended")
        if server is not None:
            server.close()
        self._failed_starts += 1
        self._give_up_if_hopeless(said)

    def _give_up_if_hopeless(self, said: str = "") -> None:
        if self._failed_starts >= FAILED_STARTS:
            if not said and self._server is not None:
                said = self._server.last_words()
            last = said.splitlines()[-1:] or ["no reason was given"]
            reason = f"no worker process could be started: {last[0]}"
            logger.error("%s", reason)
            while self._waiting:
                _end(self._waiting.popleft().future, _cancelled(reason))

    def _enforce_limits(self) -> None:
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.closed_at is not None and now - worker.closed_at > REPORT_PATIENCE:
                self._bury(worker, "its process closed the connection")
            elif worker.work is not None:
                self._enforce(worker, worker.work.limits, now - worker.started)

    def _enforce(self, worker: WorkerHandle, limits: Limits, seconds: float) -> None:
        cut_if_long(worker.output)
        resident_mb = memory.resident_mb(worker.pid)
        worker.peak_mb = max(worker.peak_mb, resident_mb)
        if limits.seconds is not None and seconds >= limits.seconds:
            self._kill_for(worker, Status.TIMEOUT, f"still running after {limits.seconds:.3g} s")
        elif limits.memory_mb is not None and resident_mb - worker.fresh_mb > limits.memory_mb:
            self._kill_for(worker, Status.MEMORY, f"used more than {limits.memory_mb:.0f} MiB")

    def _kill_for(self, worker: WorkerHandle, status: Status, why: str) -> None:
        _kill(worker)
        self._end_work(worker, self._stopped(worker, status, why))
        self._remove(worker)

    def _stopped(self, worker: WorkerHandle, status: Status, why: str) -> Outcome:
        seconds = time.monotonic() - worker.started
        growth_mb = max(0.0, worker.peak_mb - worker.before_mb)
        return Outcome(status=status, error=why, seconds=seconds, peak_memory_mb=growth_mb)

    def _end_work(self, worker: WorkerHandle, outcome: Outcome) -> None:
        work, worker.work = worker.work, None
        collect_output(worker.output, self._log)
        if work is not None:
            _end(work.future, outcome)

    def _remove(self, worker: WorkerHandle) -> None:
        _kill(worker)
        worker.connection.close()
        worker.output.unlink(missing_ok=True)
        self._workers.remove(worker)

    def _cancel(self, future: OutcomeFuture) -> None:
        for work in self._waiting:
            if work.future is future:
                self._waiting.remove(work)
                _end(future, _cancelled("it was cancelled before it began"))
                return
        for worker in self._workers:
            if worker.work is not None and worker.work.future is future:
                self._kill_for(worker, Status.CANCELLED, "it was cancelled")
                return

    def _cancel_all(self) -> None:
        while self._waiting:
            _end(self._waiting.popleft().future, _cancelled("it was cancelled before it began"))
        for worker in list(self._workers):
            if worker.work is not None:
                self._kill_for(worker, Status.CANCELLED, "it was cancelled")


def _kill(worker: WorkerHandle) -> None:
    if worker.pid:
        with suppress(OSError):
            os.killpg(worker.pid, signal.SIGKILL)


def _end(future: OutcomeFuture, outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _cancelled(why: str) -> Outcome:
    return Outcome(status=Status.CANCELLED, error=why)


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"its process ended with exit code {code}"
    with suppress(ValueError):
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process was killed by signal {-code}"

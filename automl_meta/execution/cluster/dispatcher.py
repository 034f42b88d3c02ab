"""The thread that hands work to a Dask cluster, hears of its ends, and keeps an eye on who is there."""

import itertools
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from automl_meta.execution.cluster.crew import Crew
from automl_meta.execution.cluster.library import Library
from automl_meta.execution.cluster.parcel import Parcel, unpack
from automl_meta.execution.cluster.station import Answer, Order, carry_out, forget, leave
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.execution.supervisor import OutcomeFuture
from automl_meta.execution.worker import one_line

logger = logging.getLogger(__name__)

TICK = 0.25  # seconds without news before a look around
LOOK_SECONDS = 1.0  # between two looks at which workers are there
FETCHERS = 4  # answers that travel back side by side
ATTEMPTS = 6  # to have a piece of work done that no worker is to blame for


@dataclass(slots=True, eq=False)
class Job:
    """A piece of work that waits or runs."""

    parcel: Parcel
    limits: Limits
    future: OutcomeFuture
    attempts: int = 0
    avoided: set[str] = field(default_factory=set)  # workers on which it was short of memory
    sent: Any = None  # Dask's future
    only: frozenset[str] | None = None  # the workers that it was sent to; None is any


class Dispatcher(threading.Thread):
    """Owns the work; others only put orders into its queue.

    Parameters
    ----------
    client : distributed.Client
    session : str
        Tells this executor's work from that of others on the same cluster.
    patience : float
        Seconds without any worker after which all work is given up.
    """

    def __init__(self, client: Any, session: str, preload: tuple[str, ...], patience: float) -> None:
        super().__init__(name="automl-meta cluster", daemon=True)
        self._client = client
        self._session = session
        self._preload = preload
        self._patience = patience
        self._crew = Crew(client, session, preload)
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of `_open`: no order may be put in after the last was taken out
        self._open = True
        self._finishing = False
        self._given_up = ""
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()
        self._numbers = itertools.count()  # of tasks
        self._library = Library(client, session, preload)
        self._folders: dict[str, Path] = {}
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="automl-meta answers")
        self._looked = 0.0
        self._last_seen = time.monotonic()  # when there was a worker

    @property
    def slots(self) -> int:
        """How many pieces of work the workers that are there do at a time."""
        return self._crew.slots

    # What other threads call

    def check_workers(self) -> None:
        """Wait for the first worker.

        Raises
        ------
        InputError
            If none comes, or if versions on one differ from those here.
        """
        self._crew.gather(self._patience)

    def add_shared(self, key: str, path: Path, folders: Mapping[str, Path]) -> None:
        """Offer the content of the file `path` to all workers under `key`."""
        self._library.add(key, path)
        self._add_folders(folders)

    def drop_shared(self, key: str) -> None:
        """Let go of a shared value."""

        def drop() -> None:
            self._library.drop(key)
            if not self._given_up:
                self._crew.tell(forget, self._session, key)

        self._order(drop)

    def add_work(self, job: Job) -> None:
        """Queue a piece of work; after `finish`, or once the cluster is lost, it ends as CANCELLED."""
        self._add_folders(job.parcel.folders)

        def add() -> None:
            if self._finishing or self._given_up:
                _end(job, _cancelled(self._given_up or "the executor was shut down"))
            else:
                self._waiting.append(job)

        if not self._order(add):
            _end(job, _cancelled(self._given_up or "the executor was shut down"))

    def stop_work(self, future: OutcomeFuture) -> None:
        """Drop or stop the work of `future`."""

        def stop() -> None:
            for job in [*self._waiting, *self._running]:
                if job.future is future:
                    self._cancel(job, "it was cancelled")

        self._order(stop)

    def finish(self, *, cancel: bool) -> None:
        """Take no more work and end when there is none, or at once if `cancel`."""

        def begin() -> None:
            self._finishing = True
            if cancel:
                self._cancel_all("it was cancelled")

        self._order(begin)

    def _order(self, order: Callable[[], None]) -> bool:
        with self._lock:
            if self._open:
                self._orders.put(order)
            return self._open

    def _add_folders(self, folders: Mapping[str, Path]) -> None:
        for token, folder in folders.items():
            if token not in self._folders:
                (folder / self._mark).touch()
                self._folders[token] = folder

    @property
    def _mark(self) -> str:
        return f".{self._session}"

    # What this thread does

    def run(self) -> None:
        """Serve until told to finish and nothing is left."""
        try:
            while not (self._finishing and not self._waiting and not self._running):
                with suppress(queue.Empty):
                    self._orders.get(timeout=TICK)()
                self._look_around()
                self._hand_out()
        finally:
            self._close()

    def _close(self) -> None:
        with self._lock:
            self._open = False
        while not self._orders.empty():
            self._orders.get()()
        self._cancel_all("the executor was shut down")
        if not self._given_up:
            self._crew.tell(leave, self._session)
        self._fetchers.shutdown(wait=False, cancel_futures=True)
        for folder in self._folders.values():
            with suppress(OSError):
                (folder / self._mark).unlink()

    def _look_around(self) -> None:
        if self._given_up:
            return
        if self._client.status != "running":
            self._give_up(f"the connection to the Dask scheduler at {self._crew.scheduler} was lost")
            return
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        self._crew.look()
        if self._crew.slots or not (self._waiting or self._running):
            self._last_seen = now
        elif now - self._last_seen > self._patience:
            self._give_up(f"there was no worker at {self._crew.scheduler} for {self._patience:.0f} s")
        for job in list(self._running):
            if job.only is not None and not job.only & self._crew.addresses:
                self._send_again(job, "the workers that it was meant for are gone")

    def _give_up(self, why: str) -> None:
        logger.error("%s", why)
        self._given_up = why
        self._cancel_all(why)

    def _hand_out(self) -> None:
        while self._waiting and len(self._running) < self._crew.slots:
            job = self._waiting.popleft()
            try:
                self._send(job)
            except Exception as error:  # noqa: BLE001 - Dask raises what it likes when a cluster changes under it
                logger.info("not sent: %s", one_line(error))
                self._waiting.appendleft(job)
                return  # another look at the workers may help

    def _send(self, job: Job) -> None:
        self._library.deliver(job.parcel.shared, self._crew.addresses)
        order = Order(
            session=self._session,
            content=job.parcel.content,
            limits=job.limits,
            shared=job.parcel.shared,
            folders={token: (str(path), self._mark) for token, path in self._folders.items()},
            preload=self._preload,
            versions=self._crew.versions,
        )
        job.only = self._crew.allowed(job.avoided)
        # A key that was ever used would bring its old answer, as long as the cluster has not forgotten it.
        key = f"automl-meta-{self._session[:8]}-{next(self._numbers)}"
        workers = None if job.only is None else sorted(job.only)
        job.sent = self._client.submit(carry_out, order, key=key, pure=False, workers=workers)
        job.attempts += 1
        self._running.add(job)
        if not job.future.running():
            job.future.set_running_or_notify_cancel()
        job.sent.add_done_callback(partial(self._hear, job))

    def _hear(self, job: Job, sent: Any) -> None:
        """Fetch what came of a task, beside other answers; called by Dask's thread."""
        with suppress(RuntimeError):  # shut down
            self._fetchers.submit(self._fetch, job, sent)

    def _fetch(self, job: Job, sent: Any) -> None:
        answer: Answer | BaseException
        try:
            answer = sent.result()
        except BaseException as error:  # noqa: BLE001 - a cancelled future raises one, too
            answer = error
        self._order(partial(self._take, job, sent, answer))

    def _take(self, job: Job, sent: Any, answer: Answer | BaseException) -> None:
        if job.sent is not sent or job not in self._running:
            return  # of an attempt that nobody waits for
        if isinstance(answer, BaseException):
            self._take_error(job, answer)
        elif answer.outcome is None:
            if answer.refused:
                self._crew.refuse(answer.worker, answer.refused)
            self._library.note_missing(answer.missing, answer.worker)
            self._send_again(job, answer.refused or "a shared value had not reached its worker")
        elif answer.outcome.status is Status.MEMORY and answer.capped and self._may_try_elsewhere(job, answer.worker):
            self._send_again(job, answer.outcome.error)
        else:
            self._end(job, self._opened(answer.outcome))

    def _take_error(self, job: Job, error: BaseException) -> None:
        if self._client.status != "running":
            return  # `_look_around` is about to give up
        if type(error).__name__ == "KilledWorker":
            self._end(job, Outcome(status=Status.CRASHED, error="each worker that tried it died"))
        else:
            self._send_again(job, one_line(error))

    def _may_try_elsewhere(self, job: Job, worker: str) -> bool:
        job.avoided.add(worker)
        return bool(self._crew.addresses - job.avoided)

    def _send_again(self, job: Job, why: str) -> None:
        self._running.discard(job)
        sent, job.sent = job.sent, None
        self._cancel_sent(sent)
        if job.attempts >= ATTEMPTS:
            _end(job, Outcome(status=Status.CRASHED, error=f"no worker could do it: {why}"))
        else:
            logger.info("sent again: %s", why)
            self._waiting.appendleft(job)

    def _opened(self, outcome: Outcome) -> Outcome:
        if outcome.status is not Status.OK:
            return outcome
        try:
            return replace(outcome, value=unpack(outcome.value, self._folders))
        except Exception as error:  # noqa: BLE001 - the class of a value may refuse to be made again
            return Outcome(status=Status.FAILED, error=one_line(error), seconds=outcome.seconds)

    def _end(self, job: Job, outcome: Outcome) -> None:
        self._running.discard(job)
        job.sent = None  # which lets the cluster forget the answer
        _end(job, outcome)

    def _cancel(self, job: Job, why: str) -> None:
        if job in self._waiting:
            self._waiting.remove(job)
        sent = job.sent
        self._end(job, _cancelled(why))
        self._cancel_sent(sent)

    def _cancel_all(self, why: str) -> None:
        for job in [*self._waiting, *self._running]:
            self._cancel(job, why)

    def _cancel_sent(self, sent: Any) -> None:
        if sent is not None and self._client.status == "running":
            with suppress(Exception):
                sent.cancel()


def _end(job: Job, outcome: Outcome) -> None:
    if not job.future.done():
        job.future.set_result(outcome)


def _cancelled(why: str) -> Outcome:
    return Outcome(status=Status.CANCELLED, error=why)

"""What runs in a Dask worker: each piece of work goes to a supervised process of its own pool.

So a hang, a crash or a lack of memory costs that piece of work, and the Dask worker goes on. Pools are made at first
use and end when their client says so, or when nothing has come for a while: a client that died leaves nothing behind.
"""

import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from automl_meta.execution.cluster.parcel import SHARED_FOLDER, Parcel, pack_answer, translating
from automl_meta.execution.cluster.versions import Versions, differences, make_probe
from automl_meta.execution.local import LocalExecutor
from automl_meta.execution.protocol import Limits, Outcome

IDLE_SECONDS = 300.0  # after which a pool without work ends
SWEEP_SECONDS = 10.0
WANTED_SECONDS = 0.25  # between two looks at whether anybody still waits
SHARE_OF_MEMORY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One piece of work as it travels.

    Attributes
    ----------
    session : str
        Of the executor that sent it; all its work on a worker shares one pool.
    content : bytes
        The pickled function and arguments.
    shared : frozenset of str
        Keys of the shared values that it needs.
    folders : mapping from str to (str, str)
        Tokens of the sender's folders, to their path there and the name of a file in it, by which a worker that sees
        the same file system knows it.
    """

    session: str
    content: bytes
    limits: Limits
    shared: frozenset[str]
    folders: Mapping[str, tuple[str, str]]
    preload: tuple[str, ...]
    versions: Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a worker says: an outcome, or why there is none.

    Attributes
    ----------
    worker : str
        The Dask worker's address.
    refused : str
        The worker does not do this session's work; why.
    missing : frozenset of str
        Keys of shared values that the worker does not have (any more).
    capped : bool
        The worker allowed less memory than was asked for.
    """

    worker: str
    outcome: Outcome | None = None
    refused: str = ""
    missing: frozenset[str] = frozenset()
    capped: bool = False


class Station:
    """The pool and the shared values of one session on one Dask worker.

    Parameters
    ----------
    slots : int
        Pieces of work at a time.
    memory_mb : float
        MiB that one of them may use at the most.
    """

    def __init__(self, slots: int, memory_mb: float, preload: Sequence[str]) -> None:
        self.memory_mb = memory_mb
        self._executor = LocalExecutor(slots, preload=preload)
        self._folder = self._executor.folder / "station"  # removed with the pool, even if this process is killed
        self._lock = threading.Lock()
        self._busy = 0
        self._last_used = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """How long there has been no work."""
        with self._lock:
            return 0.0 if self._busy else time.monotonic() - self._last_used

    def receive(self, key: str, piece: bytes, offset: int, size: int) -> None:
        """Keep a piece of a shared value of `size` bytes; with the last one it can be used."""
        path = self._shared_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)  # a fork server that died took it along
        part = path.with_suffix(".part")
        with part.open("ab" if offset else "wb") as file:
            file.write(piece)
        if offset + len(piece) == size:
            part.replace(path)

    def missing(self, keys: frozenset[str]) -> frozenset[str]:
        """Return those of the shared values that are not here."""
        return frozenset(key for key in keys if not self._shared_path(key).exists())

    def forget(self, key: str) -> None:
        """Remove the shared value `key`."""
        self._shared_path(key).unlink(missing_ok=True)

    def _shared_path(self, key: str) -> Path:
        return self._folder / SHARED_FOLDER / key

    def run(self, order: Order, is_wanted: Callable[[], bool]) -> Outcome:
        """Run a piece of work in a process of the pool; it is killed when it is not wanted any more."""
        with self._lock:
            self._busy += 1
        try:
            places, carried = self._places(order.folders)
            limits = replace(order.limits, memory_mb=min(order.limits.memory_mb or float("inf"), self.memory_mb))
            future = self._executor.submit(run_content, order.content, places, carried, limits=limits)
            while True:
                try:
                    return future.result(timeout=WANTED_SECONDS)
                except TimeoutError:
                    if not is_wanted():
                        future.cancel()
        finally:
            with self._lock:
                self._busy -= 1
                self._last_used = time.monotonic()

    def close(self) -> None:
        """End the pool, whatever it is doing."""
        self._executor.shutdown(cancel=True)

    def _places(self, folders: Mapping[str, tuple[str, str]]) -> tuple[dict[str, Path], frozenset[str]]:
        """Return where the sender's folders are here, and which of them it cannot see."""
        places = {SHARED_FOLDER: self._folder / SHARED_FOLDER}
        carried = set()
        for token, (path, mark) in folders.items():
            if (Path(path) / mark).exists():
                places[token] = Path(path)
            else:
                places[token] = self._folder / token
                places[token].mkdir(parents=True, exist_ok=True)
                carried.add(token)
        return places, frozenset(carried)


def run_content(content: bytes, places: Mapping[str, Path], carried: frozenset[str]) -> Parcel:
    """Call the pickled function with its arguments and pack what it returns; runs in a process of the pool."""
    with translating(places):
        function, arguments = pickle.loads(content)
        value = function(*arguments)
    return pack_answer(value, places, carried)


# What Dask calls. The names are part of what travels, so both sides must agree on them: see `versions`.

_stations: dict[tuple[str, str], Station] = {}  # by session and worker: one process may hold several workers
_lock = threading.Lock()


def carry_out(order: Order) -> Answer:
    """Do a piece of work, as a Dask task."""
    from distributed import get_worker

    worker = get_worker()
    different = differences(_versions_here(), order.versions)
    if different:
        return Answer(worker=worker.address, refused=", ".join(different))
    station = station_of(order.session, worker, order.preload)
    missing = station.missing(order.shared)
    if missing:
        return Answer(worker=worker.address, missing=missing)
    task = worker.get_current_task()

    def is_wanted() -> bool:
        state = worker.state.tasks.get(task)
        return state is not None and state.state == "executing"

    outcome = station.run(order, is_wanted)
    asked = order.limits.memory_mb
    return Answer(worker=worker.address, outcome=outcome, capped=asked is None or asked > station.memory_mb)


@cache
def _versions_here() -> Versions:
    return make_probe()()


def prepare(session: str, preload: tuple[str, ...], dask_worker: Any) -> None:
    """Start the pool of a session, so that it is warm when work comes."""
    station_of(session, dask_worker, preload)


def receive(
    session: str, preload: tuple[str, ...], key: str, piece: bytes, offset: int, size: int, dask_worker: Any
) -> None:
    """Keep a piece of a shared value."""
    station_of(session, dask_worker, preload).receive(key, piece, offset, size)


def forget(session: str, key: str, dask_worker: Any) -> None:
    """Remove a shared value from a worker."""
    station = _stations.get((session, dask_worker.address))
    if station is not None:
        station.forget(key)


def leave(session: str, dask_worker: Any) -> None:
    """End a session on a worker, without waiting for the end."""
    with _lock:
        station = _stations.pop((session, dask_worker.address), None)
    if station is not None:
        threading.Thread(target=station.close, daemon=True).start()


def station_of(session: str, worker: Any, preload: Sequence[str]) -> Station:
    """Return the station of a session on a worker, made if it is not there."""
    with _lock:
        station = _stations.get((session, worker.address))
        if station is None:
            if not _stations:
                threading.Thread(target=_sweep, name="automl-meta stations", daemon=True).start()
            slots = worker.state.nthreads
            station = Station(slots, _memory_share(worker, slots), preload)
            _stations[session, worker.address] = station
        return station


def _memory_share(worker: Any, slots: int) -> float:
    limit = worker.memory_manager.memory_limit or psutil.virtual_memory().available
    return float(SHARE_OF_MEMORY * limit / slots / 2**20)


def _sweep() -> None:
    """End stations that nobody uses, until there are none."""
    while True:
        time.sleep(SWEEP_SECONDS)
        with _lock:
            idle = [name for name, station in _stations.items() if station.idle_seconds > IDLE_SECONDS]
            ended = [_stations.pop(name) for name in idle]
            is_last = not _stations
        for station in ended:
            station.close()
        if is_last:
            return

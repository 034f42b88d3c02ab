"""Worker processes on this machine, each replaced when it dies or is killed at a limit."""

import atexit
import itertools
import pickle
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_meta.execution.fork_server import ForkServer
from automl_meta.execution.memory import fair_share_mb
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.execution.shared import SharedFile
from automl_meta.execution.supervisor import OutcomeFuture, Supervisor, Work
from automl_meta.execution.worker import one_line

# Imported once, by the fork server; names, because this package may not import what comes after it.
PRELOAD = (
    "numpy",
    "pandas",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.pipeline",
    "sklearn.linear_model",
    "sklearn.svm",
    "sklearn.neighbors",
    "lightgbm",
    "catboost",
    "xgboost",
    "automl_meta.pipelines.build",
    "automl_meta.evaluation.cross_validation",
)


class LocalExecutor:
    """Runs functions in worker processes forked from a clean server that has `preload` imported.

    The processes start in the background as soon as the executor is made; work can be submitted at once. Functions
    must be importable by name (not defined in a script's ``__main__``). Use it as a context manager, or call
    `shutdown`; when this process dies without either, the workers end and the temporary folder goes too.

    Parameters
    ----------
    jobs : int
        Number of workers.
    threads : int
        For OpenMP and BLAS in each worker, until the work itself asks for another number.
    preload : sequence of str
        Modules that the server imports before it forks; one that is missing is skipped.
    log : Path or None
        File to which the end of what each piece of work printed, warnings among it, is appended. Without it, that
        goes to this module's logger, at level DEBUG.
    nice : int
        Added to the workers' niceness.
    server : ForkServer, optional
        One of `early_server`, which took its `preload`, `threads` and `nice` there.

    Notes
    -----
    A future's ``cancel`` also stops work that has begun; its outcome is then CANCELLED. Callbacks of futures run in
    the supervising thread and should be short.
    """

    def __init__(
        self,
        jobs: int,
        *,
        threads: int = 1,
        preload: Sequence[str] = PRELOAD,
        log: Path | None = None,
        nice: int = 0,
        server: ForkServer | None = None,
    ) -> None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1, not {jobs}")
        self.workers = jobs
        self._folder = _new_folder() if server is None else server.folder
        self._numbers = itertools.count()
        begun = [] if server is None else [server]

        def start_server() -> ForkServer:
            if begun:
                return begun.pop()
            self._folder.mkdir(mode=0o700, exist_ok=True)  # a server that dies takes it along
            return ForkServer(self._folder, preload=preload, threads=threads, nice=nice)

        self._supervisor = Supervisor(jobs, start_server, log)
        self._supervisor.start()
        atexit.register(_shutdown_if_alive, weakref.ref(self))

    @property
    def memory_mb(self) -> float:
        """An even share of what is free now, in MiB."""
        return fair_share_mb(self.workers)

    @property
    def folder(self) -> Path:
        """Where files may be kept that are removed with the executor, however its process ends."""
        return self._folder

    def share(self, value: Any) -> SharedFile:
        """Write `value` once, for each worker to read once."""
        return SharedFile.write(value, self._folder / f"shared-{next(self._numbers)}")

    def submit(self, function: Callable[..., Any], /, *arguments: Any, limits: Limits) -> OutcomeFuture:
        """Run `function(*arguments)` (both must pickle) in a worker; the future ends with an `Outcome`."""
        future = OutcomeFuture(self._supervisor.stop_work)
        try:
            message = pickle.dumps((function, arguments, limits.memory_mb), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - any class may refuse to be pickled, in its own way
            future.set_result(Outcome(status=Status.FAILED, error=one_line(error)))
            return future
        self._supervisor.add_work(Work(message, limits, future))
        return future

    def shutdown(self, *, cancel: bool = False) -> None:
        """End the workers: after their work, or at once if `cancel`; further calls do nothing."""
        self._supervisor.finish(cancel=cancel)
        if threading.current_thread() is not self._supervisor:
            self._supervisor.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "LocalExecutor":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.shutdown(cancel=kind is not None)


@contextmanager
def early_server(preload: Sequence[str] = PRELOAD) -> Iterator[ForkServer]:
    """Give a fork server that begins its imports at once, for a `LocalExecutor` that is made later.

    A program that has much to import itself can do so meanwhile. The server ends with the context, at once.
    """
    folder = _new_folder()
    server = ForkServer(folder, preload=preload, threads=1, nice=0)
    try:
        yield server
    finally:
        server.close(patience=0.0)
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="automl-meta-"))


def _shutdown_if_alive(reference: "weakref.ref[LocalExecutor]") -> None:
    executor = reference()
    if executor is not None:
        executor.shutdown(cancel=True)

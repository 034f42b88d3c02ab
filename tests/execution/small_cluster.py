"""A real scheduler and real worker processes on the loopback interface, to be killed at will."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import distributed

from automl_meta.execution.cluster import ClusterOptions, connect
from automl_meta.execution.cluster.executor import DaskExecutor

ROOT = Path(__file__).parents[2]
STARTING_SECONDS = 60.0


class SmallCluster:
    """Processes of ``dask scheduler`` and ``dask worker``; all are killed at the end.

    Parameters
    ----------
    security : tuple of str
        Further arguments of both commands.
    """

    def __init__(
        self, folder: Path, workers: int = 2, *, memory_limit: str = "0", security: tuple[str, ...] = ()
    ) -> None:
        self._folder = folder
        self._security = security
        self._file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start(
            "scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(self._file)
        )
        try:
            self.address = self._address()
            for _ in range(workers):
                self.add_worker(memory_limit)
        except BaseException:
            self.close()
            raise

    def add_worker(self, memory_limit: str = "0", path: Path | None = None) -> None:
        """Start a worker, with `path` first among the places of its modules; it joins some time later."""
        size = ("--nthreads", "1", "--memory-limit", memory_limit)
        more = ("--no-nanny", "--no-dashboard", "--local-directory", str(self._folder))
        self.workers.append(self._start("worker", self.address, *size, *more, path=path))

    def executor(self, patience: float = 60.0) -> DaskExecutor:
        """Return an executor on this cluster, as soon as all workers have joined."""
        with distributed.Client(self.address, set_as_default=False) as client:
            if self.workers:
                client.wait_for_workers(len(self.workers), timeout=STARTING_SECONDS)
        return connect(ClusterOptions(address=self.address), preload=("numpy",), patience=patience)

    def kill_worker(self, number: int) -> None:
        """Kill a worker with all that hangs on it."""
        self.workers[number].send_signal(signal.SIGKILL)
        self.workers[number].wait()

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        self.scheduler.send_signal(signal.SIGKILL)
        self.scheduler.wait()

    def _start(self, kind: str, *arguments: str, path: Path | None = None) -> "subprocess.Popen[bytes]":
        places = [*([] if path is None else [str(path)]), str(ROOT), str(Path(__file__).parent)]
        return subprocess.Popen(
            [sys.executable, "-m", "dask", kind, *arguments, "--host", "127.0.0.1", *self._security],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{kind}.log").open("ab"),
        )

    def _address(self) -> str:
        deadline = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError, json.JSONDecodeError):  # not there yet, or half written
                return str(json.loads(self._file.read_text())["address"])
            time.sleep(0.05)
        raise TimeoutError((self._folder / "scheduler.log").read_text()[-2000:])

    def close(self) -> None:
        """Kill everything."""
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()

    def __enter__(self) -> "SmallCluster":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

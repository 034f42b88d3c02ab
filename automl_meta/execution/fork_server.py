"""The parent's side of the fork server: starting it, asking for workers, hearing of their ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from automl_meta.execution.server import REPORT, REQUEST, output_path

# Read by OpenMP, OpenBLAS, MKL and others when they are loaded, which is why it cannot be set later.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS",
)

BOOTSTRAP = """\
import json, sys
descriptor, folder, preload, path = json.loads(sys.argv[1])
sys.path[:] = path
from automl_meta.execution.server import serve
serve(descriptor, folder, preload)
"""

LAST_WORDS = 2_000  # characters of the server's own output that are quoted if it fails


class ForkServer:
    """A running server process; it ends when this object is closed or this process ends.

    Attributes
    ----------
    folder : Path
        Where its workers print to; the server removes it when this process ends.
    """

    def __init__(self, folder: Path, *, preload: Sequence[str], threads: int, nice: int) -> None:
        self.folder = folder
        self._log = folder / "server.log"
        self._received = b""
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        arguments = json.dumps([theirs.fileno(), str(folder), list(preload), sys.path])
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOTSTRAP, arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(threads),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in the terminal is for the parent alone
            )
        if nice:
            os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)

    def start_worker(self, number: int) -> tuple[Connection, Path]:
        """Ask for a worker; return the connection to it and the file that it will print to.

        Raises
        ------
        OSError
            If the server is gone.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self.control, [REQUEST.pack(number)], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Connection(ours.detach()), output_path(self.folder, number)

    def reports(self) -> list[tuple[int, int]] | None:
        """Return (process id, exit code or minus the signal) of workers that ended; None if the server is gone.

        Call it only when `control` is readable.
        """
        try:
            received = self.control.recv(REPORT.size * 64)
        except OSError:
            return None
        if not received:
            return None
        self._received += received
        whole = len(self._received) // REPORT.size * REPORT.size
        reports, self._received = self._received[:whole], self._received[whole:]
        return [(pid, os.waitstatus_to_exitcode(status)) for pid, status in REPORT.iter_unpack(reports)]

    def last_words(self) -> str:
        """Return the end of what the server itself printed, for an error message."""
        with suppress(OSError):
            return self._log.read_text(errors="replace")[-LAST_WORDS:].strip()
        return ""

    def close(self, patience: float = 5.0) -> None:
        """End the server, which kills its workers."""
        self.control.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)  # workers follow, by their parent-death signal
            self._process.wait()


def _environment(threads: int) -> dict[str, str]:
    # Waiting threads sleep instead of spinning: spinning beside another busy process costs it its core.
    counts = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return {**os.environ, **counts, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1"}

"""Pieces of work, well-behaved and not, that the tests send to workers."""

# ruff: noqa: T201 - printing is what some of them are for

import ctypes
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from automl_meta.execution import Shared


def add(left: int, right: int) -> int:
    return left + right


def process_id() -> int:
    return os.getpid()


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def raise_error(text: str) -> None:
    raise ValueError(text)


def raise_system_exit() -> None:
    sys.exit("goodbye")


def return_nan() -> float:
    return float("nan")


def return_unpicklable() -> Any:
    return lambda: None


def hang_in_c_ignoring_signals() -> None:
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                continue
    library = ctypes.PyDLL(None)  # keeps the interpreter's lock
    while True:
        library.sleep(1000)


def allocate_at_once(mib: int) -> int:
    return int(np.ones((mib, 1024, 128)).sum())


def allocate_bit_by_bit(mib: int) -> int:
    held = []
    for _ in range(mib // 4):
        held.append(bytearray(os.urandom(1024) * 4096))
    return len(held)


def exit_process(code: int) -> None:
    os._exit(code)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash_in_c() -> None:
    ctypes.string_at(0)


def close_all_files() -> None:
    os.closerange(0, 256)
    time.sleep(60)


def print_much(mib: int) -> int:
    for _ in range(mib):
        print("x" * (1024 * 1024 - 1))
    return mib


def warn_and_print() -> None:
    warnings.warn("a warning for the log", UserWarning, stacklevel=1)
    print("a line for the log")


def read_shared(shared: Shared) -> tuple[int, int, float]:
    value = shared.get()
    return os.getpid(), id(value), float(value.sum())


def start_grandchild(path: str) -> None:
    pid = os.fork()
    if pid == 0:
        time.sleep(120)
        os._exit(0)
    Path(path).write_text(str(pid))
    time.sleep(120)


def thread_settings() -> tuple[str, int]:
    from threadpoolctl import threadpool_info

    return os.environ["OMP_NUM_THREADS"], max((info["num_threads"] for info in threadpool_info()), default=1)


def ignored_signals() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def meet(folder: str, me: str, other: str) -> bool:
    """Return whether the other comes while this one is there."""
    Path(folder, me).touch()
    deadline = time.monotonic() + 60
    while not Path(folder, other).exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def note_run(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("run\n")


def note_run_and_sleep(path: str, seconds: float) -> None:
    note_run(path)
    time.sleep(seconds)


def sleep_and_say_where(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def sleep_and_sum(shared: Shared, seconds: float) -> float:
    time.sleep(seconds)
    return float(shared.get().sum())


def length_of(shared: Shared) -> int:
    return len(shared.get())


def shared_path(shared: Any) -> "HiddenPath":
    return HiddenPath(str(shared.path))


class HiddenPath:
    """A path of the worker's own machine, which stays what it is on the way back."""

    def __init__(self, path: str) -> None:
        self.path = path

    def exists(self) -> bool:
        return Path(self.path).exists()


def write_file(shared: Shared, name: str) -> tuple[Path, str]:
    """Write a file to the shared value's folder; return it, and where it is here."""
    path: Path = shared.get()["folder"] / name
    path.write_bytes(b"a fitted model")
    return path, str(path)

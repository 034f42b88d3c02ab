"""What a process holds in memory, and how the operating system is told to refuse more."""

import ctypes
import resource
import sys
from contextlib import suppress
from pathlib import Path

import psutil

MIB = 1024 * 1024
PAGE = resource.getpagesize()

# Reserved memory is not used memory: allocators and thread stacks reserve more than they touch. What is *used* is
# watched from outside; this factor only refuses a single request that is far beyond the limit before it is touched.
RESERVED_PER_USED = 1.5
SHARE_OF_FREE = 0.8  # of the memory that is free, what workers may use together

# Where a container tells what it may hold, what it holds, and what of this it gives up for the asking: control groups
# of version 2, then of version 1.
CONTAINER = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MiB; 0 if it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / MIB
    except psutil.Error:
        return 0.0


def reset_peak() -> bool:
    """Start a new measurement of this process's peak; return whether the system allows it (Linux does)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def peak_mb() -> float:
    """Return this process's peak resident memory since `reset_peak`, in MiB; 0 where the system does not tell."""
    with suppress(OSError), Path("/proc/self/status").open() as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def refuse_beyond(memory_mb: float | None) -> None:
    """Let requests for far more than `memory_mb` MiB on top of what this process holds fail; None lifts that."""
    if not sys.platform.startswith("linux"):
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = hard
    if memory_mb is not None:
        held = int(Path("/proc/self/statm").read_text().split()[5]) * PAGE
        soft = held + int(memory_mb * RESERVED_PER_USED * MIB)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def give_back() -> None:
    """Return freed memory to the system, so that the next measurement starts from what is really held."""
    if sys.platform.startswith("linux"):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def physical_mb() -> float:
    """Return the memory of this machine in MiB, or that of the container that this process is in."""
    total = psutil.virtual_memory().total
    container = _of_container()
    return float(total if container is None else min(total, container[0])) / MIB


def fair_share_mb(workers: int) -> float:
    """Return the MiB that each of `workers` processes may use of what is free now."""
    free = psutil.virtual_memory().available
    container = _of_container()
    return float(SHARE_OF_FREE * (free if container is None else min(free, container[1])) / MIB / workers)


def _of_container() -> tuple[int, int] | None:
    """Return the bytes that this container may hold, and those that are free; None if nothing limits it."""
    for folder, most, held, spare in CONTAINER:
        with suppress(OSError, ValueError):  # "max" is no number
            limit = int((folder / most).read_text())
            counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            used = int((folder / held).read_text()) - int(counts.get(spare, 0))
            return limit, max(limit - used, 0)
    return None

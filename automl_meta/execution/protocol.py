"""Running one function somewhere else and getting an answer whatever happens."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Status(StrEnum):
    """How a piece of work ended."""

    OK = "ok"
    FAILED = "failed"  # it raised
    TIMEOUT = "timeout"  # killed at its time limit
    MEMORY = "memory"  # refused memory, or killed for it
    CRASHED = "crashed"  # its process died
    CANCELLED = "cancelled"  # never ran, or was stopped because nobody waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one piece of work may use; None is unlimited."""

    seconds: float | None = None  # wall clock, from the start of the function
    memory_mb: float | None = None  # MiB beyond what the fresh worker holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one piece of work."""

    status: Status
    value: Any = None  # what the function returned, if it is OK
    error: str = ""  # one line, "ValueError: ..."; empty if it is OK
    traceback: str = ""  # for the log
    seconds: float = 0.0  # wall clock in the worker
    peak_memory_mb: float = 0.0  # growth of the worker's resident memory, at its peak


class Shared(Protocol):
    """A value that travels to each worker once; small to send, cached where it arrives."""

    def get(self) -> Any:
        """Return the value, in any process."""

    def release(self) -> None:
        """Let go of the value where it is kept for workers to come; those that have read it may keep it."""


class Executor(Protocol):
    """Runs functions in other processes. The futures always end with an `Outcome`, and never raise."""

    @property
    def workers(self) -> int:
        """How many pieces of work run at a time."""

    @property
    def memory_mb(self) -> float | None:
        """MiB that one piece of work may use while all workers are busy; None where each worker knows for itself."""

    def share(self, value: Any) -> Shared:
        """Make `value` available to all workers under a handle that is cheap to pass as an argument."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, limits: Limits) -> "Future[Outcome]":
        """Run `function(*arguments)` (both must pickle) in a worker; a worker that dies is replaced."""

    def shutdown(self, *, cancel: bool = False) -> None:
        """End the workers: after their work, or at once if `cancel`; further calls do nothing."""

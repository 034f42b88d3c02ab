"""The same protocol without other processes: for tests and for debugging a candidate."""

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from automl_meta.execution.memory import fair_share_mb
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.execution.worker import failure


class InlineShared:
    """A value that never travels."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self) -> Any:
        """Return the value."""
        return self._value

    def release(self) -> None:
        """Let go of the value."""
        self._value = None


class InlineExecutor:
    """Runs each piece of work within `submit`, in this process; limits are not enforced."""

    workers = 1

    def __init__(self) -> None:
        self._closed = False

    @property
    def memory_mb(self) -> float:
        """MiB that is free; nothing enforces it."""
        return fair_share_mb(1)

    def share(self, value: Any) -> InlineShared:
        """Return a handle of `value` itself."""
        return InlineShared(value)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, limits: Limits) -> "Future[Outcome]":
        """Run `function(*arguments)` now and return a finished future."""
        future: Future[Outcome] = Future()
        if self._closed:
            future.set_result(Outcome(status=Status.CANCELLED, error="the executor was shut down"))
            return future
        started = time.perf_counter()
        try:
            value = function(*arguments)
        except Exception as error:  # noqa: BLE001 - a candidate may raise anything
            outcome = failure(error, traceback.format_exc(), seconds=time.perf_counter() - started)
        else:
            outcome = Outcome(status=Status.OK, value=value, seconds=time.perf_counter() - started)
        future.set_result(outcome)
        return future

    def shutdown(self, *, cancel: bool = False) -> None:
        """Take no more work."""
        self._closed = True

    def __enter__(self) -> "InlineExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

"""Ctrl-C once: end the search, combine and save. Twice: stop at once."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """From when there is something to save until the block ends: the first signal is noted, the second stops at once.

    Signals can be handled in the main thread only; elsewhere they are left as they are.

    Attributes
    ----------
    came : bool
        Whether a signal has come.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def begin(self, stop: Callable[[], None]) -> None:
        """From here on call `stop` at the first SIGINT or SIGTERM, and raise KeyboardInterrupt at the second."""
        if threading.current_thread() is not threading.main_thread():
            return

        def handle(number: int, frame: FrameType | None) -> None:
            if self.came:
                raise KeyboardInterrupt
            self.came = True
            stop()

        self._before = {number: signal.signal(number, handle) for number in SIGNALS}

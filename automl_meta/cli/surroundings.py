"""What surrounds a command: streams that cannot say everything, and signals that end it."""

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__)


class Ended(KeyboardInterrupt):
    """A signal asks for the end: as Ctrl-C does, it lets everything be tidied up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number  # as shells have it


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Raise `Ended` when a signal asks for the end that would else end the process at once, leaving half files."""
    try:
        before = {
            number: signal.signal(number, _end) for number in ENDING if signal.getsignal(number) is signal.SIG_DFL
        }
    except ValueError:  # signals can be handled in the main thread only
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def lenient_streams() -> None:
    """Let texts for people be printed on any stream: what its encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)

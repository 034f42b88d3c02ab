"""How far something has come: a bar on a terminal; now and then a line in a log, if it takes long."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5.0
SECONDS_WITHOUT_BAR = 0.5  # what ends sooner needs none


class Bar:
    """Shows a share that grows from 0 to 1.

    Parameters
    ----------
    console : Console
        That of a terminal gets a bar, which leaves no trace; any other gets lines.
    """

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        self._console = console
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=1.0)
        self._began = self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        """Return itself; the bar appears once it has taken a moment."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal tidy."""
        self._bar.stop()

    def show(self, share: float, doing: str, line: str | None = None) -> None:
        """Show that `share` is done of what `doing` says; a log gets `line`, or both put together.

        May be called from any thread.
        """
        now = time.monotonic()
        if self._bar.disable:
            if now - self._last_line >= SECONDS_BETWEEN_LINES:
                self._last_line = now
                self._console.print(line or f"{doing}: {share:.0%}")
            return
        self._bar.update(self._task, completed=share, description=doing)
        if now - self._began >= SECONDS_WITHOUT_BAR and not self._bar.live.is_started:
            self._bar.start()

"""Until when something may take."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the clock of `time.perf_counter`; infinite where there is no hurry."""

    moment: float = float("inf")

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """Return the moment `seconds` from now; None is never."""
        return cls() if seconds is None else cls(time.perf_counter() + seconds)

    @property
    def left(self) -> float:
        """Seconds until the moment, negative when it has passed."""
        return self.moment - time.perf_counter()

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self.left < 0

    def share(self, part: float) -> "Deadline":
        """Return the moment at which `part` of what is left now will be spent."""
        return Deadline.after(None if self.moment == float("inf") else part * self.left)

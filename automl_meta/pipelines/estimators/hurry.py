"""Larger steps where there is no time for many small ones."""

import time
from collections import deque
from statistics import median

# Rounds times learning rate with which most of what a table teaches has been learned, by any table but a noisy one,
# where training ends early anyway.
ENOUGH = 12.0
# No step is larger than this on account of the time alone.
LARGEST = 0.3
# Rounds after which it is known what one takes.
TRIAL = 5
RECENT = 50
CLEARLY = 1.1


class Hurry:
    """The time that a booster has, and the learning rate with which that is time enough.

    A model that is stopped before it has learned what it could is worse than one that learned it in fewer, larger
    steps. So once a few rounds have shown what one takes, the rate is chosen with which the rounds that there is
    still time for come to what is enough; where that is less than what was asked for, nothing changes.

    Parameters
    ----------
    rate : float
        The learning rate that was asked for.
    seconds : float
        From now on.
    enough : float, optional
        The learning rates of all rounds, summed, with which training is at its end; not known if not given.
    """

    def __init__(self, rate: float, seconds: float, enough: float | None = None) -> None:
        self.rate = rate
        self.rounds = 0
        self._asked = self._fastest = rate
        self._end = time.perf_counter() + seconds
        self._last = 0.0  # when a round last ended
        self._durations: deque[float] = deque(maxlen=RECENT)
        self._learned = 0.0
        self._enough = enough

    @property
    def is_over(self) -> bool:
        """Whether the time is over, or what is enough has been learned."""
        if self._enough is not None and self.mattered and self._learned >= self._enough:
            return True
        return time.perf_counter() >= self._end

    @property
    def mattered(self) -> bool:
        """Whether the rate was ever clearly larger than what was asked for."""
        return self._fastest > CLEARLY * self._asked

    def after_round(self) -> float:
        """Take note of a round, and return the rate of the next."""
        now = time.perf_counter()
        if self.rounds > 0:  # the first one takes in what is done once
            self._durations.append(now - self._last)
        self._last = now
        self.rounds += 1
        self._learned += self.rate
        if self.rounds > TRIAL:
            self.rate = self._rate_for((self._enough or ENOUGH) - self._learned)
            self._fastest = max(self._fastest, self.rate)
        return self.rate

    def afresh(self) -> float:
        """Return the rate for a training that begins again, with the time that is left."""
        return self._rate_for(self._enough or ENOUGH)

    def _rate_for(self, lacking: float) -> float:
        return rate_in_time(self._asked, (self._end - time.perf_counter()) / median(self._durations), lacking)


def rate_in_time(asked: float, rounds: float, lacking: float = ENOUGH) -> float:
    """Return the learning rate with which so many rounds come to what is `lacking`, at least what was `asked` for."""
    return max(asked, min(lacking / max(rounds, 1.0), LARGEST))

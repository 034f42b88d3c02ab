"""When more search is not expected to help."""

import numpy as np

from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status


class Patience:
    """Runs out when nothing has got noticeably better for a long while.

    Noticeable is a gain of more than `noticeable` standard errors of the best score: less than that cannot be told
    from luck, and choosing by luck is no progress. A long while is `share` of all evaluations that were finished, and
    at least `least` of them, for the ensemble gains by what does not beat the best; the first `picks` are never cut
    short.

    Parameters
    ----------
    picks : int
        Ranked picks that are to be tried in any case.
    """

    def __init__(
        self, metric: str, picks: int, *, noticeable: float = 0.1, share: float = 0.4, least: int = 100
    ) -> None:
        self._metric = metric
        self._picks = picks
        self._noticeable = noticeable
        self._share = share
        self._least = least
        self._ended = 0
        self._best: Evaluation | None = None
        self._landmark = -np.inf  # the best score when it last got noticeably better
        self._since = 0  # evaluations when that was

    def add(self, evaluation: Evaluation) -> None:
        """Take in an evaluation; failures and those that were given up are evaluations that did not help.

        First looks are passed over: they are there to choose what is evaluated, and could not help by themselves.
        """
        if evaluation.fidelity.is_look:
            return
        self._ended += 1
        score = evaluation.score(self._metric)
        if evaluation.status is not Status.OK or not np.isfinite(score):
            return
        if self._best is None or score > self._best.score(self._metric):
            self._best = evaluation
        error = np.nan_to_num(self._best.score_error(self._metric))
        if self._best.score(self._metric) > self._landmark + self._noticeable * error:
            self._landmark = self._best.score(self._metric)
            self._since = self._ended

    @property
    def is_over(self) -> bool:
        """Whether to stop searching."""
        if self._best is None or self._ended < self._picks:
            return False
        return self._ended - self._since >= max(self._least, self._share * self._ended)

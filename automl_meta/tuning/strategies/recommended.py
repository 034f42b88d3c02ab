"""What the meta-base recommends, given what was seen so far."""

import logging
import math

import numpy as np

from automl_meta.evaluation.partial import lead
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.metalearning.advisor import Advisor
from automl_meta.metalearning.choice import NothingLeftError
from automl_meta.tuning.strategies.protocol import Proposal

logger = logging.getLogger(__name__)


class Recommended:
    """Asks the advisor, and tells it every score and every time, also those of other strategies' proposals."""

    def __init__(self, advisor: Advisor, metric: str) -> None:
        self._advisor = advisor
        self._metric = metric
        self._running: set[str] = set()
        self._scores: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._stopped: dict[str, float] = {}  # seconds of those that were given no more
        self._best: Evaluation | None = None

    def consult(self, advisor: Advisor) -> None:
        """Ask another advisor from now on."""
        self._advisor = advisor
        self._advisor.calibrate(self._seconds, stopped=self._stopped)

    def ask(self, seconds: float) -> Proposal | None:
        """Return what the advisor says to try next."""
        time_left = seconds if math.isfinite(seconds) else None
        try:
            configuration = self._advisor.next(self._scores, excluded=self._running, time_left=time_left)
        except NothingLeftError:
            return None
        except np.linalg.LinAlgError as error:  # a run is not to be lost for what cannot be calculated
            logger.warning("the meta-base proposes nothing more: %s", error)
            return None
        self._running.add(configuration.id)
        return Proposal(configuration, "meta-base")

    def tell(self, evaluation: Evaluation) -> None:
        """Let the advisor know."""
        key = evaluation.configuration.id
        self._running.discard(key)
        self._scores[key] = self._score(evaluation)
        if evaluation.status is Status.TIMEOUT:
            self._stopped[key] = evaluation.fit_seconds
            self._advisor.calibrate(self._seconds, stopped=self._stopped)
        if evaluation.status is Status.OK:
            self._seconds[key] = evaluation.fit_seconds + evaluation.predict_seconds
            self._advisor.calibrate(self._seconds, stopped=self._stopped)
            best = -math.inf if self._best is None else self._best.score(self._metric)
            if evaluation.score(self._metric) > best:
                self._best = evaluation

    def _score(self, evaluation: Evaluation) -> float:
        """Return the score; of one that was given up, what it would be if it had stayed as far behind the best."""
        scores = evaluation.scores.get(self._metric, ())
        if self._best is None or not 0 < len(scores) < len(self._best.scores[self._metric]):
            return evaluation.score(self._metric)
        ahead = lead(self._best.scores[self._metric], scores)
        return self._best.score(self._metric) - float(ahead.mean()) if len(ahead) else math.nan

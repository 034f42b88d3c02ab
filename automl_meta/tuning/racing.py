"""Who sets the pace for the candidates to come."""

import numpy as np

from automl_meta.evaluation.partial import Race, lead
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration


class Racing:
    """Learns the pace from complete evaluations; candidates that fall clearly behind it need not be finished.

    The pace is that of the `place`-th best, so that whatever might still serve an ensemble is finished, and the
    first candidate of each algorithm is always finished: it may be worse and yet err differently.

    Parameters
    ----------
    place : int
        Before so many were finished, nobody races.
    """

    def __init__(self, metric: str, place: int = 5) -> None:
        self._metric = metric
        self._place = place
        self._finished: dict[str, tuple[float, ...]] = {}
        self._algorithms: set[str] = set()

    def add(self, evaluation: Evaluation) -> None:
        """Take in an evaluation; incomplete ones set no pace."""
        if evaluation.status is Status.OK and np.isfinite(evaluation.score(self._metric)):
            self._finished[evaluation.configuration.id] = tuple(evaluation.scores[self._metric])
            self._algorithms.add(evaluation.configuration.algorithm)

    def race_for(self, configuration: Configuration) -> Race | None:
        """Return the race that `configuration` has to run, None if it has none."""
        if len(self._finished) < self._place or configuration.algorithm not in self._algorithms:
            return None
        ids = sorted(self._finished, key=lambda key: (-float(np.nanmean(self._finished[key])), key))
        setter = ids.pop(self._place - 1)
        pace = self._finished[setter]
        leads = [lead(pace, self._finished[other]) for other in ids]
        deviations = [ahead.std(ddof=1) for ahead in leads if len(ahead) > 1]
        return Race(metric=self._metric, pace=pace, deviation=float(np.median(deviations))) if deviations else None

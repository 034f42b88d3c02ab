"""How the candidates stand so far."""

import numpy as np

from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration


class Standings:
    """The best configuration of each algorithm that was evaluated.

    One of each, because steps around near-copies of one leader would teach little, and the ensemble wants members
    that err differently.
    """

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._scores: dict[Configuration, float] = {}

    def add(self, evaluation: Evaluation) -> None:
        """Take in a whole evaluation; others are passed over."""
        if evaluation.status is Status.OK and np.isfinite(evaluation.score(self._metric)):
            self._scores[evaluation.configuration] = evaluation.score(self._metric)

    def score(self, configuration: Configuration) -> float:
        """Return the score of `configuration`; minus infinity if it has none."""
        return self._scores.get(configuration, -np.inf)

    def leaders(self, top: int) -> list[Configuration]:
        """Return the `top` best configurations, the best of each algorithm."""
        best: dict[str, Configuration] = {}
        for configuration in sorted(self._scores, key=lambda c: (-self._scores[c], c.id)):
            best.setdefault(configuration.algorithm, configuration)
        return list(best.values())[:top]

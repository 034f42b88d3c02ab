"""Successive halving: many first looks, few whole evaluations."""

from collections.abc import Sequence

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.strategies.protocol import Proposal, Strategy

ETA = 3  # one in so many is promoted
LEAST_ROWS = 400  # in a first look; on fewer, the order of candidates is luck


class Halving:
    """Looks at what another strategy proposes on few rows of one fold, and promotes the best third, again and again.

    Promotion is asynchronous (Li et al. 2020, "A system for massively parallel hyperparameter tuning"): a candidate
    goes up as soon as it is among the best third of those seen on its rung, so no worker waits for a rung to fill.
    The other strategy hears of whole evaluations only: scores on fewer rows are on another scale.

    Parameters
    ----------
    rungs : sequence of Fidelity
        From the first look to the whole.
    """

    def __init__(self, source: Strategy, metric: str, rungs: Sequence[Fidelity]) -> None:
        self._source = source
        self._metric = metric
        self._rungs = list(rungs)
        self._scores: list[dict[Configuration, float]] = [{} for _ in self._rungs]
        self._promoted: list[set[Configuration]] = [set() for _ in self._rungs]

    def ask(self, seconds: float) -> Proposal | None:
        """Return a promotion if one is due, else a newcomer; at the end, whoever is best among those left behind."""
        due = self._promotion(ETA)
        if due is not None:
            return due
        newcomer = self._source.ask(seconds)
        if newcomer is None:
            return self._promotion(1)
        return Proposal(newcomer.configuration, newcomer.origin, self._rungs[0])

    def tell(self, evaluation: Evaluation) -> None:
        """Enter it on its rung."""
        if evaluation.fidelity.is_full:
            self._source.tell(evaluation)
        score = evaluation.score(self._metric)
        if evaluation.fidelity in self._rungs and score == score:
            self._scores[self._rungs.index(evaluation.fidelity)][evaluation.configuration] = score

    def _promotion(self, one_in: int) -> Proposal | None:
        for rung in range(len(self._rungs) - 2, -1, -1):
            scores = self._scores[rung]
            ranked = sorted(scores, key=lambda c: (-scores[c], c.id))
            for configuration in ranked[: len(ranked) // one_in]:
                if configuration not in self._promoted[rung]:
                    self._promoted[rung].add(configuration)
                    return Proposal(configuration, f"promoted from {self._rungs[rung]}", self._rungs[rung + 1])
        return None


def rungs_for(n_rows: int, n_folds: int) -> list[Fidelity]:
    """Return the fidelities from the first look to the whole.

    Looks begin at a share of the rows that still says something, and go on to one fold where there are several; where
    there is one, that is the whole.

    Parameters
    ----------
    n_rows : int
        That a fit in whole is made to.
    """
    shares = [share for share in (1 / 27, 1 / 9, 1 / 3) if share * n_rows >= LEAST_ROWS]
    one_fold = [Fidelity(folds=1)] if n_folds > 1 else []
    return [*(Fidelity(rows=share, folds=1) for share in shares[-2:]), *one_fold, FULL]

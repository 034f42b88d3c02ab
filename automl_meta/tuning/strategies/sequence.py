"""Strategies made of strategies."""

from collections.abc import Sequence

from automl_meta.evaluation.partial import FULL
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.strategies.protocol import Proposal, Strategy


class Sequential:
    """Asks the first strategy until it has no more, then the second, and so on.

    Parameters
    ----------
    stages : sequence of (strategy, int or None)
        With how many proposals each may make at the most.
    """

    def __init__(self, stages: Sequence[tuple[Strategy, int | None]]) -> None:
        self._stages = [strategy for strategy, _ in stages]
        self._left = [limit for _, limit in stages]

    def ask(self, seconds: float) -> Proposal | None:
        """Return the proposal of the first strategy that has one."""
        for position, strategy in enumerate(self._stages):
            left = self._left[position]
            if left == 0:
                continue
            proposal = strategy.ask(seconds)
            if proposal is not None:
                self._left[position] = None if left is None else left - 1
                return proposal
        return None

    def tell(self, evaluation: Evaluation) -> None:
        """Tell all strategies."""
        for strategy in self._stages:
            strategy.tell(evaluation)


class Alternating:
    """Asks its strategies in turn; one that has nothing to say is passed over."""

    def __init__(self, strategies: Sequence[Strategy]) -> None:
        self._strategies = list(strategies)
        self._turn = 0

    def ask(self, seconds: float) -> Proposal | None:
        """Return the next proposal, from whose turn it is."""
        for _ in self._strategies:
            strategy = self._strategies[self._turn % len(self._strategies)]
            self._turn += 1
            proposal = strategy.ask(seconds)
            if proposal is not None:
                return proposal
        return None

    def tell(self, evaluation: Evaluation) -> None:
        """Tell all strategies."""
        for strategy in self._strategies:
            strategy.tell(evaluation)


class Distinct:
    """Passes on what a strategy proposes, but never the same configuration twice at the same fidelity."""

    PATIENCE = 50  # repeats in a row after which the strategy counts as exhausted

    def __init__(self, strategy: Strategy, known: Sequence[Configuration] = ()) -> None:
        self._strategy = strategy
        self._seen = {(configuration.id, FULL) for configuration in known}

    def ask(self, seconds: float) -> Proposal | None:
        """Return the strategy's next proposal that is new."""
        for _ in range(self.PATIENCE):
            proposal = self._strategy.ask(seconds)
            if proposal is None:
                return None
            key = (proposal.configuration.id, proposal.fidelity)
            if key not in self._seen:
                self._seen.add(key)
                return proposal
        return None

    def tell(self, evaluation: Evaluation) -> None:
        """Tell the strategy; what it did not propose itself is known now, too."""
        self._seen.add((evaluation.configuration.id, evaluation.fidelity))
        self._strategy.tell(evaluation)

"""The one question and the one answer of a search."""

from dataclasses import dataclass
from typing import Protocol

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration to evaluate, who says so, and how much of the evaluation is wanted."""

    configuration: Configuration
    origin: str
    fidelity: Fidelity = FULL


class Strategy(Protocol):
    """Decides what to evaluate next."""

    def ask(self, seconds: float) -> Proposal | None:
        """Return the next proposal that is expected to take at most `seconds`; None if there is none (any more).

        What was proposed once is never proposed again at the same fidelity.
        """

    def tell(self, evaluation: Evaluation) -> None:
        """Take in what came of a proposal."""

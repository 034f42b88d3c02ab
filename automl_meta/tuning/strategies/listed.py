"""What was decided beforehand."""

from collections.abc import Iterable

from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.strategies.protocol import Proposal


class Listed:
    """Proposes configurations in the order in which they are given, whatever comes of them."""

    def __init__(self, configurations: Iterable[Configuration], origin: str) -> None:
        self._left = iter(configurations)
        self._origin = origin

    def ask(self, seconds: float) -> Proposal | None:
        """Return the next one."""
        configuration = next(self._left, None)
        return None if configuration is None else Proposal(configuration, self._origin)

    def tell(self, evaluation: Evaluation) -> None:
        """Take no notice."""

"""Drawing from the whole space, without experience: the baseline of the benchmarks."""

from collections.abc import Sequence

from automl_meta.datasets.task import Task
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.neighbourhood import sample
from automl_meta.seeding import generator
from automl_meta.tuning.strategies.protocol import Proposal


class Uniform:
    """Draws an algorithm evenly, then its hyperparameters evenly (Bergstra & Bengio 2012)."""

    def __init__(self, task: Task, algorithms: Sequence[str], seed: int) -> None:
        self._task = task
        self._algorithms = sorted(algorithms)
        self._random = generator(seed, "uniform search")

    def ask(self, seconds: float) -> Proposal | None:
        """Return a draw, whatever time is left."""
        algorithm = self._algorithms[int(self._random.integers(len(self._algorithms)))]
        return Proposal(sample(algorithm, self._task, self._random), "uniform search")

    def tell(self, evaluation: Evaluation) -> None:
        """Learn nothing."""

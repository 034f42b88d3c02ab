"""Who wants to know what a run is doing."""

from collections.abc import Sequence

from automl_meta.datasets.dataset import Dataset
from automl_meta.evaluation.metrics import Metric
from automl_meta.evaluation.records import Evaluation
from automl_meta.metalearning.recommendation import Recommendation
from automl_meta.tuning.budget import Clock


class Listener:
    """Hears of each step of a run; this one does nothing, the command line's prints."""

    def began(self, dataset: Dataset, metric: Metric, clock: Clock, workers: int) -> None:
        """Hear that the table has been understood and the run begins."""

    def recommended(self, recommendations: Sequence[Recommendation], similar: Sequence[str]) -> None:
        """Hear what the meta-base recommends, best first, and which datasets this one resembles."""

    def planned(self, text: str) -> None:
        """Hear, in a sentence, of something unusual about the search that begins."""

    def evaluated(self, evaluation: Evaluation) -> None:
        """Hear of an evaluation that ended, a failed one too."""

    def searched(self, reason: str) -> None:
        """Hear why the search is over."""

    def ended(self) -> None:
        """Hear that the model stands."""

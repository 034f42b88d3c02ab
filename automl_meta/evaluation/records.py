"""What one cross-validated evaluation leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One configuration, cross-validated on one dataset.

    Attributes
    ----------
    scores : mapping from metric name to tuple of float
        One value a fold that was evaluated, in fold order; higher is better, as in scikit-learn's scorers.
        All folds if the status is OK; fewer, or on fewer rows, if it is CANCELLED; else empty. NaN in folds in which
        the metric is undefined, such as an area under the curve where all rows are of one class.
    predictions : array or None
        Out-of-fold probabilities of shape (n_rows, n_classes), float32, or numbers of shape (n_rows,), float64; NaN
        in rows that no evaluated fold held out. Repeated folds are averaged.
    models : tuple of Path
        One pickled pipeline a fold whose model predicts new rows, in the run's own folder; empty where models are not
        kept.
    repeats : int
        How often the folds hold out each row; 0 where nothing could be held out, and there are no scores.
    fit_seconds, predict_seconds : float
        Wall clock, summed over folds.
    """

    configuration: Configuration
    status: Status
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    predictions: NDArray[np.floating[Any]] | None = None
    models: tuple[Path, ...] = ()
    repeats: int = 1
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    error: str = ""
    fidelity: Fidelity = FULL
    origin: str = ""  # who proposed it: "meta-model", "random search around lightgbm ...", ...

    def score(self, metric: str) -> float:
        """Return the mean over the folds in which the metric is defined; NaN if the evaluation failed."""
        values = self._defined(metric)
        return float(np.mean(values)) if len(values) else float("nan")

    def score_error(self, metric: str) -> float:
        """Return the standard error of the mean over folds; NaN below two folds in which the metric is defined.

        Repeats hold out the same rows again, so they do not add to the number of folds.
        """
        values = self._defined(metric)
        if len(values) < 2:
            return float("nan")
        independent = len(values) / self.repeats
        return float(np.std(values, ddof=1) / np.sqrt(independent))

    def _defined(self, metric: str) -> NDArray[np.float64]:
        values = np.array(self.scores.get(metric, ()), dtype=np.float64)
        return values[~np.isnan(values)]  # one that is infinite is very bad, but it is a score

"""What an estimator or a transformer is built for."""

from dataclasses import dataclass
from typing import Literal

from automl_meta.datasets.task import Task

# Numbers that a metric can score, from those of most metrics to those of the fewest.
Accepted = Literal["all", "nonnegative", "positive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FitContext:
    """What one fit may use; not part of a configuration's meaning."""

    task: Task
    n_classes: int  # 0 for regression
    seed: int = 0
    threads: int = 1
    max_seconds: float | None = None  # iterative algorithms stop training in time and keep what they have
    accepted: Accepted = "all"  # which numbers may be predicted, where the targets allow it

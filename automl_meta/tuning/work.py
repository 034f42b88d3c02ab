"""What a worker does for the tuner."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_meta.datasets.dataset import Dataset
from automl_meta.evaluation.all_rows import evaluate_without_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.metrics import resolve_metric
from automl_meta.evaluation.partial import FULL, Fidelity, Race
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Shared
from automl_meta.pipelines.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """What stays the same in all evaluations of a run; it travels to each worker once."""

    dataset: Dataset
    folds: Sequence[Fold]
    metric: str
    seed: int
    models_folder: Path | None  # where fitted pipelines are kept


def evaluate(
    problem: Shared,
    configuration: Configuration,
    max_seconds: float | None,
    threads: int,
    fidelity: Fidelity = FULL,
    race: Race | None = None,
) -> Evaluation:
    """Cross-validate `configuration` on the shared `Problem`; without folds, fit it to all rows."""
    given: Problem = problem.get()
    if not given.folds:
        return evaluate_without_folds(
            configuration,
            given.dataset,
            resolve_metric(given.metric, given.dataset.task),
            seed=given.seed,
            threads=threads,
            max_seconds=max_seconds,
            models_folder=given.models_folder,
        )
    return cross_validate(
        configuration,
        given.dataset,
        given.folds,
        seed=given.seed,
        threads=threads,
        max_seconds=max_seconds,
        models_folder=given.models_folder,
        extra_metrics=(given.metric,),
        fidelity=fidelity,
        race=race,
    )

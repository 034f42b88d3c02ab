"""What the meta-base has to say of a dataset."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset, Task
from automl_meta.errors import InputError
from automl_meta.evaluation import Metric
from automl_meta.metabase import metabase_paths
from automl_meta.metafeatures import MetaFeatures, extract_dataset
from automl_meta.metalearning import Advisor, chosen_model, remember
from automl_meta.metalearning.recommendation import Recommendation
from automl_meta.pipelines.catalogue import catalogue, find_algorithm
from automl_meta.tuning.budget import Clock

METAFEATURE_SHARE = 0.05  # of the budget, for the meta-features
MOST_METAFEATURE_SECONDS = 2.0
SHOWN_PICKS, SHOWN_DATASETS = 10, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Whom to ask what to try next, and what to tell the user of it."""

    advisor: Advisor
    metafeatures: MetaFeatures
    similarities: tuple[tuple[str, float], ...]  # the most similar datasets and their weights, the most similar first
    sources: tuple[Path, ...]  # the meta-bases that were asked
    recommendations: tuple[Recommendation, ...] = ()

    @property
    def similar(self) -> tuple[str, ...]:
        """Names of the most similar datasets, the most similar first."""
        return tuple(name for name, _ in self.similarities)

    @property
    def note(self) -> str:
        """A sentence where it is by another metric than the run's, else nothing."""
        return "" if self.advisor.knows_nothing else self.advisor.memory.note

    def ranked(self, clock: Clock) -> "Advice":
        """Return the advice with what can be run here in the time that is left, ranked."""
        picks = self.advisor.recommendations(SHOWN_PICKS, time_budget=_time_left(clock))
        return replace(self, recommendations=tuple(picks))


def seek_advice(dataset: Dataset, metric: Metric, options: RunOptions, clock: Clock) -> Advice:
    """Describe the dataset, read the meta-base, and find out what can be run here.

    Raises
    ------
    InputError
        If no algorithm is left, or the meta-base cannot be read.
    """
    seconds = None if clock.budget.is_deterministic else _seconds_for_metafeatures(clock)
    # By their own seed, whatever the run's: as those of the meta-base, so that they can be compared.
    metafeatures = extract_dataset(dataset, time_limit=seconds)
    algorithms = allowed_algorithms(dataset.task, options.include, options.exclude)
    sources = metabase_paths(options.metabase)
    memory = remember(sources, dataset.task, metric.name, forget=options.forget)
    chosen = chosen_model(options.meta_model, memory, sources, forget=options.forget)
    advisor = Advisor(memory, metafeatures.to_dict(), algorithms=algorithms, chosen=chosen)
    similarities = () if advisor.knows_nothing else tuple(advisor.similar_datasets[:SHOWN_DATASETS])
    return Advice(
        advisor=advisor,
        metafeatures=metafeatures,
        similarities=similarities,
        sources=tuple(sources),
    )


def allowed_algorithms(task: Task, include: Collection[str], exclude: Collection[str]) -> list[str]:
    """Return the names of the installed algorithms that the user has not ruled out.

    Raises
    ------
    InputError
        If a name is unknown or does not fit the task, or none is left.
    """
    for name in (*include, *exclude):
        find_algorithm(name, task)
    names = [name for name in catalogue(task) if (not include or name in include) and name not in exclude]
    missing = [name for name in include if name not in catalogue(task)]
    if missing:
        extra = find_algorithm(missing[0]).extra
        raise InputError(f"{missing[0]} is not installed. Try: pip install 'automl-meta[{extra}]'")
    if not names:
        raise InputError("--include and --exclude leave no algorithm. See: automl-meta algorithms")
    return names


def _time_left(clock: Clock) -> float | None:
    return None if clock.budget.is_deterministic else max(clock.remaining_for_search, 0.1)


def _seconds_for_metafeatures(clock: Clock) -> float:
    return min(MOST_METAFEATURE_SECONDS, METAFEATURE_SHARE * (clock.budget.seconds or float("inf")))

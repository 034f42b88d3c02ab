"""Which strategy a run searches by."""

import logging
from collections.abc import Sequence

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.evaluation.folds import Fold
from automl_meta.metalearning import Advisor, Effort
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.few_rows import few_rows_configurations
from automl_meta.tuning.strategies.growing import Growing, growing_rungs
from automl_meta.tuning.strategies.halving import Halving, rungs_for
from automl_meta.tuning.strategies.listed import Listed
from automl_meta.tuning.strategies.posterior import PosteriorGuided
from automl_meta.tuning.strategies.protocol import Strategy
from automl_meta.tuning.strategies.recommended import Recommended
from automl_meta.tuning.strategies.refinement import GridAround, RandomAround
from automl_meta.tuning.strategies.sequence import Alternating, Distinct, Sequential
from automl_meta.tuning.strategies.uniform import Uniform

logger = logging.getLogger(__name__)

# Rows from which a search with a time budget looks at samples first: whole evaluations would be too few.
ROWS_FOR_SAMPLES = 200_000
FIRST_PICKS = 3  # that are evaluated in whole before a search by first looks begins: something safe to end with
# Searches that try as many ranked picks as are asked for.
WITH_PICKS = ("random", "grid", "none")


def make_strategy(
    options: RunOptions, dataset: Dataset, metric: str, advisor: Advisor, folds: Sequence[Fold]
) -> Strategy:
    """Return the ranked picks, followed by what the options ask for.

    In a tiny table that is a short list: more search would find what is lucky, not what is good.

    Parameters
    ----------
    folds : sequence of (training positions, validation positions)
        By which candidates will have scores to go by; none where no row can be held out.

    A random search takes turns with further recommendations, which keep the candidates different from each other:
    refining alone would give the ensemble many of the same.
    """
    if options.asks_for_picks and not tries_picks(options, dataset, folds):
        logger.warning("%s", unused_picks_in_words(options, dataset, folds))
    if is_short(options, dataset, validated=bool(folds)):
        return Distinct(Listed(_listed(options, dataset, advisor), "few rows"))
    task, seconds = dataset.task, advisor.expected_seconds
    picks = Recommended(advisor, metric)
    if options.search == "none":
        return Distinct(Sequential([(picks, options.top_k)]))
    if options.search == "uniform":
        return Distinct(Uniform(task, advisor.algorithms, options.seed))
    if options.search == "grid":
        grid = GridAround(task, metric, seconds, advisor.importance)
        return Distinct(Sequential([(picks, options.top_k), (grid, None)]))
    if options.search == "meta":
        return Distinct(PosteriorGuided(task, metric, options.seed, advisor))
    steps = Alternating([RandomAround(task, metric, options.seed, seconds, advisor.favourites), picks])
    if options.search == "halving":
        halving = Halving(steps, metric, rungs_for(training_rows(dataset, folds), len(folds)))
        return Distinct(Sequential([(picks, FIRST_PICKS), (halving, None)]))
    candidates = Distinct(Sequential([(picks, options.top_k), (steps, None)]))
    return Growing(candidates, metric, training_rows(dataset, folds)) if grows(options, dataset) else candidates


def training_rows(dataset: Dataset, folds: Sequence[Fold]) -> int:
    """Return how many rows a fit in whole is made to: those of the first fold, which looks take samples of."""
    return len(folds[0][0]) if folds else dataset.n_rows


def tries_picks(options: RunOptions, dataset: Dataset, folds: Sequence[Fold]) -> bool:
    """Return whether the search tries as many ranked picks as the options say."""
    return options.search in WITH_PICKS and not is_short(options, dataset, validated=bool(folds))


def unused_picks_in_words(options: RunOptions, dataset: Dataset, folds: Sequence[Fold]) -> str:
    """Return why the number of ranked picks that was asked for has no effect."""
    if is_short(options, dataset, validated=bool(folds)):
        why = f"of {dataset.n_rows} rows a short list is tried instead of ranked picks"
    elif options.search == "halving":
        why = f"--search halving tries {FIRST_PICKS} ranked picks, and then looks at many on few rows"
    else:
        why = f"--search {options.search} tries no ranked picks"
    return f"--top-k {options.top_k} has no effect: {why}"


def _listed(options: RunOptions, dataset: Dataset, advisor: Advisor) -> list[Configuration]:
    """Return what holds where rows are few, of the algorithms that are allowed; else what is recommended."""
    return short_list(dataset, advisor) or [pick.configuration for pick in advisor.recommendations(options.top_k)]


def short_list(dataset: Dataset, advisor: Advisor) -> list[Configuration]:
    """Return what holds where rows are few, of the algorithms that are allowed, the best first."""
    return [c for c in few_rows_configurations(dataset) if c.algorithm in advisor.algorithms]


def few_rows_in_words(dataset: Dataset, folds: Sequence[Fold]) -> str:
    """Return what people should know of a search where rows are few."""
    if not folds:
        return (
            f"{dataset.n_rows} rows: none can be held out, so what does well on other tables with few rows is fitted"
        )
    return (
        f"{dataset.n_rows} rows are few: not what ranks first on larger tables is tried, but what does well on other "
        "tables with few rows; scores weigh as much as they can be told from luck"
    )


def samples_in_words(folds: Sequence[Fold]) -> str:
    """Return what people should know of a search on growing samples."""
    train, valid = (len(rows) for rows in folds[0])
    first = round(growing_rungs(train)[0].rows * train)
    whole = f"all {train:,}" if len(folds) == 1 else f"all rows of the {len(folds)} folds"
    return (
        f"large table: candidates are compared on samples of {first:,} rows and more; the best are then fitted to "
        f"{whole} training rows (fewer if time is short) and scored on {valid:,} others, and only they can be in the "
        "ensemble"
    )


def effort_of(options: RunOptions, dataset: Dataset, folds: Sequence[Fold]) -> Effort:
    """Return what the first evaluation of a candidate consists of: a cross-validation, or a look at a sample."""
    whole = Effort.of(folds, dataset.n_rows)
    if not grows(options, dataset):
        return whole
    train = training_rows(dataset, folds)
    return Effort(fits=1, training_rows=growing_rungs(train)[0].rows * train)


def is_short(options: RunOptions, dataset: Dataset, *, validated: bool) -> bool:
    """Return whether a short list is all that is tried, because rows are few."""
    return dataset.is_tiny and (options.search == "random" or not validated)


def grows(options: RunOptions, dataset: Dataset) -> bool:
    """Return whether candidates are looked at on growing samples of the rows."""
    timed = options.time_budget is not None
    return timed and options.search == "random" and dataset.n_rows >= ROWS_FOR_SAMPLES

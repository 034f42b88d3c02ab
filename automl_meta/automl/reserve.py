"""The time that is kept back, while searching, for what comes after the search."""

from collections.abc import Sequence
from pathlib import Path

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.ensembling.layers import FED, seconds_to_evaluate
from automl_meta.ensembling.refitting import is_worth_refitting, seconds_to_refit
from automl_meta.evaluation import Evaluation
from automl_meta.evaluation.folds import Fold, kept_folds
from automl_meta.execution.protocol import Status

# For combining and saving: a share of the first 20 s of the budget and a smaller one of the rest, more on a
# machine that was slow to start up, more for large tables, and more for many and for large models.
SHORT_BUDGET, SHARE_OF_REST = 20.0, 0.01
SHARE, PER_STARTUP, PER_CELL, PER_MODEL, PER_MEGABYTE = 0.08, 0.2, 2.2e-5, 0.025, 0.01
LEAST_SECONDS, MOST_SHARE = 1.0, 0.35
MOST_SHARE_WITH_FITS = 0.5  # where models are to be fitted after the search
LIKELY_MEMBERS = 6
LEAST_FOLDS_FOR_LAYERS = 3
LEAST_ROWS_FOR_LAYERS = 300  # with fewer, another layer is never clearly better, unless it is asked for
LAYERS_SHARE = 0.15  # of the budget, for layers where they were asked for; they are tried anyway where time is left
LAYERS_AUTO_SHARE, LAYERS_AUTO_SECONDS = 0.08, 120.0  # otherwise, of budgets from so many seconds on
LAYERS_SLACK = 1.5  # how much longer than its members' fits a second layer may take


def seconds_after_search(
    options: RunOptions,
    dataset: Dataset,
    folds: Sequence[Fold],
    evaluations: Sequence[Evaluation],
    metric: str,
    startup: float,
) -> float:
    """Return the seconds to keep for fitting what is still to be fitted, combining and saving; 0 without a budget.

    Parameters
    ----------
    startup : float
        Seconds that starting up and reading took: how fast this machine is.
    """
    if options.time_budget is None:
        return 0.0
    members = likely_members(evaluations, metric)
    models = models_to_save(options, members, folds, few_rows=dataset.is_tiny)
    saving = seconds_to_combine_and_save(options, dataset, folds, models, startup)
    refits = seconds_of_refits(options, members, folds, few_rows=dataset.is_tiny)
    fits = seconds_of_layers(options, dataset, folds, members) + refits
    return max(saving, min(saving + fits, MOST_SHARE_WITH_FITS * options.time_budget))


def seconds_to_combine_and_save(
    options: RunOptions, dataset: Dataset, folds: Sequence[Fold], models: Sequence[Path], startup: float
) -> float:
    """Return the seconds to keep for combining and for saving `models`, without what is fitted for them."""
    budget = options.time_budget or 0.0
    validated = sum(len(valid) for _, valid in folds) or dataset.n_rows
    cells = min(validated, dataset.n_rows) * max(dataset.n_classes, 1)  # predictions of one candidate
    share = SHARE * min(budget, SHORT_BUDGET) + SHARE_OF_REST * max(budget - SHORT_BUDGET, 0.0)
    wanted = share + PER_STARTUP * startup + PER_CELL * cells + seconds_to_save(models)
    return min(max(LEAST_SECONDS, wanted), MOST_SHARE * budget)


def seconds_to_save(models: Sequence[Path]) -> float:
    """Return how long loading and saving these fitted models takes."""
    return PER_MODEL * len(models) + PER_MEGABYTE * sum(path.stat().st_size for path in models) / 1e6


def models_to_save(
    options: RunOptions, members: Sequence[Evaluation], folds: Sequence[Fold], *, few_rows: bool = False
) -> list[Path]:
    """Return files as large as what will be saved: of a bag that one model is to replace, one fold model."""
    refits = members_to_refit(options, members, folds, few_rows=few_rows)
    replaced = {member.configuration.id for member in refits}
    return [path for m in members for path in (m.models[:1] if m.configuration.id in replaced else m.models)]


def seconds_of_refits(
    options: RunOptions, members: Sequence[Evaluation], folds: Sequence[Fold], *, few_rows: bool = False
) -> float:
    """Return how long refitting the likely members is expected to take, with the workers of the run."""
    refits = members_to_refit(options, members, folds, few_rows=few_rows)
    seconds = [seconds_to_refit(member, folds) for member in refits]
    return max([sum(seconds) / max(options.workers, 1), *seconds], default=0.0)


def members_to_refit(
    options: RunOptions, members: Sequence[Evaluation], folds: Sequence[Fold], *, few_rows: bool = False
) -> list[Evaluation]:
    """Return those for which time is kept to fit them to all rows.

    After a hold-out it is done only where time is left over: an evaluation of another candidate, which takes as
    long, adds more to the ensemble than the rows that were held out.
    """
    if len(folds) == 1 and options.refit == "auto":
        return []
    limited = options.predict_limit is not None
    return [m for m in members if is_worth_refitting(m, options.refit, limited=limited, few_rows=few_rows)]


def may_have_layers(options: RunOptions, dataset: Dataset, folds: Sequence[Fold]) -> bool:
    """Return whether layers above the first are asked for, and there are folds and rows enough for them."""
    if len(kept_folds(dataset, folds)) < LEAST_FOLDS_FOR_LAYERS:
        return False
    enough = dataset.n_rows >= LEAST_ROWS_FOR_LAYERS
    return options.ensemble == "stack" or (options.ensemble == "auto" and enough)


def seconds_of_layers(
    options: RunOptions, dataset: Dataset, folds: Sequence[Fold], members: Sequence[Evaluation]
) -> float:
    """Return how long layers above the first may take: no time at all where that is too little for the `members`."""
    budget = options.time_budget or 0.0
    if not may_have_layers(options, dataset, folds):
        return 0.0
    if options.ensemble == "stack":
        return LAYERS_SHARE * budget
    n_folds = len(kept_folds(dataset, folds))
    together = max(min(options.workers, n_folds), 1)
    needed = LAYERS_SLACK * seconds_to_evaluate(members[:FED], n_folds) / together
    share = LAYERS_AUTO_SHARE * budget if budget >= LAYERS_AUTO_SECONDS else 0.0
    return share if needed <= share else 0.0


def likely_members(evaluations: Sequence[Evaluation], metric: str) -> list[Evaluation]:
    """Return the best evaluations, whose models will probably be loaded and saved."""
    done = (evaluation for evaluation in evaluations if evaluation.status is Status.OK)
    return sorted(done, key=lambda evaluation: -evaluation.score(metric))[:LIKELY_MEMBERS]

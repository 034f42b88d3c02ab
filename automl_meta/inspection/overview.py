"""All that is looked into when a model is made, within a time limit and of bounded size."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets import Dataset
from automl_meta.datasets.profile import TableProfile
from automl_meta.ensembling import EnsemblePlan
from automl_meta.ensembling.deadline import Deadline
from automl_meta.evaluation import Metric
from automl_meta.inspection.association import correlation_ratios
from automl_meta.inspection.dependence import POINTS, partial_dependences
from automl_meta.inspection.importance import Importance, permutation_importances
from automl_meta.inspection.out_of_fold import OutOfFoldEnsemble
from automl_meta.inspection.slices import row_losses, worst_slices
from automl_meta.seeding import generator

MOST_ROWS, FEWEST_ROWS = 400, 60  # that are shuffled
MOST_COLUMNS = 60  # whose importance is measured
DEPENDENCES = 6  # columns whose partial dependence is drawn
DEPENDENCE_ROWS = 80
REPEATS = 3
SLICES_SHARE = 0.3  # of the time, for slices
IMPORTANCES_SHARE = 0.7  # of the time that is left then, for importances
MOST_PREDICTIONS = 25_000  # made-up rows; without a time limit, this is the limit
# Times that every fold's models are called at least: for the rows as they are, for importances, for dependences; and
# what a call takes however few its rows are, as a share of what 1,000 rows take.
CALLS, CALL_SHARE = 3, 0.25


def inspect_ensemble(
    ensemble: OutOfFoldEnsemble,
    dataset: Dataset,
    profile: TableProfile,
    plan: EnsemblePlan,
    metric: Metric,
    *,
    seed: int = 0,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Return importances, partial dependences and the worst slices; JSON-ready.

    Parameters
    ----------
    seconds : float, optional
        How long it may take; without it the result depends on the seed alone. What does not fit is left out.
    """
    rows = ensemble.rows
    end = Deadline.after(seconds)
    losses = row_losses(dataset.y[rows], plan.honest.plain)
    slices, looked_at = worst_slices(dataset.take(rows), profile, losses, deadline=end.share(SLICES_SHARE))
    inspected: dict[str, Any] = {
        "slices": [one.to_dict() for one in slices],
        "slice_columns": looked_at,
        "mean_loss": float(losses.mean()),
        "importances": [],
        "importance_rows": 0,
        "honest": ensemble.is_honest,
        "dependences": [],
    }
    effort = _effort(ensemble, dataset, plan, None if seconds is None else end.left)
    if effort is None:
        return inspected
    n_rows, n_columns = effort
    sample = _sample(rows, dataset, n_rows, seed)
    columns = _promising(dataset, profile)[:n_columns]
    deadline = None if seconds is None else end.share(IMPORTANCES_SHARE).moment
    importances = permutation_importances(
        ensemble, dataset, sample, columns, metric, repeats=REPEATS, seed=seed, deadline=deadline
    )
    few = sample[:: -(-len(sample) // DEPENDENCE_ROWS)]
    inspected |= {
        "importances": [asdict(importance) for importance in importances],
        "importance_rows": len(sample),
        "dependences": partial_dependences(ensemble, dataset, few, _top(importances, profile)),
    }
    return inspected


def _effort(
    ensemble: OutOfFoldEnsemble, dataset: Dataset, plan: EnsemblePlan, seconds: float | None
) -> tuple[int, int] | None:
    """Return how many rows and columns there is time for; None if it is too little for anything."""
    predictions = float(MOST_PREDICTIONS)
    if seconds is not None:
        n_folds = len(np.unique(ensemble.fold_of[ensemble.rows]))
        single = sum(
            taken if name in plan.refitted else taken / ensemble.n_models
            for name, taken in zip(plan.members, plan.member_seconds, strict=True)
        )
        left = 0.5 * seconds - CALLS * n_folds * CALL_SHARE * single
        predictions = min(predictions, 1000 * left / max(single, 1e-4))
    predictions -= DEPENDENCES * POINTS * DEPENDENCE_ROWS
    n_columns = min(len(dataset.schema.features), MOST_COLUMNS)
    n_rows = min(MOST_ROWS, int(predictions / (REPEATS * n_columns)))
    if n_rows < FEWEST_ROWS:
        n_rows = FEWEST_ROWS
        n_columns = int(predictions / (REPEATS * n_rows))
    return (n_rows, n_columns) if n_columns > 0 else None


def _sample(rows: NDArray[np.intp], dataset: Dataset, n_rows: int, seed: int) -> NDArray[np.intp]:
    """Return some rows, spread evenly over the target, so that rare classes are among them."""
    if len(rows) <= n_rows:
        return rows
    shuffled = generator(seed, "inspection").permutation(rows)
    by_target = shuffled[np.argsort(dataset.y[shuffled], kind="stable")]
    return np.sort(by_target[np.linspace(0, len(rows) - 1, n_rows).astype(np.intp)])


def _promising(dataset: Dataset, profile: TableProfile) -> list[str]:
    ratios = correlation_ratios(dataset, profile)
    return [profile.columns[i].name for i in np.argsort(-ratios, kind="stable")]


def _top(importances: Sequence[Importance], profile: TableProfile) -> list[Any]:
    by_name = {column.name: column for column in profile.columns}
    used = [importance.column for importance in importances if importance.drop > 0]
    return [by_name[name] for name in used[:DEPENDENCES]]

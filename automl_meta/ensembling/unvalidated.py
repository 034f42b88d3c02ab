"""A plan where no row could be held out, so that nothing is known but what was expected beforehand."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from automl_meta.datasets.task import Task
from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.ensembling.decision import Decided
from automl_meta.ensembling.few_rows import beliefs, likely_best, weights_of
from automl_meta.ensembling.greedy import Limits
from automl_meta.ensembling.options import EnsembleOptions
from automl_meta.ensembling.plan import EnsemblePlan
from automl_meta.errors import InputError
from automl_meta.evaluation.metrics import Metric
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status

DOUBT = (
    "nothing is validated: the rows are too few to hold any of them out, so how good this model is, nobody knows. "
    "Score it on rows with known targets: automl-meta evaluate"
)


def plan_without_folds(
    evaluations: Sequence[Evaluation],
    task: Task,
    metric: Metric,
    n_classes: int,
    prior: Mapping[str, float],
    *,
    options: EnsembleOptions,
) -> EnsemblePlan:
    """Return the average of the candidates that were fitted and of which most was expected; of one for ``best``.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Fitted to all rows, without scores.
    prior : mapping from a candidate's name to float
        How it is expected to stand, in deviations; one that is not named is taken for average.

    Raises
    ------
    InputError
        If none succeeded.
    """
    fitted = {one.configuration.id: one for one in evaluations if one.status is Status.OK}
    if not fitted:
        raise InputError("no candidate could be fitted, so there is nothing to make a model of")
    believed = beliefs(np.empty((len(fitted), 0)), np.array([prior.get(name, 0.0) for name in fitted]))
    limits = Limits(1 if options.kind == "best" else options.max_members)
    best = likely_best(believed, limits, np.zeros(len(fitted)))
    chosen = [list(fitted)[i] for i in best]
    weights = weights_of(believed[best])
    kind = "average" if len(chosen) > 1 else "best"
    return EnsemblePlan(
        kind=kind,
        task=task,
        members=tuple(chosen),
        weights=tuple(weights.tolist()),
        algorithms=tuple(fitted[name].configuration.algorithm for name in chosen),
        combiner=WeightedAverage(weights),
        calibration=None,
        decision=options.mistake_costs,
        residuals=None,
        metric=metric.name,
        score=math.nan,
        error=math.nan,
        fold_scores=(),
        honest=Decided.by(None, np.empty((0, n_classes) if task.is_classification else 0)),
        optimistic_score=math.nan,
        best_single_score=math.nan,
        comparison=(),
        contributions={},
        member_seconds=tuple(fitted[name].predict_seconds for name in chosen),
        reason=f"{kind}: of what does well on other tables with as few rows",
        refitted=tuple(chosen),
        doubt=DOUBT,
    )

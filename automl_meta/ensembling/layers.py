"""A second layer of the catalogue's learners, if it is seen to help.

A learner of the second layer sees the table's columns and the predictions of a few members. What it is fitted to are
their out-of-fold predictions, and these know something of every row's target: a fold's predictions are made by what
was learned from all the others. Scored on a fold whose targets are in the very predictions that it was fitted to, a
learner finds something in pure noise. So its own out-of-fold predictions are nested: for each fold the members are
cross-validated anew on the other folds' rows alone, the learner is fitted to that, and then predicts the fold.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from automl_meta.datasets.task import Task
from automl_meta.ensembling.candidates import Candidate
from automl_meta.ensembling.plan import EnsemblePlan
from automl_meta.ensembling.upper_features import Floats, extended, extended_dataset
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Shared
from automl_meta.pipelines.build import build_pipeline, fit_pipeline, predict
from automl_meta.pipelines.catalogue import catalogue, default_configuration
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.seeding import integer_seed
from automl_meta.tuning.work import Problem

FED = 3  # members, heaviest first, whose predictions the second layer takes in
# A regularised linear model and boosted trees: what is left to learn is little, and it should be learned cheaply.
LEARNERS = {True: ("logistic_regression", "lightgbm"), False: ("ridge", "lightgbm")}

Judge = Callable[[Sequence[Candidate]], EnsemblePlan]
# Cross-validates learners, nested, on the table and the predictions of some evaluations; those that ended well.
Evaluate = Callable[[Sequence[Evaluation], Sequence[Configuration]], Sequence[Evaluation]]


def add_layer(
    plan: EnsemblePlan,
    evaluations: Sequence[Evaluation],
    judge: Judge,
    evaluate: Evaluate,
    algorithms: Sequence[str],
) -> tuple[EnsemblePlan, list[Candidate]]:
    """Return the plan, with a second layer if that helps, and the candidates of that layer.

    Parameters
    ----------
    plan : EnsemblePlan
        Of the first layer.
    evaluations : sequence of Evaluation
        Of the first layer.
    judge : callable
        Plans anew, given the candidates of the second layer.
    evaluate : callable
        Cross-validates learners above some evaluations.
    algorithms : sequence of str
        Those that may be used.
    """
    by_name = {evaluation.configuration.id: evaluation for evaluation in evaluations}
    inputs = fed_members(plan)
    found = evaluate([by_name[name] for name in inputs], learners(plan.task, algorithms))
    upper = [Candidate(evaluation=evaluation, layer=2, inputs=inputs) for evaluation in found]
    return (judge(upper), upper) if upper else (plan, [])


def fed_members(plan: EnsemblePlan) -> tuple[str, ...]:
    """Return the names of the members whose predictions the second layer takes in."""
    heaviest = np.argsort(-np.abs(plan.weights), kind="stable")[:FED]
    return tuple(plan.members[i] for i in heaviest)


def learners(task: Task, algorithms: Sequence[str]) -> list[Configuration]:
    """Return the configurations that are tried in the second layer."""
    there = [name for name in LEARNERS[task.is_classification] if name in catalogue(task)]
    return [default_configuration(name, task) for name in there if name in algorithms]


def seconds_to_evaluate(inputs: Sequence[Evaluation], n_folds: int) -> float:
    """Return how long the nested evaluation above `inputs` takes on one core, as far as their fits tell.

    For each of K folds each is fitted K - 1 times, to (K - 1) / K of the rows that it was fitted to before. Repeats
    of the folds are not made again.
    """
    fits = [max(len(next(iter(evaluation.scores.values()), ())), 1) for evaluation in inputs]
    one_each = sum(evaluation.fit_seconds / n for evaluation, n in zip(inputs, fits, strict=True))
    return one_each * (n_folds - 1) ** 2


def predict_fold(
    problem: Shared,
    number: int,
    inputs: Sequence[Configuration],
    predictions: Sequence[Floats],
    above: Sequence[Configuration],
) -> list[NDArray[np.float64]]:
    """Return what each configuration `above` predicts for fold `number`, of whose targets nothing of it has heard.

    Parameters
    ----------
    problem : Shared
        A `Problem` with the table that the first layer sees, and the folds.
    inputs : sequence of Configuration
        Of the first layer.
    predictions : sequence of arrays of shape (n_held_out, n_classes) or (n_held_out,)
        Theirs of the fold, by models that were fitted without it.
    """
    given: Problem = problem.get()
    train, valid = given.folds[number]
    inner = given.dataset.take(train)
    folds = _inner_folds(given.folds, number)
    seed = integer_seed(given.seed, "second layer", number)
    evaluations = [cross_validate(configuration, inner, folds, seed=seed) for configuration in inputs]
    below = extended_dataset(inner, [e.predictions for e in evaluations if e.predictions is not None])
    table = extended(given.dataset.X.iloc[valid].reset_index(drop=True), predictions)
    found = []
    with threadpool_limits(1):
        for configuration in above:
            context = FitContext(task=inner.task, n_classes=inner.n_classes, seed=seed)
            pipeline = build_pipeline(configuration, below.schema, context)
            fit_pipeline(pipeline, below.X, below.y, weights=below.weights, groups=below.kept_together)
            found.append(predict(pipeline, table, inner.task, inner.n_classes))
    return found


def _inner_folds(folds: Sequence[Fold], number: int) -> list[Fold]:
    """Return the other folds among the training rows of fold `number`, by their positions there."""
    train = folds[number][0]
    inner = []
    for other, (_, valid) in enumerate(folds):
        if other != number:
            held_out = np.isin(train, valid)
            inner.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return inner

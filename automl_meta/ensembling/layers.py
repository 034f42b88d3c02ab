"""Layers of the catalogue's learners above each other, as long as each is seen to help.

A learner of an upper layer sees the table's columns and the out-of-fold predictions of a few members below; it is
cross-validated on the folds of the run like any other configuration, and its own out-of-fold predictions make it one
more candidate. Whether the ensemble is better with it is judged by the same nested estimate as everything else.
"""

import logging
from collections.abc import Callable, Sequence

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.task import Task
from automl_meta.ensembling.candidates import Candidate
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.plan import EnsemblePlan
from automl_meta.ensembling.upper_features import extended_dataset
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.catalogue import catalogue, default_configuration
from automl_meta.pipelines.configuration import Configuration

logger = logging.getLogger(__name__)

MOST_LAYERS = 3
FED = 5  # members of the layers below, heaviest first, whose predictions are taken in
# A regularised linear model and boosted trees: what is left to learn is little, and it should be learned cheaply.
LEARNERS = {True: ("logistic_regression", "lightgbm"), False: ("ridge", "lightgbm")}

Judge = Callable[[Sequence[Candidate]], EnsemblePlan]
# Cross-validates configurations on a dataset until the deadline, and returns those that ended well.
Evaluate = Callable[[Dataset, Sequence[Configuration], Deadline, int], Sequence[Evaluation]]


def add_layers(
    plan: EnsemblePlan,
    dataset: Dataset,
    candidates: Sequence[Candidate],
    judge: Judge,
    evaluate: Evaluate,
    deadline: Deadline,
    algorithms: Sequence[str] = (),
) -> tuple[EnsemblePlan, list[Candidate]]:
    """Return the plan with as many layers as help, and the candidates above the first layer.

    Parameters
    ----------
    plan : EnsemblePlan
        Of the first layer.
    candidates : sequence of Candidate
        Of the first layer.
    judge : callable
        Plans anew, given the candidates above the first layer.
    evaluate : callable
        Cross-validates configurations on a dataset; its last argument is the layer.
    algorithms : sequence of str
        Those that may be used; empty is all.
    """
    known = {candidate.name: candidate for candidate in candidates}
    upper: list[Candidate] = []
    for layer in range(2, MOST_LAYERS + 1):
        inputs = _heaviest(plan, layer - 1)
        if not inputs or deadline.passed:
            break
        predictions = [known[name].evaluation.predictions for name in inputs]
        below = extended_dataset(dataset, [prediction for prediction in predictions if prediction is not None])
        evaluations = evaluate(below, _learners(dataset.task, algorithms), deadline, layer)
        new = [Candidate(evaluation=evaluation, layer=layer, inputs=inputs) for evaluation in evaluations]
        if not new:
            break
        taller = judge([*upper, *new])
        logger.info("%d layers: %.5g; %d layers: %.5g", layer - 1, plan.score, layer, taller.score)
        if max(taller.layers) < layer:
            break
        plan, upper = taller, [*upper, *new]
        known |= {candidate.name: candidate for candidate in new}
    return plan, upper


def _heaviest(plan: EnsemblePlan, layer: int) -> tuple[str, ...]:
    """Return the names of the members of a layer whose predictions the next one takes in."""
    members = zip(plan.members, plan.weights, plan.layers, strict=True)
    weighed = sorted(((-abs(weight), name) for name, weight, own in members if own == layer and weight != 0))
    return tuple(name for _, name in weighed[:FED])


def _learners(task: Task, algorithms: Sequence[str]) -> list[Configuration]:
    there = [name for name in LEARNERS[task.is_classification] if name in catalogue(task)]
    return [default_configuration(name, task) for name in there if not algorithms or name in algorithms]

"""What is still fitted after the search: members to all rows, and a second layer; side by side, until a deadline."""

import logging
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.automl.reserve import LAYERS_SLACK, LEAST_FOLDS_FOR_LAYERS
from automl_meta.datasets import Dataset
from automl_meta.datasets.dataset import taken
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.layers import predict_fold, seconds_to_evaluate
from automl_meta.ensembling.refitting import refit, seconds_to_refit
from automl_meta.ensembling.upper_features import extended_dataset
from automl_meta.evaluation import Evaluation, Metric
from automl_meta.evaluation.folds import Fold, kept_folds
from automl_meta.execution.protocol import Executor, Limits, Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.seeding import integer_seed
from automl_meta.tuning.tuner import TunerLimits
from automl_meta.tuning.work import Problem, evaluate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class LateFits:
    """Fits and evaluations in workers, with what these need to know of the run.

    Attributes
    ----------
    limits : TunerLimits
        Memory and threads of one fit, and how many run side by side, as in the search; the seconds do not count.
    folder : Path
        Where models are kept.
    """

    dataset: Dataset
    metric: Metric
    folds: Sequence[Fold]
    seed: int
    executor: Executor
    limits: TunerLimits
    folder: Path

    def refit(self, members: Sequence[Evaluation], deadline: Deadline) -> dict[str, Path]:
        """Fit to all rows those for which there is time; return the files by configuration."""
        wanted = [member for member in members if seconds_to_refit(member, self.folds) < deadline.left]
        if not wanted:
            return {}
        wanted.sort(key=lambda member: member.fit_seconds)
        problem = Problem(
            dataset=self.dataset,
            folds=(),
            metric=self.metric.name,
            seed=self.seed,
            models_folder=self.folder,
        )
        work = [(member.configuration, self.limits.threads) for member in wanted]
        outcomes = self._run(problem, refit, work, deadline)
        return {
            member.configuration.id: value
            for member, value in zip(wanted, outcomes, strict=True)
            if isinstance(value, Path)
        }

    def evaluate_above(
        self, inputs: Sequence[Evaluation], above: Sequence[Configuration], deadline: Deadline
    ) -> list[Evaluation]:
        """Cross-validate configurations that take in the predictions of `inputs`, nested, if there is time for that.

        The fold models are fitted to the inputs' out-of-fold predictions of all rows that they may see; what is
        predicted out of fold, and scored, is made by models of nested cross-validations.
        """
        predictions = [evaluation.predictions for evaluation in inputs if evaluation.predictions is not None]
        folds = [self.folds[number] for number in sorted(kept_folds(self.dataset, self.folds))]
        together = min(self._side_by_side, max(len(folds), 1))  # a fold is one piece of work
        expected = LAYERS_SLACK * seconds_to_evaluate(inputs, len(folds)) / together
        if expected > deadline.left or len(folds) < LEAST_FOLDS_FOR_LAYERS or not above:
            return []
        nested = self._nested(inputs, predictions, above, folds, deadline)
        if nested is None:
            return []
        folder = self.folder / "layer-2"
        folder.mkdir(exist_ok=True)
        problem = Problem(
            dataset=extended_dataset(self.dataset, predictions),
            folds=folds,
            metric=self.metric.name,
            seed=integer_seed(self.seed, "layer", 2),
            models_folder=folder,
        )
        work = [(configuration, None, self.limits.threads) for configuration in above]
        fitted = self._run(problem, evaluate, work, deadline)
        return [
            self._as_scored(evaluation, prediction, folds)
            for evaluation, prediction in zip(fitted, nested, strict=True)
            if isinstance(evaluation, Evaluation)
        ]

    def _nested(
        self,
        inputs: Sequence[Evaluation],
        predictions: Sequence[Any],
        above: Sequence[Configuration],
        folds: Sequence[Fold],
        deadline: Deadline,
    ) -> list[NDArray[np.floating[Any]]] | None:
        """Return the nested out-of-fold predictions of each configuration; None if a fold failed or took too long."""
        problem = Problem(
            dataset=self.dataset, folds=folds, metric=self.metric.name, seed=self.seed, models_folder=None
        )
        below = [evaluation.configuration for evaluation in inputs]
        work = [
            (number, below, [prediction[valid] for prediction in predictions], above)
            for number, (_, valid) in enumerate(folds)
        ]
        answers = self._run(problem, predict_fold, work, deadline)
        if any(answer is None for answer in answers):
            return None
        found = [np.full_like(predictions[0], np.nan) for _ in above]
        for (_, valid), answer in zip(folds, answers, strict=True):
            for prediction, values in zip(found, answer, strict=True):
                prediction[valid] = values
        return found

    def _as_scored(
        self, evaluation: Evaluation, prediction: NDArray[np.floating[Any]], folds: Sequence[Fold]
    ) -> Evaluation:
        """Return an evaluation with nested predictions, and the metric's scores of these."""
        y, weights = self.dataset.y, self.dataset.weights
        scores = tuple(self.metric.score(y[valid], prediction[valid], taken(weights, valid)) for _, valid in folds)
        return replace(evaluation, predictions=prediction, scores={self.metric.name: scores})

    @property
    def _side_by_side(self) -> int:
        return self.limits.side_by_side or max(self.executor.workers, 1)

    def _run(self, problem: Problem, function: Any, work: Sequence[tuple[Any, ...]], deadline: Deadline) -> list[Any]:
        """Return what `function` made of each piece of work, None where it failed or took too long.

        What is late is killed: no fit is told to hurry, because a model that stopped early is not the one that was
        scored. Where the disk is full nothing is made.
        """
        try:
            shared = self.executor.share(problem)
        except OSError as error:
            logger.info("nothing is fitted after the search: %s", error)
            return [None] * len(work)
        at_once = self.limits.side_by_side or len(work)  # beyond the workers they wait for each other
        outcomes = []
        for start in range(0, len(work), at_once):
            left = None if deadline.moment == float("inf") else max(deadline.left, 0.1)
            limits = Limits(seconds=left, memory_mb=self.limits.memory_mb)
            pieces = work[start : start + at_once]
            futures = [self.executor.submit(function, shared, *arguments, limits=limits) for arguments in pieces]
            wait(futures, timeout=left)
            for future in futures:
                future.cancel()
            outcomes += [future.result() for future in futures]
        for outcome in outcomes:
            if outcome.status is not Status.OK:
                logger.info("%s: %s", outcome.status, outcome.error)
        shared.release()
        return [outcome.value if outcome.status is Status.OK else None for outcome in outcomes]

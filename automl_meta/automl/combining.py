"""After the search: from evaluations to an ensemble of fitted models, in the time that was kept back for it."""

import logging
import pickle
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.ensembling import (
    Candidate,
    EnsembleOptions,
    EnsemblePlan,
    EnsemblePredictor,
    make_predictor,
    parse_costs,
    plan_ensemble,
)
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.layers import add_layers
from automl_meta.ensembling.refitting import is_worth_refitting, refit, seconds_to_refit
from automl_meta.errors import InputError
from automl_meta.evaluation import Evaluation, Metric
from automl_meta.evaluation.folds import Fold, kept_folds
from automl_meta.execution.protocol import Executor, Limits, Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.seeding import integer_seed
from automl_meta.tuning.budget import Clock
from automl_meta.tuning.work import Problem, evaluate

logger = logging.getLogger(__name__)

LIKELY_MEMBERS = 4
LAYERS_SHARE = 0.15  # of the budget, for layers where they were asked for; they are tried anyway where time is left
LAYERS_AUTO_SHARE, LAYERS_AUTO_SECONDS = 0.08, 120.0  # otherwise, of budgets from so many seconds on
LEAST_ROWS_FOR_LAYERS = 300  # with fewer, another layer is never clearly better
STOP_SECONDS = 1.0  # a fit that does not keep to its time is killed so long after it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combining:
    """What combining needs to know of the run.

    Attributes
    ----------
    memory_mb : float or None
        That one fit may use; None where the workers know.
    folder : Path
        Where models are kept.
    """

    dataset: Dataset
    metric: Metric
    folds: Sequence[Fold]
    options: RunOptions
    clock: Clock
    executor: Executor
    memory_mb: float | None
    folder: Path

    def combine(self, evaluations: Sequence[Evaluation], *, hurry: bool) -> tuple[EnsemblePlan, EnsemblePredictor]:
        """Choose the ensemble, and gather its fitted models.

        Parameters
        ----------
        hurry : bool
            Whether to fit nothing more.

        Raises
        ------
        InputError
            If no evaluation succeeded, or the costs of mistakes do not fit the classes.
        """
        options = ensemble_options(self.options, self.dataset)
        plan = self._plan(evaluations, (), options)
        upper: list[Candidate] = []
        if not hurry and self._wants_layers():
            plan, upper = add_layers(
                plan,
                self.dataset,
                [Candidate(evaluation=evaluation) for evaluation in evaluations],
                judge=lambda above: self._plan(evaluations, above, options),
                evaluate=self._evaluate_layer,
                deadline=Deadline.after(self._seconds_for_layers()),
                algorithms=self._algorithms(evaluations),
            )
        by_name = {evaluation.configuration.id: evaluation for evaluation in evaluations}
        refitted = {} if hurry else self._refit([by_name[name] for name in plan.members if name in by_name])
        paths = {name: evaluation.models for name, evaluation in by_name.items()}
        paths |= {candidate.name: candidate.evaluation.models for candidate in upper}
        if options.one_model:  # where there was no time, a fold model must do
            paths = {name: models[:1] for name, models in paths.items()}
        paths |= {name: (path,) for name, path in refitted.items()}
        models = {name: [_load(path) for path in paths[name]] for name in plan.members}
        plan = _with_refitted(
            plan, tuple(refitted), 1 if options.one_model else len(kept_folds(self.dataset, self.folds))
        )
        return plan, make_predictor(plan, models, self.dataset.n_classes)

    def _plan(
        self, evaluations: Sequence[Evaluation], upper: Sequence[Candidate], options: EnsembleOptions
    ) -> EnsemblePlan:
        seconds = None if self.clock.budget.is_deterministic else max(self._seconds_after_fits(evaluations) / 3, 0.2)
        return plan_ensemble(
            evaluations,
            self.dataset.y,
            self.dataset.task,
            self.metric,
            self.folds,
            options=options,
            weights=self.dataset.weights,
            upper=upper,
            seed=self.options.seed,
            seconds=seconds,
        )

    def _seconds_after_fits(self, evaluations: Sequence[Evaluation]) -> float:
        """Return what is left of the time when members have been refitted."""
        return self.clock.remaining - seconds_of_refits(self.options, evaluations, self.folds, self.metric.name)

    def _wants_layers(self) -> bool:
        kind, enough = self.options.ensemble, self.dataset.n_rows >= LEAST_ROWS_FOR_LAYERS
        return kind == "stack" or (kind == "auto" and enough and not self.clock.budget.is_deterministic)

    def _seconds_for_layers(self) -> float | None:
        """Return what may be spent on layers: what is left beyond the time kept back for all else."""
        if self.clock.budget.is_deterministic:
            return None
        return self.clock.remaining_for_search + seconds_of_layers(self.options)

    def _base_reserve(self, members: Sequence[Evaluation]) -> float:
        """Return what is kept back for loading and saving alone."""
        fits = seconds_of_layers(self.options)
        fits += seconds_of_refits(self.options, members, self.folds, self.metric.name)
        return max(self.clock.reserve - fits, 0.0)

    def _algorithms(self, evaluations: Sequence[Evaluation]) -> tuple[str, ...]:
        """Return the algorithms that the user lets be used, if that is not all."""
        if not (self.options.include or self.options.exclude):
            return ()
        return tuple({evaluation.configuration.algorithm for evaluation in evaluations})

    def _evaluate_layer(
        self, dataset: Dataset, configurations: Sequence[Configuration], deadline: Deadline, layer: int
    ) -> list[Evaluation]:
        folder = self.folder / f"layer-{layer}"
        folder.mkdir(exist_ok=True)  # a run that goes on may have been here
        problem = Problem(
            dataset=dataset,
            folds=self.folds,
            metric=self.metric.name,
            seed=integer_seed(self.options.seed, "layer", layer),
            models_folder=folder,
        )
        outcomes = self._run(problem, evaluate, configurations, deadline)
        return [value for value in outcomes if isinstance(value, Evaluation)]

    def _refit(self, members: Sequence[Evaluation]) -> dict[str, Path]:
        """Fit to all rows what should be one model, as far as there is time; return the files by configuration."""
        wanted = [member for member in members if self._should_be_one_model(member)]
        left = self.clock.remaining - self._base_reserve(members)
        deadline = Deadline() if self.clock.budget.is_deterministic else Deadline.after(left)
        wanted = [member for member in wanted if seconds_to_refit(member, self.folds) < deadline.left]
        if not wanted:
            return {}
        wanted.sort(key=lambda member: member.fit_seconds)
        problem = Problem(
            dataset=self.dataset,
            folds=(),
            metric=self.metric.name,
            seed=self.options.seed,
            models_folder=self.folder,
        )
        outcomes = self._run(problem, refit, [member.configuration for member in wanted], deadline)
        return {
            member.configuration.id: value
            for member, value in zip(wanted, outcomes, strict=True)
            if isinstance(value, Path)
        }

    def _should_be_one_model(self, member: Evaluation) -> bool:
        limited = self.options.predict_limit is not None
        return is_worth_refitting(member, self.options.refit, limited=limited)

    def _run(
        self, problem: Problem, function: Any, configurations: Sequence[Configuration], deadline: Deadline
    ) -> list[Any]:
        """Return what `function` made of each configuration, None where it failed or took too long."""
        shared = self.executor.share(problem)
        soft = None if deadline.moment == float("inf") else max(deadline.left - STOP_SECONDS, 0.1)
        limits = Limits(seconds=None if soft is None else soft + STOP_SECONDS, memory_mb=self.memory_mb)
        futures = [
            self.executor.submit(function, shared, configuration, soft, 1, limits=limits)
            for configuration in configurations
        ]
        wait(futures, timeout=None if soft is None else max(deadline.left, 0.0))
        for future in futures:
            future.cancel()
        outcomes = [future.result() for future in futures]
        for outcome in outcomes:
            if outcome.status is not Status.OK:
                logger.info("%s: %s", outcome.status, outcome.error)
        shared.release()
        return [outcome.value if outcome.status is Status.OK else None for outcome in outcomes]


def ensemble_options(options: RunOptions, dataset: Dataset) -> EnsembleOptions:
    """Return what the options of a run say of the ensemble.

    Raises
    ------
    InputError
        If the costs of mistakes do not fit the task or the classes.
    """
    if options.cost is not None and not dataset.task.is_classification:
        raise InputError("--cost is for classes; the target holds numbers. Leave it out.")
    limited = options.predict_limit is not None
    return EnsembleOptions(
        kind=options.ensemble,
        seconds_per_1000_rows=options.predict_limit or float("inf"),
        one_model=options.refit == "refit" or (options.refit == "auto" and limited),
        negative_weights=options.negative_weights,
        mistake_costs=None if options.cost is None else parse_costs(options.cost, dataset.schema.classes or ()),
    )


def seconds_of_refits(
    options: RunOptions, evaluations: Sequence[Evaluation], folds: Sequence[Fold], metric: str
) -> float:
    """Return how long refitting the likely members is expected to take, with the workers of the run."""
    done = sorted(
        (evaluation for evaluation in evaluations if evaluation.status is Status.OK),
        key=lambda evaluation: -evaluation.score(metric),
    )
    limited = options.predict_limit is not None
    seconds = [
        seconds_to_refit(evaluation, folds)
        for evaluation in done[:LIKELY_MEMBERS]
        if is_worth_refitting(evaluation, options.refit, limited=limited)
    ]
    return max([sum(seconds) / max(options.workers, 1), *seconds], default=0.0)


def seconds_of_layers(options: RunOptions) -> float:
    """Return how long layers above the first may take."""
    budget = options.time_budget or 0.0
    if options.ensemble == "stack":
        return LAYERS_SHARE * budget
    return LAYERS_AUTO_SHARE * budget if options.ensemble == "auto" and budget >= LAYERS_AUTO_SECONDS else 0.0


def _with_refitted(plan: EnsemblePlan, refitted: tuple[str, ...], n_models: int) -> EnsemblePlan:
    seconds = tuple(
        own / n_models if name in refitted else own
        for name, own in zip(plan.members, plan.member_seconds, strict=True)
    )
    return replace(plan, refitted=refitted, member_seconds=seconds)


def _load(path: Path) -> Any:
    with path.open("rb") as file:  # written by this run's own workers
        return pickle.load(file)

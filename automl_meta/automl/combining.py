"""After the search: from evaluations to an ensemble of fitted models, in the time that was kept back for it."""

import logging
import pickle
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.automl.advice import allowed_algorithms
from automl_meta.automl.late_fits import LateFits
from automl_meta.automl.options import RunOptions
from automl_meta.automl.reserve import (
    likely_members,
    may_have_layers,
    models_to_save,
    seconds_of_layers,
    seconds_of_refits,
    seconds_to_combine_and_save,
    seconds_to_save,
)
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
from automl_meta.ensembling.layers import add_layer
from automl_meta.ensembling.refitting import is_worth_refitting, thin
from automl_meta.ensembling.unvalidated import plan_without_folds
from automl_meta.errors import InputError
from automl_meta.evaluation import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.build import predict
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.few_rows import few_rows_standings
from automl_meta.tuning.budget import Clock

logger = logging.getLogger(__name__)

SECONDS_TO_MEASURE = 2.0  # that must be left for measuring how fast the ensemble predicts
MEASURING_SHARE = 0.25  # of what is left, for measuring candidates where predicting is limited
LEAST_SECONDS = 2.0
PLANNING_SHARE = 0.5  # of the time that is left after the search, for choosing the ensemble; the rest is for saving
LEFT_OVER_SHARE = 0.7  # of the time that the search left over, for layers


@dataclass(frozen=True, kw_only=True, eq=False)
class Combining:
    """What combining needs to know of the run.

    Attributes
    ----------
    fits : LateFits
        What can still be fitted, and to what.
    startup : float
        Seconds that starting up and reading took: how fast this machine is.
    """

    fits: LateFits
    options: RunOptions
    clock: Clock
    startup: float

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
        options = ensemble_options(self.options, self.fits.dataset)
        measured = {} if self.options.predict_limit is None else self._measured(evaluations)
        plan = self._plan(evaluations, (), options, measured)
        upper: list[Candidate] = []
        if not hurry and self._wants_layers():
            plan, upper = add_layer(
                plan,
                evaluations,
                judge=lambda above: self._plan(evaluations, above, options, measured),
                evaluate=lambda inputs, above: self._evaluate_above(inputs, above, evaluations),
                algorithms=allowed_algorithms(self.fits.dataset.task, self.options.include, self.options.exclude),
            )
        by_name = {evaluation.configuration.id: evaluation for evaluation in evaluations}
        members = [by_name[name] for name in plan.members if name in by_name]
        large = [member for member in members if self._should_be_one_model(member)]
        refitted = {} if hurry else self._refit(large, members)
        paths = {name: evaluation.models for name, evaluation in by_name.items()}
        paths |= {candidate.name: candidate.evaluation.models for candidate in upper}
        paths = {name: paths[name] for name in plan.members} | {name: (path,) for name, path in refitted.items()}
        if options.one_model or self._is_late_for(paths.values()):
            logger.info("of bags that no model on all rows replaces, one fold model is kept")
            paths = {name: models[:1] for name, models in paths.items()}
        thinned = {member.configuration.id for member in large}
        models = {name: _load_bag(paths[name], thinned=name in thinned) for name in plan.members}
        predictor = make_predictor(plan, models, self.fits.dataset.n_classes)
        one_model = [name for name in plan.members if name in refitted or not self.fits.folds]
        plan = replace(plan, refitted=tuple(one_model))
        if self.clock.remaining > SECONDS_TO_MEASURE + plan.seconds_per_1000_rows / max(len(self.fits.folds), 1):
            plan = replace(plan, member_seconds=tuple(predictor.member_seconds(self._thousand_rows)))
        limit = self.options.predict_limit
        if limit is not None and plan.seconds_per_1000_rows > limit:
            plan = replace(plan, reason=f"{plan.reason}; nothing that was tried keeps to {limit:g} s for 1,000 rows")
        return plan, predictor

    @cached_property
    def _thousand_rows(self) -> pd.DataFrame:
        rows = np.resize(np.arange(self.fits.dataset.n_rows), 1000)
        return self.fits.dataset.X.iloc[rows].reset_index(drop=True)

    def _measured(self, evaluations: Sequence[Evaluation]) -> dict[str, float]:
        """Return the seconds that one model takes for 1,000 rows, the best candidates first while there is time."""
        deadline = Deadline.after(MEASURING_SHARE * self.clock.remaining)
        measured = {}
        done = [evaluation for evaluation in evaluations if evaluation.status is Status.OK]
        for evaluation in sorted(done, key=lambda evaluation: -evaluation.score(self.fits.metric.name)):
            if deadline.passed:
                break
            if evaluation.models:
                model = load_pickle(evaluation.models[0])
                start = time.perf_counter()
                predict(model, self._thousand_rows, self.fits.dataset.task, self.fits.dataset.n_classes)
                measured[evaluation.configuration.id] = time.perf_counter() - start
        return measured

    def _plan(
        self,
        evaluations: Sequence[Evaluation],
        upper: Sequence[Candidate],
        options: EnsembleOptions,
        measured: Mapping[str, float],
    ) -> EnsemblePlan:
        dataset = self.fits.dataset
        prior = few_rows_standings(dataset) if dataset.is_tiny else None
        if not self.fits.folds:
            return plan_without_folds(
                evaluations,
                dataset.task,
                self.fits.metric,
                dataset.n_classes,
                prior or {},
                options=options,
            )
        seconds = None
        if not self.clock.budget.is_deterministic:
            seconds = max(PLANNING_SHARE * self._seconds_after_fits(evaluations), 0.2)
        return plan_ensemble(
            evaluations,
            dataset.y,
            dataset.task,
            self.fits.metric,
            self.fits.folds,
            options=options,
            weights=dataset.weights,
            groups=dataset.groups,
            times=dataset.times,
            upper=upper,
            seed=self.options.seed,
            seconds=seconds,
            measured=measured,
            prior=prior,
        )

    def _seconds_after_fits(self, evaluations: Sequence[Evaluation]) -> float:
        """Return what is left of the time when all has been fitted that is likely to be fitted still."""
        members = likely_members(evaluations, self.fits.metric.name)
        refits = seconds_of_refits(self.options, members, self.fits.folds, few_rows=self.fits.dataset.is_tiny)
        left = self.clock.remaining - refits - self._reserved_for_layers(members)
        return min(left, max(self.clock.reserve, LEAST_SECONDS)) if self._wants_layers() else left

    def _wants_layers(self) -> bool:
        asked = self.options.ensemble == "stack" or not self.clock.budget.is_deterministic
        return asked and may_have_layers(self.options, self.fits.dataset, self.fits.folds)

    def _seconds_for_layers(self, evaluations: Sequence[Evaluation]) -> float | None:
        """Return what may be spent on layers: what is left beyond the time kept back for all else."""
        if self.clock.budget.is_deterministic:
            return None
        reserved = self._reserved_for_layers(likely_members(evaluations, self.fits.metric.name))
        return LEFT_OVER_SHARE * max(self.clock.remaining_for_search, 0.0) + reserved

    def _reserved_for_layers(self, members: Sequence[Evaluation]) -> float:
        return seconds_of_layers(self.options, self.fits.dataset, self.fits.folds, members)

    def _seconds_to_save(self, members: Sequence[Evaluation]) -> float:
        """Return what is kept back, once the ensemble is chosen, for gathering and saving it."""
        models = models_to_save(self.options, members, self.fits.folds, few_rows=self.fits.dataset.is_tiny)
        return seconds_to_combine_and_save(self.options, self.fits.dataset, self.fits.folds, models, self.startup)

    def _is_late_for(self, models: Iterable[Sequence[Path]]) -> bool:
        """Return whether there is no time left to save these."""
        return self.clock.remaining < seconds_to_save([path for paths in models for path in paths])

    def _evaluate_above(
        self, inputs: Sequence[Evaluation], above: Sequence[Configuration], evaluations: Sequence[Evaluation]
    ) -> list[Evaluation]:
        """Cross-validate configurations that take in the predictions of `inputs`, if there is time for that."""
        return self.fits.evaluate_above(inputs, above, Deadline.after(self._seconds_for_layers(evaluations)))

    def _refit(self, wanted: Sequence[Evaluation], members: Sequence[Evaluation]) -> dict[str, Path]:
        """Fit those `wanted` to all rows, as far as there is time; return the files by configuration."""
        left = self.clock.remaining - self._seconds_to_save(members)
        return self.fits.refit(wanted, Deadline() if self.clock.budget.is_deterministic else Deadline.after(left))

    def _should_be_one_model(self, member: Evaluation) -> bool:
        limited = self.options.predict_limit is not None
        return is_worth_refitting(member, self.options.refit, limited=limited, few_rows=self.fits.dataset.is_tiny)


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


def _load_bag(paths: Sequence[Path], *, thinned: bool) -> list[Any]:
    """Return the fitted pipelines in files of this run; of `thinned` forests as many trees in all as one has."""
    models = []
    for path in paths:
        models.append(load_pickle(path))
        if thinned:
            thin(models[-1], len(paths))
    return models


def load_pickle(path: Path) -> Any:
    """Return the fitted pipeline in a file of this run."""
    with path.open("rb") as file:  # written by this run's own workers
        return pickle.load(file)

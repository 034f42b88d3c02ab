"""Deciding how the candidates become one model, by estimates that are not optimistic."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.ensembling.calibration import possible_calibrations
from automl_meta.ensembling.candidates import Candidate
from automl_meta.ensembling.comparing import FEW_GROUPS_MARGINS, MARGINS, Scores, no_worse, preferred
from automl_meta.ensembling.costs import expected_cost
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.decision import Decided, needs_decision
from automl_meta.ensembling.finishing import fit_plan
from automl_meta.ensembling.greedy import Limits
from automl_meta.ensembling.library import Library, make_library
from automl_meta.ensembling.nested import Nest
from automl_meta.ensembling.options import ASKED_KINDS, EnsembleOptions
from automl_meta.ensembling.parts import Ints
from automl_meta.ensembling.plan import EnsemblePlan
from automl_meta.ensembling.recipe import Recipe
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.metrics import Metric, Weights, resolve_metric
from automl_meta.evaluation.records import Evaluation

JUDGING_SHARE = 0.7  # of the time, for judging the kinds
REFINING_SHARE = 0.5  # of what is left then, for calibrations and decisions


def plan_ensemble(
    evaluations: Sequence[Evaluation],
    y: NDArray[Any],
    task: Task,
    metric: Metric,
    folds: Sequence[Fold],
    *,
    options: EnsembleOptions | None = None,
    weights: Weights = None,
    groups: Ints | None = None,
    times: Ints | None = None,
    upper: Sequence[Candidate] = (),
    seed: int = 0,
    seconds: float | None = None,
    measured: Mapping[str, float] | None = None,
    prior: Mapping[str, float] | None = None,
) -> EnsemblePlan:
    """Choose members and how they are combined, calibrated and decided by.

    Where mistakes have costs and `metric` scores classes, what decisions by costs would cost is what is compared.

    Evaluations that failed, or that predicted only a part of the rows that the folds held out, are ignored.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Class codes or numbers, all rows of the dataset.
    folds : sequence of (training positions, validation positions)
        Those of the run.
    weights : array of shape (n_rows,), optional
        How much each row counts.
    groups, times : int arrays of shape (n_rows,), optional
        Which rows belong together, and the rows' ranks in time: weights are judged on other groups or stretches of
        time than they were learned on.
    upper : sequence of Candidate
        Of the layers above the first.
    seconds : float, optional
        Kinds, calibrations and decisions that are not expected to be judged in what is left of this time are passed
        over; the simplest kind is always fitted.
    measured : mapping from a candidate's name to seconds, optional
        That one model of it takes to predict 1,000 rows; otherwise taken from cross-validation, which on small
        tables makes much of what a call takes whatever the rows.
    prior : mapping from a candidate's name to float, optional
        How well each was expected to do, where rows are so few that this counts: see `few_rows`.

    Raises
    ------
    InputError
        If no evaluation can be used.
    """
    options = options or EnsembleOptions()
    costs = options.mistake_costs
    # The most probable class says nothing of what decisions by costs are worth. Probabilities, scored, do.
    judged_by = metric if costs is None or metric.needs != "classes" else expected_cost(costs)
    deadline = Deadline.after(seconds)
    library = make_library(
        evaluations,
        y,
        task,
        judged_by,
        folds,
        weights=weights,
        groups=groups,
        times=times,
        upper=upper,
        one_model=options.one_model,
        measured=measured,
        prior=prior,
        seed=seed,
    )
    if prior is not None:  # nothing more is learned from few rows than which candidates to average
        kind = "average" if options.kind == "auto" else options.kind
        options = replace(options, kind=kind, calibrate=False, decide=False)
    limits = Limits(options.max_members, options.seconds_per_1000_rows, options.negative_weights)
    nest = Nest(library, limits, seed)
    judged = _judge(nest, _kinds(options, library), deadline.share(JUDGING_SHARE))
    chooser = _Chooser(nest, judged, options, deadline.share(REFINING_SHARE))
    recipe = chooser.choose(np.ones(len(nest.parts), dtype=bool))
    honest = chooser.honest_predictions()
    return fit_plan(nest, recipe, judged, honest, costs, metric, deadline)


def _kinds(options: EnsembleOptions, library: Library) -> list[str]:
    """Return the kinds to judge, simplest first: of those that were asked for, what the rows' parts can carry."""
    if library.n_parts == 1 and options.kind != "average":
        return ["best"]
    if options.kind == "auto" and (library.size == 1 or options.max_members == 1):
        return ["best"]
    impossible = set()
    if len(library.first_layer) == library.size:
        impossible.add("layers")
    if not (library.has_many_parts and library.shifts):
        impossible.add("stack")
    return [kind for kind in ASKED_KINDS[options.kind] if kind not in impossible] or ["greedy"]


def _judge(nest: Nest, kinds: Sequence[str], deadline: Deadline) -> dict[str, Scores]:
    """Return the scores of each kind's nested predictions by part, of as many kinds as there is time for."""
    judged: dict[str, Scores] = {}
    for kind in kinds:
        if not nest.fit_in_time(kind, deadline if judged else Deadline()):
            break
        judged[kind] = nest.scores(nest.predictions(kind))
    return judged


class _Chooser:
    """Chooses a recipe by the scores of some parts; the other parts then tell what the choice is worth."""

    def __init__(
        self, nest: Nest, judged: Mapping[str, Scores], options: EnsembleOptions, deadline: Deadline
    ) -> None:
        self.nest = nest
        self.judged = judged
        self.options = options
        self._log_loss: dict[tuple[str, str], Scores] = {}
        self._final: dict[Recipe, Scores] = {}
        library = nest.library
        may_refine = library.task.is_classification and library.has_many_parts and self._has_time(deadline)
        self._may_calibrate = options.calibrate and may_refine
        self._may_decide = options.decide and may_refine and needs_decision(library.metric)

    def choose(self, parts: NDArray[np.bool_]) -> Recipe:
        margins = FEW_GROUPS_MARGINS if self.nest.library.few_groups else MARGINS
        kind = preferred({name: scores[parts] for name, scores in self.judged.items()}, margins)
        calibration = self._calibration(kind, parts)
        return Recipe(kind, calibration, self._decision(kind, calibration, parts))

    def honest_predictions(self) -> Decided:
        """Return predictions for all rows, each part's by the recipe that the other parts chose."""
        shape = self.nest.library.predictions[0].shape
        honest = Decided(np.empty(shape), np.empty(shape))
        everyone = np.arange(len(self.nest.parts))
        for number, part in enumerate(self.nest.parts):
            others = everyone != number
            nested = self._nested(self.choose(others if others.any() else ~others))
            honest.plain[part], honest.weighed[part] = nested.plain[part], nested.weighed[part]
        return honest

    def _has_time(self, deadline: Deadline) -> bool:
        if deadline.moment == float("inf"):
            return True
        return not deadline.passed and self.nest.seconds_to_refine(next(iter(self.judged))) < deadline.left

    def _scores(self, recipe: Recipe) -> Scores:
        """Return the nested scores of a recipe, by part."""
        if recipe not in self._final:
            self._final[recipe] = self.nest.scores(self._nested(recipe).seen_by(self.nest.library.metric))
        return self._final[recipe]

    def _nested(self, recipe: Recipe) -> Decided:
        plain = self.nest.predictions(recipe.kind, recipe.calibration)
        if recipe.decision == "tuned":
            return Decided(plain, self.nest.decided(recipe.kind, recipe.calibration))
        return Decided.by(self.options.mistake_costs if recipe.decision == "costs" else None, plain)

    def _calibration(self, kind: str, parts: NDArray[np.bool_]) -> str:
        library = self.nest.library
        if not self._may_calibrate:
            return "none"
        names = ("none", *possible_calibrations(library.y, library.predictions[0].shape[1]))
        losses = {name: self._losses(kind, name)[parts] for name in names}
        plain = self._scores(Recipe(kind, "none", "none"))[parts]
        harmless = {
            name: loss
            for name, loss in losses.items()
            if no_worse(self._scores(Recipe(kind, name, "none"))[parts], plain)
        }
        return preferred(harmless)

    def _losses(self, kind: str, calibration: str) -> Scores:
        if (kind, calibration) not in self._log_loss:
            log_loss = resolve_metric("neg_log_loss", self.nest.library.task)
            nested = self.nest.predictions(kind, calibration)
            self._log_loss[kind, calibration] = self.nest.scores(nested, log_loss)
        return self._log_loss[kind, calibration]

    def _decision(self, kind: str, calibration: str, parts: NDArray[np.bool_]) -> str:
        if self.options.mistake_costs is not None:
            return "costs"
        if not self._may_decide:
            return "none"
        plain = self._scores(Recipe(kind, calibration, "none"))[parts]
        tuned = self._scores(Recipe(kind, calibration, "tuned"))[parts]
        return "tuned" if preferred({"plain": plain, "decided": tuned}) == "decided" else "none"

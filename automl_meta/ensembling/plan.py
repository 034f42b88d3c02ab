"""What the ensembler decided, and the estimates that it decided by."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.ensembling.calibration import Calibration
from automl_meta.ensembling.combiners import Combiner
from automl_meta.ensembling.decision import Decided
from automl_meta.ensembling.intervals import Residuals


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEstimate:
    """How well one kind of ensemble would do, judged on folds that its weights were not fitted to."""

    kind: str
    score: float  # mean over folds, higher is better
    error: float  # standard error of the mean; NaN below two folds
    members: int  # distinct ones
    seconds: float  # that fitting it took, all folds together
    gain: float = math.nan  # over the single best, fold by fold, and the standard error of its mean
    gain_error: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnsemblePlan:
    """Which candidates become members, and how their predictions become one.

    Attributes
    ----------
    kind : str
        ``best``, ``greedy``, ``stack`` (a linear second layer), ``layers`` (learners of the catalogue above each
        other), ``average`` (of what is believed best, for few rows) or ``distilled``.
    members : tuple of str
        Names of candidates, lower layers first, then heaviest first: configuration ids, above the first layer with
        the layer's number.
    inputs : tuple of tuples of int
        For each member above the first layer, the positions of the members that feed it.
    weights : tuple of float
        One a member; those of a stack need not add up to one, and a member that only feeds others has 0.
    combiner
        The weights and what else combining takes, on members in the order of `members`.
    calibration
        None if none improves the log loss.
    decision : array of shape (n_classes,) or (n_classes, n_classes), or None
        How the predicted class is chosen, see `decision.weighted`; None for the most probable.
    residuals
        What prediction intervals are made of; None for classification.
    metric : str
    score, error : float
        Honest: everything learned from out-of-fold predictions, the choice of the kind included, was learned on
        other folds than it is scored on. Mean over folds, and its standard error (see `doubt`). NaN where no row
        could be held out.
    fold_scores : tuple of float
    honest : Decided
        The predictions that `score` is made of, for the rows that the folds held out, in the table's order.
    optimistic_score : float
        What the weights score on the predictions that they were fitted to.
    best_single_score : float
        Of the candidate with the best cross-validation score; optimistic too, it is the best of many.
    comparison : tuple of KindEstimate
        The kinds that were judged, simplest first.
    contributions : mapping from id to float
        The optimistic score of the ensemble fitted without that member; empty for a single member.
    member_seconds : tuple of float
        That each member takes to predict 1,000 rows, as measured in cross-validation.
    algorithms : tuple of str
        Of each member.
    refitted : tuple of str
        Members that are one model fitted to all rows; the others are the bags of their fold models.
    cost, undecided_cost : float or None
        What mistakes cost per row, out of fold, with the decision by costs and with the most probable class; None
        where no costs were given.
    reason : str
        One sentence for people.
    doubt : str
        Another, about how little the score says; nothing where rows are enough.
    """

    kind: str
    task: Task
    members: tuple[str, ...]
    weights: tuple[float, ...]
    combiner: Combiner
    calibration: Calibration | None
    decision: NDArray[np.float64] | None
    residuals: Residuals | None
    metric: str
    score: float
    error: float
    fold_scores: tuple[float, ...]
    honest: Decided
    optimistic_score: float
    best_single_score: float
    comparison: tuple[KindEstimate, ...]
    contributions: Mapping[str, float]
    member_seconds: tuple[float, ...]
    reason: str
    algorithms: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...] = ()
    refitted: tuple[str, ...] = ()
    cost: float | None = None
    undecided_cost: float | None = None
    doubt: str = ""

    @property
    def seconds_per_1000_rows(self) -> float:
        """Seconds that predicting 1,000 rows takes, as measured in cross-validation."""
        return sum(self.member_seconds)

    @property
    def layers(self) -> tuple[int, ...]:
        """The layer of each member, 1 for those that see the table's columns alone."""
        layers: list[int] = []
        for position in range(len(self.members)):
            below = self.inputs[position] if self.inputs else ()
            layers.append(1 + max((layers[i] for i in below), default=0))
        return tuple(layers)

    def to_dict(self) -> dict[str, Any]:
        """Return what `show` and the report tell of the ensemble, ready for JSON."""
        return {
            "kind": self.kind,
            "members": [
                {
                    "id": member,
                    "weight": weight,
                    "algorithm": algorithm,
                    "layer": layer,
                    "refitted": member in self.refitted,
                    "score_without": _finite_or_none(self.contributions.get(member, math.nan)),
                }
                for member, weight, algorithm, layer in zip(
                    self.members, self.weights, self.algorithms, self.layers, strict=True
                )
            ],
            "calibration": None if self.calibration is None else type(self.calibration).__name__.lower(),
            "decision": None if self.decision is None else self.decision.tolist(),
            "cost": self.cost,
            "undecided_cost": self.undecided_cost,
            "metric": self.metric,
            "score": _finite_or_none(self.score),
            "error": _finite_or_none(self.error),
            "fold_scores": [_finite_or_none(score) for score in self.fold_scores],
            "optimistic_score": _finite_or_none(self.optimistic_score),
            "best_single_score": _finite_or_none(self.best_single_score),
            "comparison": [
                {
                    "kind": e.kind,
                    "score": _finite_or_none(e.score),
                    "error": _finite_or_none(e.error),
                    "members": e.members,
                    "seconds": e.seconds,
                    "gain": _finite_or_none(e.gain),
                    "gain_error": _finite_or_none(e.gain_error),
                }
                for e in self.comparison
            ],
            "seconds_per_1000_rows": self.seconds_per_1000_rows,
            "reason": self.reason,
            "doubt": self.doubt,
        }


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None

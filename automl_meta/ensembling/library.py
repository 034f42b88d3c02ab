"""What can be combined: the candidates' out-of-fold predictions on the rows that all of them predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.datasets.task import Task
from automl_meta.ensembling.candidates import Candidate
from automl_meta.ensembling.parts import MIN_PARTS, Ints, are_few, held_out_parts, tells_shifts
from automl_meta.errors import InputError
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.metrics import Metric, Weights
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status

Floats = NDArray[np.floating[Any]]
MAX_CANDIDATES = 60
MOST_BYTES = 2**30  # of predictions that are combined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Library:
    """Candidates in the order of their scores, best first, and the truth, on the same rows.

    Attributes
    ----------
    candidates : tuple of Candidate
    predictions : tuple of arrays of shape (n_rows, n_classes) or (n_rows,)
        One a candidate.
    y : array of shape (n_rows,)
    weights : array of shape (n_rows,) or None
        How much each row counts, with the mean 1.
    parts : int array of shape (n_rows,)
        Which part of the rows each is of, see `held_out_parts`; what is learned on some parts is judged on another.
    shifts : bool
        Whether a shift of all predictions may be learned, see `tells_shifts`.
    few_groups : bool
        Whether the rows are of groups, and so few of these that what holds on them need not hold on others.
    seconds : array of shape (n_candidates,)
        That the candidate itself takes to predict 1,000 rows.
    costs : array of shape (n_candidates,)
        Seconds that the candidate takes for 1,000 rows: a bag of its fold models or one model, and above the first
        layer what feeds it.
    prior : array of shape (n_candidates,)
        How well each was expected to do before it was tried, on any scale; zeros where nothing was expected.
    """

    candidates: tuple[Candidate, ...]
    predictions: tuple[Floats, ...]
    y: NDArray[Any]
    weights: Weights
    parts: Ints
    shifts: bool
    few_groups: bool
    seconds: NDArray[np.float64]
    costs: NDArray[np.float64]
    prior: NDArray[np.float64]
    task: Task
    metric: Metric

    @property
    def size(self) -> int:
        """How many candidates there are."""
        return len(self.predictions)

    @property
    def n_parts(self) -> int:
        """How many parts the rows are of."""
        return len(np.unique(self.parts))

    @property
    def has_many_parts(self) -> bool:
        """Whether parts are enough to learn more from than which candidates to average."""
        return self.n_parts >= MIN_PARTS

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates' names."""
        return tuple(candidate.name for candidate in self.candidates)

    @property
    def first_layer(self) -> list[int]:
        """Positions of the candidates that see the table's columns alone."""
        return [i for i, candidate in enumerate(self.candidates) if candidate.layer == 1]

    def take(self, rows: NDArray[Any]) -> "Library":
        """Return the library on only `rows` (mask or positions)."""
        predictions = tuple(prediction[rows] for prediction in self.predictions)
        weights = taken(self.weights, rows)
        return replace(self, predictions=predictions, y=self.y[rows], weights=weights, parts=self.parts[rows])

    def only(self, members: Sequence[int]) -> "Library":
        """Return the library of only `members` (positions), in that order."""
        return replace(
            self,
            candidates=tuple(self.candidates[i] for i in members),
            predictions=tuple(self.predictions[i] for i in members),
            seconds=self.seconds[list(members)],
            costs=self.costs[list(members)],
            prior=self.prior[list(members)],
        )


def make_library(
    evaluations: Sequence[Evaluation],
    y: NDArray[Any],
    task: Task,
    metric: Metric,
    folds: Sequence[Fold],
    *,
    weights: Weights = None,
    groups: Ints | None = None,
    times: Ints | None = None,
    upper: Sequence[Candidate] = (),
    one_model: bool = False,
    measured: Mapping[str, float] | None = None,
    prior: Mapping[str, float] | None = None,
    seed: int = 0,
    max_candidates: int = MAX_CANDIDATES,
) -> Library:
    """Gather what can be combined: evaluations that succeeded and predicted every row that a fold held out.

    An evaluation that was run again counts once. The best `max_candidates` by `metric` are kept, fewer where their
    predictions would take more memory than `MOST_BYTES`.

    Parameters
    ----------
    weights : array of shape (n_rows,), optional
        How much each row counts.
    groups, times : int arrays of shape (n_rows,), optional
        Which rows belong together, and the rows' ranks in time.
    upper : sequence of Candidate
        Of the layers above the first.
    one_model : bool
        Whether members will be one model, so that predicting takes a fold's share of a bag's time.
    measured : mapping from a candidate's name to seconds, optional
        That one model takes for 1,000 rows, where that is known better than from cross-validation.
    prior : mapping from a candidate's name to float, optional
        How well each was expected to do.

    Raises
    ------
    InputError
        If no evaluation can be used.
    """
    rows, parts = held_out_parts(folds, y, groups=groups, times=times, seed=seed)
    own = taken(weights, rows)
    scored: dict[str, tuple[float, Candidate]] = {}
    for candidate in (*(Candidate(evaluation=evaluation) for evaluation in evaluations), *upper):
        prediction = _usable(candidate.evaluation, rows, len(y))
        if prediction is not None:
            score = candidate.evaluation.score(metric.name)
            if not np.isfinite(score):  # only then, for of many classes this takes longer than all else here
                score = metric.score(y[rows], prediction, own)
            scored[candidate.name] = (score if np.isfinite(score) else -np.inf, candidate)
    if not any(candidate.layer == 1 for _, candidate in scored.values()):
        raise InputError("no candidate finished its cross-validation, so there is nothing to make a model of")
    ordered = sorted(scored.values(), key=lambda entry: -entry[0])  # stable: earlier first on a tie
    best = tuple(candidate for _, candidate in _most(ordered, max_candidates, len(rows)))
    seconds = {
        name: (1 if one_model else _bag_size(candidate.evaluation, folds))
        * (measured or {}).get(name, _seconds(candidate.evaluation, folds))
        for name, (_, candidate) in scored.items()
    }
    return Library(
        candidates=best,
        predictions=tuple(_taken(candidate.evaluation, rows) for candidate in best),
        y=y[rows],
        weights=None if own is None else own / own.mean(),
        parts=parts,
        shifts=tells_shifts(folds, times),
        few_groups=are_few(taken(groups, rows)),
        seconds=np.array([seconds[candidate.name] for candidate in best]),
        costs=np.array([_with_inputs(candidate, scored, seconds) for candidate in best]),
        prior=np.array([(prior or {}).get(candidate.name, 0.0) for candidate in best]),
        task=task,
        metric=metric,
    )


def _usable(evaluation: Evaluation, rows: NDArray[np.intp], n_rows: int) -> Floats | None:
    """Return an evaluation's predictions of the rows that were held out, if it has all of them."""
    if evaluation.status is not Status.OK or evaluation.predictions is None or len(evaluation.predictions) != n_rows:
        return None
    prediction = _taken(evaluation, rows)
    return prediction if np.isfinite(prediction).all() else None


def _taken(evaluation: Evaluation, rows: NDArray[np.intp]) -> Floats:
    predictions = evaluation.predictions
    assert predictions is not None
    return predictions if len(rows) == len(predictions) else predictions[rows]


def _most(ordered: list[tuple[float, Candidate]], max_candidates: int, n_rows: int) -> list[tuple[float, Candidate]]:
    """Return as many of the best as there may be and as fit into memory, one of the first layer among them."""
    predictions = ordered[0][1].evaluation.predictions
    assert predictions is not None
    size = predictions.itemsize * n_rows * (predictions.shape[1] if predictions.ndim == 2 else 1)
    kept = ordered[: max(min(max_candidates, MOST_BYTES // max(size, 1)), 1)]
    if all(candidate.layer > 1 for _, candidate in kept):
        kept.append(next(entry for entry in ordered if entry[1].layer == 1))
    return kept


def _with_inputs(
    candidate: Candidate, scored: dict[str, tuple[float, Candidate]], seconds: dict[str, float]
) -> float:
    """Return the seconds of a candidate and of all that feeds it, however far down."""
    waiting, needed = [candidate.name], set()
    while waiting:
        name = waiting.pop()
        if name in scored and name not in needed:
            needed.add(name)
            waiting += scored[name][1].inputs
    return sum(seconds[name] for name in sorted(needed))


def _bag_size(evaluation: Evaluation, folds: Sequence[Fold]) -> int:
    """Return how many models predict new rows: those that were kept, or else one a fold."""
    return len(evaluation.models) or max(len(folds), 1)


def _seconds(evaluation: Evaluation, folds: Sequence[Fold]) -> float:
    """Return the seconds that one fold model takes for 1,000 rows."""
    predicted = sum(len(valid) for _, valid in folds)
    return 1000 * evaluation.predict_seconds / max(predicted, 1)

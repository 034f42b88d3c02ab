"""Fitting the chosen way to combine to all rows, and gathering what is to be told of it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from automl_meta.ensembling.calibration import Calibration, fit_calibration
from automl_meta.ensembling.combiners import Combiner
from automl_meta.ensembling.comparing import Scores, error_of_mean, mean
from automl_meta.ensembling.costs import mean_cost
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.decision import Decided, fit_decision, weighted
from automl_meta.ensembling.doubt import standard_error
from automl_meta.ensembling.few_rows import merits, reliability, shared_training
from automl_meta.ensembling.few_rows_doubt import doubt_in_words
from automl_meta.ensembling.intervals import Residuals
from automl_meta.ensembling.library import Library
from automl_meta.ensembling.nested import KINDS, Nest
from automl_meta.ensembling.plan import EnsemblePlan, KindEstimate
from automl_meta.ensembling.recipe import Recipe
from automl_meta.evaluation.metrics import Metric

DOUBT_OF_ONE_PART = (
    "the rows held out belong together, one group or one time: the choice was made by the very rows that are scored, "
    "and how far others differ cannot be told"
)


def fit_plan(
    nest: Nest,
    recipe: Recipe,
    judged: Mapping[str, Scores],
    honest: Decided,
    costs: NDArray[np.float64] | None,
    metric: Metric,
    deadline: Deadline,
) -> EnsemblePlan:
    """Fit the chosen recipe to all rows, and gather what is to be told of it.

    Parameters
    ----------
    judged : mapping from kind to nested scores, (n_parts,)
    honest : Decided
        Predictions that nothing of the choice has seen.
    costs : array of shape (n_classes, n_classes) or None
        Of mistakes.
    metric : Metric
        What scores are told by; the library's, unless that is of costs.
    deadline : Deadline
        By then what is merely good to know is left out.
    """
    library = nest.library
    members, combiner = nest.fit(recipe.kind)
    members, combiner = _in_order(members, combiner, library)
    calibration, decision, combined = _finish(library.only(members), combiner, recipe, costs)

    def scores(predictions: Decided) -> Scores:
        return nest.scores(predictions.seen_by(metric), metric)

    single = np.asarray(library.predictions[library.first_layer[0]], dtype=np.float64)
    told = judged
    if metric is not library.metric:
        told = {kind: scores(Decided.by(costs, nest.predictions(kind))) for kind in judged}
    comparison = tuple(_estimate(nest, kind, told) for kind in told)
    fold_scores = scores(honest)
    nested = nest.predictions(recipe.kind, recipe.calibration)
    return EnsemblePlan(
        kind=recipe.kind,
        task=library.task,
        members=tuple(library.names[i] for i in members),
        weights=tuple(float(weight) for weight in combiner.weights),
        algorithms=tuple(library.candidates[i].evaluation.configuration.algorithm for i in members),
        inputs=_inputs(library, members),
        combiner=combiner,
        calibration=calibration,
        decision=decision,
        residuals=None if library.task.is_classification else Residuals.of(library.y, nested),
        metric=metric.name,
        score=mean(fold_scores),
        error=standard_error(
            metric, library.y, honest.seen_by(metric), nest.parts, nest.seed, deadline, library.weights
        ),
        fold_scores=tuple(float(score) for score in fold_scores),
        honest=honest,
        optimistic_score=mean(scores(combined)),
        best_single_score=mean(scores(Decided.by(costs, single))),
        comparison=comparison,
        contributions=_contributions(nest, members, combiner, recipe, costs, scores, deadline),
        member_seconds=tuple(float(library.seconds[i]) for i in members),
        reason=_reason(recipe.kind, comparison, judged, library),
        cost=None
        if costs is None
        else mean_cost(costs, library.y, weighted(nested, costs).argmax(axis=1), library.weights),
        undecided_cost=None if costs is None else mean_cost(costs, library.y, nested.argmax(axis=1), library.weights),
        doubt=_doubt(library, honest.weighed),
    )


def _in_order(members: Sequence[int], combiner: Combiner, library: Library) -> tuple[list[int], Combiner]:
    """Return the members and what feeds them, layer by layer and heaviest first, and the combiner of all these."""
    weights = dict(zip(members, np.asarray(combiner.weights, dtype=np.float64).tolist(), strict=True))
    position = {name: i for i, name in enumerate(library.names)}
    waiting = list(members)
    while waiting:
        fed_by = [position[name] for name in library.candidates[waiting.pop()].inputs]
        waiting += [i for i in fed_by if i not in weights]
        weights |= {i: 0.0 for i in fed_by if i not in weights}
    ordered = sorted(weights, key=lambda i: (library.candidates[i].layer, -weights[i]))
    combiner.set_params(weights=np.array([weights[i] for i in ordered]))
    return ordered, combiner


def _inputs(library: Library, members: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    place = {library.names[i]: number for number, i in enumerate(members)}
    return tuple(tuple(place[name] for name in library.candidates[i].inputs) for i in members)


def _finish(
    members: Library, combiner: Combiner, recipe: Recipe, costs: NDArray[np.float64] | None
) -> tuple[Calibration | None, NDArray[np.float64] | None, Decided]:
    """Return the calibration and the decision, fitted to all rows, and the predictions that are to be scored."""
    combined = combiner.combine(list(members.predictions))
    calibration = decision = None
    if recipe.calibration != "none":
        calibration = fit_calibration(recipe.calibration, combined, members.y, members.weights)
        combined = calibration.apply(combined)
    if recipe.decision == "tuned":
        decision = fit_decision(members.metric, combined, members.y, members.weights)
    elif recipe.decision == "costs":
        decision = costs
    return calibration, decision, Decided.by(decision, combined)


def _contributions(
    nest: Nest,
    members: Sequence[int],
    combiner: Combiner,
    recipe: Recipe,
    costs: NDArray[np.float64] | None,
    scores: Callable[[Decided], Scores],
    deadline: Deadline,
) -> dict[str, float]:
    """Return, member by member while there is time, what the ensemble fitted to the others scores."""
    weighed = [i for i, weight in zip(members, combiner.weights, strict=True) if weight != 0]
    without: dict[str, float] = {}
    for member in weighed if len(weighed) > 1 else ():
        if deadline.passed:
            break
        rest = nest.library.only([i for i in weighed if i != member])
        kept, refitted = KINDS[recipe.kind](rest, nest.limits, nest.seed)
        _, _, combined = _finish(rest.only(kept), refitted, recipe, costs)
        without[nest.library.names[member]] = mean(scores(combined))
    return without


def _estimate(nest: Nest, kind: str, judged: Mapping[str, Scores]) -> KindEstimate:
    scores = judged[kind]
    simplest = next(iter(judged))
    gains = scores - judged[simplest]
    return KindEstimate(
        kind=kind,
        score=mean(scores),
        error=error_of_mean(scores) if len(scores) > 1 else float("nan"),
        members=max(len(members) for members, _ in nest.fits(kind)),
        seconds=nest.seconds[kind],
        gain=float("nan") if kind == simplest else mean(gains),
        gain_error=float("nan") if kind == simplest or len(gains) < 2 else error_of_mean(gains),
    )


def _doubt(library: Library, honest: NDArray[np.float64]) -> str:
    sentences = [doubt_in_words(library.y, honest), DOUBT_OF_ONE_PART if library.n_parts == 1 else ""]
    return "; ".join(sentence for sentence in sentences if sentence)


def _reason(kind: str, comparison: Sequence[KindEstimate], judged: Mapping[str, Scores], library: Library) -> str:
    if kind == "average":
        share = reliability(merits(library), shared=shared_training(library))
        return (
            f"{kind}: by what does well on other tables with as few rows, {1 - share:.0%}, and by the scores here, "
            f"{share:.0%}: the rest of their differences can be luck"
        )
    metric = library.metric.name
    others = [estimate for estimate in comparison if estimate.kind != kind]
    if library.n_parts == 1:
        return f"{kind}: the rows held out belong together, so weights could not be judged on others"
    if not others:
        return f"{kind}: the only kind that was asked for, or that there was a choice and time for"
    best = max(others, key=lambda estimate: estimate.score)
    difference = judged[kind] - judged[best.kind]
    gain, error = mean(difference), error_of_mean(difference)
    verb = "better than" if gain > 0 else "not clearly worse than"
    return f"{kind}: {verb} {best.kind} by {gain:+.4g} ± {error:.2g} in {metric} on folds held out from the weights"

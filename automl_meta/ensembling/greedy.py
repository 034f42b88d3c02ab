"""Ensemble selection: add, with replacement, whichever candidate helps the mixture most.

Caruana et al. (2004), *Ensemble selection from libraries of models*: sorted initialisation, selection with
replacement, and, where rows are few, bagging over random halves of the library, which keeps the selection from
chasing noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.ensembling.fast_scores import Floats, Scorer, make_scorer, scorer_kind
from automl_meta.ensembling.library import Library
from automl_meta.seeding import generator

STEPS = 25
IDLE_SHARE = 0.03  # of what mixing gains: members that together add less are dropped
SORTED_START = 5
SMALL = 2_000  # rows below which the selection is bagged
BAGS, BAG_STEPS = 8, 12  # their mean is finer than each of them


@dataclass(frozen=True, slots=True)
class Limits:
    """What a combination may consist of."""

    members: int = 8
    seconds_per_1000_rows: float = np.inf
    negative_weights: bool = False  # whether a stack's weights may be negative

    def allowed(self, chosen: NDArray[np.bool_], costs: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which candidates may be added to the `chosen`: those in it, and those there is room for."""
        if not chosen.any():  # one member must be had, were it only the fastest
            affordable = costs <= self.seconds_per_1000_rows
            return affordable if affordable.any() else costs == costs.min()
        if chosen.sum() >= self.members:
            return chosen
        fitting: NDArray[np.bool_] = chosen | (costs <= self.seconds_per_1000_rows - costs[chosen].sum())
        return fitting


def select(library: Library, limits: Limits, seed: int) -> tuple[list[int], WeightedAverage]:
    """Return the members (positions) and their weights, selected on all rows of the library."""
    library = _affordable(library, seed)
    scorer = make_scorer(library.metric, library.y, library.predictions[0], library.weights)
    reduced = np.stack([scorer.reduce(prediction) for prediction in library.predictions])
    weights = np.zeros(library.size)
    bags = _bags(library, seed)
    steps = STEPS if len(bags) == 1 else BAG_STEPS
    for candidates in bags:
        weights[candidates] += _climb(reduced[candidates], scorer, library.costs[candidates], limits, steps)
    members = _keep_heaviest(weights, library.costs, limits)
    if len(members) < np.count_nonzero(weights):  # weights of a pruned mixture no longer fit together
        weights = np.zeros(library.size)
        weights[members] = _climb(reduced[members], scorer, library.costs[members], limits, STEPS)
    weights = _without_idle(weights, reduced, scorer)
    chosen = np.flatnonzero(weights)
    return [int(i) for i in chosen], WeightedAverage(weights[chosen] / weights[chosen].sum())


def _climb(
    reduced: Floats, scorer: Scorer, costs: NDArray[np.float64], limits: Limits, steps: int
) -> NDArray[np.float64]:
    """Return the weights (sum 1) of the best mixture on the path of greedy additions."""
    path = _sorted_start(reduced, scorer, costs, limits)
    counts = np.bincount(path, minlength=len(reduced))
    total = reduced[path].sum(axis=0)
    best, best_score = counts.copy(), _safe(scorer.score(total[np.newaxis] / len(path)))[0]
    for _ in range(steps - len(path)):
        options = np.flatnonzero(limits.allowed(counts > 0, costs))
        trials = reduced[options] + total
        trials /= counts.sum() + 1
        scores = _safe(scorer.score(trials))
        winner = int(options[scores.argmax()])
        counts[winner] += 1
        total = total + reduced[winner]
        if scores.max() > best_score + 1e-12:
            best, best_score = counts.copy(), scores.max()
    return np.asarray(best / best.sum(), dtype=np.float64)


def _without_idle(weights: NDArray[np.float64], reduced: Floats, scorer: Scorer) -> NDArray[np.float64]:
    """Take away members, the least missed first, as long as all that is lost is a small share of what mixing gained.

    How slow they are does not count: measured times would make the same seed give another ensemble.
    """
    members = np.flatnonzero(weights)
    full = _safe(scorer.score(_mixed(weights, reduced)[np.newaxis]))[0]
    lost_at_most = IDLE_SHARE * (full - _safe(scorer.score(reduced[members])).max())
    while len(members) > 1:
        rests = [np.where(np.arange(len(weights)) == member, 0.0, weights) for member in members]
        scores = _safe(scorer.score(np.stack([_mixed(rest, reduced) for rest in rests])))
        idle = np.flatnonzero(full - scores <= lost_at_most)
        if not len(idle):
            break
        weights = rests[idle[scores[idle].argmax()]]
        members = np.flatnonzero(weights)
    return weights


def _mixed(weights: NDArray[np.float64], reduced: Floats) -> Floats:
    mixture: Floats = np.tensordot(weights / weights.sum(), reduced, axes=1)
    return mixture


def _sorted_start(reduced: Floats, scorer: Scorer, costs: NDArray[np.float64], limits: Limits) -> list[int]:
    """Return the best prefix of the candidates sorted by their own scores."""
    order = np.argsort(-_safe(scorer.score(reduced)), kind="stable")
    prefix: list[int] = []
    chosen = np.zeros(len(reduced), dtype=bool)
    for i in order:
        if len(prefix) < SORTED_START and limits.allowed(chosen, costs)[i]:
            prefix.append(int(i))
            chosen[i] = True
    means = np.cumsum(reduced[prefix], axis=0)
    means /= np.arange(1, len(prefix) + 1).reshape(-1, *[1] * (means.ndim - 1))
    return prefix[: int(_safe(scorer.score(means)).argmax()) + 1]


def _bags(library: Library, seed: int) -> list[NDArray[np.intp]]:
    """Return the candidates of each bag: all of them, or random halves where rows are few."""
    everyone = np.arange(library.size)
    if len(library.y) >= SMALL or library.size < 4:
        return [everyone]
    random = generator(seed, "greedy bags")
    half = library.size // 2
    # The best candidate is in every bag: a bag of poor ones would have to say something, too.
    return [np.sort(np.r_[0, 1 + random.choice(library.size - 1, half, replace=False)]) for _ in range(BAGS)]


def _keep_heaviest(weights: NDArray[np.float64], costs: NDArray[np.float64], limits: Limits) -> list[int]:
    """Return the candidates with the largest weights that fit within the limits, by position."""
    chosen = np.zeros(len(weights), dtype=bool)
    for i in np.argsort(-weights, kind="stable"):
        if weights[i] > 0 and limits.allowed(chosen, costs)[i]:
            chosen[i] = True
    return [int(i) for i in np.flatnonzero(chosen)]


def _affordable(library: Library, seed: int) -> Library:
    """Return the best candidates and a sample of the rows, where all of them would take too long."""
    kind = scorer_kind(library.metric)
    library = library.only(range(min(library.size, kind.most_candidates)))
    n_classes = library.predictions[0].shape[1] if library.task.is_classification else 1
    most_rows = kind.most_rows(library.size, n_classes)
    if len(library.y) <= most_rows:
        return library
    rows = generator(seed, "greedy rows").choice(len(library.y), most_rows, replace=False)
    return library.take(np.sort(rows))


def _safe(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(scores), scores, -np.inf)

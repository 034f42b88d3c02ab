"""Scores that are not optimistic: what is learned on all parts of the rows but one is judged on that one."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.ensembling.calibration import fit_calibration, possible_calibrations
from automl_meta.ensembling.combiners import Combiner, WeightedAverage
from automl_meta.ensembling.deadline import Deadline
from automl_meta.ensembling.decision import fit_decision, needs_decision, weighted
from automl_meta.ensembling.fast_scores import make_scorer
from automl_meta.ensembling.few_rows import average_of_likely_best
from automl_meta.ensembling.greedy import Limits, select
from automl_meta.ensembling.library import Library
from automl_meta.ensembling.stacking import stack
from automl_meta.evaluation.metrics import Metric

SEEN = 20  # candidates among which the single best is looked for
Fit = Callable[[Library, Limits, int], tuple[list[int], Combiner]]


def single_best(library: Library, limits: Limits, seed: int) -> tuple[list[int], Combiner]:
    """Return the candidate that scores best on all rows of the library, as an ensemble of one."""
    scorer = make_scorer(library.metric, library.y, library.predictions[0], library.weights)
    scores = np.full(library.size, -np.inf)
    # Candidates come in the order of their scores: the best on some of the rows is not far down.
    affordable = np.flatnonzero(limits.allowed(np.zeros(library.size, dtype=bool), library.costs))[:SEEN]
    for i in affordable:
        scores[i] = scorer.score(scorer.reduce(library.predictions[i])[np.newaxis])[0]
    scores = np.where(np.isfinite(scores), scores, -np.inf)
    best = int(scores.argmax()) if np.isfinite(scores).any() else int(affordable[0])
    return [best], WeightedAverage(np.ones(1))


# Simplest first. "layers" is greedy selection among the candidates of all layers; the others know the first alone.
# "average" is for few rows, and then the only kind: between kinds could not be told either.
KINDS: dict[str, Fit] = {
    "best": single_best,
    "greedy": select,
    "stack": stack,
    "layers": select,
    "average": average_of_likely_best,
}


class Nest:
    """Nested out-of-fold predictions of every kind of ensemble, computed when they are first asked for."""

    def __init__(self, library: Library, limits: Limits, seed: int) -> None:
        self.library = library
        self.limits = limits
        self.seed = seed
        self.parts = [np.flatnonzero(library.parts == part) for part in np.unique(library.parts)]
        self.seconds: dict[str, float] = {}
        self._fits: dict[str, list[tuple[list[int], Combiner]]] = {}
        self._predictions: dict[tuple[str, str], NDArray[np.float64]] = {}

    def fit(self, kind: str, rows: NDArray[Any] | None = None) -> tuple[list[int], Combiner]:
        """Return members (positions in the library) and combiner of a kind, fitted to `rows`; None is all of them."""
        pool = list(range(self.library.size)) if kind == "layers" else self.library.first_layer
        library = self.library if len(pool) == self.library.size else self.library.only(pool)
        members, combiner = KINDS[kind](library if rows is None else library.take(rows), self.limits, self.seed)
        return [pool[i] for i in members], combiner

    def predictions(self, kind: str, calibration: str = "none") -> NDArray[np.float64]:
        """Return predictions for all rows, each by an ensemble that was fitted without the row's part."""
        if (kind, calibration) not in self._predictions:
            nested = np.empty(self.library.predictions[0].shape)
            for number, part in enumerate(self.parts):
                _, nested[part] = self._inside_and_outside(kind, calibration, number)
            self._predictions[kind, calibration] = nested
        return self._predictions[kind, calibration]

    def decided(self, kind: str, calibration: str) -> NDArray[np.float64]:
        """Return nested predictions under decision weights that were fitted without the row's part."""
        key = (kind, f"{calibration}, decided")
        if key in self._predictions:
            return self._predictions[key]
        nested = np.empty(self.library.predictions[0].shape)
        for number, part in enumerate(self.parts):
            inside, outside = self._inside_and_outside(kind, calibration, number)
            others = self._others(part)
            weights = taken(self.library.weights, others)
            decision = fit_decision(self.library.metric, inside, self.library.y[others], weights)
            nested[part] = weighted(outside, decision)
        self._predictions[key] = nested
        return nested

    def fits(self, kind: str) -> list[tuple[list[int], Combiner]]:
        """Return members and combiner for each part, fitted to all the others."""
        self.fit_in_time(kind, Deadline())
        return self._fits[kind]

    def fit_in_time(self, kind: str, deadline: Deadline) -> bool:
        """Fit a kind for every part; give up, and return False, if the first say that the time is too short."""
        if kind in self._fits:
            return True
        start = time.perf_counter()
        found: list[tuple[list[int], Combiner]] = []
        for part in self.parts:
            found.append(self.fit(kind, self._others(part)))
            fits_to_come = len(self.parts) + 1 - len(found)  # all rows come last
            if (time.perf_counter() - start) / len(found) * fits_to_come > deadline.left:
                return False
        self.seconds[kind] = time.perf_counter() - start
        self._fits[kind] = found
        return True

    def seconds_to_refine(self, kind: str) -> float:
        """Return what judging calibrations and decisions may take: measured for one part, and for all of them."""
        start = time.perf_counter()
        inside, _ = self._inside_and_outside(kind, "none", 0)
        others = self.library.y[self._others(self.parts[0])]
        for calibration in possible_calibrations(self.library.y, inside.shape[1]):
            fit_calibration(calibration, inside, others)
        if needs_decision(self.library.metric):
            fit_decision(self.library.metric, inside, others)
        ways = 4  # no calibration and two, undecided and decided
        return ways * len(self.parts) * (time.perf_counter() - start)

    def scores(self, predictions: NDArray[Any], metric: Metric | None = None) -> NDArray[np.float64]:
        """Return the score of each part's rows."""
        metric = metric or self.library.metric
        return np.array([self._score(metric, part, predictions) for part in self.parts])

    def _score(self, metric: Metric, part: NDArray[np.intp], predictions: NDArray[Any]) -> float:
        return metric.score(self.library.y[part], predictions[part], taken(self.library.weights, part))

    def _others(self, part: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows of the other parts; where there are none, those of the part itself."""
        mask = np.ones(len(self.library.y), dtype=bool)
        mask[part] = len(self.parts) == 1
        return np.flatnonzero(mask)

    def _inside_and_outside(
        self, kind: str, calibration: str, number: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what the ensemble fitted without a part predicts for its own rows, and for the part."""
        part = self.parts[number]
        others = self._others(part)
        members, combiner = self.fits(kind)[number]
        outside = self._combined(members, combiner, part)
        inside = self._combined(members, combiner, others)
        if calibration == "none":
            return inside, outside
        weights = taken(self.library.weights, others)
        learned = fit_calibration(calibration, inside, self.library.y[others], weights)
        return learned.apply(inside), learned.apply(outside)

    def _combined(self, members: list[int], combiner: Combiner, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return combiner.combine([self.library.predictions[i][rows] for i in members])

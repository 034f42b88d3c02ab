"""Refining what did best so far: random steps around it, or a grid."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from automl_meta.datasets.task import Task
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.neighbourhood import grid_around, sample
from automl_meta.seeding import generator
from automl_meta.tuning.strategies.protocol import Proposal
from automl_meta.tuning.strategies.standings import Standings

ExpectedSeconds = Callable[[Configuration], float]
Favourites = Callable[[str], Sequence[Configuration]]
Importance = Callable[[str], Mapping[str, float]]


class RandomAround:
    """Takes random steps around the best configurations: here so far, and on similar datasets.

    Where similar datasets had their best configurations is where steps begin (each one narrows the ranges that are
    worth searching); as scores come in, the centre is ever more often one of the leaders here, the better ones more
    often. A step that beats its centre makes the next ones from it shorter, one that does not makes them longer: the
    ranges widen where evidence disagrees (the one-fifth rule of evolution strategies, Rechenberg 1973).

    Parameters
    ----------
    expected_seconds : callable
        Of a configuration, NaN where nothing is known; what would take longer than there is time for is not proposed.
    favourites : callable
        From an algorithm's name to its best configurations on similar datasets, the most telling first.
    """

    TRIES = 20  # draws that may be refused before there is nothing to propose
    FIRST, WIDEST, NARROWEST = 0.6, 1.5, 0.2  # radii, see `pipelines.neighbourhood.sample`
    SHORTER, LONGER = 0.8, 1.06  # factors that balance at one success in five
    OWN = 3  # steps from an algorithm's leader that weigh as much as what similar datasets say

    def __init__(
        self,
        task: Task,
        metric: str,
        seed: int,
        expected_seconds: ExpectedSeconds,
        favourites: Favourites,
        *,
        top: int = 5,
    ) -> None:
        self._task = task
        self._standings = Standings(metric)
        self._random = generator(seed, "random search")
        self._expected_seconds = expected_seconds
        self._favourites = favourites
        self._top = top
        self._radii: dict[str, float] = {}  # by algorithm
        self._steps: Counter[str] = Counter()  # by algorithm
        self._centres: dict[Configuration, Configuration] = {}

    def ask(self, seconds: float) -> Proposal | None:
        """Return a step from one of the centres; None before anything has succeeded."""
        leaders = self._standings.leaders(self._top)
        if not leaders:
            return None
        weights = 0.5 ** np.arange(len(leaders))
        for _ in range(self.TRIES):
            leader = leaders[int(self._random.choice(len(leaders), p=weights / weights.sum()))]
            centre = self._centre(leader)
            radius = self._radii.get(leader.algorithm, self.FIRST)
            step = sample(centre.algorithm, self._task, self._random, centre=centre, radius=radius)
            if step != centre and not self._expected_seconds(step) > seconds:
                self._steps[leader.algorithm] += 1
                self._centres[step] = leader
                return Proposal(step, f"random search around {centre.id}")
        return None

    def tell(self, evaluation: Evaluation) -> None:
        """Remember how it did, and adapt the steps."""
        leader = self._centres.pop(evaluation.configuration, None)
        self._standings.add(evaluation)
        if leader is not None:
            score = self._standings.score(evaluation.configuration)
            factor = self.SHORTER if score > self._standings.score(leader) else self.LONGER
            radius = self._radii.get(leader.algorithm, self.FIRST) * factor
            self._radii[leader.algorithm] = min(max(radius, self.NARROWEST), self.WIDEST)

    def _centre(self, leader: Configuration) -> Configuration:
        favourites = self._favourites(leader.algorithm)
        hearsay = self.OWN / (self.OWN + self._steps[leader.algorithm])
        if not favourites or self._random.random() >= hearsay:
            return leader
        weights = 0.5 ** np.arange(len(favourites))
        return favourites[int(self._random.choice(len(favourites), p=weights / weights.sum()))]


class GridAround:
    """Walks the grid around the best configuration; when a better one appears, its grid comes next.

    Parameters
    ----------
    importance : callable
        From an algorithm's name to the share of its variation that each hyperparameter explains: those that matter
        most come first and get the finest grid.
    """

    COARSE, FINE = 3, 7  # values of a number that matters little, and of one that explains everything

    def __init__(
        self,
        task: Task,
        metric: str,
        expected_seconds: ExpectedSeconds,
        importance: Importance,
        *,
        top: int = 3,
    ) -> None:
        self._task = task
        self._standings = Standings(metric)
        self._expected_seconds = expected_seconds
        self._importance = importance
        self._top = top
        self._begun: set[Configuration] = set()
        self._queue: deque[tuple[Configuration, Iterator[Configuration]]] = deque()

    def ask(self, seconds: float) -> Proposal | None:
        """Return the next point of the grid of the best configuration that has one left."""
        for leader in reversed(self._standings.leaders(self._top)):
            if leader not in self._begun:
                self._begun.add(leader)
                self._queue.appendleft((leader, self._grid(leader)))
        while self._queue:
            centre, points = self._queue[0]
            for point in points:
                if not self._expected_seconds(point) > seconds:
                    return Proposal(point, f"grid around {centre.id}")
            self._queue.popleft()
        return None

    def tell(self, evaluation: Evaluation) -> None:
        """Remember how it did."""
        self._standings.add(evaluation)

    def _grid(self, centre: Configuration) -> Iterator[Configuration]:
        matters = self._importance(centre.algorithm)
        for name in sorted(centre.hyperparameters, key=lambda name: (-matters.get(name, 0.0), name)):
            points = round(self.COARSE + (self.FINE - self.COARSE) * min(matters.get(name, 0.0), 1.0))
            yield from grid_around(centre, self._task, [name], points)

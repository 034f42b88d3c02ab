"""Episodes: a dataset of the meta-base with K evaluations as its support, and other configurations as its query.

What is learned of a configuration is its *residual*: by how much it stands higher or lower on a dataset than on the
average dataset, on the stretched scale of standings. A support's residuals are estimated from its own scores alone:
neither the query nor the best and worst of the dataset are looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.combined import stretch
from automl_meta.metalearning.loo import joined_families
from automl_meta.metalearning.protocol import Experience, Floats
from automl_meta.metalearning.standings import learn_standings
from automl_meta.metalearning.traits import Traits, fit_traits
from automl_meta.seeding import generator

SHARES = (0.7, 0.15, 0.15)  # of the families: meta-training, meta-validation, meta-test
BY_STRATEGY = 0.5  # of the episodes: the support as a portfolio would choose it; at random in the others
MOST_QUERIES = 24  # configurations in one episode
FLAT = 1e-12  # relative spread of scores below which they say nothing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InputScaling:
    """How datasets and configurations become inputs of a network.

    Attributes
    ----------
    metafeature_names : tuple of str
        In the order in which `traits` reads them.
    centre, width : arrays of shape (n_dimensions,)
        Mean and deviation of the configurations' vectors.
    """

    metafeature_names: tuple[str, ...]
    traits: Traits
    centre: Floats
    width: Floats

    def configurations(self, vectors: Floats, expected: Floats) -> Floats:
        """Return inputs of shape (n_configurations, n_dimensions + 1): scaled vectors, and what stands usually."""
        scaled = (np.nan_to_num(vectors) - self.centre) / self.width
        return np.hstack([np.clip(scaled, -4.0, 4.0), 2.0 * expected[:, None] - 1.0])


def fit_input_scaling(experience: Experience) -> InputScaling:
    """Return the scaling learned from the datasets and configurations of `experience`."""
    vectors = np.nan_to_num(experience.vectors)
    deviations = vectors.std(axis=0)
    return InputScaling(
        metafeature_names=experience.metafeature_names,
        traits=fit_traits(experience.metafeatures),
        centre=vectors.mean(axis=0),
        width=np.where(deviations > 1e-9, deviations, 1.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskTable:
    """All tasks: datasets sorted by name, configurations sorted by id, so that no order in which they came counts.

    Attributes
    ----------
    families : int array of shape (n_datasets,)
        Datasets with the same number share rows or origin, or are near-duplicates.
    traits : array of shape (n_datasets, n_traits)
    configurations : array of shape (n_configurations, n_inputs)
    scores : array of shape (n_datasets, n_configurations)
        On each dataset's own scale; NaN where unknown or failed.
    known : bool array of shape (n_datasets, n_configurations)
        Where a configuration was tried, failures included.
    expected : array of shape (n_configurations,)
        Mean stretched standing over the datasets.
    residuals : array of shape (n_datasets, n_configurations)
        Stretched standing less what is expected; estimated where not `known`.
    spread : float
        Standard deviation of the known residuals.
    """

    datasets: tuple[str, ...]
    families: NDArray[np.intp]
    traits: Floats
    configurations: Floats
    scores: Floats
    known: NDArray[np.bool_]
    expected: Floats
    residuals: Floats
    spread: float


def canonical(experience: Experience) -> tuple[Experience, NDArray[np.intp]]:
    """Return `experience` with configurations sorted by id, and the new position of each."""
    order = np.argsort(np.array(experience.configurations, dtype=str), kind="stable")
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order))
    return experience.take_configurations(order), position


def task_table(experience: Experience, scaling: InputScaling) -> TaskTable:
    """Return the tasks of a `canonical` experience; datasets whose scores say nothing are left out."""
    knowledge = learn_standings(experience)
    rows = [experience.datasets.index(name) for name in knowledge.datasets]
    stretched = stretch(knowledge.standings)
    n_configurations = stretched.shape[1]
    expected = stretched.mean(axis=0) if len(stretched) else np.full(n_configurations, 0.5)
    residuals = stretched - expected
    raw = experience.scores[rows]
    return TaskTable(
        datasets=knowledge.datasets,
        families=joined_families([experience.families[i] for i in rows], knowledge.metafeatures),
        traits=scaling.traits.of(knowledge.metafeatures),
        configurations=scaling.configurations(experience.vectors, expected),
        scores=np.where(np.isfinite(raw), raw, np.nan),
        known=knowledge.known,
        expected=expected,
        residuals=residuals,
        spread=float(residuals[knowledge.known].std()) if knowledge.known.any() else 0.25,
    )


def split_families(families: NDArray[np.intp], seed: int = 0) -> tuple[NDArray[np.intp], ...]:
    """Return positions of the datasets for meta-training, meta-validation and meta-test, whole families each.

    The shares are those of `SHARES`; a family that is larger than a share counts as one family all the same.
    """
    shuffled = generator(seed, "families of episodes").permutation(np.unique(families))
    bounds = np.round(np.cumsum(SHARES)[:-1] * len(shuffled)).astype(int)
    return tuple(np.flatnonzero(np.isin(families, part)) for part in np.split(shuffled, bounds))


def standardise(scores: Floats, expected: Floats, spread: float) -> Floats:
    """Return the residuals that `scores` of a support suggest, looking at nothing else of the dataset.

    The scores are stretched between their own worst and best, then moved and scaled to the mean and variance that
    configurations standing at `expected` give rise to. So neither offset nor scale of the scores matters, and one
    score alone says nothing.

    Parameters
    ----------
    scores, expected : arrays of shape (n_shots,)
        Failures are NaN, and count as the worst of the others.
    spread : float
        Standard deviation of residuals.
    """
    scores = np.where(np.isfinite(scores), scores, np.nan)
    if len(scores) < 2 or np.isnan(scores).all():
        return np.zeros(len(scores))
    filled = np.where(np.isnan(scores), np.nanmin(scores), scores)
    width = filled.max() - filled.min()
    if width <= FLAT * max(1.0, float(np.abs(filled).max())):
        return np.zeros(len(scores))
    stretched = stretch((filled - filled.min()) / width)
    wanted = np.sqrt(expected.var() + spread**2 * (1.0 - 1.0 / len(scores)))
    standings = expected.mean() + (stretched - stretched.mean()) / stretched.std() * wanted
    return np.asarray(standings - expected)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Episodes:
    """Several episodes with equally many shots.

    Attributes
    ----------
    datasets : int array of shape (n_episodes,)
    support, query : int arrays of shapes (n_episodes, n_shots) and (n_episodes, n_queries)
        Positions of configurations; no query is in the support.
    support_residuals : array of shape (n_episodes, n_shots)
        As `standardise` suggests them.
    query_residuals : array of shape (n_episodes, n_queries)
        The true ones.
    counts : bool array of shape (n_episodes, n_queries)
        False where an episode has fewer queries, and the place is filled with its first.
    """

    datasets: NDArray[np.intp]
    support: NDArray[np.intp]
    query: NDArray[np.intp]
    support_residuals: Floats
    query_residuals: Floats
    counts: NDArray[np.bool_]


class EpisodeSampler:
    """Draws episodes on the datasets at `positions` of a table.

    Parameters
    ----------
    reference : int array
        Positions of the datasets whose standings a portfolio may know; never those of the episode's own family.
    """

    def __init__(self, table: TaskTable, positions: NDArray[np.intp], reference: NDArray[np.intp]) -> None:
        self.table = table
        self.positions = positions
        self.reference = reference

    def draw(self, n_shots: int, n_episodes: int, random: np.random.Generator) -> Episodes | None:
        """Return episodes of `n_shots`, or None if no dataset has results for more configurations than that."""
        enough = self.positions[self.table.known[self.positions].sum(axis=1) > n_shots]
        if not len(enough):
            return None
        datasets = random.choice(enough, n_episodes)
        supports, queries = [], []
        for dataset in datasets:
            chosen = self._support(int(dataset), n_shots, random)
            rest = np.setdiff1d(np.flatnonzero(self.table.known[dataset]), chosen)
            supports.append(chosen)
            queries.append(random.permutation(rest)[:MOST_QUERIES])
        return self._together(datasets, np.array(supports, dtype=np.intp).reshape(n_episodes, n_shots), queries)

    def _support(self, dataset: int, n_shots: int, random: np.random.Generator) -> NDArray[np.intp]:
        known = np.flatnonzero(self.table.known[dataset])
        if random.random() >= BY_STRATEGY:
            return random.permutation(known)[:n_shots]
        return self._portfolio(dataset, known, n_shots, random)

    def _portfolio(
        self, dataset: int, known: NDArray[np.intp], n_shots: int, random: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return a greedy portfolio over a random half of the other datasets, as a search begins."""
        others = self.reference[self.table.families[self.reference] != self.table.families[dataset]]
        half = random.permutation(others)[: (len(others) + 1) // 2]
        standings = self.table.residuals[half][:, known] + self.table.expected[known]
        reached = np.zeros(len(half))
        left = np.ones(len(known), dtype=bool)
        picks = []
        for _ in range(n_shots):
            gains = np.maximum(standings - reached[:, None], 0.0).sum(axis=0) + 1e-6 * self.table.expected[known]
            pick = int(np.argmax(np.where(left, gains, -np.inf)))
            left[pick] = False
            reached = np.maximum(reached, standings[:, pick])
            picks.append(pick)
        return known[picks]

    def _together(
        self, datasets: NDArray[np.intp], support: NDArray[np.intp], queries: list[NDArray[np.intp]]
    ) -> Episodes:
        table = self.table
        length = max(len(query) for query in queries)
        query = np.array([np.pad(q, (0, length - len(q)), constant_values=q[0]) for q in queries], dtype=np.intp)
        residuals = [
            standardise(table.scores[dataset, chosen], table.expected[chosen], table.spread)
            for dataset, chosen in zip(datasets, support, strict=True)
        ]
        return Episodes(
            datasets=datasets,
            support=support,
            query=query,
            support_residuals=np.array(residuals).reshape(support.shape),
            query_residuals=table.residuals[datasets[:, None], query],
            counts=np.arange(length) < np.array([[len(q)] for q in queries]),
        )

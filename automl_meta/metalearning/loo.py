"""How good are the recommendations? Every dataset is left out in turn, its family and its near-duplicates with it.

For each, a method proposes configurations one after another and is told their scores, as the tuner would. What is
measured is the normalised regret of the best so far: 0 is the best known configuration on that dataset, 1 the worst.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata, wilcoxon

from automl_meta.metalearning.protocol import Experience, Floats, MetaModel
from automl_meta.metalearning.standings import standings
from automl_meta.seeding import generator

STEPS = (1, 2, 3, 5, 10, 25, 50)
BOOTSTRAPS = 2000
TELLING = 0.5  # of the configurations that must be known on a dataset for it to judge a method ...
ENOUGH = 50  # ... or so many: where runs were made at random, no dataset has half of all
ALIKE = 0.35  # of the telling meta-features of two datasets, agreeing ones that make them the same
FEWEST, MANY = 3, 8  # telling meta-features, below which nothing can be said, and up to which all must agree


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """What one method reached on every dataset.

    Attributes
    ----------
    regret : array of shape (n_datasets, n_evaluations)
        Normalised regret of the best configuration among the first k+1; 1 where nothing has succeeded yet.
    rank : array of shape (n_datasets, n_evaluations)
        Rank of that configuration among the known ones of the dataset, 1 is best, ties share their mean.
    fit_seconds, propose_seconds : float
        Wall-clock seconds that learning from the other datasets took, and one proposal, on average.
    """

    method: str
    datasets: tuple[str, ...]
    regret: Floats
    rank: Floats
    fit_seconds: float = 0.0
    propose_seconds: float = 0.0

    def mean_regret(self, evaluations: int) -> float:
        """Return the mean over datasets after `evaluations`."""
        return float(self.regret[:, evaluations - 1].mean())

    def interval(self, evaluations: int, level: float = 0.95) -> tuple[float, float]:
        """Return a percentile bootstrap interval of the mean over datasets."""
        values = self.regret[:, evaluations - 1]
        rows = generator(0, "bootstrap").integers(0, len(values), (BOOTSTRAPS, len(values)))
        low, high = np.quantile(values[rows].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Split:
    """One fold of the evaluation: what may be learned from, and the datasets that are asked about."""

    training: Experience
    held_out: tuple[int, ...]  # positions in the whole experience


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """What one method reached on one dataset; see `Curves`."""

    regret: Floats
    rank: Floats
    fit_seconds: float
    propose_seconds: float


Judged = dict[int, Judgement | None]  # by the position of a dataset


def splits(experience: Experience, n_folds: int | None = None) -> Iterator[Split]:
    """Yield leave-one-family-out splits, or `n_folds` of whole families, in an order that depends on names only.

    Near-duplicates under another family, and that family with them, are on the same side: see `joined_families`.
    """
    numbers = joined_families(experience.families, experience.metafeatures)
    by_name = sorted(zip(experience.families, numbers.tolist(), strict=True))
    groups = list(dict.fromkeys(number for _, number in by_name))
    if n_folds is None or n_folds >= len(groups):
        folds = [[group] for group in groups]
    else:
        shuffled = generator(0, "families").permutation(len(groups))
        folds = [[groups[i] for i in shuffled[fold::n_folds]] for fold in range(n_folds)]
    for fold in folds:
        inside = np.isin(numbers, fold)
        yield Split(experience.take(~inside), tuple(int(i) for i in np.flatnonzero(inside)))


def joined_families(families: Sequence[str], metafeatures: Floats) -> NDArray[np.intp]:
    """Return the number of each dataset's family, near-duplicates and their families joined into one."""
    if not len(families):
        return np.zeros(0, dtype=np.intp)
    names = np.array(families, dtype=str)
    together = (names[:, None] == names) | near_duplicates(metafeatures)
    return np.asarray(connected_components(together, directed=False)[1], dtype=np.intp)


def near_duplicates(metafeatures: Floats, tolerance: float = 1e-3) -> NDArray[np.bool_]:
    """Return which pairs of datasets have the same meta-features, of shape (n_datasets, n_datasets).

    Two meta-features agree within `tolerance`, relative to the larger. Those that are undefined or whole numbers for
    both say nothing: counts and zeros coincide by chance. Two datasets are the same if at least the share `ALIKE` of
    the rest agrees: of the same table with a few cells changed, or described with another seed but by all its rows,
    two fifths and more do, of different tables hardly one. Where there are few, all must agree.
    """
    n_datasets = len(metafeatures)
    same = np.eye(n_datasets, dtype=bool)
    whole = metafeatures == np.round(metafeatures)
    for i, own in enumerate(metafeatures):
        telling = np.isfinite(metafeatures) & np.isfinite(own) & ~(whole & whole[i])
        size = np.maximum(np.abs(metafeatures), np.abs(own))
        with np.errstate(invalid="ignore"):
            agree = telling & (np.abs(metafeatures - own) <= tolerance * size)
        count = telling.sum(axis=1)
        differing = count - agree.sum(axis=1)
        same[i] |= (count >= FEWEST) & (differing <= (1.0 - ALIKE) * np.maximum(count - MANY, 0))
    return same | same.T


def evaluate(
    make: Callable[[], MetaModel],
    experience: Experience,
    *,
    n_evaluations: int = 50,
    n_folds: int | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Curves:
    """Return the curves of the method that `make` makes anew for every split.

    Parameters
    ----------
    n_folds : int, optional
        Folds of whole families; every family on its own if not given.
    progress : callable
        Told how many datasets are done after each.
    """
    judged: Judged = {}
    for split in splits(experience, n_folds):
        judged |= judge(make, experience, split, n_evaluations)
        progress(len(judged))
    return curves_of(make().name, experience, judged, n_evaluations)


def judge(make: Callable[[], MetaModel], experience: Experience, split: Split, n_evaluations: int) -> Judged:
    """Return what one method reached on the held-out datasets of one split, by position; None if untelling."""
    began = time.perf_counter()
    model = make().fit(split.training)
    fit_seconds = time.perf_counter() - began
    judged: Judged = {}
    for dataset in split.held_out:
        table = standings(experience.scores[[dataset]], experience.failed[[dataset]])[0]
        judged[dataset] = None
        if is_telling(table):
            began = time.perf_counter()
            order = _search(model, experience, dataset, n_evaluations)
            propose_seconds = (time.perf_counter() - began) / len(order)
            regret, rank = _curve(table, order, n_evaluations)
            judged[dataset] = Judgement(
                regret=regret, rank=rank, fit_seconds=fit_seconds, propose_seconds=propose_seconds
            )
    return judged


def curves_of(method: str, experience: Experience, judged: Judged, n_evaluations: int) -> Curves:
    """Put what was judged together, in the order of the datasets."""
    told = [(position, curve) for position, curve in sorted(judged.items()) if curve is not None]
    return Curves(
        method=method,
        datasets=tuple(experience.datasets[position] for position, _ in told),
        regret=np.array([judgement.regret for _, judgement in told]).reshape(len(told), n_evaluations),
        rank=np.array([judgement.rank for _, judgement in told]).reshape(len(told), n_evaluations),
        fit_seconds=float(np.mean([judgement.fit_seconds for _, judgement in told] or [0.0])),
        propose_seconds=float(np.mean([judgement.propose_seconds for _, judgement in told] or [0.0])),
    )


def is_telling(table: Floats) -> bool:
    """Return whether a dataset's standings can judge a method: half of the configurations are known, or many."""
    return bool(np.isfinite(table).sum() >= max(min(TELLING * len(table), ENOUGH), 2))


def _search(model: MetaModel, experience: Experience, dataset: int, n_evaluations: int) -> list[int]:
    scores, failed = experience.scores[dataset], experience.failed[dataset]
    allowed = np.isfinite(scores) | failed
    observed: dict[int, float] = {}
    for _ in range(min(n_evaluations, int(allowed.sum()))):
        pick = model.propose(experience.metafeatures[dataset], observed, allowed)
        observed[pick] = float(scores[pick])
    return list(observed)


def _curve(table: Floats, order: Sequence[int], n_evaluations: int) -> tuple[Floats, Floats]:
    """Return regret and rank of the best so far; what is exhausted stays as it is."""
    known = np.isfinite(table)
    ranks = np.full(len(table), np.nan)
    ranks[known] = rankdata(-table[known])
    best = np.maximum.accumulate(table[list(order)])
    best_rank = np.minimum.accumulate(ranks[list(order)])
    padding = (0, n_evaluations - len(order))
    return 1.0 - np.pad(best, padding, mode="edge"), np.pad(best_rank, padding, mode="edge")


def random_search(experience: Experience, *, n_evaluations: int = 50) -> Curves:
    """Return the curves of random search without repetition, in expectation over all orders.

    With N configurations in the order of their score, the best of k is the i-th with probability
    C(N - i, k - 1) / C(N, k).
    """
    table = standings(experience.scores, experience.failed)
    rows = [i for i in range(len(table)) if is_telling(table[i])]
    regret, rank = np.empty((len(rows), n_evaluations)), np.empty((len(rows), n_evaluations))
    for position, row in enumerate(rows):
        values = table[row][np.isfinite(table[row])]
        probabilities = best_of(len(values), n_evaluations)
        regret[position] = probabilities @ (1.0 - np.sort(values)[::-1])
        rank[position] = probabilities @ np.sort(rankdata(-values))
    return Curves(method="random", datasets=tuple(experience.datasets[i] for i in rows), regret=regret, rank=rank)


def best_of(n_values: int, n_evaluations: int) -> Floats:
    """Return the probability that the best of k random ones is the i-th best, of shape (n_evaluations, n_values).

    Beyond `n_values` evaluations nothing is left to draw, and the best is known.
    """
    result = np.zeros((n_evaluations, n_values))
    for k in range(1, n_evaluations + 1):
        if k >= n_values:
            result[k - 1, 0] = 1.0
            continue
        # P(best is beyond the i-th) = product over the k draws of (N - i - j) / (N - j)
        beyond = np.ones(n_values + 1)
        for j in range(k):
            beyond *= np.maximum(n_values - np.arange(n_values + 1) - j, 0) / (n_values - j)
        result[k - 1] = beyond[:-1] - beyond[1:]
    return result


def evaluations_of_random(random: Curves, regret: float) -> int | None:
    """Return how many evaluations random search needs for this mean regret; None if more than were computed."""
    enough = np.flatnonzero(random.regret.mean(axis=0) <= regret)
    return int(enough[0]) + 1 if len(enough) else None


def paired_p_value(one: Curves, other: Curves, evaluations: int) -> float:
    """Return the two-sided p-value of Wilcoxon's signed-rank test over datasets (normal approximation); 1 if they
    never differ.
    """
    difference = one.regret[:, evaluations - 1] - other.regret[:, evaluations - 1]
    return float(wilcoxon(difference, method="approx").pvalue) if np.any(difference) else 1.0

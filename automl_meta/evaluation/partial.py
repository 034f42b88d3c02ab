"""Cross-validations that are made in part: on fewer rows and folds, or until they fall clearly behind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.seeding import generator

CLEARLY = 2.5  # standard errors behind at which a candidate is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How much of a cross-validation is made.

    Attributes
    ----------
    rows : float
        Share of each fold's training rows, in (0, 1]; a smaller share is part of a larger one.
    folds : int or None
        Only the first so many folds; None is all.
    """

    rows: float = 1.0
    folds: int | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing is left out."""
        return self.rows >= 1.0 and self.folds is None

    @property
    def is_look(self) -> bool:
        """Whether it only serves to compare: folds are left out, and no models are kept."""
        return self.folds is not None

    @property
    def suffix(self) -> str:
        """What tells files of this from those of the whole evaluation; nothing if nothing is left out."""
        return "" if self.is_full else f"-{self.rows:.4f}-{self.folds or 'all'}"

    def __str__(self) -> str:
        folds = "all folds" if self.folds is None else f"{self.folds} fold{'s' if self.folds > 1 else ''}"
        return f"{folds}, {self.rows:.0%} of the rows"


FULL = Fidelity()


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Against whom a candidate runs, fold by fold.

    Attributes
    ----------
    metric : str
    pace : tuple of float
        Scores of the candidate to be beaten, one a fold; NaN where the metric is undefined.
    deviation : float
        Standard deviation of the difference in score between two candidates from fold to fold.
    """

    metric: str
    pace: tuple[float, ...]
    deviation: float

    def is_lost(self, scores: Sequence[float]) -> bool:
        """Return whether a candidate with `scores` in the first folds is clearly behind.

        Folds differ in difficulty, so differences within folds are compared (Maron & Moore 1994, "Hoeffding races",
        in blocks as in López-Ibáñez et al. 2016, "The irace package"), with the deviation that earlier candidates
        had: a candidate's own is unknown after one fold.
        """
        ahead = lead(self.pace, scores)
        if not len(ahead) or len(scores) >= len(self.pace):
            return False
        return bool(ahead.mean() > CLEARLY * self.deviation / np.sqrt(len(ahead)))


def lead(pace: Sequence[float], scores: Sequence[float]) -> NDArray[np.float64]:
    """Return by how much `pace` is ahead of `scores`, fold by fold, in folds in which both are made and defined."""
    made = min(len(pace), len(scores))
    ahead = np.subtract(pace[:made], scores[:made])
    return np.asarray(ahead[~np.isnan(ahead)], dtype=np.float64)


def subsample(rows: NDArray[np.intp], strata: NDArray[np.int64], share: float, seed: int) -> NDArray[np.intp]:
    """Return a `share` of `rows`, sorted, with at least one of each stratum; the same seed nests smaller shares.

    Parameters
    ----------
    rows : array of positions
    strata : array of shape (n_rows,)
        Class codes, or zeros where nothing is to be kept in proportion; indexed by position.
    """
    if share >= 1.0:
        return rows
    shuffled = generator(seed, "subsample").permutation(rows)
    kept = []
    for stratum in np.unique(strata[shuffled]):
        own = shuffled[strata[shuffled] == stratum]
        kept.append(own[: max(1, round(share * len(own)))])
    return np.sort(np.concatenate(kept))

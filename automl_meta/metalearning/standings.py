"""Scores of many datasets on one scale: where a configuration stands between a dataset's worst and best."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.completion import complete
from automl_meta.metalearning.protocol import Experience, Floats
from automl_meta.metalearning.stretching import stretch, unstretch

COMMON = 0.5  # of what is known of a dataset that another must know too, to tell how good a choice it was


def standings(scores: Floats, failed: NDArray[np.bool_]) -> Floats:
    """Return for each dataset where each configuration stands: 1 is its best known, 0 its worst.

    A failure stands at 0. NaN where there is no result, and in all of a row whose known scores do not differ.

    Parameters
    ----------
    scores : array of shape (n_datasets, n_configurations)
        Higher is better, each row on its own scale; NaN where there is no result.
    failed : bool array of shape (n_datasets, n_configurations)
        True where a configuration was tried and gave no score.
    """
    scores = np.where(np.isfinite(scores), scores, np.nan)
    known = np.isfinite(scores)
    best = np.where(known, scores, -np.inf).max(axis=1, initial=-np.inf)
    worst = np.where(known, scores, np.inf).min(axis=1, initial=np.inf)
    usable = known.any(axis=1) & (best > worst)
    span = np.where(usable, best - worst, 1.0)
    result = (scores - np.where(usable, worst, 0.0)[:, None]) / span[:, None]
    result[failed & ~known] = 0.0
    result[~usable] = np.nan
    return np.asarray(result, dtype=np.float64)


class Placed(NamedTuple):
    """Standings on one scale for all datasets.

    Attributes
    ----------
    table : array of shape (n_datasets, n_configurations)
    ranges : array of shape (n_datasets, 2)
        Where the worst and the best known configuration of each dataset stand: what were 0 and 1.
    """

    table: Floats
    ranges: Floats


def place(table: Floats, failed: NDArray[np.bool_]) -> Placed:
    """Return standings on one scale for all datasets, however few configurations were run on some.

    Where only good configurations were run, the worst of them is not the worst that there is. So what is known of a
    dataset is moved to where the worst and the best of the same configurations stand, on average, on those datasets
    of which more is known. A dataset of which no other knows more keeps its 0 and 1.

    Parameters
    ----------
    table : array of shape (n_datasets, n_configurations)
        As `standings` returns it.
    failed : bool array of shape (n_datasets, n_configurations)
        Failures stay at 0, and do not count as the worst of a dataset.
    """
    tried = np.isfinite(table)
    shared = (tried * tried.sum(axis=0)) @ tried.T.astype(np.float64)  # what many datasets know counts more
    coverage = np.diag(shared)
    placed = np.where(failed, np.nan, table)
    ranges = np.tile([0.0, 1.0], (len(table), 1))
    for row in np.argsort(-coverage, kind="stable"):
        own = np.isfinite(placed[row])
        others = (coverage > coverage[row]) & (shared[row] >= COMMON * coverage[row])
        low, high = _range_among(placed[row, own], placed[np.ix_(others, own)])
        placed[row] = low + (high - low) * placed[row]
        ranges[row] = low, high
    return Placed(np.where(failed, table, placed), ranges)


def _range_among(own: Floats, others: Floats) -> tuple[float, float]:
    """Return where 0 and 1 of `own` lie on average in the rows of `others`, which know some of the same."""
    common = np.isfinite(others)
    low, high = _bounds(np.broadcast_to(own, others.shape), common)
    telling = high > low
    if not telling.any():
        return 0.0, 1.0
    there_low, there_high = _bounds(others[telling], common[telling])
    widths = (there_high - there_low) / (high - low)[telling]
    zeros = there_low - widths * low[telling]
    return float(np.clip(zeros, 0.0, 1.0).mean()), float(np.clip(zeros + widths, 0.0, 1.0).mean())


def _bounds(table: Floats, where: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    return table.min(axis=1, where=where, initial=np.inf), table.max(axis=1, where=where, initial=-np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What the meta-models share: experience in a canonical order, on one scale, with its gaps filled.

    Attributes
    ----------
    datasets : tuple of str
        Sorted, so that no answer depends on the order in which they came; those whose scores say nothing are left
        out.
    standings : array of shape (n_datasets, n_configurations)
        No NaN; `known` says which were measured. What was not is expected on the stretched scale.
    ranges : array of shape (n_datasets, 2)
        Where the worst and the best known score of each dataset stand, failures left aside.
    variances : array of shape (n_datasets, n_configurations)
        Of the stretched standings; 0 where they are known.
    measured : int array of shape (n_configurations,)
        On how many datasets each was measured.
    tie_order : int array of shape (n_configurations,)
        Position of each id among the sorted ids; ties between configurations are broken by it.
    """

    datasets: tuple[str, ...]
    standings: Floats
    ranges: Floats
    variances: Floats
    known: NDArray[np.bool_]
    metafeatures: Floats
    vectors: Floats
    tie_order: NDArray[np.intp]

    @property
    def described(self) -> NDArray[np.bool_]:
        """Which datasets have any meta-feature; the others are like none in particular."""
        return np.asarray(np.isfinite(self.metafeatures).any(axis=1))

    @property
    def measured(self) -> NDArray[np.intp]:
        """On how many datasets each configuration was measured."""
        return np.asarray(self.known.sum(axis=0))


def learn_standings(experience: Experience) -> Knowledge:
    """Return `experience` as standings, sorted and without gaps."""
    rows = np.array(sorted(range(len(experience.datasets)), key=lambda i: experience.datasets[i]), dtype=np.intp)
    raw = standings(experience.scores[rows], experience.failed[rows])
    useful = np.isfinite(raw).any(axis=1)
    rows, raw = rows[useful], raw[useful]
    ids = np.array(experience.configurations, dtype=str)
    columns = np.argsort(ids, kind="stable")
    tie_order = np.empty(len(ids), dtype=np.intp)
    tie_order[columns] = np.arange(len(ids))
    placed, ranges = place(raw, experience.failed[rows])
    completion = complete(stretch(placed[:, columns]), experience.vectors[columns])
    expected = unstretch(np.clip(completion.table[:, tie_order], 0.0, 1.0))
    return Knowledge(
        datasets=tuple(experience.datasets[i] for i in rows),
        standings=np.where(np.isfinite(placed), placed, expected),
        ranges=ranges,
        variances=completion.variances[:, tie_order],
        known=np.isfinite(raw),
        metafeatures=experience.metafeatures[rows],
        vectors=experience.vectors,
        tie_order=tie_order,
    )

"""Which configurations of a meta-base are learned from, where it has more than there is time for.

What is learned grows with the cube of their number, and some of it is done anew in every run, before its first
candidate. Every run that is learned from brings dozens of configurations that nobody else has tried: they say little
beyond their own table, but there the best of them are what to try again.
"""

import numpy as np
from numpy.typing import NDArray

from automl_meta.metabase.matrices import UNTRIED, Matrices

MOST_CONFIGURATIONS = 400  # beside 300 datasets, what is done anew in every run takes about a quarter of a second
MANY = 10  # datasets on which a configuration was measured that stays before any other
OWN_BEST = 3  # configurations of each dataset that stay before what was measured elsewhere now and then


def kept_configurations(matrices: Matrices, metric: str) -> NDArray[np.bool_]:
    """Return which configurations are learned from, of shape (n_configurations,): all where they are few.

    First stay those that were measured on many datasets, the most often measured ones first; then the best of each
    dataset, then the second ones and the third; then the rest, the most often measured ones first. Among equals the
    id, a hash, decides.

    Parameters
    ----------
    metric : str
        By which a dataset's own are the best.
    """
    counts = (matrices.statuses != UNTRIED).sum(axis=0)
    ids = np.array([configuration.id for configuration in matrices.configurations], dtype=str)
    places = _best_places(matrices.scores[matrices.metrics.index(metric)], ids)
    turn = np.where(counts >= MANY, 0, np.where(places < OWN_BEST, 1 + places, 1 + OWN_BEST))
    kept = np.zeros(len(ids), dtype=bool)
    kept[np.lexsort((ids, -counts, turn))[:MOST_CONFIGURATIONS]] = True
    return kept


def _best_places(scores: NDArray[np.float32], ids: NDArray[np.str_]) -> NDArray[np.intp]:
    """Return the best place, from 0, that each configuration has on any dataset; without a score it is the last."""
    by_id = np.argsort(ids, kind="stable")
    table = np.where(np.isfinite(scores), scores, -np.inf)[:, by_id]
    order = np.argsort(-table, axis=1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(len(ids))[None], axis=1)
    places[~np.isfinite(table)] = len(ids)
    best = np.empty(len(ids), dtype=np.intp)
    best[by_id] = places.min(axis=0, initial=len(ids))
    return best

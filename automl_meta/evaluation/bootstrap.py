"""How sure a score on one set of rows is."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.dataset import taken
from automl_meta.evaluation.metrics import Metric, Weights
from automl_meta.seeding import generator

RESAMPLES = 200


def bootstrap_intervals(
    metrics: Sequence[Metric],
    y: NDArray[Any],
    prediction: NDArray[Any],
    *,
    weights: Weights = None,
    groups: NDArray[np.integer[Any]] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return a percentile interval of each metric over rows drawn with replacement (Efron, 1979).

    Rows of a group resemble each other, and say less than as many rows of their own: whole groups are drawn then
    (Davison & Hinkley, 1997, *Bootstrap methods and their application*, section 3.8).

    Parameters
    ----------
    y : array of shape (n_rows,)
    prediction : array of shape (n_rows, n_classes) or (n_rows,)
    weights : array of shape (n_rows,), optional
        How much each row counts.
    groups : array of int, shape (n_rows,), optional
        The same where rows belong together.
    level : float
        Share of the resamples that the interval holds.

    Returns
    -------
    mapping from metric name to (lower, upper)
        NaN where the metric is undefined on every resample, and where all rows are of one group.
    """
    draw = _drawing(len(y), groups, generator(seed, "bootstrap"))
    if draw is None:
        return {metric.name: (float("nan"), float("nan")) for metric in metrics}
    scores: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for _ in range(resamples):
        rows = draw()
        for metric in metrics:
            scores[metric.name].append(metric.score(y[rows], prediction[rows], taken(weights, rows)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    return {name: _quantiles(np.array(values), tails) for name, values in scores.items()}


def _drawing(
    n_rows: int, groups: NDArray[np.integer[Any]] | None, random: np.random.Generator
) -> Callable[[], NDArray[np.intp]] | None:
    """Return what draws rows, or whole groups of them; None where there is but one group."""
    if groups is None:
        return lambda: random.integers(0, n_rows, n_rows)
    codes, sizes = np.unique_inverse(groups).inverse_indices, np.unique_counts(groups).counts
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    if len(members) < 2:
        return None
    return lambda: np.concatenate([members[one] for one in random.integers(0, len(members), len(members))])


def _quantiles(values: NDArray[np.float64], tails: list[float]) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    lower, upper = np.quantile(values, tails)
    return float(lower), float(upper)

"""How sure a score on one set of rows is."""

from collections.abc import Sequence
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
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return a percentile interval of each metric over rows drawn with replacement (Efron, 1979).

    Parameters
    ----------
    y : array of shape (n_rows,)
    prediction : array of shape (n_rows, n_classes) or (n_rows,)
    weights : array of shape (n_rows,), optional
        How much each row counts.
    level : float
        Share of the resamples that the interval holds.

    Returns
    -------
    mapping from metric name to (lower, upper)
        NaN where the metric is undefined on every resample.
    """
    random = generator(seed, "bootstrap")
    scores: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for _ in range(resamples):
        rows = random.integers(0, len(y), len(y))
        for metric in metrics:
            scores[metric.name].append(metric.score(y[rows], prediction[rows], taken(weights, rows)))
    tails = [(1 - level) / 2, (1 + level) / 2]
    return {name: _quantiles(np.array(values), tails) for name, values in scores.items()}


def _quantiles(values: NDArray[np.float64], tails: list[float]) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    lower, upper = np.quantile(values, tails)
    return float(lower), float(upper)

"""A cheap look at which columns tell of the target, to choose those that are worth a closer one."""

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets import ColumnRole, Dataset
from automl_meta.datasets.profile import TableProfile, as_numbers


def correlation_ratios(dataset: Dataset, profile: TableProfile) -> NDArray[np.float64]:
    """Return by feature, (n_features,), the share of the target's variance that lies between the profile's bins.

    For classes it is the mean over the classes' indicators, weighted by their variances (Goodman and Kruskal's tau);
    adjusted for the number of bins, so that a column of noise is near 0.
    """
    y = dataset.y.astype(np.float64)[:, None]
    if dataset.task.is_classification:
        y = (dataset.y[:, None] == np.arange(dataset.n_classes)).astype(np.float64)
    total = ((y - y.mean(axis=0)) ** 2).sum()
    ratios = []
    for column in profile.columns:
        values = dataset.X[column.name]
        if column.role is ColumnRole.CATEGORICAL:
            bins = values.cat.codes.to_numpy().astype(np.intp) + 1
        else:
            numbers = as_numbers(values, column.role)
            bins = np.where(np.isnan(numbers), 0, 1 + np.digitize(numbers, np.array(column.edges), right=True))
        ratios.append(_between(bins, y) / total if total > 0 else 0.0)
    return np.array(ratios)


def _between(bins: NDArray[np.intp], y: NDArray[np.float64]) -> float:
    sizes = np.bincount(bins).astype(np.float64)
    sums = np.stack([np.bincount(bins, weights=column) for column in y.T], axis=1)
    means = sums / np.maximum(sizes, 1)[:, None]
    between = float((sizes[:, None] * (means - y.mean(axis=0)) ** 2).sum())
    within = float(((y - means[bins]) ** 2).sum())
    degrees = int(np.count_nonzero(sizes)) - 1
    by_chance = degrees * within / max(len(y) - degrees - 1, 1)
    return max(between - by_chance, 0.0)

"""A cheap look at which columns tell of the target, to choose those that are worth a closer one."""

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets import ColumnRole, Dataset
from automl_meta.datasets.profile import TableProfile, as_numbers
from automl_meta.pipelines.encoders.relation import explained_by_groups


def correlation_ratios(dataset: Dataset, profile: TableProfile) -> NDArray[np.float64]:
    """Return by feature, (n_features,), the share of the target's variance that lies between the profile's bins.

    For classes it is the mean over the classes' indicators, weighted by their variances (Goodman and Kruskal's tau);
    adjusted for the number of bins, so that a column of noise is near 0.
    """
    y = dataset.y.astype(np.float64)[:, None]
    if dataset.task.is_classification:
        y = (dataset.y[:, None] == np.arange(dataset.n_classes)).astype(np.float64)
    weights = y.var(axis=0) / max(y.var(axis=0).sum(), np.finfo(np.float64).tiny)
    ratios = []
    for column in profile.columns:
        values = dataset.X[column.name]
        if column.role is ColumnRole.CATEGORICAL:
            bins = values.cat.codes.to_numpy().astype(np.intp) + 1
        else:
            numbers = as_numbers(values, column.role)
            bins = np.where(np.isnan(numbers), 0, 1 + np.digitize(numbers, np.array(column.edges), right=True))
        ratios.append(float(weights @ np.maximum(explained_by_groups(bins, y), 0.0)))
    return np.array(ratios)

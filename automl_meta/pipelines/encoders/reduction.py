"""Fewer columns, for wide tables only."""

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA

from automl_meta.pipelines.encoders.relation import f_statistics

Floats = NDArray[np.float64]


class WideReducer(BaseEstimator):  # type: ignore[misc]
    """Keep principal components, or the columns most related to the target; narrow tables are left as they are.

    Parameters
    ----------
    method : {"pca", "select"}
        ``pca``: at most `n_kept` components of the columns in units of their spread; ``select``: the `n_kept` columns
        with the largest F statistic.
    is_classification : bool
        Whether the target is a class.
    n_kept : int
        Tables with no more columns than this are not touched.
    seed : int
        Of the randomised decomposition.
    """

    def __init__(
        self,
        method: Literal["pca", "select"] = "select",
        is_classification: bool = True,
        n_kept: int = 100,
        seed: int = 0,
    ) -> None:
        self.method = method
        self.is_classification = is_classification
        self.n_kept = n_kept
        self.seed = seed

    def fit(self, values: Floats, y: NDArray[np.float64] | NDArray[np.int64]) -> Self:
        """Learn from `values` of shape (n_rows, n_columns), NaN allowed, and `y`."""
        self.chosen_ = np.arange(values.shape[1])
        self.components_: Floats | None = None
        if values.shape[1] <= self.n_kept or len(values) < 3:
            return self
        if self.method == "select":
            related = f_statistics(_without_gaps(values), y, is_classification=self.is_classification)
            self.chosen_ = np.sort(np.argsort(-related, kind="stable")[: self.n_kept])
        else:
            self._fit_components(_without_gaps(values))
        return self

    def transform(self, values: Floats) -> Floats:
        """Return at most `n_kept` columns, or all of a narrow table."""
        if self.components_ is None:
            return values[:, self.chosen_]
        standard = np.clip((_without_gaps(values) - self.mean_) / self.scale_, -1e6, 1e6)
        components: Floats = standard @ self.components_.T
        return components

    def _fit_components(self, values: Floats) -> None:
        largest = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float64).tiny)
        unit = values / largest
        self.mean_ = unit.mean(axis=0) * largest
        deviation = unit.std(axis=0) * largest
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        n_components = min(self.n_kept, len(values) - 1)
        pca = PCA(n_components, svd_solver="randomized", random_state=self.seed)
        pca.fit((values - self.mean_) / self.scale_)
        self.components_ = pca.components_


def _without_gaps(values: Floats) -> Floats:
    """Return `values` with zero in place of NaN."""
    return np.nan_to_num(values, nan=0.0, posinf=None, neginf=None)

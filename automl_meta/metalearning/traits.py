"""A few numbers that say what a dataset is like: the principal components of its scaled meta-features."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.protocol import Floats
from automl_meta.metalearning.scaling import MetafeatureScaler, fit_scaler

N_TRAITS = 16
KNOTS = 32  # of each meta-feature's distribution that are kept


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Maps meta-features to traits of about unit variance.

    Attributes
    ----------
    columns : int array of shape (n_kept,)
        Positions of the meta-features that count.
    knots, levels : arrays of shape (n_kept, n_knots)
        Values of each, ascending, and the normal scores of their ranks.
    axes : array of shape (n_kept, n_traits)
    """

    columns: NDArray[np.intp]
    knots: Floats
    levels: Floats
    axes: Floats

    def of(self, metafeatures: Floats) -> Floats:
        """Return traits of shape (n_rows, n_traits) for meta-features of shape (n_rows, n_metafeatures)."""
        scaler = MetafeatureScaler(tuple(self.knots), tuple(self.levels), tuple(int(c) for c in self.columns))
        return np.asarray(scaler.transform(metafeatures) @ self.axes)


def fit_traits(metafeatures: Floats, n_traits: int = N_TRAITS) -> Traits:
    """Return the traits of datasets with `metafeatures` of shape (n_datasets, n_metafeatures)."""
    scaler = fit_scaler(metafeatures)
    columns = np.array(scaler.kept, dtype=np.intp)
    knots = np.stack([_thin(values) for values in scaler.sorted_values]) if len(columns) else np.zeros((0, KNOTS))
    levels = np.stack([_thin(values) for values in scaler.levels]) if len(columns) else np.zeros((0, KNOTS))
    scaled = Traits(columns, knots, levels, np.eye(len(columns))).of(metafeatures)
    if not scaled.size:
        return Traits(columns, knots, levels, np.zeros((len(columns), 0)))
    _, values, axes = np.linalg.svd(scaled, full_matrices=False)
    kept = np.flatnonzero(values > 1e-6 * values[0])[:n_traits]
    axes, deviations = axes[kept].T, values[kept] / np.sqrt(len(scaled))
    # A singular vector has no sign of its own: its largest entry is made positive.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(kept))])
    return Traits(columns, knots, levels, axes * signs / deviations)


def _thin(ascending: Floats) -> Floats:
    """Return `KNOTS` of the values, evenly spaced by rank, the first and the last among them."""
    return ascending[np.linspace(0, len(ascending) - 1, KNOTS).round().astype(np.intp)]

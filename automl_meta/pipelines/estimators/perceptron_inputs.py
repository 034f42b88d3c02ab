"""What the perceptron is given: bounded columns, their embeddings, and the folds that its members hold out."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Array = NDArray[np.float32]

LARGEST_INPUT = 10.0  # in units of the columns' spread; what lies beyond is as good as at the border
MOST_PIECES = 640  # columns of a piecewise-linear encoding; with fewer than three pieces a column there is none
MOST_CELLS = 10**8  # of that encoding, 400 MB; fewer pieces where rows are many
MOST_PERIODIC = 100  # columns with a periodic embedding


class PerceptronInputs(BaseEstimator):  # type: ignore[misc]
    """Bound the inputs, encode those with more than two values, and centre the result.

    Parameters
    ----------
    embedding : {"none", "piecewise", "periodic"}
        ``piecewise`` puts a piecewise-linear encoding beside the columns [1]_: for each piece between two quantiles
        the share of it that lies below the value. It is computed once, and needs no gradient. ``periodic`` only
        moves the columns that the network is to embed to the front. Both are left out where there are too many
        columns.
    n_bins : int
        Pieces a column, at most.

    References
    ----------
    .. [1] Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
       NeurIPS 2022, https://arxiv.org/abs/2203.05556.
    """

    def __init__(self, embedding: str = "piecewise", n_bins: int = 8) -> None:
        self.embedding = embedding
        self.n_bins = n_bins

    def fit(self, X: NDArray[np.floating]) -> Self:
        """Learn from `X` of shape (n_rows, n_columns), finite."""
        bounded = _bounded(X)
        inside = (bounded > bounded.min(axis=0)) & (bounded < bounded.max(axis=0))
        several = np.flatnonzero(inside.any(axis=0))
        self.n_periodic_ = 0
        self.order_ = np.arange(bounded.shape[1])
        self.column_, self.start_, self.steepness_ = (
            np.zeros(0, np.intp),
            np.zeros(0, np.float32),
            np.zeros(0, np.float32),
        )
        if self.embedding == "periodic" and len(several) <= MOST_PERIODIC:
            self.n_periodic_ = len(several)
            self.order_ = np.concatenate([several, np.setdiff1d(self.order_, several)])
        elif self.embedding == "piecewise":
            self._fit_pieces(bounded, several)
        self.centre_ = np.zeros(len(self.order_) + len(self.column_), dtype=np.float32)
        self.centre_ = self.transform(X).mean(axis=0, dtype=np.float64).astype(np.float32)
        return self

    def transform(self, X: NDArray[np.floating]) -> Array:
        """Return float32 columns: those of `X`, the ones with a periodic embedding first, then the pieces."""
        bounded = _bounded(X)
        columns: Array = bounded[:, self.order_]
        if len(self.column_):
            pieces = (bounded[:, self.column_] - self.start_) * self.steepness_
            columns = np.hstack([columns, np.clip(pieces, 0.0, 1.0, out=pieces)])
        columns -= self.centre_
        return columns

    def _fit_pieces(self, X: Array, columns: NDArray[np.intp]) -> None:
        room = min(MOST_PIECES, MOST_CELLS // max(len(X), 1))
        n_bins = min(self.n_bins, room // max(len(columns), 1))
        if n_bins < 3 or not len(columns):
            return
        # Quantiles that are values of the column: between two close ones a float32 may have no room.
        quantiles = np.quantile(X[:, columns], np.linspace(0.0, 1.0, n_bins + 1), axis=0, method="nearest")
        bounds = [np.unique(quantile) for quantile in quantiles.T]
        self.column_ = np.repeat(columns, [len(bound) - 1 for bound in bounds])
        self.start_ = np.concatenate([bound[:-1] for bound in bounds])
        self.steepness_ = np.concatenate([1.0 / np.maximum(np.diff(bound), 1e-6) for bound in bounds])


def inner_folds(strata: NDArray[np.int64], n_folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return a fold for each row, 0 to `n_folds` - 1, sizes differing by at most one, each stratum over all folds."""
    order = np.lexsort((rng.random(len(strata)), strata))
    folds = np.empty(len(strata), dtype=np.int64)
    folds[order] = np.arange(len(strata)) % n_folds
    return folds


def _bounded(X: NDArray[np.floating]) -> Array:
    return np.asarray(np.clip(X, -LARGEST_INPUT, LARGEST_INPUT), dtype=np.float32)

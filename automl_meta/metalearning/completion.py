"""Filling the gaps of a table: from what else is known of a dataset, and from like configurations.

Configurations are not left out at random: on large tables only the fast ones were run, on a user's own only the
promising ones. So a gap is not filled with a mean over the datasets that happen to be known, but with what the other
results on its own dataset predict.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.kernel import NUGGET, fit_kernel
from automl_meta.metalearning.protocol import Floats

RANK = 4
ROUNDS = 15
FEW = 2.0  # measurements of a configuration that count as much as its likes
NEVER = 1e-6  # measurements of one that was never measured
LEAST_NOISE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """A table without gaps.

    Attributes
    ----------
    table : array of shape (n_datasets, n_configurations)
        What was known as it was, and the expected value of the rest.
    variances : array of shape (n_datasets, n_configurations)
        Of what was not known; 0 where it was.
    """

    table: Floats
    variances: Floats


def complete(table: Floats, vectors: Floats) -> Completion:
    """Return `table` of shape (n_datasets, n_configurations) with its NaN replaced by what is expected there.

    Each dataset has a few hidden factors, each configuration a level and loadings; expectation maximisation finds
    them from what is known (Tipping & Bishop 1999, "Probabilistic principal component analysis"; Ilin & Raiko 2010,
    "Practical approaches to principal component analysis in the presence of missing values"). Beforehand, level and
    loadings are expected to be as those of like configurations, by a kernel on `vectors`: so what was hardly ever
    measured, or never, is filled too.
    """
    known = np.isfinite(table)
    values = np.where(known, table, 0.0)
    if known.all() or not known.any():
        return Completion(values, np.zeros_like(values))
    likes = _fit_likes(values, known, vectors)
    coefficients, noise = _start(values, known, likes)
    for _ in range(ROUNDS):
        factors = _find_factors(values, known, coefficients, noise)
        seen = factors.squares.T @ known
        doubts = np.linalg.inv(_as_matrices(seen.T) + FEW * np.eye(factors.means.shape[1]))
        targets = values.T @ factors.means + FEW * likes.expect(coefficients)
        coefficients = np.einsum("cij,cj->ci", doubts, targets)
        fitted = factors.means @ coefficients.T
        spread = factors.spread(coefficients)
        noise = max(float((np.square(values - fitted) + spread)[known].mean()), LEAST_NOISE)
    variances = spread + noise * (1.0 + factors.squares @ doubts.reshape(len(doubts), -1).T)
    return Completion(np.where(known, values, fitted), np.where(known, 0.0, variances))


@dataclass(frozen=True, slots=True, eq=False)
class _Factors:
    """What is believed of each dataset's factors; the first is 1 everywhere.

    Attributes
    ----------
    means : array of shape (n_datasets, n_factors)
    covariances : array of shape (n_datasets, n_factors ** 2)
    """

    means: Floats
    covariances: Floats

    @property
    def squares(self) -> Floats:
        """The second moments, of shape (n_datasets, n_factors ** 2)."""
        return _outer(self.means) + self.covariances

    def spread(self, coefficients: Floats) -> Floats:
        """Return the variance of each cell that comes from not knowing the factors."""
        return np.asarray(self.covariances @ _outer(coefficients).T)


def _find_factors(values: Floats, known: NDArray[np.bool_], coefficients: Floats, noise: float) -> _Factors:
    levels, loadings = coefficients[:, 0], coefficients[:, 1:]
    precisions = np.eye(loadings.shape[1]) + _as_matrices(known @ _outer(loadings)) / noise
    within = np.linalg.inv(precisions)
    means = np.einsum("dij,dj->di", within, (values - known * levels) @ loadings) / noise
    covariances = np.pad(within, ((0, 0), (1, 0), (1, 0)))
    return _Factors(np.insert(means, 0, 1.0, axis=1), covariances.reshape(len(values), -1))


@dataclass(frozen=True, slots=True, eq=False)
class _Likes:
    """What is expected of a configuration, from all others.

    Attributes
    ----------
    weights : array of shape (n_configurations, n_configurations)
        Of the others' deviations from the mean; 0 on the diagonal.
    trust : array of shape (n_configurations,)
        How much each counts for the mean.
    """

    weights: Floats
    trust: Floats

    def expect(self, coefficients: Floats) -> Floats:
        """Return what the others' `coefficients`, of shape (n_configurations, ...), let expect of each."""
        mean = self.trust @ coefficients / self.trust.sum()
        return np.asarray(mean + self.weights @ (coefficients - mean))


def _fit_likes(values: Floats, known: NDArray[np.bool_], vectors: Floats) -> _Likes:
    """Return the kriging of each configuration from the others, those measured more counting more (Dubrule 1983)."""
    count = known.sum(axis=0)
    levels = values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    residuals = np.where(known, values - levels[:, None], 0.0)
    kernel = fit_kernel(vectors, residuals[:, count > 0].T, rows=count > 0)
    inverse = np.linalg.inv(kernel.matrix + np.diag(NUGGET + FEW / np.maximum(count, NEVER)))
    return _Likes(np.eye(len(count)) - inverse / np.diag(inverse)[:, None], count / (count + FEW))


def _start(values: Floats, known: NDArray[np.bool_], likes: _Likes) -> tuple[Floats, float]:
    """Return levels with principal loadings, of shape (n_configurations, 1 + n_factors), and a variance of noise."""
    count = known.sum(axis=0)
    own = np.where(count > 0, values.sum(axis=0) / np.maximum(count, 1), values.sum() / known.sum())
    levels = (count * own + FEW * likes.expect(own)) / (count + FEW)
    residuals = values - known * levels
    _, sizes, directions = np.linalg.svd(residuals, full_matrices=False)
    loadings = (directions * sizes[:, None] / np.sqrt(len(values)))[:RANK].T
    return np.column_stack([levels, loadings]), max(float(np.square(residuals[known]).mean()), LEAST_NOISE)


def _outer(rows: Floats) -> Floats:
    """Return the products of each row's elements, of shape (n_rows, n_elements ** 2)."""
    return (rows[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)


def _as_matrices(rows: Floats) -> Floats:
    size = int(np.sqrt(rows.shape[1]))
    return rows.reshape(-1, size, size)

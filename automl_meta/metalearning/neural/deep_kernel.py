"""Few-shot Bayesian optimisation: a Gaussian process whose kernel is learned across datasets.

A network maps a configuration, on a dataset with these traits, to features; a Matérn kernel compares them, and
another network gives the mean. The prior is learned by the marginal likelihood of all tasks; the posterior given the
support is exact.

References
----------
Wistuba & Grabocka (2021), "Few-shot Bayesian optimization with deep kernel surrogates".
Wilson et al. (2016), "Deep kernel learning".
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.networks import LEAST_DEVIATION, Tensor, Weights, apply_dense, dense

JITTER = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepKernel:
    """Gaussian process with a learned mean and a Matérn kernel (smoothness 5/2) of learned features.

    Parameters
    ----------
    n_features : int
        Of a configuration, that the kernel compares.
    """

    name: str = "deep-kernel"
    hidden: tuple[int, ...] = (48, 48)
    n_features: int = 8

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the networks of features and mean, and the logarithms of amplitude and noise."""
        n_inputs = sizes.n_inputs + sizes.n_traits
        return {
            **dense("features", (n_inputs, *self.hidden, self.n_features), random),
            **dense("mean", (n_inputs, 32, 1), random, last=0.0),
            "log_amplitude": torch.tensor(math.log(0.2)),
            "log_noise": torch.tensor(math.log(0.1)),
        }

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the posterior of a noisy evaluation of each query."""
        support, query = batch.described(batch.support_x), batch.described(batch.query_x)
        factor = torch.linalg.cholesky(_noisy(weights, self._kernel(weights, support, support)))
        cross = self._kernel(weights, support, query)
        residual = batch.support_y - _mean(weights, support)
        explained = torch.linalg.solve_triangular(factor, cross, upper=False)
        weighted = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
        mean = _mean(weights, query) + (explained * weighted).sum(dim=1)
        variance = torch.exp(2 * weights["log_amplitude"]) - (explained**2).sum(dim=1)
        return mean, torch.sqrt(variance.clamp(min=0.0) + torch.exp(2 * weights["log_noise"]) + LEAST_DEVIATION**2)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the negative logarithm of the marginal likelihood of support and query, per evaluation."""
        x = torch.cat([batch.described(batch.support_x), batch.described(batch.query_x)], dim=1)
        y = torch.cat([batch.support_y, batch.query_y], dim=1)
        there = torch.cat([torch.ones_like(batch.support_y, dtype=torch.bool), batch.counts], dim=1)
        covariance = _noisy(weights, self._kernel(weights, x, x))
        # What does not count is made independent, with unit variance and no residual: it adds nothing.
        both = there[:, :, None] & there[:, None, :]
        covariance = torch.where(both, covariance, torch.eye(covariance.shape[1], device=x.device))
        residual = (y - _mean(weights, x)) * there
        factor = torch.linalg.cholesky(covariance)
        whitened = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
        log_determinant = torch.log(torch.diagonal(factor, dim1=1, dim2=2)).sum()
        return (0.5 * (whitened**2).sum() + log_determinant) / there.sum() + 0.5 * math.log(2 * math.pi)

    def _kernel(self, weights: Weights, left: Tensor, right: Tensor) -> Tensor:
        one, other = apply_dense(weights, "features", left), apply_dense(weights, "features", right)
        squares = ((one[:, :, None, :] - other[:, None, :, :]) ** 2).sum(dim=3)
        scaled = torch.sqrt(5.0 * squares + 1e-12)
        shape = (1.0 + scaled + 5.0 / 3.0 * squares) * torch.exp(-scaled)
        return torch.exp(2 * weights["log_amplitude"]) * shape


def _mean(weights: Weights, described: Tensor) -> Tensor:
    return apply_dense(weights, "mean", described)[..., 0]


def _noisy(weights: Weights, covariance: Tensor) -> Tensor:
    noise = torch.exp(2 * weights["log_noise"]) + LEAST_DEVIATION**2 + JITTER
    return covariance + noise * torch.eye(covariance.shape[1], device=covariance.device)

"""Few-shot Bayesian optimisation: a Gaussian process whose kernel is learned across datasets.

A network maps a configuration, on a dataset with these traits, to features; a Matérn kernel compares some of them,
the scalar product of the others is added to it, and another network gives the mean. The scalar product makes the
posterior that of Bayesian regression on learned features as well: configurations that deviate much may vary
together more, which a Matérn kernel of one amplitude cannot say. The prior is learned by the marginal likelihood of
all tasks; the posterior given the support is exact.

References
----------
Wistuba & Grabocka (2021), "Few-shot Bayesian optimization with deep kernel surrogates".
Harrison, Sharma & Pavone (2018), "Meta-learning priors for efficient online Bayesian regression".
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
    """Gaussian process with a learned mean, and a Matérn (smoothness 5/2) and a linear kernel of learned features.

    Parameters
    ----------
    n_compared, n_multiplied : int
        Features of a configuration that the Matérn and the linear kernel take in.
    """

    name: str = "deep-kernel"
    hidden: tuple[int, ...] = (48, 48)
    n_compared: int = 8
    n_multiplied: int = 8

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the networks of features and mean, and the logarithms of amplitude and noise."""
        n_inputs = sizes.n_inputs + sizes.n_traits
        return {
            **dense("features", (n_inputs, *self.hidden, self.n_compared + self.n_multiplied), random),
            **dense("mean", (n_inputs, 32, 1), random, last=0.0),
            "log_amplitude": torch.tensor(math.log(0.2)),
            "log_noise": torch.tensor(math.log(0.1)),
        }

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the posterior of a noisy evaluation of each query."""
        support, query = batch.described(batch.support_x), batch.described(batch.query_x)
        shown, asked = (apply_dense(weights, "features", x) for x in (support, query))
        factor = torch.linalg.cholesky(_noisy(weights, self._kernel(weights, shown, shown)))
        cross = self._kernel(weights, shown, asked)
        residual = batch.support_y - _mean(weights, support)
        explained = torch.linalg.solve_triangular(factor, cross, upper=False)
        weighted = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
        mean = _mean(weights, query) + (explained * weighted).sum(dim=1)
        prior = torch.exp(2 * weights["log_amplitude"]) + (asked[..., self.n_compared :] ** 2).sum(dim=2)
        variance = prior - (explained**2).sum(dim=1)
        return mean, torch.sqrt(variance.clamp(min=0.0) + torch.exp(2 * weights["log_noise"]) + LEAST_DEVIATION**2)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the negative logarithm of the marginal likelihood of support and query, per evaluation."""
        x = torch.cat([batch.described(batch.support_x), batch.described(batch.query_x)], dim=1)
        y = torch.cat([batch.support_y, batch.query_y], dim=1)
        there = torch.cat([torch.ones_like(batch.support_y, dtype=torch.bool), batch.counts], dim=1)
        features = apply_dense(weights, "features", x)
        covariance = _noisy(weights, self._kernel(weights, features, features))
        # What does not count is made independent, with unit variance and no residual: it adds nothing.
        both = there[:, :, None] & there[:, None, :]
        covariance = torch.where(both, covariance, torch.eye(covariance.shape[1], device=x.device))
        residual = (y - _mean(weights, x)) * there
        factor = torch.linalg.cholesky(covariance)
        whitened = torch.linalg.solve_triangular(factor, residual[..., None], upper=False)
        log_determinant = torch.log(torch.diagonal(factor, dim1=1, dim2=2)).sum()
        return (0.5 * (whitened**2).sum() + log_determinant) / there.sum() + 0.5 * math.log(2 * math.pi)

    def _kernel(self, weights: Weights, left: Tensor, right: Tensor) -> Tensor:
        """Return the covariance of configurations with these features."""
        one, other = left[..., : self.n_compared], right[..., : self.n_compared]
        squares = ((one[:, :, None, :] - other[:, None, :, :]) ** 2).sum(dim=3)
        scaled = torch.sqrt(5.0 * squares + 1e-12)
        shape = (1.0 + scaled + 5.0 / 3.0 * squares) * torch.exp(-scaled)
        product = left[..., self.n_compared :] @ right[..., self.n_compared :].transpose(1, 2)
        return torch.exp(2 * weights["log_amplitude"]) * shape + product


def _mean(weights: Weights, described: Tensor) -> Tensor:
    return apply_dense(weights, "mean", described)[..., 0]


def _noisy(weights: Weights, covariance: Tensor) -> Tensor:
    noise = torch.exp(2 * weights["log_noise"]) + LEAST_DEVIATION**2 + JITTER
    return covariance + noise * torch.eye(covariance.shape[1], device=covariance.device)

"""Siamese network: twins that embed meta-features, so that distance says how differently configurations rank.

Two datasets are alike if their residuals correlate over the configurations that both know. The network learns to see
it from meta-features. For a new dataset, the known ones count by what the network expects of them, and by how well
they explain what was seen.

References
----------
Koch, Zemel & Salakhutdinov (2015), "Siamese neural networks for one-shot image recognition".
"""

from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import masked_mean, negative_log_likelihood, softmax_over
from automl_meta.metalearning.neural.networks import LEAST_DEVIATION, Tensor, Weights, apply_dense, dense


@dataclass(frozen=True, slots=True, kw_only=True)
class Siamese:
    """Nearest datasets by a learned distance, re-weighted by the support.

    Parameters
    ----------
    width : int
        Of the embedding.
    """

    name: str = "siamese"
    width: int = 16

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the embedding, and what turns agreement and misfit into weights."""
        return {
            **dense("embedding", (sizes.n_traits, 32, self.width), random, last=0.3),
            "sharpness": torch.tensor(3.0),
            "strictness": torch.tensor(2.0),
            "trust": torch.tensor(0.0),
        }

    def agreement(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the expected correlation with each known dataset, between 0 and 1, of shape (n_tasks, n_known)."""
        here = apply_dense(weights, "embedding", batch.traits)
        there = apply_dense(weights, "embedding", batch.known_traits)
        return torch.exp(-((here[:, None, :] - there[None, :, :]) ** 2).sum(dim=2))

    def dataset_weights(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the weight of each known dataset."""
        logits = weights["sharpness"] * self.agreement(weights, batch)
        if batch.n_shots:
            misfit = ((batch.known_support - batch.support_y[:, None, :]) ** 2).sum(dim=2)
            logits = logits - torch.nn.functional.softplus(weights["strictness"]) * misfit
        return softmax_over(logits, batch.usable)

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return mean and deviation over the known datasets; the mean is shrunk by what is learned to trust it."""
        alike = self.dataset_weights(weights, batch)[:, :, None]
        mean = (alike * batch.known_query).sum(dim=1)
        variance = (alike * (batch.known_query - mean[:, None, :]) ** 2).sum(dim=1)
        return torch.sigmoid(weights["trust"]) * mean, torch.sqrt(variance + LEAST_DEVIATION**2 + 0.1**2)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the squared error of the expected correlations, and how unlikely the query is."""
        actual = correlation(batch.query_y[:, None, :], batch.known_query, batch.counts[:, None, :])
        error = (self.agreement(weights, batch) - actual.clamp(min=0.0)) ** 2
        return masked_mean(error, batch.usable) + negative_log_likelihood(*self.predict(weights, batch), batch)


def correlation(left: Tensor, right: Tensor, counts: Tensor) -> Tensor:
    """Return the correlation along the last axis of what counts; 0 where one side does not vary."""
    n = counts.sum(dim=-1, keepdim=True).clamp(min=1)
    one = (left - (left * counts).sum(dim=-1, keepdim=True) / n) * counts
    other = (right - (right * counts).sum(dim=-1, keepdim=True) / n) * counts
    size = torch.sqrt((one**2).sum(dim=-1) * (other**2).sum(dim=-1))
    return (one * other).sum(dim=-1) / size.clamp(min=1e-9)

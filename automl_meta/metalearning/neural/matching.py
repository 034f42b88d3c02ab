"""Matching network: a query attends to the support, and to what like datasets know of it.

The known datasets are compared by squared Euclidean distance between embeddings, as prototypes are; what they leave
unexplained of the support is passed on to the query by attention between configurations.

References
----------
Vinyals et al. (2016), "Matching networks for one shot learning".
Snell, Swersky & Zemel (2017), "Prototypical networks for few-shot learning".
"""

from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import negative_log_likelihood, softmax_over
from automl_meta.metalearning.neural.networks import Tensor, Weights, apply_dense, dense, deviation_of, tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Attention over datasets, then over the support.

    Parameters
    ----------
    width : int
        Of the embeddings of datasets and configurations.
    """

    name: str = "matching"
    width: int = 24

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the embeddings, the key of having seen nothing alike, and the network of the doubt."""
        return {
            **dense("datasets", (sizes.n_traits, 32, self.width), random, last=0.3),
            **dense("configurations", (sizes.n_inputs + sizes.n_traits, 48, self.width), random),
            **dense("doubt", (sizes.n_inputs + 3, 16, 1), random, last=0.0),
            "nothing": tensor(random.normal(0.0, 0.1, (1, 1, self.width))),
            "strictness": torch.tensor(2.0),
            "trust": torch.tensor(0.0),
        }

    def dataset_weights(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the attention to each known dataset: near, and in agreement with the support."""
        here = apply_dense(weights, "datasets", batch.traits)
        there = apply_dense(weights, "datasets", batch.known_traits)
        logits = -((here[:, None, :] - there[None, :, :]) ** 2).sum(dim=2)
        if batch.n_shots:
            misfit = ((batch.known_support - batch.support_y[:, None, :]) ** 2).sum(dim=2)
            logits = logits - torch.nn.functional.softplus(weights["strictness"]) * misfit
        return softmax_over(logits, batch.usable)

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what like datasets say of each query, and what the support adds to it."""
        alike = self.dataset_weights(weights, batch)[:, :, None]
        trust = torch.sigmoid(weights["trust"])
        expected = trust * (alike * batch.known_query).sum(dim=1)
        unexplained = batch.support_y - trust * (alike * batch.known_support).sum(dim=1)
        attention = self._attention(weights, batch)
        mean = expected + (attention[:, :, 1:] @ unexplained[..., None])[..., 0]
        variance = (alike * (batch.known_query - expected[:, None, :]) ** 2).sum(dim=1)
        shots = torch.full_like(mean, float(np.log1p(batch.n_shots)))
        seen = torch.stack([torch.sqrt(variance + 1e-6), attention[:, :, 0], shots], dim=2)
        doubt = apply_dense(weights, "doubt", torch.cat([batch.query_x, seen], dim=2))
        return mean, deviation_of(doubt[..., 0])

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is."""
        return negative_log_likelihood(*self.predict(weights, batch), batch)

    def _attention(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the attention of queries to nothing, first, and to the support, summing to 1."""
        queries = apply_dense(weights, "configurations", batch.described(batch.query_x))
        keys = apply_dense(weights, "configurations", batch.described(batch.support_x))
        keys = torch.cat([weights["nothing"].expand(batch.n_tasks, -1, -1), keys], dim=1)
        return torch.softmax(queries @ keys.transpose(1, 2) / self.width**0.5, dim=2)

"""Recurrent proposer: an LSTM reads evaluations one after another, and says what to expect and what to try next.

The original writes the next point itself; here there are finitely many configurations, and it gives each a
preference, learned by which of the query were best.

References
----------
Chen et al. (2017), "Learning to learn without gradient descent by gradient descent".
"""

from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import masked_mean, negative_log_likelihood
from automl_meta.metalearning.neural.networks import (
    Tensor,
    Weights,
    apply_dense,
    apply_lstm,
    dense,
    empty_state,
    lstm,
    mean_and_deviation,
)

BEST_WITHIN = 0.1  # standing; those within it of the best query are nearly as good a choice
SAY_OF_CHOICE = 0.3  # of the choice in the meta-loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrent:
    """LSTM over (configuration, residual) pairs with two heads: residuals of the rest, and preferences."""

    name: str = "recurrent"
    n_hidden: int = 64

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the cell and its heads."""
        n_inputs = sizes.n_inputs + sizes.n_traits
        return {
            **lstm("cell", n_inputs + 1, self.n_hidden, random),
            **dense("scores", (self.n_hidden + n_inputs, 48, 2), random, last=0.1),
            **dense("choice", (self.n_hidden + n_inputs, 48, 1), random, last=0.1),
        }

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of each query."""
        return mean_and_deviation(apply_dense(weights, "scores", self._read(weights, batch)))

    def preferences(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the probability with which each query is to be tried next."""
        return torch.softmax(apply_dense(weights, "choice", self._read(weights, batch))[..., 0], dim=1)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is, and the cross-entropy of the choice among it.

        What stands best has usually been preferred before it is known: the usual standing, the last input of a
        configuration on a scale from -1 to 1, is added back to the residuals.
        """
        read = self._read(weights, batch)
        standings = batch.query_y + 0.5 * batch.query_x[..., -1]
        target = torch.softmax((standings / BEST_WITHIN).masked_fill(~batch.counts, -1e9), dim=1)
        logits = apply_dense(weights, "choice", read)[..., 0].masked_fill(~batch.counts, -1e9)
        crossed = -(target * torch.log_softmax(logits, dim=1)).sum(dim=1)
        choice = masked_mean(crossed, torch.ones_like(crossed, dtype=torch.bool))
        expected = mean_and_deviation(apply_dense(weights, "scores", read))
        return negative_log_likelihood(*expected, batch) + SAY_OF_CHOICE * choice

    def _read(self, weights: Weights, batch: Batch) -> Tensor:
        """Return what the cell knows after the support beside each query."""
        pairs = torch.cat([batch.described(batch.support_x), batch.support_y[..., None]], dim=2)
        state = empty_state(batch.query_x, batch.n_tasks, self.n_hidden)
        for shot in range(batch.n_shots):
            state = apply_lstm(weights, "cell", pairs[:, shot], state)
        queries = batch.described(batch.query_x)
        return torch.cat([state[0][:, None, :].expand(-1, queries.shape[1], -1), queries], dim=2)

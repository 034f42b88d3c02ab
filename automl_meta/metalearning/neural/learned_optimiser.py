"""Learned optimiser: an LSTM that updates every coordinate of the score predictor's weights, all by the same rule.

It reads a coordinate's gradient and says by how much to move; what it remembers takes the place of momentum and
learned rates. It is trained on the loss summed along the steps that it takes. As in the paper, gradients are taken as
given while training: how they depend on the optimiser's weights is left out.

References
----------
Andrychowicz et al. (2016), "Learning to learn by gradient descent by gradient descent".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.gradient_based import (
    PREDICTOR,
    doubt_of,
    for_each_task,
    initial_predictor,
    inner_gradients,
    part,
    squared_error,
)
from automl_meta.metalearning.neural.learner import negative_log_likelihood
from automl_meta.metalearning.neural.networks import (
    Tensor,
    Weights,
    apply_dense,
    apply_lstm,
    dense,
    empty_state,
    lstm,
)

SMALLEST = 10.0  # gradients below exp(-10) count alike
N_HIDDEN = 12


def initial_optimiser(random: np.random.Generator, n_hidden: int = N_HIDDEN) -> Weights:
    """Return initial weights of the rule; it begins with small moves against the gradient's sign and size."""
    return {**lstm("rule", 2, n_hidden, random), **dense("move", (n_hidden, 1), random, last=0.1)}


def unroll(
    optimiser: Weights,
    beginning: Weights,
    loss: Callable[[Weights], Tensor],
    steps: int,
    *,
    size: float,
    n_hidden: int = N_HIDDEN,
) -> list[Weights]:
    """Return what the optimiser makes of `beginning`, after each step.

    Parameters
    ----------
    beginning : weights
        Of the predictor to be optimised.
    loss : callable
        Of such weights, to be minimised.
    size : float
        Of a move for an output of 1.
    """
    weights = beginning
    states = {name: empty_state(next(iter(optimiser.values())), w.numel(), n_hidden) for name, w in beginning.items()}
    path = []
    for _ in range(steps):
        gradients = inner_gradients(loss(weights), weights, differentiable=False)
        moved = {}
        for name, w in weights.items():
            states[name] = apply_lstm(optimiser, "rule", _preprocess(gradients[name].reshape(-1, 1)), states[name])
            moved[name] = w + size * apply_dense(optimiser, "move", states[name][0]).reshape(w.shape)
        weights = moved
        path.append(weights)
    return path


def _preprocess(gradients: Tensor) -> Tensor:
    """Return logarithm and sign of each gradient, or for tiny ones the gradient itself (the paper's appendix A)."""
    size = torch.log(gradients.abs() + 1e-30) / SMALLEST
    tiny = size < -1.0
    first = torch.where(tiny, torch.full_like(size, -1.0), size)
    second = torch.where(tiny, float(np.exp(SMALLEST)) * gradients, gradients.sign())
    return torch.cat([first, second], dim=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedOptimiser:
    """A learned beginning, as in MAML, and a learned optimiser that goes on from it on the support.

    Parameters
    ----------
    steps : int
        On the support.
    size : float
        Of a move of a weight for an output of 1.
    """

    name: str = "learned-optimiser"
    steps: int = 5
    size: float = 0.1
    hidden: tuple[int, ...] = (12,)

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the optimiser, the predictor's beginning, and the network of its doubt."""
        return initial_optimiser(random) | initial_predictor(sizes, self.hidden, random)

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the predictor says after the last step."""
        return self._mean(self._path(weights, batch)[-1], batch), doubt_of(weights, batch)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is, on average along the steps."""
        doubt = doubt_of(weights, batch)
        losses = [
            negative_log_likelihood(self._mean(predictor, batch), doubt, batch)
            for predictor in self._path(weights, batch)
        ]
        return torch.stack(losses).mean()

    def _path(self, weights: Weights, batch: Batch) -> list[Weights]:
        beginning = for_each_task(part(weights, PREDICTOR), batch.n_tasks)
        if not batch.n_shots:
            return [beginning]
        inputs = batch.described(batch.support_x)
        return unroll(
            weights, beginning, lambda w: squared_error(w, inputs, batch.support_y), self.steps, size=self.size
        )

    def _mean(self, predictor: Weights, batch: Batch) -> Tensor:
        return apply_dense(predictor, PREDICTOR, batch.described(batch.query_x))[..., 0]

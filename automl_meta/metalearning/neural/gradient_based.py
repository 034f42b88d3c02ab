"""Learning where to begin: MAML, its first-order form, Meta-SGD and Reptile.

A small network predicts residuals; a few steps of gradient descent on the support adapt it to a dataset. What is
meta-learned is the beginning, so that these few steps go far.

References
----------
Finn, Abbeel & Levine (2017), "Model-agnostic meta-learning for fast adaptation of deep networks".
Li, Zhou, Chen & Li (2017), "Meta-SGD: learning to learn quickly for few-shot learning".
Nichol, Achiam & Schulman (2018), "On first-order meta-learning algorithms".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import negative_log_likelihood
from automl_meta.metalearning.neural.networks import Tensor, Weights, apply_dense, dense, deviation_of

PREDICTOR, DOUBT, RATES = "predictor", "doubt", "rates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maml:
    """Model-agnostic meta-learning: the meta-loss is taken after adaptation, and differentiated through it.

    Parameters
    ----------
    steps : int
        Of gradient descent on the support.
    rate : float
        Of these steps; where learned, what they begin at.
    second_order : bool
        Whether the meta-gradient takes into account how the inner gradients change with the beginning.
    learned_rates : bool
        Whether every weight has a rate of its own, which is learned: Meta-SGD.
    """

    name: str = "maml"
    steps: int = 3
    rate: float = 0.05
    second_order: bool = True
    learned_rates: bool = False
    hidden: tuple[int, ...] = (40, 40)

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the predictor, the network of its doubt, and, where they are learned, the rates."""
        weights = initial_predictor(sizes, self.hidden, random)
        if self.learned_rates:
            rates = {f"{RATES}.{name}": torch.full_like(w, self.rate) for name, w in part(weights, PREDICTOR).items()}
            weights |= rates
        return weights

    def adapt(self, weights: Weights, batch: Batch) -> Weights:
        """Return the predictor's weights after the inner steps, with a leading axis of tasks."""
        adapted = for_each_task(part(weights, PREDICTOR), batch.n_tasks)
        for _ in range(self.steps if batch.n_shots else 0):
            losses = squared_error(adapted, batch.described(batch.support_x), batch.support_y)
            gradients = inner_gradients(losses, adapted, differentiable=self.second_order)
            adapted = {
                name: w - weights.get(f"{RATES}.{name}", self.rate) * gradients[name] for name, w in adapted.items()
            }
        return adapted

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the adapted predictor says; the doubt is not adapted."""
        adapted = self.adapt(weights, batch)
        return apply_dense(adapted, PREDICTOR, batch.described(batch.query_x))[..., 0], doubt_of(weights, batch)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is after adaptation."""
        return negative_log_likelihood(*self.predict(weights, batch), batch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reptile:
    """Moves the beginning towards where descent on a whole task ends; no gradient is taken through the descent.

    Parameters
    ----------
    inner_steps : int
        Of descent on a training task, on support and query in turns: with one step only it would be joint training.
    steps, rate
        As for `Maml`: how it adapts to the support of a new task.
    """

    name: str = "reptile"
    steps: int = 5
    inner_steps: int = 6
    rate: float = 0.05
    hidden: tuple[int, ...] = (40, 40)

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the predictor and the network of its doubt."""
        return initial_predictor(sizes, self.hidden, random)

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what first-order MAML would predict from this beginning."""
        return Maml(steps=self.steps, rate=self.rate, second_order=False, hidden=self.hidden).predict(weights, batch)

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return a scalar whose gradient is the way back from the ends of the descents, and fits the doubt.

        The gradient of ``(w * (w - end)).sum()``, the bracket held fixed, is ``w - end``: Reptile's direction.
        """
        beginning = part(weights, PREDICTOR)
        ends = self._descend(beginning, batch)
        way_back = [(w * (w - ends[name].mean(dim=0)).detach()).sum() for name, w in beginning.items()]
        mean, _ = self.predict({name: w.detach() for name, w in weights.items()}, batch)
        doubt = negative_log_likelihood(mean.detach(), doubt_of(weights, batch), batch)
        return torch.stack(way_back).sum() / self.rate + doubt

    def _descend(self, beginning: Weights, batch: Batch) -> Weights:
        weights = for_each_task({name: w.detach() for name, w in beginning.items()}, batch.n_tasks)
        queries, supports = batch.described(batch.query_x), batch.described(batch.support_x)
        for step in range(self.inner_steps):
            if step % 2 and batch.n_shots:
                losses = squared_error(weights, supports, batch.support_y)
            else:
                losses = squared_error(weights, queries, batch.query_y, batch.counts)
            gradients = inner_gradients(losses, weights, differentiable=False)
            weights = {name: w - self.rate * gradients[name] for name, w in weights.items()}
        return weights


def initial_predictor(sizes: Sizes, hidden: tuple[int, ...], random: np.random.Generator) -> Weights:
    """Return initial weights of a predictor of residuals, and of a smaller network for its doubt."""
    n_inputs = sizes.n_inputs + sizes.n_traits
    predictor = dense(PREDICTOR, (n_inputs, *hidden, 1), random, last=0.1)
    return predictor | dense(DOUBT, (n_inputs + 1, 16, 1), random, last=0.0)


def part(weights: Weights, name: str) -> Weights:
    """Return the weights of the network called `name`."""
    return {key: w for key, w in weights.items() if key.startswith(f"{name}.")}


def for_each_task(weights: Weights, n_tasks: int) -> Weights:
    """Return `weights` with a leading axis of tasks, so that each can have its own; all can be differentiated."""
    stacked = {name: w.expand(n_tasks, *w.shape) for name, w in weights.items()}
    return {name: w if w.requires_grad else w.clone().requires_grad_() for name, w in stacked.items()}


def doubt_of(weights: Weights, batch: Batch) -> Tensor:
    """Return the deviation of every query, which depends on its inputs and on how many shots were seen."""
    inputs = batch.described(batch.query_x)
    shots = inputs.new_full((*inputs.shape[:2], 1), float(np.log1p(batch.n_shots)))
    return deviation_of(apply_dense(weights, DOUBT, torch.cat([inputs, shots], dim=2))[..., 0])


def squared_error(predictor: Weights, inputs: Tensor, targets: Tensor, counts: Tensor | None = None) -> Tensor:
    """Return the sum over tasks of the mean squared error; so the gradient of each task's weights is its own."""
    errors = (apply_dense(predictor, PREDICTOR, inputs)[..., 0] - targets) ** 2
    there = torch.ones_like(errors) if counts is None else counts
    return ((errors * there).sum(dim=1) / there.sum(dim=1)).sum()


def inner_gradients(loss: Tensor, weights: Mapping[str, Tensor], *, differentiable: bool) -> Weights:
    """Return the gradient of `loss` for each of `weights`, itself differentiable or held fixed."""
    gradients = torch.autograd.grad(loss, tuple(weights.values()), create_graph=differentiable)
    return dict(zip(weights, gradients, strict=True))

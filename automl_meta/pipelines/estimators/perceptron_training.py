"""Training of a batch of perceptrons: objectives, optimiser, schedule, and the best epoch on what each holds out."""

import math
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.perceptron_network import Array, Layout, backward, forward

LARGEST_GRADIENT = 10.0  # norm of a member's gradient, in a loss whose scale is about one
MOST_WORK = 2e11  # floating-point operations of one training; some five seconds of one core
STEP_WORK = 300.0  # operations a parameter that a step of the optimiser is worth: it is bound by memory
FEWEST_EPOCHS = 4
MOST_JUDGING = 4000  # rows a member is judged on after each epoch
FEWEST_STEPS = 400  # small tables are seen more often, so that they are seen enough


class Objective(Protocol):
    """What the outputs are to become; arrays have the shape (n_members, n_rows, n_outputs), weights lack the last."""

    def slope(self, outputs: Array, targets: Array, weights: Array) -> Array:
        """Return the slope of the training loss, its mean over rows, by the outputs."""

    def losses(self, outputs: Array, targets: Array, weights: Array) -> NDArray[np.float64]:
        """Return each member's loss on rows that it does not train on."""


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """Of the softmax of the outputs; the targets are one-hot, and smoothed in training only."""

    smoothing: float = 0.0

    def slope(self, outputs: Array, targets: Array, weights: Array) -> Array:
        """Return the slope of the training loss."""
        share = np.float32(weights.shape[1])
        wanted = targets * np.float32(1.0 - self.smoothing) + np.float32(self.smoothing / targets.shape[-1])
        return np.asarray((softmax(outputs) - wanted) * (weights / share)[..., None], dtype=np.float32)

    def losses(self, outputs: Array, targets: Array, weights: Array) -> NDArray[np.float64]:
        """Return each member's log loss."""
        likelihood = (softmax(outputs) * targets).sum(axis=-1, dtype=np.float64)
        return _weighted_mean(-np.log(likelihood + 1e-7), weights)


@dataclass(frozen=True, slots=True)
class SquaredError:
    """Half of it in training, which makes the slope the error."""

    def slope(self, outputs: Array, targets: Array, weights: Array) -> Array:
        """Return the slope of the training loss."""
        share = np.float32(weights.shape[1])
        return np.asarray((outputs - targets) * (weights / share)[..., None], dtype=np.float32)

    def losses(self, outputs: Array, targets: Array, weights: Array) -> NDArray[np.float64]:
        """Return each member's mean squared error."""
        return _weighted_mean(np.square(outputs - targets, dtype=np.float64).sum(axis=-1), weights)


def softmax(outputs: Array) -> Array:
    """Return the softmax over the last axis, in the precision of `outputs`."""
    shares: Array = outputs - outputs.max(axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def _weighted_mean(losses: NDArray[np.float64], weights: Array) -> NDArray[np.float64]:
    return np.asarray((losses * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-12))


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), in place; beta2 0.95 as in RealMLP."""

    def __init__(self, theta: Array, rates: Array, decays: Array, beta1: float = 0.9, beta2: float = 0.95) -> None:
        self.theta, self.rates, self.decays = theta, rates, decays
        self.beta1, self.beta2, self.steps = beta1, beta2, 0
        self.mean, self.square, self.move = np.zeros_like(theta), np.zeros_like(theta), np.empty_like(theta)

    def step(self, gradient: Array, rate: float, decay: float) -> None:
        """Move `theta` against `gradient`, which is overwritten."""
        self.steps += 1
        mean, square, move = self.mean, self.square, self.move
        mean *= self.beta1
        np.multiply(gradient, 1.0 - self.beta1, out=move)
        mean += move
        np.multiply(gradient, gradient, out=gradient)
        gradient *= 1.0 - self.beta2
        square *= self.beta2
        square += gradient
        np.sqrt(square, out=move)
        move += 1e-7
        np.divide(mean, move, out=move)
        move *= self.rates
        correction = np.sqrt(1.0 - self.beta2**self.steps) / (1.0 - self.beta1**self.steps)
        move *= np.float32(rate * correction)
        if decay > 0.0:
            np.multiply(self.theta, self.decays, out=gradient)
            gradient *= np.float32(rate * decay)
            self.theta -= gradient
        self.theta -= move


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast to train.

    Attributes
    ----------
    epochs : int
        Times that each row is seen, where the steps are neither too few nor too much work.
    patience : int
        Epochs after the last that was some member's best, before training ends.
    max_seconds : float or None
        Training ends by then; the learning rate falls in time for it.
    """

    learning_rate: float
    weight_decay: float
    dropout: float
    batch_size: int
    epochs: int
    patience: int
    max_seconds: float | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows for training: inputs (n_rows, n_inputs), targets (n_rows, n_outputs), weights (n_rows,)."""

    X: Array
    targets: Array
    weights: Array


def train(
    theta: Array,
    layout: Layout,
    rows: Rows,
    held_out: NDArray[np.bool_],
    objective: Objective,
    plan: Plan,
    rng: np.random.Generator,
) -> tuple[Array, int]:
    """Train the members from `theta` on.

    Parameters
    ----------
    theta : array of shape (n_members, n_parameters)
        Overwritten.
    held_out : array of shape (n_members, n_rows)
        The rows that a member does not train on. The weights returned for it are those after the epoch that was
        best on them; on the rows that it trains on, where some member holds out none.

    Returns
    -------
    theta : array of shape (n_members, n_parameters)
        Finite.
    epochs : int
        That were begun.
    """
    return _Training(theta, layout, rows, held_out, objective, plan, rng).run()


class _Training:
    def __init__(
        self,
        theta: Array,
        layout: Layout,
        rows: Rows,
        held_out: NDArray[np.bool_],
        objective: Objective,
        plan: Plan,
        rng: np.random.Generator,
    ) -> None:
        self.start = time.monotonic()
        self.theta, self.layout, self.rows = theta, layout, rows
        self.objective, self.plan, self.rng = objective, plan, rng
        self.views = layout.views(theta)
        self.gradient = np.zeros_like(theta)
        self.gradients = layout.views(self.gradient)
        self.optimiser = AdamW(theta, layout.rates(), layout.decays())
        # Members train on equally many rows, so that their batches are one array: one row is left out at random.
        self.own = [np.flatnonzero(~out) for out in held_out]
        self.n_own = min(map(len, self.own))
        judging = held_out if held_out.any(axis=1).all() else ~held_out
        chosen = [
            _some(np.flatnonzero(member), n, rng) for member, n in zip(judging, _judged_on(judging), strict=True)
        ]
        n_judging = max(map(len, chosen))
        # Padded with rows of the member's own, of weight 0.
        self.judging = np.stack([np.resize(own, n_judging) for own in chosen])
        counts = np.arange(n_judging) < np.array([len(own) for own in chosen])[:, None]
        self.judging_weights = rows.weights[self.judging] * counts
        self.batch_size = max(1, min(plan.batch_size, self.n_own))
        self.steps_an_epoch = self.n_own // self.batch_size
        self.epochs = self._affordable_epochs()
        begun = time.monotonic()
        self.best = self._losses()
        # So that what was trained when time is up can still be judged.
        self.seconds = None if plan.max_seconds is None else plan.max_seconds - (time.monotonic() - begun)
        self.best_theta = theta.copy()

    def _affordable_epochs(self) -> int:
        wanted = max(self.plan.epochs, math.ceil(FEWEST_STEPS / self.steps_an_epoch))
        work = self.theta.size * (6.0 * self.n_own + STEP_WORK * self.steps_an_epoch)
        return max(FEWEST_EPOCHS, min(wanted, int(MOST_WORK / work)))

    def run(self) -> tuple[Array, int]:
        waited = 0
        for epoch in range(self.epochs):
            in_time = self._epoch(epoch)
            improved = self._keep_best()
            waited = 0 if improved else waited + 1
            if waited >= self.plan.patience or not in_time:
                break
        return self.best_theta, epoch + 1

    def _epoch(self, epoch: int) -> bool:
        """Train on each row once, and return whether there is time for more."""
        order = np.stack([self.rng.permutation(own)[: self.n_own] for own in self.own])
        for step in range(self.steps_an_epoch):
            progress = (epoch + step / self.steps_an_epoch) / self.epochs
            if self.seconds is not None:
                spent = (time.monotonic() - self.start) / max(self.seconds, 1e-9)
                # The clock counts from half-time on: where time is plenty, it must not change the result.
                progress = max(progress, 2.0 * spent - 1.0)
                if progress >= 1.0:
                    return False
            self._step(order[:, step * self.batch_size : (step + 1) * self.batch_size], progress)
        return True

    def _step(self, chosen: NDArray[np.intp], progress: float) -> None:
        rows, layout = self.rows, self.layout
        outputs, trace = forward(self.views, rows.X[chosen], layout, dropout=self.plan.dropout, rng=self.rng)
        error = self.objective.slope(outputs, rows.targets[chosen], rows.weights[chosen])
        backward(self.views, trace, error, self.gradients, layout)
        self._clip()
        self.optimiser.step(self.gradient, self.plan.learning_rate * schedule(progress), self.plan.weight_decay)

    def _clip(self) -> None:
        norms = np.sqrt(np.einsum("mp,mp->m", self.gradient, self.gradient))
        if not (norms <= LARGEST_GRADIENT).all():
            usable = np.isfinite(norms)
            self.gradient[~usable] = 0.0
            self.gradient[usable] *= np.minimum(1.0, LARGEST_GRADIENT / np.maximum(norms[usable], 1e-12))[:, None]

    def _losses(self) -> NDArray[np.float64]:
        rows, chosen = self.rows, self.judging
        outputs, _ = forward(self.views, rows.X[chosen], self.layout)
        return self.objective.losses(outputs, rows.targets[chosen], self.judging_weights)

    def _keep_best(self) -> bool:
        losses = self._losses()
        better = losses < self.best  # never where a loss is NaN
        self.best[better] = losses[better]
        self.best_theta[better] = self.theta[better]
        return bool(better.any())


def _judged_on(judging: NDArray[np.bool_]) -> list[int]:
    """Return on how many of its rows each member is judged: on all, up to `MOST_JUDGING`.

    Where the numbers differ by one, as those of folds of single rows do, all are judged on equally many.
    """
    sizes = judging.sum(axis=1)
    if sizes.max() - sizes.min() <= 1:
        sizes = np.full_like(sizes, sizes.min())
    return [min(int(size), MOST_JUDGING) for size in sizes]


def _some(positions: NDArray[np.intp], n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    if len(positions) <= n + 1:  # the folds' sizes differ by one
        return positions[:n]
    return rng.choice(positions, n, replace=False)


def schedule(progress: float) -> float:
    """Return the learning rate's factor at `progress`, 0 to 1: a short rise, flat to the half, a cosine to zero."""
    rise = min(1.0, 0.02 + progress / 0.05)
    fall = 1.0 if progress < 0.5 else 0.5 + 0.5 * math.cos(math.pi * (2.0 * progress - 1.0))
    return rise * fall

"""What a few-shot method is: initial weights, a meta-loss, and a prediction for the query."""

import math
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.networks import Tensor, Weights


class Learner(Protocol):
    """A method of few-shot learning; its attributes are its settings, and hold nothing that is learned."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return the weights to begin with."""

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the meta-loss whose gradient improves `weights`, a scalar."""

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of every query, of shape (n_tasks, n_queries); `query_y` is not looked at."""


@runtime_checkable
class Chooser(Protocol):
    """A learner that says itself what to try next, where others are asked for the expected improvement."""

    def preferences(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how much each query is to be tried next, of shape (n_tasks, n_queries)."""


@runtime_checkable
class Comparer(Protocol):
    """A learner that says how alike datasets are."""

    def dataset_weights(self, weights: Weights, batch: Batch) -> Tensor:
        """Return the weight of each known task, of shape (n_tasks, n_known), rows summing to 1 where any is known."""


def negative_log_likelihood(mean: Tensor, deviation: Tensor, batch: Batch) -> Tensor:
    """Return the mean over all queries that count of the negative logarithm of their density."""
    z = (batch.query_y - mean) / deviation
    each = 0.5 * z**2 + torch.log(deviation) + 0.5 * math.log(2 * math.pi)
    return masked_mean(each, batch.counts)


def masked_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of the values that count."""
    return (values * counts).sum() / counts.sum().clamp(min=1)


def softmax_over(logits: Tensor, usable: Tensor) -> Tensor:
    """Return the softmax over the last axis of what is usable; zeros where nothing is."""
    return torch.where(usable, torch.softmax(logits.masked_fill(~usable, -1e9), dim=-1), torch.zeros_like(logits))

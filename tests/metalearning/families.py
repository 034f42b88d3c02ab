"""Families of tasks whose structure is known, for the sanity tests of few-shot learners."""

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, plain_batch
from automl_meta.metalearning.neural.networks import tensor


def sinusoids(random: np.random.Generator, n_tasks: int = 16, n_shots: int = 10, n_queries: int = 20) -> Batch:
    """Return sinusoids of amplitude 0.1 to 5 and phase 0 to pi on [-5, 5], as Finn et al. (2017) have them."""
    amplitude, phase = random.uniform(0.1, 5.0, (n_tasks, 1)), random.uniform(0.0, np.pi, (n_tasks, 1))
    x = random.uniform(-5.0, 5.0, (n_tasks, n_shots + n_queries))
    return split(x[..., None], amplitude * np.sin(x - phase), n_shots)


def lines(
    random: np.random.Generator, n_tasks: int = 32, n_shots: int = 4, n_queries: int = 12, *, noise: float = 0.1
) -> Batch:
    """Return noisy lines through the origin in two dimensions, slopes standard normal."""
    x = random.uniform(-1.0, 1.0, (n_tasks, n_shots + n_queries, 2))
    slopes = random.normal(size=(n_tasks, 2, 1))
    return split(x, (x @ slopes)[..., 0] + noise * random.normal(size=x.shape[:2]), n_shots)


def posterior_of_lines(batch: Batch, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact mean and deviation of each query of `lines`, by Bayesian linear regression."""
    support, y, query = batch.support_x.numpy(), batch.support_y.numpy(), batch.query_x.numpy()
    precision = np.eye(2) + support.transpose(0, 2, 1) @ support / noise**2
    covariance = np.linalg.inv(precision)
    slopes = covariance @ (support.transpose(0, 2, 1) @ y[..., None]) / noise**2
    variance = np.einsum("tqi,tij,tqj->tq", query, covariance, query)
    return (query @ slopes)[..., 0], np.sqrt(variance + noise**2)


def pairs_to_recall(random: np.random.Generator, n_tasks: int = 32, n_shots: int = 5) -> Batch:
    """Return keys that point anywhere, each with a sign that is tossed anew in every task; the query asks for all."""
    keys = random.normal(size=(n_tasks, n_shots, 6))
    keys /= np.linalg.norm(keys, axis=2, keepdims=True)
    signs = random.choice([-1.0, 1.0], (n_tasks, n_shots))
    return plain_batch(tensor(keys), tensor(signs), tensor(keys), tensor(signs))


def split(x: np.ndarray, y: np.ndarray, n_shots: int) -> Batch:
    """Return a batch whose first `n_shots` points are the support."""
    return plain_batch(tensor(x[:, :n_shots]), tensor(y[:, :n_shots]), tensor(x[:, n_shots:]), tensor(y[:, n_shots:]))


def rmse(predicted: torch.Tensor, batch: Batch) -> float:
    """Return the root mean squared error on the query."""
    return float(((predicted.detach() - batch.query_y) ** 2).mean().sqrt())

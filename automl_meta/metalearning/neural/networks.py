"""Networks as pure functions of their weights: what gradient-based meta-learning needs, and easy to store."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

Tensor: TypeAlias = torch.Tensor
Weights: TypeAlias = dict[str, Tensor]

LEAST_DEVIATION = 0.02  # of a prediction, in standings
USUAL_DEVIATION = 0.25  # that an untrained network claims


def dense(name: str, sizes: tuple[int, ...], random: np.random.Generator, *, last: float = 1.0) -> Weights:
    """Return initial weights of a stack of dense layers with `sizes` inputs and outputs (Glorot & Bengio 2010).

    Parameters
    ----------
    last : float
        By which the last layer's weights are multiplied; 0 makes the network begin as a constant.
    """
    weights: Weights = {}
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        limit = np.sqrt(6.0 / max(n_in + n_out, 1)) * (last if layer == len(sizes) - 2 else 1.0)
        weights[f"{name}.{layer}.weight"] = tensor(random.uniform(-limit, limit, (n_in, n_out)))
        weights[f"{name}.{layer}.bias"] = torch.zeros(1, n_out)
    return weights


def apply_dense(weights: Weights, name: str, inputs: Tensor) -> Tensor:
    """Return what a stack of dense layers with rectifiers between them makes of `inputs`, its last axis features.

    Weights with a leading axis of tasks meet inputs of shape (n_tasks, n_rows, n_features).
    """
    layer = 0
    values = inputs
    while f"{name}.{layer}.weight" in weights:
        values = values if layer == 0 else torch.relu(values)
        values = values @ weights[f"{name}.{layer}.weight"] + weights[f"{name}.{layer}.bias"]
        layer += 1
    return values


def lstm(name: str, n_inputs: int, n_hidden: int, random: np.random.Generator) -> Weights:
    """Return initial weights of an LSTM cell; its forget gate begins open (Jozefowicz et al. 2015)."""
    limit = 1.0 / np.sqrt(n_hidden)
    bias = np.zeros(4 * n_hidden)
    bias[n_hidden : 2 * n_hidden] = 1.0
    return {
        f"{name}.input": tensor(random.uniform(-limit, limit, (4 * n_hidden, n_inputs))),
        f"{name}.hidden": tensor(random.uniform(-limit, limit, (4 * n_hidden, n_hidden))),
        f"{name}.bias": tensor(bias),
    }


def apply_lstm(weights: Weights, name: str, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the next state (hidden, cell) of an LSTM cell for `inputs` of shape (n_rows, n_inputs)."""
    bias = weights[f"{name}.bias"]
    hidden, cell = torch.lstm_cell(
        inputs, state, weights[f"{name}.input"], weights[f"{name}.hidden"], bias, torch.zeros_like(bias)
    )
    return hidden, cell


def empty_state(like: Tensor, n_rows: int, n_hidden: int) -> tuple[Tensor, Tensor]:
    """Return the state of an LSTM that has read nothing, on the device of `like`."""
    zeros = like.new_zeros(n_rows, n_hidden)
    return zeros, zeros


def deviation_of(raw: Tensor) -> Tensor:
    """Return a positive deviation for an unbounded output; 0 becomes the usual one."""
    offset = float(np.log(np.expm1(USUAL_DEVIATION - LEAST_DEVIATION)))
    return LEAST_DEVIATION + torch.nn.functional.softplus(raw + offset)


def mean_and_deviation(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two outputs in the last axis of `raw` as mean and deviation."""
    return raw[..., 0], deviation_of(raw[..., 1])


def tensor(values: NDArray[np.float64]) -> Tensor:
    """Return `values` in single precision."""
    return torch.as_tensor(values, dtype=torch.float32)

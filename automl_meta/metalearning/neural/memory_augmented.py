"""Memory-augmented network: a controller that reads the support as a sequence and writes it into a memory.

Reading is by content: the cosine of a key with every slot. Writing goes to what was read last or to the slot that was
used least, which is cleared first, so that new evaluations are bound quickly and old ones kept while they are useful.

References
----------
Santoro et al. (2016), "Meta-learning with memory-augmented neural networks".
"""

from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import negative_log_likelihood
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


@dataclass(frozen=True, slots=True, eq=False)
class MemoryState:
    """What the network knows after a part of the support; all have a leading axis of tasks.

    Attributes
    ----------
    slots : tensor of shape (n_tasks, n_slots, width)
    usage, read_weights : tensors of shape (n_tasks, n_slots)
    controller : pair of tensors
    """

    slots: Tensor
    usage: Tensor
    read_weights: Tensor
    controller: tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAugmented:
    """LSTM controller with an external memory, content addressing and least-recently-used access.

    Parameters
    ----------
    n_slots, width : int
        Shape of the memory.
    decay : float
        Of usage, per step.
    """

    name: str = "memory-augmented"
    n_slots: int = 16
    width: int = 24
    n_hidden: int = 48
    decay: float = 0.95

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return controller, keys and output."""
        n_inputs = sizes.n_inputs + sizes.n_traits
        return {
            **lstm("controller", n_inputs + 2 + self.width, self.n_hidden, random),
            **dense("read_key", (self.n_hidden + n_inputs, self.width), random),
            **dense("written", (self.n_hidden + n_inputs + 2, self.width), random),
            **dense("output", (self.n_hidden + self.width + n_inputs, 48, 2), random, last=0.1),
            "gate": torch.tensor(-2.0),  # mostly to the least used
            "focus": torch.tensor(2.0),
        }

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what is read for each query after the support; queries write nothing, and do not see each other."""
        support = batch.described(batch.support_x)
        state = self._empty(batch)
        for shot in range(batch.n_shots):
            state = self._step(weights, state, support[:, shot], batch.support_y[:, shot])
        queries = batch.described(batch.query_x)
        n_queries = queries.shape[1]
        hidden = state.controller[0][:, None, :].expand(-1, n_queries, -1)
        read = self._attend(weights, state.slots, torch.cat([hidden, queries], dim=2)) @ state.slots
        return mean_and_deviation(apply_dense(weights, "output", torch.cat([hidden, read, queries], dim=2)))

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is."""
        return negative_log_likelihood(*self.predict(weights, batch), batch)

    def _empty(self, batch: Batch) -> MemoryState:
        like, n_tasks = batch.query_x, batch.n_tasks
        return MemoryState(
            slots=like.new_full((n_tasks, self.n_slots, self.width), 1e-6),
            usage=like.new_zeros(n_tasks, self.n_slots),
            read_weights=like.new_zeros(n_tasks, self.n_slots),
            controller=empty_state(like, n_tasks, self.n_hidden),
        )

    def _step(self, weights: Weights, state: MemoryState, x: Tensor, y: Tensor) -> MemoryState:
        """Return the state after one evaluation, configuration and residual, was read and written."""
        key = torch.cat([state.controller[0], x], dim=1)
        read_weights = self._attend(weights, state.slots, key[:, None, :])[:, 0]
        read = (read_weights[:, :, None] * state.slots).sum(dim=1)
        shown = torch.stack([y, torch.ones_like(y)], dim=1)
        controller = apply_lstm(weights, "controller", torch.cat([x, shown, read], dim=1), state.controller)
        least = torch.nn.functional.one_hot(state.usage.argmin(dim=1), self.n_slots).to(x.dtype)
        gate = torch.sigmoid(weights["gate"])
        write_weights = gate * state.read_weights + (1.0 - gate) * least
        written = apply_dense(weights, "written", torch.cat([controller[0], x, shown], dim=1))
        cleared = state.slots * (1.0 - least)[:, :, None]
        return MemoryState(
            slots=cleared + write_weights[:, :, None] * written[:, None, :],
            usage=self.decay * state.usage + read_weights + write_weights,
            read_weights=read_weights,
            controller=controller,
        )

    def _attend(self, weights: Weights, slots: Tensor, inputs: Tensor) -> Tensor:
        """Return the weights with which keys made of `inputs` read the slots, of shape (n_tasks, n_keys, n_slots)."""
        keys = torch.nn.functional.normalize(apply_dense(weights, "read_key", inputs), dim=2)
        content = torch.nn.functional.normalize(slots, dim=2)
        return torch.softmax(torch.exp(weights["focus"]) * keys @ content.transpose(1, 2), dim=2)

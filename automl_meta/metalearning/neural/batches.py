"""Episodes as tensors, and what a learner may look up while it predicts."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from automl_meta.metalearning.episodes import Episodes, TaskTable
from automl_meta.metalearning.neural.networks import Tensor, tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Tasks with equally many shots; every axis may be empty but the first.

    Attributes
    ----------
    traits : tensor of shape (n_tasks, n_traits)
        What each task is like.
    support_x, support_y : tensors of shapes (n_tasks, n_shots, n_inputs) and (n_tasks, n_shots)
    query_x, query_y : tensors of shapes (n_tasks, n_queries, n_inputs) and (n_tasks, n_queries)
    counts : bool tensor of shape (n_tasks, n_queries)
        Which queries count.
    known_traits : tensor of shape (n_known, n_traits)
        Of the known tasks, which a learner may compare with.
    known_support, known_query : tensors of shapes (n_tasks, n_known, n_shots) and (n_tasks, n_known, n_queries)
        Results of the known tasks where this one has its support and query.
    usable : bool tensor of shape (n_tasks, n_known)
        False for a task itself and its family.
    """

    traits: Tensor
    support_x: Tensor
    support_y: Tensor
    query_x: Tensor
    query_y: Tensor
    counts: Tensor
    known_traits: Tensor
    known_support: Tensor
    known_query: Tensor
    usable: Tensor

    @property
    def n_tasks(self) -> int:
        """How many tasks."""
        return int(self.query_x.shape[0])

    @property
    def n_shots(self) -> int:
        """How many evaluations each task shows."""
        return int(self.support_y.shape[1])

    @property
    def sizes(self) -> "Sizes":
        """The numbers that a network's shape depends on."""
        return Sizes(n_inputs=int(self.query_x.shape[2]), n_traits=int(self.traits.shape[1]))

    def to(self, device: str) -> Self:
        """Return the batch on `device`."""
        return type(self)(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})

    def described(self, x: Tensor) -> Tensor:
        """Return `x` of shape (n_tasks, n_rows, n_inputs) with the task's traits beside every row."""
        traits = self.traits[:, None, :].expand(-1, x.shape[1], -1)
        return torch.cat([x, traits], dim=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What a network's shape depends on."""

    n_inputs: int
    n_traits: int


def plain_batch(support_x: Tensor, support_y: Tensor, query_x: Tensor, query_y: Tensor) -> Batch:
    """Return a batch of tasks that have no traits and know no others."""
    n_tasks, n_shots = support_y.shape
    n_queries = query_y.shape[1]
    return Batch(
        traits=torch.zeros(n_tasks, 0),
        support_x=support_x,
        support_y=support_y,
        query_x=query_x,
        query_y=query_y,
        counts=torch.ones(n_tasks, n_queries, dtype=torch.bool),
        known_traits=torch.zeros(0, 0),
        known_support=torch.zeros(n_tasks, 0, n_shots),
        known_query=torch.zeros(n_tasks, 0, n_queries),
        usable=torch.zeros(n_tasks, 0, dtype=torch.bool),
    )


def batch_of(table: TaskTable, episodes: Episodes, library: NDArray[np.intp]) -> Batch:
    """Return `episodes` on `table` as tensors; the datasets at the positions `library` are known."""
    known = table.residuals[library]
    families = table.families[episodes.datasets]
    return Batch(
        traits=tensor(table.traits[episodes.datasets]),
        support_x=tensor(table.configurations[episodes.support]),
        support_y=tensor(episodes.support_residuals),
        query_x=tensor(table.configurations[episodes.query]),
        query_y=tensor(episodes.query_residuals),
        counts=torch.as_tensor(episodes.counts),
        known_traits=tensor(table.traits[library]),
        known_support=tensor(known[:, episodes.support].transpose(1, 0, 2)),
        known_query=tensor(known[:, episodes.query].transpose(1, 0, 2)),
        usable=torch.as_tensor(families[:, None] != table.families[library]),
    )

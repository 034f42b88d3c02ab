"""Attentive neural process: what is known of a dataset is a set of evaluations, summed up by attention.

Every evaluation becomes a vector; a query attends to those of like configurations, and to what they amount to on
average. The path is deterministic, as in the conditional form, and gives mean and deviation.

References
----------
Garnelo et al. (2018), "Conditional neural processes". Kim et al. (2019), "Attentive neural processes".
"""

from dataclasses import dataclass

import numpy as np
import torch

from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import negative_log_likelihood
from automl_meta.metalearning.neural.networks import Tensor, Weights, apply_dense, dense, mean_and_deviation, tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralProcess:
    """Encoder of evaluations, attention of queries over them, decoder.

    Parameters
    ----------
    width : int
        Of the vector that an evaluation becomes.
    """

    name: str = "neural-process"
    width: int = 48

    def initial(self, sizes: Sizes, random: np.random.Generator) -> Weights:
        """Return initial weights."""
        n_inputs, width = sizes.n_inputs + sizes.n_traits, self.width
        return {
            **dense("encoder", (n_inputs + 1, width, width), random),
            **dense("keys", (sizes.n_inputs, width, width), random),
            **dense("decoder", (n_inputs + 2 * width + 1, width, width, 2), random, last=0.1),
            "nothing.key": tensor(random.normal(0.0, 0.1, (1, 1, width))),
            "nothing.value": tensor(random.normal(0.0, 0.1, (1, 1, width))),
        }

    def predict(self, weights: Weights, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of each query given the support, which may be empty."""
        evaluations = torch.cat([batch.described(batch.support_x), batch.support_y[..., None]], dim=2)
        # One more vector stands for having seen nothing, so that the sum is never empty.
        nothing = weights["nothing.value"].expand(batch.n_tasks, -1, -1)
        values = torch.cat([nothing, apply_dense(weights, "encoder", evaluations)], dim=1)
        nothing = weights["nothing.key"].expand(batch.n_tasks, -1, -1)
        keys = torch.cat([nothing, apply_dense(weights, "keys", batch.support_x)], dim=1)
        queries = apply_dense(weights, "keys", batch.query_x)
        attention = torch.softmax(queries @ keys.transpose(1, 2) / self.width**0.5, dim=2)
        n_queries = batch.query_x.shape[1]
        average = values.mean(dim=1, keepdim=True).expand(-1, n_queries, -1)
        shots = values.new_full((batch.n_tasks, n_queries, 1), float(np.log1p(batch.n_shots)))
        inputs = torch.cat([batch.described(batch.query_x), attention @ values, average, shots], dim=2)
        return mean_and_deviation(apply_dense(weights, "decoder", inputs))

    def loss(self, weights: Weights, batch: Batch) -> Tensor:
        """Return how unlikely the query is given the support."""
        return negative_log_likelihood(*self.predict(weights, batch), batch)

"""Regression on meta-features and configuration together: one model for all configurations."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.choice import choose
from automl_meta.metalearning.protocol import Belief, Experience, Floats
from automl_meta.metalearning.scaling import fit_scaler
from automl_meta.metalearning.standings import Knowledge, learn_standings

N_TREES = 60
LEAF = 5
MAX_PAIRS = 20_000  # pairs of dataset and configuration that are learned from; a sample beyond


class Regression:
    """Extra trees from scaled meta-features and configuration vector to standing.

    Each configuration's mean standing is given as an input too, so that the trees need to learn only what differs
    between datasets. Observations change nothing.
    """

    name = "regression"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, experience: Experience) -> Self:
        """Fit the trees to all known pairs of dataset and configuration."""
        from sklearn.ensemble import ExtraTreesRegressor

        self.knowledge_: Knowledge = learn_standings(experience)
        table = self.knowledge_.standings
        self.scaler_ = fit_scaler(self.knowledge_.metafeatures)
        self.trees_ = None
        self.inputs_ = np.zeros((table.shape[1], 0))
        if not len(table):
            return self
        self.inputs_ = np.hstack([np.nan_to_num(self.knowledge_.vectors), table.mean(axis=0)[:, None]])
        pairs = self._pairs()
        scaled = self.scaler_.transform(self.knowledge_.metafeatures)
        inputs = np.hstack([scaled[pairs[:, 0]], self.inputs_[pairs[:, 1]]])
        self.trees_ = ExtraTreesRegressor(
            N_TREES, min_samples_leaf=min(LEAF, 1 + len(pairs) // 50), max_features=0.5, random_state=self.seed
        ).fit(inputs, table[pairs[:, 0], pairs[:, 1]])
        return self

    def _pairs(self) -> NDArray[np.intp]:
        """Return rows of (dataset, configuration), in an order that depends on names only."""
        by_name = np.argsort(self.knowledge_.tie_order)
        pairs = np.argwhere(self.knowledge_.known[:, by_name])
        if len(pairs) > MAX_PAIRS:
            pairs = pairs[np.linspace(0, len(pairs) - 1, MAX_PAIRS).astype(np.intp)]
        pairs[:, 1] = by_name[pairs[:, 1]]
        return np.asarray(pairs)

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return mean and deviation over trees."""
        n_configurations = len(self.inputs_)
        if self.trees_ is None:
            return Belief(mean=np.full(n_configurations, 0.5), doubt=np.ones(n_configurations))
        scaled = self.scaler_.transform(metafeatures[None])
        inputs = np.hstack([np.repeat(scaled, n_configurations, axis=0), self.inputs_]).astype(np.float32)
        votes = np.stack([tree.predict(inputs, check_input=False) for tree in self.trees_.estimators_])
        return Belief(mean=votes.mean(axis=0), doubt=votes.std(axis=0))

    def propose(self, metafeatures: Floats, observed: Mapping[int, float], allowed: NDArray[np.bool_]) -> int:
        """Return the best predicted standing not yet observed."""
        mean = self.believe(metafeatures, observed).mean
        return choose(mean, self.knowledge_.tie_order, allowed, observed)

"""Nearest datasets: what stood well on the datasets whose meta-features are closest."""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.choice import choose
from automl_meta.metalearning.protocol import Belief, Experience, Floats
from automl_meta.metalearning.scaling import fit_scaler
from automl_meta.metalearning.standings import learn_standings


class NearestDatasets:
    """Orders configurations by their mean standing on the `neighbours` nearest datasets (Brazdil et al. 2003).

    Distances are Euclidean between normal scores of the meta-features. Observations change nothing.
    """

    name = "nearest-datasets"

    def __init__(self, neighbours: int = 10) -> None:
        self.neighbours = neighbours

    def fit(self, experience: Experience) -> Self:
        """Remember standings and scaled meta-features."""
        self.knowledge_ = learn_standings(experience)
        self.scaler_ = fit_scaler(self.knowledge_.metafeatures)
        self.scaled_ = self.scaler_.transform(self.knowledge_.metafeatures)
        return self

    def nearest(self, metafeatures: Floats) -> NDArray[np.intp]:
        """Return the positions of the nearest datasets in ``knowledge_``, nearest first; ties by name."""
        squares = ((self.scaled_ - self.scaler_.transform(metafeatures[None])) ** 2).sum(axis=1)
        squares[~self.knowledge_.described] = np.inf
        return np.argsort(np.round(squares, 9), kind="stable")[: self.neighbours]

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return mean and deviation of the standings on the nearest datasets."""
        table = self.knowledge_.standings[self.nearest(metafeatures)]
        if not len(table):
            return Belief(mean=np.full(table.shape[1], 0.5), doubt=np.ones(table.shape[1]))
        doubt = table.std(axis=0, ddof=1) if len(table) > 1 else np.ones(table.shape[1])
        return Belief(mean=table.mean(axis=0), doubt=doubt)

    def propose(self, metafeatures: Floats, observed: Mapping[int, float], allowed: NDArray[np.bool_]) -> int:
        """Return the best mean standing not yet observed."""
        mean = self.believe(metafeatures, observed).mean
        return choose(mean, self.knowledge_.tie_order, allowed, observed)

"""A mixture of methods: each counts by how well it would have predicted the observations so far.

Every observation is predicted from the others, in folds: how probable is it, says the method, that it comes out above
each of them or below, as it did? Only the order of scores is asked for, so their scale does not matter.
"""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from automl_meta.metalearning.choice import choose, observed_arrays
from automl_meta.metalearning.protocol import Belief, Experience, Floats, MetaModel, Valuing
from automl_meta.metalearning.standings import learn_standings

FOLDS = 4  # of the observations; each costs a belief of every member
FEWEST = 3  # observations below which all members count alike
LEAST_DOUBT = 0.02  # standing; nobody is surer than that


class Mixture:
    """Members that believe in standings, weighted by their predictions.

    Parameters
    ----------
    members : sequence of MetaModel
        Their beliefs are in standings between 0 and 1, and all can say what a proposal is worth, see `Valuing`.
    """

    name = "mixture"

    def __init__(self, members: Sequence[MetaModel]) -> None:
        self.members = tuple(members)

    def fit(self, experience: Experience) -> Self:
        """Fit every member."""
        for member in self.members:
            member.fit(experience)
        return self.use(experience)

    def use(self, experience: Experience) -> Self:
        """Take the members as they are, fitted for `experience`, in place, and return self."""
        self._tie_order = learn_standings(experience).tie_order
        return self

    def weights(self, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
        """Return the weight of each member, of shape (n_members,), summing to 1."""
        positions, scores = observed_arrays(observed)
        by_name = np.argsort(self._tie_order[positions])
        positions, scores = positions[by_name], scores[by_name]
        if len(positions) < FEWEST:
            return np.full(len(self.members), 1.0 / len(self.members))
        logs = np.array([_log_likelihood(member, metafeatures, positions, scores) for member in self.members])
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return mean and deviation of the mixture."""
        weights = self.weights(metafeatures, observed)
        beliefs = [member.believe(metafeatures, observed) for member in self.members]
        means, doubts = np.stack([b.mean for b in beliefs]), np.stack([b.doubt for b in beliefs])
        mean = weights @ means
        return Belief(mean=mean, doubt=np.sqrt(weights @ (doubts**2 + (means - mean) ** 2)))

    def values(self, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
        """Return the weighted mean of what the members say that each proposal is worth."""
        weights = self.weights(metafeatures, observed)
        worth = [_worth(member, metafeatures, observed) for member in self.members]
        return np.asarray(weights @ np.stack(worth))

    def propose(self, metafeatures: Floats, observed: Mapping[int, float], allowed: NDArray[np.bool_]) -> int:
        """Return what is worth most among what is left."""
        return choose(self.values(metafeatures, observed), self._tie_order, allowed, observed)


def _worth(member: MetaModel, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
    if isinstance(member, Valuing):
        return member.values(metafeatures, observed)
    return member.believe(metafeatures, observed).mean


def _log_likelihood(member: MetaModel, metafeatures: Floats, positions: NDArray[np.intp], scores: Floats) -> float:
    """Return the sum over observations of the mean logarithm of the probability of its order to each other one."""
    total = 0.0
    n_folds = min(FOLDS, len(positions))
    for fold in range(n_folds):
        held_out = np.arange(len(positions)) % n_folds == fold
        rest = {int(p): float(s) for p, s in zip(positions[~held_out], scores[~held_out], strict=True)}
        belief = member.believe(metafeatures, rest)
        mean, doubt = belief.mean[positions], np.maximum(belief.doubt[positions], LEAST_DOUBT)
        for one in np.flatnonzero(held_out):
            ahead = (mean[one] - mean) / np.sqrt(doubt[one] ** 2 + doubt**2)
            order = np.sign(scores[one] - scores)
            if order.any():
                total += float(log_ndtr((order * ahead)[order != 0]).mean())
    return total

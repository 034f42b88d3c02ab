"""The default: every known dataset is a guess of what the new one will be like.

The standings on a known dataset, pulled a little towards the mean over all, are one component of a mixture of
Gaussians; the pull and the shared covariance together keep the first two moments of the whole meta-base (Liu & West
2001, "Combined parameter and state estimation in simulation-based filtering"). Without pull this is a portfolio whose
datasets are re-weighted by how well they explain what was seen; pulled all the way it is one Gaussian posterior over
configurations. Prior weights come from the learned similarity of meta-features.

Standings are stretched first: what separates good from very good counts more than how bad a bad one is.

The first proposal has the best expected standing, the following ones the largest expected improvement.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.choice import choose, observed_arrays
from automl_meta.metalearning.covariance import shrunk_covariance
from automl_meta.metalearning.gaussian_sum import Posterior, update
from automl_meta.metalearning.protocol import Belief, Experience, Floats
from automl_meta.metalearning.scaling import fit_novelty, fit_scaler
from automl_meta.metalearning.similarity import Similarity, fit_similarity
from automl_meta.metalearning.standings import learn_standings
from automl_meta.metalearning.stretching import slope, stretch, unstretch

__all__ = ["Combined", "slope", "stretch", "unstretch"]

FAR = 3.0  # novelty at which meta-features have lost half of their say


class Combined:
    """Mixture over known datasets with correlated residuals, expected improvement.

    Parameters
    ----------
    pull : float in [0, 1]
        How far the components are pulled towards the mean, as a share of the deviation.
    doubt_of_similarity : float in [0, 1]
        Share of the prior weight that all datasets get alike; grows with the new dataset's novelty.
    """

    name = "combined"

    def __init__(self, *, pull: float = 0.15, doubt_of_similarity: float = 0.3) -> None:
        self.pull = pull
        self.doubt_of_similarity = doubt_of_similarity

    def fit(self, experience: Experience, similarity: Similarity | None = None) -> Self:
        """Learn similarity, components and covariance.

        Parameters
        ----------
        similarity : Similarity, optional
            As it was learned from the same experience before: it is what takes time.
        """
        self.knowledge_ = learn_standings(experience)
        table = stretch(self.knowledge_.standings)
        n_datasets = len(table)
        mean = table.mean(axis=0) if n_datasets else np.full(table.shape[1], 0.5)
        kept = 1.0 - self.pull
        self.components_ = mean + kept * (table - mean) if n_datasets else mean[None]
        self.covariance_ = shrunk_covariance(
            table, self.knowledge_, share=1.0 - kept**2, variances=self.knowledge_.variances
        )
        self.similarity_ = similarity or fit_similarity(self.knowledge_)
        self.scaler_ = fit_scaler(self.knowledge_.metafeatures)
        described = self.knowledge_.metafeatures[self.knowledge_.described]
        self.novelty_ = fit_novelty(self.scaler_.transform(described))
        self._last_weights: tuple[bytes, Floats] | None = None
        return self

    def dataset_weights(self, metafeatures: Floats) -> Floats:
        """Return the prior weight of each known dataset, of shape (n_datasets,), summing to 1."""
        key = metafeatures.tobytes()
        if self._last_weights is not None and self._last_weights[0] == key:
            return self._last_weights[1]  # a search asks again and again for one dataset
        scaled = self.scaler_.transform(metafeatures[None])[0]
        alike = self.similarity_.weights(scaled)
        distance = self.novelty_.of(scaled)
        trust = (1.0 - self.doubt_of_similarity) / (1.0 + (distance / FAR) ** 4)
        weights = np.asarray(trust * alike + (1.0 - trust) / max(len(alike), 1))
        self._last_weights = (key, weights)
        return weights

    def posterior(self, metafeatures: Floats, observed: Mapping[int, float]) -> Posterior:
        """Return the mixture after `observed`."""
        prior = self.dataset_weights(metafeatures) if len(self.knowledge_.datasets) else np.ones(1)
        return update(self.components_, prior, self.covariance_, *observed_arrays(observed))

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return expected standings, between 0 and 1, and their deviations."""
        return self.standings_of(self.posterior(metafeatures, observed))

    def standings_of(self, posterior: Posterior) -> Belief:
        """Return mean and deviation of a posterior's standings, no longer stretched."""
        means = unstretch(np.clip(posterior.means, 0.0, 1.0))
        mean = posterior.weights @ means
        spread = posterior.weights @ (means - mean) ** 2
        within = posterior.variances() * slope(mean) ** 2
        return Belief(mean=mean, doubt=np.sqrt(spread + within))

    def propose(
        self,
        metafeatures: Floats,
        observed: Mapping[int, float],
        allowed: NDArray[np.bool_],
        *,
        cost: Floats | None = None,
    ) -> int:
        """Return the best expected standing first, then the largest expected improvement.

        Parameters
        ----------
        cost : array of shape (n_configurations,), optional
            Positive; values are divided by it.
        """
        values = self.values(metafeatures, observed)
        if cost is not None:
            values = np.maximum(values, 0.0) / (cost / cost.min())
        return choose(values, self.knowledge_.tie_order, allowed, observed)

    def values(self, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
        """Return what `propose` maximises, of shape (n_configurations,), in units of stretched standings."""
        posterior = self.posterior(metafeatures, observed)
        positions, scores = observed_arrays(observed)
        if not len(positions):
            return posterior.mean()
        return posterior.expected_improvement(int(positions[np.argmax(scores)]))

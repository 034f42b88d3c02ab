"""What meta-models learn from, what they are told, and what they answer.

Everything here is plain arrays, so that a researcher can try a meta-model on a table of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from automl_meta.metabase.experience import Experience, Floats

__all__ = ["Belief", "Comparing", "Experience", "Floats", "MetaModel", "Valuing"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """What a meta-model expects of each configuration on one dataset.

    Attributes
    ----------
    mean : array of shape (n_configurations,)
        Expected standing; higher is better. Only comparable within one belief.
    doubt : array of shape (n_configurations,)
        Standard deviation on the scale of `mean`.
    """

    mean: Floats
    doubt: Floats


class MetaModel(Protocol):
    """Learns from experience; for a new dataset, gives a prior and takes observations.

    Observations map the position of a configuration to its score on the new dataset (its own scale, higher is
    better), or to NaN if it was tried and failed. Nothing else of the new dataset's scores is known. The methods
    after `fit` are pure: the same arguments, the same answer.
    """

    name: str

    def fit(self, experience: Experience) -> Self:
        """Learn from `experience`, in place, and return self."""

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return what is expected of every configuration, given the dataset's meta-features and what was seen."""

    def propose(self, metafeatures: Floats, observed: Mapping[int, float], allowed: NDArray[np.bool_]) -> int:
        """Return the position of the configuration to evaluate next, among those `allowed` and not yet observed.

        Raises
        ------
        NothingLeftError
            If none is left, as `choose` does.
        """


@runtime_checkable
class Valuing(Protocol):
    """A meta-model that says what each proposal is worth, so that worth can be weighed against cost."""

    def values(self, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
        """Return what `propose` maximises, of shape (n_configurations,)."""


@runtime_checkable
class Comparing(Protocol):
    """A meta-model that may say how alike datasets are."""

    def dataset_weights(self, metafeatures: Floats) -> Mapping[str, float] | None:
        """Return the weight of each known dataset, summing to 1; None where it does not say."""

"""Prior experiments as plain arrays: what meta-models learn from.

Plain arrays, so that a researcher can try a meta-model on a table of their own.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Experience:
    """Prior experiments as arrays: what scored how well on what.

    Attributes
    ----------
    scores : array of shape (n_datasets, n_configurations)
        Mean over folds of one metric, higher is better, on each dataset's own scale; NaN where there is no result.
    failed : bool array of shape (n_datasets, n_configurations)
        True where the configuration was tried and did not end well.
    seconds : array of shape (n_datasets, n_configurations)
        Fit and predict, summed over folds; NaN where unknown.
    fits, training_rows : arrays of shape (n_datasets,)
        How many fits `seconds` is the sum of, and how many rows each was made to; NaN where unknown.
    metafeatures : array of shape (n_datasets, n_metafeatures)
        NaN where undefined.
    vectors : array of shape (n_configurations, n_dimensions)
        Configurations as numbers; the same space for candidates that the meta-base has never seen.
    families : tuple of str
        Datasets of one family share rows or origin: whoever evaluates leaves whole families out.
    """

    datasets: tuple[str, ...]
    families: tuple[str, ...]
    configurations: tuple[str, ...]  # ids
    metafeature_names: tuple[str, ...]
    scores: Floats
    failed: NDArray[np.bool_]
    seconds: Floats
    fits: Floats
    training_rows: Floats
    metafeatures: Floats
    vectors: Floats

    @property
    def tried(self) -> NDArray[np.bool_]:
        """Whether each configuration was run on any of the datasets."""
        return np.asarray((np.isfinite(self.scores) | self.failed | np.isfinite(self.seconds)).any(axis=0))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Experience":
        """Return the experience of the datasets selected by `rows` (mask or positions)."""
        positions = np.arange(len(self.datasets))[rows]
        return Experience(
            datasets=tuple(self.datasets[i] for i in positions),
            families=tuple(self.families[i] for i in positions),
            configurations=self.configurations,
            metafeature_names=self.metafeature_names,
            scores=self.scores[positions],
            failed=self.failed[positions],
            seconds=self.seconds[positions],
            fits=self.fits[positions],
            training_rows=self.training_rows[positions],
            metafeatures=self.metafeatures[positions],
            vectors=self.vectors,
        )

    def take_configurations(self, columns: NDArray[np.intp]) -> "Experience":
        """Return the experience with the configurations at `columns`, in that order."""
        return replace(
            self,
            configurations=tuple(self.configurations[i] for i in columns),
            scores=self.scores[:, columns],
            failed=self.failed[:, columns],
            seconds=self.seconds[:, columns],
            vectors=self.vectors[columns],
        )

"""Small worlds of prior experiments whose truth is known."""

import numpy as np
from numpy.typing import NDArray

from automl_meta.metabase.experience import Experience


def world(
    n_datasets: int = 40, n_configurations: int = 24, *, seed: int = 0, missing: float = 0.0, failing: float = 0.0
) -> Experience:
    """Return datasets with three hidden traits that decide what wins, and that meta-features show with noise."""
    random = np.random.default_rng(seed)
    traits = random.normal(size=(n_datasets, 3))
    tastes = random.normal(size=(n_configurations, 3))
    strength = 0.7 * random.normal(size=n_configurations)
    scores = -np.exp(-(strength + traits @ tastes.T + 0.2 * random.normal(size=(n_datasets, n_configurations))))
    scores = scores * np.exp(random.normal(size=(n_datasets, 1))) + random.normal(size=(n_datasets, 1))
    fate = random.random(scores.shape)
    failed = fate < failing
    scores[failed | (fate > 1 - missing)] = np.nan
    noise = random.normal(size=(n_datasets, 4))
    return Experience(
        datasets=tuple(f"d{i:02d}" for i in range(n_datasets)),
        families=tuple(f"f{i:02d}" for i in range(n_datasets)),
        configurations=tuple(f"c{i:02d}" for i in range(n_configurations)),
        metafeature_names=tuple(f"m{i}" for i in range(7)),
        scores=scores,
        failed=failed,
        seconds=np.exp(random.normal(size=scores.shape)),
        fits=np.ones(n_datasets),
        training_rows=np.full(n_datasets, np.nan),
        metafeatures=np.hstack([traits + 0.3 * noise[:, :3], noise]),
        vectors=tastes,
    )


def reorder(experience: Experience, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Experience:
    """Return the same experience with datasets and configurations in another order."""
    return experience.take(rows).take_configurations(columns)


def without_datasets(experience: Experience) -> Experience:
    """Return the configurations alone."""
    return experience.take(np.zeros(0, dtype=np.intp))

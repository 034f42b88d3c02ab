"""From plain tables to experience, for those who bring their own."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl_meta.metalearning.protocol import Experience


def experience_from(
    scores: ArrayLike,
    metafeatures: ArrayLike,
    vectors: ArrayLike | None = None,
    *,
    failed: ArrayLike | None = None,
    seconds: ArrayLike | None = None,
    families: tuple[str, ...] | None = None,
) -> Experience:
    """Return the experience that these arrays hold; datasets and configurations are named by their numbers.

    Parameters
    ----------
    scores : array of shape (n_datasets, n_configurations)
        Higher is better; NaN where there is no result.
    metafeatures : array of shape (n_datasets, n_metafeatures)
    vectors : array of shape (n_configurations, n_dimensions), optional
        Configurations as numbers; all are equally unlike each other if not given.
    failed : bool array of shape (n_datasets, n_configurations), optional
        True where a configuration was tried and gave no score; nowhere if not given.
    seconds : array of shape (n_datasets, n_configurations), optional
    families : tuple of str, optional
        One name per dataset; each is its own family if not given.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    table = _matrix(scores)
    n_datasets, n_configurations = table.shape
    described = _matrix(metafeatures)
    points = np.eye(n_configurations) if vectors is None else _matrix(vectors)
    times = np.full(table.shape, np.nan) if seconds is None else _matrix(seconds)
    fates = np.zeros(table.shape, dtype=bool) if failed is None else np.asarray(failed, dtype=bool)
    datasets = _names("dataset", n_datasets)
    shapes = {
        "metafeatures": (len(described), n_datasets),
        "vectors": (len(points), n_configurations),
        "seconds": (times.shape, table.shape),
        "failed": (fates.shape, table.shape),
        "families": (len(families or datasets), n_datasets),
    }
    for name, (given, needed) in shapes.items():
        if given != needed:
            raise ValueError(f"{name} has {given} rows or shape, but scores of shape {table.shape} need {needed}")
    return Experience(
        datasets=datasets,
        families=families or datasets,
        configurations=_names("configuration", n_configurations),
        metafeature_names=_names("metafeature", described.shape[1]),
        scores=table,
        failed=fates,
        seconds=times,
        fits=np.ones(n_datasets),
        training_rows=np.full(n_datasets, np.nan),
        metafeatures=described,
        vectors=points,
    )


def _matrix(values: ArrayLike) -> NDArray[np.float64]:
    return np.atleast_2d(np.asarray(values, dtype=np.float64))


def _names(kind: str, n: int) -> tuple[str, ...]:
    return tuple(f"{kind} {number:0{len(str(n))}}" for number in range(n))

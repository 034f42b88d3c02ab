"""What encoders that look at the target share: its columns, and the folds by which no row sees its own."""

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.inner_split import group_folds

Floats = NDArray[np.float64]
Target = NDArray[np.float64] | NDArray[np.int64]


def target_columns(y: Target, n_classes: int, max_classes: int) -> Floats:
    """Return what is averaged or predicted, of shape (n_rows, n_targets).

    Numbers (`n_classes` is 0) are in units of their largest, two classes one indicator, more of them one each for the
    `max_classes` most frequent.
    """
    if n_classes == 0:
        spread = np.abs(y).max(initial=0.0) or 1.0
        return np.asarray((y / spread)[:, None])
    if n_classes == 2:
        return np.asarray(y == 1, dtype=np.float64)[:, None]
    counts = np.bincount(y.astype(np.intp), minlength=n_classes)
    classes = np.sort(np.argsort(-counts, kind="stable")[:max_classes])
    return np.asarray(y[:, None] == classes, dtype=np.float64)


def inner_folds(
    y: Target, n_classes: int, n_folds: int, groups: NDArray[np.int64] | None, random: np.random.Generator
) -> NDArray[np.integer]:
    """Return each row's fold, every class spread over the folds, or whole groups if there are several."""
    n_folds = max(1, min(n_folds, len(y)))
    if groups is not None and len(np.unique(groups)) > 1:
        return group_folds(groups, n_folds, random)
    shuffled = random.permutation(len(y))
    if n_classes:
        shuffled = shuffled[np.argsort(y[shuffled], kind="stable")]
    folds = np.empty(len(y), dtype=np.intp)
    folds[shuffled] = np.arange(len(y)) % n_folds
    return folds

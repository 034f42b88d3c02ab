"""Categories: level codes turned into indicator columns or into what the target is like at each level."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl_meta.pipelines.encoders.cross_fitting import Target, inner_folds, target_columns
from automl_meta.seeding import generator

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]


def slot_starts(n_levels: list[int]) -> Codes:
    """Return where each column begins in one array of all columns' codes, and where the array ends.

    A column's codes are 0 (missing), 1 to the number of its levels, and one more for levels that its schema lacks.
    """
    return np.concatenate([[0], np.cumsum(np.add(n_levels, 2))]).astype(np.intp)


def slots(codes: Codes, starts: Codes) -> Codes:
    """Return where `codes`, of shape (n_rows, n_columns), stand in that array.

    Encoders that were saved before new levels had a slot take them for missing.
    """
    found: Codes = np.where(codes < np.diff(starts), codes, 0) + starts[:-1]
    return found


class OneHotEncoder(BaseEstimator):  # type: ignore[misc]
    """Indicator columns of the frequent levels of each column, and one for all its rare levels together.

    Parameters
    ----------
    max_levels : int
        Most indicator columns of one column, the one for rare levels included.
    min_rows : int
        Levels in fewer training rows are rare. A level that the training rows lack, be it known to the schema or not,
        is treated as a rare one.
    max_columns : int
        Most indicator columns in all; `max_levels` is lowered until they fit, to no less than one each.
    """

    def __init__(self, max_levels: int = 128, min_rows: int = 2, max_columns: int = 4000) -> None:
        self.max_levels = max_levels
        self.min_rows = min_rows
        self.max_columns = max_columns

    def fit(self, codes: Codes, n_levels: list[int]) -> Self:
        """Learn from `codes` of shape (n_rows, n_columns), as in `slot_starts`."""
        most = max(1, min(self.max_levels, self.max_columns // max(1, codes.shape[1])))
        self.starts_ = slot_starts(n_levels)
        counts = np.bincount(slots(codes, self.starts_).ravel(), minlength=self.starts_[-1])
        self.target_ = np.full(self.starts_[-1], -1, dtype=np.intp)
        used = 0
        for start, stop in zip(self.starts_[:-1], self.starts_[1:], strict=True):
            used = self._assign(counts[start:stop], self.target_[start:stop], used, most)
        self.n_outputs_ = used
        return self

    def transform(self, codes: Codes) -> Floats:
        """Return the indicators, of shape (n_rows, n_outputs_)."""
        outputs = self.target_[slots(codes, self.starts_)]
        indicators = np.zeros((len(codes), self.n_outputs_))
        rows, columns = np.nonzero(outputs >= 0)
        indicators[rows, outputs[rows, columns]] = 1.0
        return indicators

    def _assign(self, counts: NDArray[np.intp], target: NDArray[np.intp], used: int, most: int) -> int:
        """Write into `target` the output of each level of one column; return how many outputs are used now."""
        present = np.flatnonzero(counts)
        if len(present) < 2:
            return used
        if len(present) == 2:  # one indicator says it all
            target[present[1]] = used
            return used + 1
        frequent = present[counts[present] >= self.min_rows]
        if len(frequent) > most or len(frequent) < len(present):
            order = np.argsort(-counts[frequent], kind="stable")
            frequent = np.sort(frequent[order[: most - 1]])
        has_rare = len(frequent) < len(present)
        if has_rare:
            target[1:] = used  # also levels that the training rows lack; missing cells stay apart
            used += 1
        target[frequent] = used + np.arange(len(frequent))
        return used + len(frequent)


class TargetMeanEncoder(BaseEstimator):  # type: ignore[misc]
    """Mean target of each level, shrunk to the overall mean; one column per class if there are more than two.

    Training rows are encoded by means of the other folds' rows, so that no row sees its own target. The shrinkage is
    the empirical Bayes estimate of [1]_, as in scikit-learn's encoder, with a prior on the variance within a level.

    Parameters
    ----------
    n_classes : int
        0 for regression.
    n_folds : int
        Inner folds; fewer where there are fewer rows.
    max_classes : int
        Most columns per category, for the most frequent classes.
    prior_rows : float
        Rows' worth of the overall variance that the variance within a level is estimated with; with 0, a level whose
        rows agree is not shrunk, however few they are.
    seed : int
        Of the inner folds.

    References
    ----------
    .. [1] D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in classification
       and prediction problems", SIGKDD Explorations 3 (2001), https://doi.org/10.1145/507533.507538.
    """

    def __init__(
        self, n_classes: int = 0, n_folds: int = 5, max_classes: int = 10, prior_rows: float = 1.0, seed: int = 0
    ) -> None:
        self.n_classes = n_classes
        self.n_folds = n_folds
        self.max_classes = max_classes
        self.prior_rows = prior_rows
        self.seed = seed

    def fit_transform(
        self,
        codes: Codes,
        n_levels: list[int],
        y: Target,
        groups: NDArray[np.int64] | None = None,
    ) -> Floats:
        """Learn from `codes` (as in `slot_starts`) and `y`; return the cross-fitted means of the same rows.

        Rows with the same number in `groups` see none of each other's targets, if there are several groups.
        """
        self.starts_ = slot_starts(n_levels)
        flat = slots(codes, self.starts_)
        targets = target_columns(y, self.n_classes, self.max_classes)
        self.means_ = self._means(flat, targets)
        encoded = np.empty((len(codes), codes.shape[1], targets.shape[1]))
        folds = inner_folds(y, self.n_classes, self.n_folds, groups, generator(self.seed, "target means"))
        for fold in range(folds.max() + 1):
            inside = folds == fold
            encoded[inside] = self._means(flat[~inside], targets[~inside])[flat[inside]]
        return encoded.reshape(len(codes), -1)

    def fit(self, codes: Codes, n_levels: list[int], y: Target) -> Self:
        """Learn the means of all rows."""
        self.fit_transform(codes, n_levels, y)
        return self

    def transform(self, codes: Codes) -> Floats:
        """Return the means, of shape (n_rows, n_columns * n_targets)."""
        encoded: Floats = self.means_[slots(codes, self.starts_)].reshape(len(codes), -1)
        return encoded

    def _means(self, flat: Codes, targets: Floats) -> Floats:
        """Return the shrunk means of every level, of shape (n_all_levels, n_targets)."""
        size = int(self.starts_[-1])
        if not len(flat):
            return np.zeros((size, targets.shape[1]))
        levels = flat.ravel()
        counts = np.bincount(levels, minlength=size)
        return np.column_stack([self._shrunk(levels, counts, target, flat.shape[1]) for target in targets.T])

    def _shrunk(self, levels: Codes, counts: NDArray[np.intp], target: Floats, n_columns: int) -> Floats:
        overall, variance = target.mean(), target.var()
        repeated = np.repeat(target - overall, n_columns)
        present = np.maximum(counts, 1)
        mean = np.bincount(levels, repeated, minlength=len(counts)) / present
        squares = np.bincount(levels, (repeated - mean[levels]) ** 2, minlength=len(counts))
        within = (squares + self.prior_rows * variance) / (present + self.prior_rows)
        weight = counts * variance
        total = weight + within
        share = np.divide(weight, total, out=np.zeros_like(total), where=total > 0)
        shrunk: Floats = overall + share * mean
        return shrunk

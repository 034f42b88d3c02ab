"""Permutation importance: how much worse the score gets when a column's cells are shuffled (Breiman, 2001)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import Dataset
from automl_meta.datasets.dataset import taken, with_columns
from automl_meta.evaluation import Metric
from automl_meta.inspection.out_of_fold import OutOfFoldEnsemble
from automl_meta.seeding import generator

ROWS_AT_ONCE = 10_000  # of made-up rows, in one call of the models


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What a column is worth to the ensemble.

    Attributes
    ----------
    drop : float
        Mean loss of score; around 0, also below, for a column that the ensemble makes no use of.
    error : float
        Standard deviation over the repeats.
    """

    column: str
    drop: float
    error: float


def permutation_importances(
    ensemble: OutOfFoldEnsemble,
    dataset: Dataset,
    rows: NDArray[np.intp],
    columns: Sequence[str],
    metric: Metric,
    *,
    repeats: int = 3,
    seed: int = 0,
    deadline: float | None = None,
) -> list[Importance]:
    """Return the importances of `columns`, the largest first, on rows that the models were not fitted to.

    Parameters
    ----------
    rows : int array
        Positions of the rows to shuffle among.
    deadline : float, optional
        On the clock of `time.perf_counter`; columns that do not fit are left out.
    """
    X, y, folds = dataset.X.iloc[rows].reset_index(drop=True), dataset.y[rows], ensemble.fold_of[rows]
    weights = taken(dataset.weights, rows)

    def score(prediction: NDArray[np.float64]) -> float:
        return metric.score(y, ensemble.decided(prediction).seen_by(metric), weights)

    base = score(ensemble.predict(X, folds))
    at_once = max(1, ROWS_AT_ONCE // (repeats * len(rows)))
    found: list[Importance] = []
    for start in range(0, len(columns), at_once):
        began = time.perf_counter()
        some = columns[start : start + at_once]
        copies = [_shuffled(X, column, seed, repeat) for column in some for repeat in range(repeats)]
        predicted = ensemble.predict(pd.concat(copies, ignore_index=True), np.tile(folds, len(copies)))
        scores = [score(part) for part in np.split(predicted, len(copies))]
        drops = base - np.array(scores).reshape(len(some), repeats)
        found += [
            Importance(column=column, drop=float(own.mean()), error=float(own.std(ddof=min(1, repeats - 1))))
            for column, own in zip(some, drops, strict=True)
            if np.isfinite(own).all()
        ]
        now = time.perf_counter()
        if deadline is not None and now + (now - began) > deadline:
            break
    return sorted(found, key=lambda importance: -importance.drop)


def _shuffled(X: pd.DataFrame, column: str, seed: int, repeat: int) -> pd.DataFrame:
    order = generator(seed, "importance", column, repeat).permutation(len(X))
    return with_columns(X, {column: X[column].iloc[order].set_axis(X.index)})

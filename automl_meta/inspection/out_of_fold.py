"""The ensemble as it predicts rows that its models were not fitted to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.evaluation.folds import Fold
from automl_meta.pipelines.build import predict as predict_pipeline


class OutOfFoldEnsemble:
    """Predicts each row by the fold models that did not see it.

    Parameters
    ----------
    predictor : EnsemblePredictor
        How members are combined and calibrated.
    members : sequence of sequences of fitted pipelines
        One sequence a member, in the order of the predictor's: one pipeline a fold.
    folds : sequence of (training positions, validation positions)
        Those that the pipelines were fitted on.

    Raises
    ------
    ValueError
        If a member has not one pipeline a fold.
    """

    def __init__(self, predictor: EnsemblePredictor, members: Sequence[Sequence[Any]], folds: Sequence[Fold]) -> None:
        if any(len(member) != len(folds) for member in members):
            raise ValueError(f"each member must have {len(folds)} pipelines, one a fold")
        self._predictor, self._members = predictor, members
        n_rows = 1 + max(int(rows.max(initial=-1)) for fold in folds for rows in fold)
        self.fold_of = np.full(n_rows, -1, dtype=np.int64)
        for number, (_, valid) in reversed(list(enumerate(folds))):
            self.fold_of[valid] = number

    @property
    def rows(self) -> NDArray[np.intp]:
        """Positions of the rows that some fold held out."""
        return np.flatnonzero(self.fold_of >= 0)

    def predict(self, X: pd.DataFrame, folds: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return probabilities (n_rows, n_classes) or numbers (n_rows,) for canonical rows.

        Parameters
        ----------
        folds : int array of shape (n_rows,)
            The fold of the row that each row of `X` is, or was made from.
        """
        task, n_classes = Task(self._predictor.task), self._predictor.n_classes
        result = np.empty((len(X), n_classes) if task.is_classification else len(X))
        for fold in np.unique(folds):
            inside = np.flatnonzero(folds == fold)
            part = X.iloc[inside]
            each = [predict_pipeline(member[fold], part, task, n_classes) for member in self._members]
            combined = self._predictor.combiner.combine(each)
            calibration = self._predictor.calibration
            result[inside] = combined if calibration is None else calibration.apply(combined)
        return result

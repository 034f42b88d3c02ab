"""The ensemble as it predicts rows that its models were not fitted to."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.decision import Decided
from automl_meta.evaluation.folds import Fold


class OutOfFoldEnsemble:
    """Predicts each row by the fold models that did not see it.

    Parameters
    ----------
    predictor : EnsemblePredictor
        Its members are bags of one pipeline a fold, or single ones that were refitted to all rows.
    folds : sequence of (training positions, validation positions)
        Those that the pipelines were fitted on.
    refitted : bool
        Whether a member was fitted to all rows.

    Attributes
    ----------
    is_honest : bool
        Whether no member saw the rows that it predicts, or heard of them; a refitted one did, and so did one of a
        second layer: the predictions that it was fitted to are of models that saw them.
    fold_of : int array of shape (n_rows,)
        The first fold that held the row out; -1 where none did.
    """

    def __init__(self, predictor: EnsemblePredictor, folds: Sequence[Fold], *, refitted: bool = False) -> None:
        bags = all(len(member) == len(folds) for member in predictor.members)
        self.is_honest = bags and not refitted and predictor.inputs is None
        self._by_fold = [_of_fold(predictor, number, len(folds)) for number in range(len(folds))]
        n_rows = 1 + max(int(rows.max(initial=-1)) for fold in folds for rows in fold)
        self.fold_of = np.full(n_rows, -1, dtype=np.int64)
        for number, (_, valid) in reversed(list(enumerate(folds))):
            self.fold_of[valid] = number

    @property
    def n_models(self) -> int:
        """How many fold models a bag consists of."""
        return len(self._by_fold)

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
        n_classes = self._by_fold[0].n_classes
        result = np.empty((len(X), n_classes) if n_classes else len(X))
        for fold in np.unique(folds):
            inside = np.flatnonzero(folds == fold)
            predictor = self._by_fold[fold]
            predict = predictor.predict_proba if n_classes else predictor.predict
            result[inside] = predict(X.iloc[inside])
        return result

    def decided(self, predictions: NDArray[np.float64]) -> Decided:
        """Return `predictions` with what the classes are decided by."""
        return self._by_fold[0].decided(predictions)


def _of_fold(predictor: EnsemblePredictor, fold: int, n_folds: int) -> EnsemblePredictor:
    """Return the same ensemble with the pipeline of `fold` alone of each bag."""
    members = [[member[fold]] if len(member) == n_folds else member for member in predictor.members]
    return EnsemblePredictor(**{**predictor.get_params(deep=False), "members": members})

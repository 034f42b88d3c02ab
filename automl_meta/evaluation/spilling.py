"""Keeping out-of-fold predictions: in memory, and on disk when they grow."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from automl_meta.evaluation.records import Evaluation

IN_MEMORY = 2**28  # bytes of predictions


class PredictionStore:
    """Moves the predictions of evaluations to files once those in memory take more than a limit.

    Parameters
    ----------
    folder : Path
        Where the files are made.
    limit : int
        Bytes that may be kept in memory.
    """

    def __init__(self, folder: Path, limit: int = IN_MEMORY) -> None:
        self._folder = folder
        self._left = limit
        self._files = 0

    def keep(self, evaluation: Evaluation) -> Evaluation:
        """Return the evaluation as it is, or with its predictions read from a file as needed."""
        predictions = evaluation.predictions
        if predictions is None:
            return evaluation
        if predictions.nbytes <= self._left:
            self._left -= predictions.nbytes
            return evaluation
        path = self._folder / f"predictions-{self._files}.npy"
        self._files += 1
        np.save(path, predictions)
        return replace(evaluation, predictions=np.load(path, mmap_mode="r"))

"""What a model above the first layer sees: the table's columns, and predictions of models below it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.schema import Column, ColumnRole
from automl_meta.ensembling.combiners import centred_log

Floats = NDArray[np.floating[Any]]
PREFIX = "prediction below"  # of the new columns' names


def extended(X: pd.DataFrame, predictions: Sequence[Floats]) -> pd.DataFrame:
    """Return the table with a column for each number predicted, and for each class its log-odds.

    Of two classes the second says all. A class's log-odds are its log-probability less the classes' mean.

    Parameters
    ----------
    predictions : sequence of arrays of shape (n_rows, n_classes) or (n_rows,)
        Of the models below, in the order of the model's inputs.
    """
    columns = [_columns(np.asarray(prediction)) for prediction in predictions]
    new = {
        f"{PREFIX} {model}.{number}": values[:, number]
        for model, values in enumerate(columns)
        for number in range(values.shape[1])
    }
    return pd.concat([X, pd.DataFrame(new, index=X.index)], axis=1)


def extended_dataset(dataset: Dataset, predictions: Sequence[Floats]) -> Dataset:
    """Return the dataset with the predictions of models below as further numeric columns.

    Rows without a prediction (that no fold held out) have missing cells there.
    """
    X = extended(dataset.X, predictions)
    new = tuple(_described(X[name]) for name in X.columns[len(dataset.X.columns) :])
    return replace(dataset, X=X, schema=replace(dataset.schema, columns=(*dataset.schema.columns, *new)))


def _columns(prediction: Floats) -> NDArray[np.float64]:
    if prediction.ndim == 1:
        return prediction.astype(np.float64)[:, np.newaxis]
    odds = centred_log(prediction)
    return odds[:, 1:] if odds.shape[1] == 2 else odds


def _described(values: "pd.Series[float]") -> Column:
    present = values[np.isfinite(values)]
    return Column(
        name=str(values.name),
        role=ColumnRole.NUMERIC,
        dtype="float64",
        minimum=float(present.min()) if len(present) else None,
        maximum=float(present.max()) if len(present) else None,
    )

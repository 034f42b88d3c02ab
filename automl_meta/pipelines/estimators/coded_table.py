"""A table with pandas categories as one matrix of numbers."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator


class CodedTable(BaseEstimator):  # type: ignore[misc]
    """Turns a table into a float64 matrix; categories become the codes that they had in training.

    A category that training had not becomes the code behind them all, which no row had in training. Missing becomes
    NaN, and so do infinite numbers.
    """

    def fit(self, X: Any) -> Self:
        """Remember the categories of each column of type ``category``."""
        self.levels_: dict[int, list[Any]] = {}
        if isinstance(X, pd.DataFrame):
            for position, column in enumerate(X.columns):
                if isinstance(X.dtypes.iloc[position], pd.CategoricalDtype):
                    self.levels_[position] = X[column].cat.categories.tolist()
        self.n_columns_ = X.shape[1]
        return self

    @property
    def categorical_(self) -> list[int]:
        """Positions of the columns that hold codes."""
        return list(self.levels_)

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return the matrix, of shape (n_rows, n_columns)."""
        if not isinstance(X, pd.DataFrame):
            return _finite(np.array(X, dtype=np.float64))
        matrix = np.empty((len(X), self.n_columns_), dtype=np.float64)
        for position in range(self.n_columns_):
            column = X.iloc[:, position]
            levels = self.levels_.get(position)
            if levels is None:
                matrix[:, position] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            else:
                matrix[:, position] = _codes(column, levels)
        return _finite(matrix)


def _codes(column: "pd.Series[Any]", levels: list[Any]) -> NDArray[np.float64]:
    given = column.astype("category").cat
    codes = given.set_categories(levels).cat.codes.to_numpy(dtype=np.float64)
    elsewhere = np.where(given.codes.to_numpy() < 0, np.nan, len(levels))
    return np.where(codes < 0, elsewhere, codes)


def _finite(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix[np.isinf(matrix)] = np.nan
    return matrix

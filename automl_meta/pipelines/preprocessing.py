"""How columns are prepared for an algorithm, by role."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl_meta.datasets.levels import level_dtype
from automl_meta.datasets.schema import ColumnRole, Schema
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.encoders.categories import OneHotEncoder, TargetMeanEncoder
from automl_meta.pipelines.encoders.cross_fitting import Target
from automl_meta.pipelines.encoders.dates import DateEncoder
from automl_meta.pipelines.encoders.numeric import NumericEncoder
from automl_meta.pipelines.encoders.reduction import WideReducer
from automl_meta.pipelines.encoders.screening import screened
from automl_meta.pipelines.encoders.text import TextEncoder
from automl_meta.seeding import integer_seed

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]

MANY_LEVELS = 32  # in the training rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """The choices that a configuration makes; everything that learns is fitted inside the fold.

    Whatever is chosen, of more than 1,000 numbers and categories only the 500 that are most related to the target are
    looked at (see `encoders.screening`).

    Attributes
    ----------
    numeric
        ``none`` leaves values as they are; ``standard``, ``quantile`` (to a normal distribution) and
        ``robust_smooth`` (robust scaling with smooth clipping, Holzmüller et al. 2024) scale them.
    missing
        ``native``: left alone, for algorithms that know missing values; ``median``: imputed;
        ``indicator``: imputed, and one more column per column with missing cells says where.
    categorical
        ``native``: pandas categories reach the estimator; ``ordinal``: codes; ``onehot``: with rare levels grouped;
        ``target``: target encoding, cross-fitted inside the training fold. Where numbers are scaled, columns of many
        levels are encoded by the target instead of by codes or indicators. A level that the schema lacks becomes what
        a level becomes that the training rows lack; among ordinal codes it stands in the middle.
    reduction
        For wide tables: ``none``, ``pca`` or ``select`` (univariate).
    """

    numeric: Literal["none", "standard", "quantile", "robust_smooth"] = "none"
    missing: Literal["native", "median", "indicator"] = "median"
    categorical: Literal["native", "ordinal", "onehot", "target"] = "onehot"
    reduction: Literal["none", "pca", "select"] = "none"


def build_preprocessor(preprocessing: Preprocessing, schema: Schema, context: FitContext) -> "ColumnPreprocessor":
    """Return an unfitted transformer of the canonical features of `schema` (see `Dataset`).

    It gives a DataFrame of float64 and category columns if `preprocessing.categorical` is ``native``, else a float64
    array; finite, but for NaN where `preprocessing.missing` is ``native``; at least one column.
    """
    return ColumnPreprocessor(
        roles=tuple(column.role.value for column in schema.features),
        levels=tuple(column.levels or () for column in schema.features if column.role is ColumnRole.CATEGORICAL),
        numeric=preprocessing.numeric,
        missing=preprocessing.missing,
        categorical=preprocessing.categorical,
        reduction=preprocessing.reduction,
        n_classes=context.n_classes if context.task.is_classification else 0,
        seed=context.seed,
    )


class ColumnPreprocessor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Prepare canonical features by role; see `Preprocessing` for the choices.

    `fit_transform` is not `fit` and then `transform`: where categories are encoded by the target, training rows are
    encoded out of fold. A pipeline calls it.

    Parameters
    ----------
    roles : tuple of str
        Role of each column, in order.
    levels : tuple of tuple of str
        Levels of each categorical column, in order.
    numeric, missing, categorical, reduction : str
        As in `Preprocessing`.
    n_classes : int
        0 for regression.
    seed : int
        Of inner folds and randomised decompositions.
    """

    # Categories that are read as texts: in models that were saved before the schema decided which columns are texts.
    level_texts_: Codes = np.zeros(0, dtype=np.intp)

    def __init__(
        self,
        roles: tuple[str, ...] = (),
        levels: tuple[tuple[str, ...], ...] = (),
        numeric: Literal["none", "standard", "quantile", "robust_smooth"] = "none",
        missing: Literal["native", "median", "indicator"] = "median",
        categorical: Literal["native", "ordinal", "onehot", "target"] = "onehot",
        reduction: Literal["none", "pca", "select"] = "none",
        n_classes: int = 0,
        seed: int = 0,
    ) -> None:
        self.roles = roles
        self.levels = levels
        self.numeric = numeric
        self.missing = missing
        self.categorical = categorical
        self.reduction = reduction
        self.n_classes = n_classes
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Target, groups: NDArray[np.int64] | None = None) -> Self:
        """Learn from canonical features and the coded target."""
        self.fit_transform(X, y, groups)
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: Target, groups: NDArray[np.int64] | None = None
    ) -> Floats | pd.DataFrame:
        """Learn, and return the training rows prepared, target encodings out of fold (of whole groups)."""
        self.n_features_in_ = len(self.roles)
        codes = self._codes(X)
        plain = self._plain(X)
        self.plain_, categories = screened(plain, codes, y, self.n_classes)
        self._choose_encoders(codes, categories)
        numbers = [self._looked_at(plain), self._fit_dates(X)]
        if self.by_target_.size:
            encoder = TargetMeanEncoder(self.n_classes, seed=integer_seed(self.seed, "target"))
            levels = self._n_levels(self.by_target_)
            numbers.append(encoder.fit_transform(codes[:, self.by_target_], levels, y, groups))
            self.target_ = encoder
        block = np.hstack(numbers)
        self.numbers_ = NumericEncoder(self.numeric, self.missing, integer_seed(self.seed, "numbers")).fit(block)
        prepared = self._prepared(block, codes, self._fit_texts(X, y, groups))
        self.reducer_ = None
        if self.reduction != "none":
            reducer = WideReducer(self.reduction, self.n_classes > 0, seed=integer_seed(self.seed, "reduction"))
            self.reducer_ = reducer.fit(prepared, y)
            prepared = self.reducer_.transform(prepared)
        return self._finished(prepared, codes)

    def transform(self, X: pd.DataFrame) -> Floats | pd.DataFrame:
        """Return the rows prepared."""
        codes = self._codes(X)
        numbers = [self._looked_at(self._plain(X)), self.dates_.transform(self._dates(X))]
        if self.by_target_.size:
            numbers.append(self.target_.transform(codes[:, self.by_target_]))
        columns = self._texts(X, codes)
        texts = [encoder.transform(column) for encoder, column in zip(self.texts_, columns, strict=True)]
        prepared = self._prepared(np.hstack(numbers), codes, texts)
        if self.reducer_ is not None:
            prepared = self.reducer_.transform(prepared)
        return self._finished(prepared, codes)

    def _choose_encoders(self, codes: Codes, looked_at: Codes) -> None:
        """Decide which categorical columns are encoded how; those with one level in the training rows are dropped."""
        present = np.zeros(codes.shape[1], dtype=np.intp)
        present[looked_at] = [len(np.unique(column)) for column in codes[:, looked_at].T]
        varies, many = present > 1, present > MANY_LEVELS
        scaled = self.numeric != "none"
        by_target = varies if self.categorical == "target" else np.zeros_like(varies)
        if scaled and self.categorical in ("ordinal", "onehot"):
            by_target = many
        self.by_target_, left = map(np.flatnonzero, (by_target, varies & ~by_target))
        self.native_, self.ordinal_, self.indicated_ = (
            left if self.categorical == kind else left[:0] for kind in ("native", "ordinal", "onehot")
        )
        if self.indicated_.size:
            self.one_hot_ = OneHotEncoder().fit(codes[:, self.indicated_], self._n_levels(self.indicated_))

    def _positions(self, *roles: str) -> list[int]:
        return [position for position, role in enumerate(self.roles) if role in roles]

    def _fit_dates(self, X: pd.DataFrame) -> Floats:
        """Learn from dates; return them as numbers."""
        dates = self._dates(X)
        self.dates_ = DateEncoder(calendar=self.numeric == "none").fit(dates)
        encoded: Floats = self.dates_.transform(dates)
        return encoded

    def _fit_texts(self, X: pd.DataFrame, y: Target, groups: NDArray[np.int64] | None) -> list[Floats]:
        """Learn from texts; return what they become, which is in one unit already and not to be scaled."""
        self.texts_, blocks = [], []
        for number, position in enumerate(self._positions("text")):
            encoder = TextEncoder(seed=integer_seed(self.seed, "text", number), n_classes=self.n_classes)
            blocks.append(encoder.fit_transform(X.iloc[:, position].to_numpy(dtype=object), y, groups))
            self.texts_.append(encoder)
        return blocks

    def _looked_at(self, plain: Floats) -> Floats:
        return plain if len(self.plain_) == plain.shape[1] else plain[:, self.plain_]

    def _plain(self, X: pd.DataFrame) -> Floats:
        return X.iloc[:, self._positions("numeric", "boolean")].to_numpy(dtype=np.float64)

    def _dates(self, X: pd.DataFrame) -> NDArray[np.datetime64]:
        columns = [X.iloc[:, position].to_numpy(dtype="datetime64[ns]") for position in self._positions("date")]
        return np.column_stack(columns) if columns else np.zeros((len(X), 0), dtype="datetime64[ns]")

    def _texts(self, X: pd.DataFrame, codes: Codes) -> list[NDArray[np.object_]]:
        """Return the columns of text, and those of categories that the model reads as texts."""
        texts = [X.iloc[:, position].to_numpy(dtype=object) for position in self._positions("text")]
        names = [np.array([None, *self.levels[column], None], dtype=object) for column in self.level_texts_]
        return texts + [known[codes[:, column]] for known, column in zip(names, self.level_texts_, strict=True)]

    def _codes(self, X: pd.DataFrame) -> Codes:
        """Return the level of each categorical cell counted from 1, 0 where it is missing; a new one is the last."""
        columns = [X.iloc[:, position].cat.codes.to_numpy() for position in self._positions("categorical")]
        if not columns:
            return np.zeros((len(X), 0), dtype=np.intp)
        return np.column_stack(columns).astype(np.intp) + 1

    def _n_levels(self, columns: Codes) -> list[int]:
        return [len(self.levels[column]) for column in columns]

    def _prepared(self, numbers: Floats, codes: Codes, texts: list[Floats]) -> Floats:
        blocks = [self.numbers_.transform(numbers), *texts]
        if self.ordinal_.size:
            blocks.append(self._in_order(codes[:, self.ordinal_]))
        if self.indicated_.size:
            blocks.append(self.one_hot_.transform(codes[:, self.indicated_]))
        return np.hstack(blocks) if len(blocks) > 1 else blocks[0]

    def _in_order(self, codes: Codes) -> Floats:
        """Return codes of `ordinal_` as numbers, new levels in the middle: their place in the order is unknown."""
        last = np.array(self._n_levels(self.ordinal_))
        return np.where(codes > last, (last + 1) / 2, codes)

    def _finished(self, prepared: Floats, codes: Codes) -> Floats | pd.DataFrame:
        if not prepared.shape[1] and not self.native_.size:
            prepared = np.zeros((len(prepared), 1))  # no column tells rows apart; estimators want one
        if self.categorical != "native":
            return prepared
        columns = {f"c{column}": self._native(codes[:, column], self.levels[column]) for column in self.native_}
        frame = pd.DataFrame(prepared, columns=[f"x{column}" for column in range(prepared.shape[1])])
        return pd.concat([frame, pd.DataFrame(columns)], axis=1) if columns else frame

    @staticmethod
    def _native(codes: Codes, levels: tuple[str, ...]) -> pd.Categorical:
        """Return categories: the schema's levels, and `NEW_LEVEL` behind them where it occurs."""
        names = level_dtype(levels).categories
        return pd.Categorical.from_codes(codes - 1, names if (codes > len(levels)).any() else names[:-1])

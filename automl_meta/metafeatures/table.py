"""A dataset as the arrays that meta-features are computed from: sampled, and in an order of its own.

Rows and columns are put in the order of hashes of their content, and samples take the first rows and columns in that
order. So everything computed from a `Table` is the same, to the last bit, however the rows and columns of the
dataset were ordered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.levels import NEW_LEVEL
from automl_meta.datasets.schema import ColumnRole
from automl_meta.seeding import generator, integer_seed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Hashes = NDArray[np.uint64]

_LEVELS = (ColumnRole.CATEGORICAL, ColumnRole.BOOLEAN)
_NANOSECONDS_PER_DAY = 86_400e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much of a table is looked at; None is all of it.

    Attributes
    ----------
    rows : for statistics of columns
    cells : for the same, rows times columns; wide tables are described by fewer rows, never under 500
    columns : for the same
    landmark_rows : to which models are fitted
    pair_rows : between which distances are taken
    encoded_columns : of the matrix for models and distances, one-hot columns counted
    levels : that a categorical column keeps in that matrix
    class_pairs : compared where classes are compared in pairs
    hashed_cells : above which rows are drawn by position before their order is made independent of position
    """

    rows: int | None = 10_000
    cells: int | None = 500_000
    columns: int | None = 500
    landmark_rows: int | None = 600
    pair_rows: int | None = 300
    encoded_columns: int | None = 100
    levels: int | None = 10
    class_pairs: int | None = 50
    hashed_cells: int | None = 4_000_000


WITHOUT_CAPS = Caps(
    rows=None,
    cells=None,
    columns=None,
    landmark_rows=None,
    pair_rows=None,
    encoded_columns=None,
    levels=None,
    class_pairs=None,
    hashed_cells=None,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """What meta-features may ask for by name.

    Attributes
    ----------
    numeric : array of shape (n_sampled, n_numeric)
        Columns of role NUMERIC; what is missing or infinite is NaN.
    codes : int32 array of shape (n_sampled, n_categorical)
        Levels of the CATEGORICAL and BOOLEAN columns as numbers from 0; missing is -1.
    n_levels : array of shape (n_categorical,)
        Levels in the schema, whether they occur in the sample or not.
    dates : array of shape (n_sampled, n_dates)
        Days since 1970; missing is NaN.
    texts : tuple of object arrays of shape (n_sampled,)
    y : array of shape (n_sampled,)
        Class codes, or numbers.
    feature_keys, targets : arrays of shape (n_hashed,)
        Of all rows, not only the sampled ones: a number that is the same for equal features, and the target.
    n_rows, n_features : int
        Of the whole dataset.
    role_counts : mapping from role to number of columns in the schema, those that are no features included
    """

    numeric: Floats
    codes: Codes
    n_levels: Ints
    dates: Floats
    texts: tuple[NDArray[np.object_], ...]
    y: Ints | Floats
    feature_keys: Hashes
    targets: Ints | Floats
    is_classification: bool
    n_rows: int
    n_features: int
    role_counts: dict[ColumnRole, int]
    caps: Caps
    seed: int


def table_from(dataset: Dataset, caps: Caps, seed: int) -> Table:
    """Sample `dataset` and put it in its own order."""
    frame, y = _drawn_by_position(dataset, caps, seed)
    roles = {column.name: column.role for column in dataset.schema.columns}
    columns = [(roles[str(name)], cells) for name, cells in frame.items()]
    keys = np.array([_sum(_mixed(cells, seed)) for cells in _hashed(columns)], dtype=np.uint64)
    kept = _first(np.argsort(keys, kind="stable"), caps.columns)
    feature_keys = np.zeros(len(y), dtype=np.uint64)
    for position, cells in zip(range(len(columns)), _hashed(columns), strict=True):
        feature_keys += _mixed(_mixed(cells, seed) ^ keys[position], seed)
    row_keys = _mixed(feature_keys ^ _mixed(_bits(y.astype(np.float64)), seed), seed)
    rows = _sampled_rows(row_keys, y, _row_cap(caps, len(kept)), dataset.task.is_classification)
    described = _Described(
        columns=[columns[i] for i in kept], rows=rows, y=y, feature_keys=feature_keys, dataset=dataset
    )
    return _arrays(described, caps, seed)


def stratified_rows(
    y: Ints | Floats, cap: int | None, is_classification: bool, *, every_class: bool = False
) -> NDArray[np.intp]:
    """Return positions of `cap` rows: the first of each class, in the classes' proportions.

    Each class keeps two rows if it has them, beyond the cap if need be. Without classes they are the first rows.

    Parameters
    ----------
    every_class : bool
        Otherwise, where there are more classes than half the cap, only so many are kept: the largest, of equal ones
        those of the lowest codes.
    """
    n = len(y)
    if cap is None or n <= cap:
        return np.arange(n)
    if not is_classification:
        return np.arange(cap)
    order = np.argsort(y, kind="stable")
    counts = np.bincount(y.astype(np.int64))
    within = np.empty(n, dtype=np.int64)
    within[order] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    most = max(cap // 2, 2)
    if not every_class and np.count_nonzero(counts) > most:
        counts[np.argsort(-counts, kind="stable")[most:]] = 0
    quota = np.maximum(_apportioned(counts, cap), np.minimum(counts, 2))
    return np.flatnonzero(within < quota[y.astype(np.int64)])


def _apportioned(counts: Ints, cap: int) -> Ints:
    """Return `cap` split in proportion to `counts`, what rounding leaves to the largest remainders."""
    exact = counts * (cap / counts.sum())
    quota: Ints = np.floor(exact).astype(np.int64)
    largest = np.argsort(quota - exact, kind="stable")[: cap - int(quota.sum())]
    quota[largest] += 1
    return quota


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Described:
    columns: list[tuple[ColumnRole, "pd.Series"]]
    rows: NDArray[np.intp]
    y: Ints | Floats
    feature_keys: Hashes
    dataset: Dataset


def _arrays(described: _Described, caps: Caps, seed: int) -> Table:
    columns, rows, dataset = described.columns, described.rows, described.dataset
    numeric = [column for role, column in columns if role is ColumnRole.NUMERIC]
    coded = [(role, column) for role, column in columns if role in _LEVELS]
    dates = [column for role, column in columns if role is ColumnRole.DATE]
    texts = [column.to_numpy(dtype=object)[rows] for role, column in columns if role is ColumnRole.TEXT]
    role_counts = dict.fromkeys(ColumnRole, 0)
    for column in dataset.schema.columns:
        role_counts[column.role] += 1
    return Table(
        numeric=_stacked((_floats(column, rows) for column in numeric), len(numeric), len(rows)),
        codes=_stacked((_codes(column)[rows] for _, column in coded), len(coded), len(rows), np.int32),
        n_levels=np.array([_n_levels(column) for _, column in coded], dtype=np.int64),
        dates=_stacked((_days(column, rows) for column in dates), len(dates), len(rows)),
        texts=tuple(texts),
        y=described.y[rows],
        feature_keys=described.feature_keys,
        targets=described.y,
        is_classification=dataset.task.is_classification,
        n_rows=dataset.n_rows,
        n_features=dataset.X.shape[1],
        role_counts=role_counts,
        caps=caps,
        seed=integer_seed(seed, "metafeatures"),
    )


def _drawn_by_position(dataset: Dataset, caps: Caps, seed: int) -> tuple[pd.DataFrame, Ints | Floats]:
    n_columns = max(dataset.X.shape[1], 1)
    limit = None if caps.hashed_cells is None else max(caps.hashed_cells // n_columns, 500)
    if limit is None or dataset.n_rows <= limit:
        return dataset.X, dataset.y
    order = generator(seed, "metafeatures", "rows").permutation(dataset.n_rows)
    shuffled = dataset.y[order]
    rows = np.sort(order[stratified_rows(shuffled, limit, dataset.task.is_classification, every_class=True)])
    return dataset.X.take(rows), dataset.y[rows]


def _row_cap(caps: Caps, n_columns: int) -> int | None:
    by_cells = None if caps.cells is None else max(caps.cells // max(n_columns, 1), 500)
    given = [cap for cap in (caps.rows, by_cells) if cap is not None]
    return min(given, default=None)


def _sampled_rows(keys: Hashes, y: Ints | Floats, cap: int | None, is_classification: bool) -> NDArray[np.intp]:
    order = np.argsort(keys, kind="stable")
    return order[stratified_rows(y[order], cap, is_classification)]


def _first(order: NDArray[np.intp], cap: int | None) -> NDArray[np.intp]:
    return order if cap is None else order[:cap]


def _hashed(columns: list[tuple[ColumnRole, "pd.Series"]]) -> Iterator[Hashes]:
    for role, column in columns:
        if isinstance(column.dtype, pd.CategoricalDtype):
            levels = pd.util.hash_array(column.cat.categories.astype(str).to_numpy(dtype=object), categorize=False)
            yield np.append(levels, np.uint64(0))[column.cat.codes.to_numpy()]
        elif role is ColumnRole.DATE:
            yield column.to_numpy(dtype="datetime64[ns]").view(np.uint64)
        elif role is ColumnRole.TEXT:
            yield pd.util.hash_array(column.to_numpy(dtype=object), categorize=False)
        else:
            yield _bits(column.to_numpy(dtype=np.float64))


def _bits(values: Floats) -> Hashes:
    # 0.0 is added because -0.0 is the same number with other bits; NaN has many bit patterns.
    plain = values + 0.0
    return np.where(np.isnan(plain), np.nan, plain).view(np.uint64)


def _mixed(keys: Hashes, seed: int) -> Hashes:
    """Return the keys scrambled by the finaliser of splitmix64."""
    mixed: Hashes = keys + np.uint64((0x9E3779B97F4A7C15 * (seed + 1)) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _sum(keys: Hashes) -> np.uint64:
    return np.uint64(np.add.reduce(keys, dtype=np.uint64))


def _floats(column: "pd.Series", rows: NDArray[np.intp]) -> Floats:
    values = column.to_numpy(dtype=np.float64)[rows]
    return np.where(np.isfinite(values), values, np.nan)


def _days(column: "pd.Series", rows: NDArray[np.intp]) -> Floats:
    stamps = column.to_numpy(dtype="datetime64[ns]")[rows]
    return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / _NANOSECONDS_PER_DAY)


def _codes(column: "pd.Series") -> Ints:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64)
    values = column.to_numpy(dtype=np.float64)
    return np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int64)


def _n_levels(column: "pd.Series") -> int:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return 2
    return int((column.cat.categories != NEW_LEVEL).sum())


def _stacked(columns: Iterable[NDArray[Any]], n_columns: int, n_rows: int, dtype: type = np.float64) -> NDArray[Any]:
    # Filled column by column, so that there is never a second copy.
    stacked: NDArray[Any] = np.empty((n_rows, n_columns), dtype=dtype, order="F")
    for position, column in enumerate(columns):
        stacked[:, position] = column
    return stacked

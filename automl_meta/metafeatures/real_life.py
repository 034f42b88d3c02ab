"""What tables have in real life: gaps, dates, text, odd columns, duplicates, skewed targets, few rows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl_meta.datasets.schema import ColumnRole
from automl_meta.metafeatures import summaries
from automl_meta.metafeatures.columns import Moments, Quartiles, class_sums, lower_triangle
from automl_meta.metafeatures.registry import Cost, Group, Scope, metafeature, shared
from automl_meta.metafeatures.summaries import BOUNDS, CENTRE, QUARTILES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Bools = NDArray[np.bool_]
Keys = NDArray[np.uint64]
Texts = tuple[NDArray[np.object_], ...]

_RARE = 5  # rows; a level with fewer teaches little
_MANY = 50  # levels; from here on, one column per level is dear
_ALIKE = 0.95  # absolute correlation; such columns say nearly the same
_LOPSIDED = 2.0  # absolute skewness; such columns gain from a logarithm


def _mean(values: ArrayLike) -> float:
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()) if array.size else float("nan")


# Gaps


@shared(Cost.CELLS)
def missing(numeric: Floats, codes: Codes, dates: Floats, text_lengths: Floats) -> Bools:
    """Return which cells are missing, shape (n_sampled, n_columns): numeric, categorical, date, text columns."""
    return np.hstack([np.isnan(numeric), codes < 0, np.isnan(dates), np.isnan(text_lengths)])


@shared(Cost.CELLS)
def text_lengths(texts: Texts, y: Floats) -> Floats:
    """Return the number of characters of each cell of the text columns; NaN where missing."""
    lengths = [[len(cell) if isinstance(cell, str) else np.nan for cell in text] for text in texts]
    return np.array(lengths, dtype=np.float64).T if lengths else np.empty((len(y), 0))


@metafeature(Group.REAL_LIFE)
def missing_cells(missing: Bools) -> float:
    """Return the share of the feature cells that are missing."""
    return _mean(missing)


@metafeature(Group.REAL_LIFE, summaries=QUARTILES)
def missing_per_column(missing: Bools) -> Floats:
    """Return the share of missing cells of each column."""
    return np.asarray(missing.mean(axis=0))


@metafeature(Group.REAL_LIFE)
def columns_with_missing(missing: Bools) -> float:
    """Return the share of the columns that have a missing cell."""
    return _mean(missing.any(axis=0))


@metafeature(Group.REAL_LIFE)
def rows_with_missing(missing: Bools) -> float:
    """Return the share of the rows that have a missing cell."""
    return _mean(missing.any(axis=1)) if missing.shape[1] else float("nan")


@metafeature(Group.REAL_LIFE)
def missing_patterns(missing: Bools) -> float:
    """Return the number of different sets of columns missing together, 1 for a complete table."""
    packed = np.packbits(missing[:, missing.any(axis=0)], axis=1)
    return float(len(np.unique(packed, axis=0))) if packed.shape[1] else 1.0


@metafeature(Group.REAL_LIFE, cost=Cost.CELLS)
def missing_together(missing: Bools) -> float:
    """Return the mean absolute correlation between the gaps of different columns; missing below two such columns."""
    gaps = missing[:, missing.any(axis=0) & ~missing.all(axis=0)].astype(np.float64)
    if gaps.shape[1] < 2:
        return float("nan")
    return float(np.mean(np.abs(lower_triangle(np.asarray(np.corrcoef(gaps, rowvar=False))))))


@metafeature(Group.REAL_LIFE, cost=Cost.CELLS)
def missing_tells(missing: Bools, target_levels: Ints) -> float:
    """Return what the most telling column's gaps say of the target: the largest correlation ratio, 0 to 1."""
    gaps = missing[:, missing.any(axis=0) & ~missing.all(axis=0)].astype(np.float64)
    if gaps.shape[1] == 0:
        return 0.0 if missing.size else float("nan")
    counts = np.bincount(target_levels).astype(np.float64)
    means = class_sums(gaps, target_levels, len(counts)) / counts[:, np.newaxis]
    between = counts @ (means - gaps.mean(axis=0)) ** 2 / len(gaps)
    return float(np.max(between / gaps.var(axis=0)))


# Kinds of columns


def _share(role: ColumnRole, role_counts: dict[ColumnRole, int]) -> float:
    total = sum(role_counts.values())
    return role_counts[role] / total if total else float("nan")


@metafeature(Group.REAL_LIFE)
def share_text(role_counts: dict[ColumnRole, int]) -> float:
    """Return the share of all columns that are free text."""
    return _share(ColumnRole.TEXT, role_counts)


@metafeature(Group.REAL_LIFE)
def share_date(role_counts: dict[ColumnRole, int]) -> float:
    """Return the share of all columns that are dates."""
    return _share(ColumnRole.DATE, role_counts)


@metafeature(Group.REAL_LIFE)
def share_boolean(role_counts: dict[ColumnRole, int]) -> float:
    """Return the share of all columns that are yes or no."""
    return _share(ColumnRole.BOOLEAN, role_counts)


@metafeature(Group.REAL_LIFE)
def share_identifier(role_counts: dict[ColumnRole, int]) -> float:
    """Return the share of all columns that only number the rows."""
    return _share(ColumnRole.IDENTIFIER, role_counts)


@metafeature(Group.REAL_LIFE)
def share_constant(role_counts: dict[ColumnRole, int]) -> float:
    """Return the share of all columns that are constant."""
    return _share(ColumnRole.CONSTANT, role_counts)


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def text_length(text_lengths: Floats) -> Floats:
    """Return the mean number of characters of each text column."""
    return np.asarray(np.nanmean(text_lengths, axis=0))


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def text_distinct(texts: Texts) -> Floats:
    """Return the share of distinct cells of each text column."""
    return np.array([len({str(cell) for cell in text}) / max(len(text), 1) for text in texts])


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def date_span(dates: Floats) -> Floats:
    """Return the years from the first to the last date of each date column."""
    return (np.nanmax(dates, axis=0) - np.nanmin(dates, axis=0)) / 365.25 if dates.size else np.empty(0)


@metafeature(Group.REAL_LIFE)
def share_integer(numeric: Floats, n_present: Ints) -> float:
    """Return the share of the numeric columns whose numbers are all whole."""
    fractional = np.any(np.mod(numeric, 1.0) > 0, axis=0)
    return _mean(~fractional[n_present > 0])


@metafeature(Group.REAL_LIFE, summaries=QUARTILES)
def zeros(numeric: Floats, n_present: Ints) -> Floats:
    """Return the share of each numeric column's present cells that are 0."""
    return np.asarray(np.count_nonzero(numeric == 0, axis=0) / n_present)


@metafeature(Group.REAL_LIFE, summaries=QUARTILES)
def distinct_share(n_distinct: Ints, n_present: Ints) -> Floats:
    """Return the distinct values of each numeric column per present cell."""
    return np.asarray(n_distinct / n_present)


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def outlier_cells(numeric: Floats, quartiles: Quartiles, n_present: Ints) -> Floats:
    """Return the share of each numeric column's present cells 1.5 interquartile ranges beyond a quartile."""
    low, high = quartiles.fences
    return np.asarray(np.count_nonzero((numeric < low) | (numeric > high), axis=0) / n_present)


@metafeature(Group.REAL_LIFE)
def share_lopsided(moments: Moments) -> float:
    """Return the share of the numeric columns whose skewness is above 2 or below -2."""
    skewed = np.abs(moments.third) > _LOPSIDED * moments.second**1.5
    return _mean(skewed & (moments.second > 0))


@metafeature(Group.REAL_LIFE)
def share_redundant(correlation: Floats) -> float:
    """Return the share of the numeric columns that correlate above 0.95 with another."""
    alike = correlation >= _ALIKE
    np.fill_diagonal(alike, False)
    return _mean(alike.any(axis=0))


@metafeature(Group.REAL_LIFE)
def scale_spread(moments: Moments) -> float:
    """Return the powers of ten between the smallest and the largest standard deviation of the numeric columns."""
    spreads = np.sqrt(moments.second[moments.second > 0])
    return float(np.log10(spreads.max() / spreads.min())) if len(spreads) else float("nan")


# Levels of categorical columns


@shared(Cost.CELLS)
def level_counts(codes: Codes) -> list[Ints]:
    """Return how often each level of each categorical column occurs; levels that do not occur are left out."""
    counts = [np.bincount(column[column >= 0]) for column in codes.T]
    return [column[column > 0] for column in counts]


@metafeature(Group.REAL_LIFE, summaries=QUARTILES)
def cardinality(n_levels: Ints) -> Floats:
    """Return the number of levels of each categorical column."""
    return n_levels.astype(np.float64)


@metafeature(Group.REAL_LIFE)
def share_many_levels(n_levels: Ints) -> float:
    """Return the share of the categorical columns with 50 levels or more; 0 without such columns."""
    return float(np.mean(n_levels >= _MANY)) if len(n_levels) else 0.0


@metafeature(Group.REAL_LIFE)
def levels_per_row(n_levels: Ints, n_rows: int) -> float:
    """Return all levels of all categorical columns per row: how wide one column per level would be."""
    return float(n_levels.sum() / n_rows) if n_rows else float("nan")


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def rare_levels(level_counts: list[Ints]) -> Floats:
    """Return the share of each categorical column's levels that have fewer than 5 rows."""
    return np.array([np.mean(counts < _RARE) for counts in level_counts if len(counts)])


@metafeature(Group.REAL_LIFE, summaries=CENTRE)
def top_level(level_counts: list[Ints]) -> Floats:
    """Return the share of the rows that the most frequent level of each categorical column has."""
    return np.array([counts.max() / counts.sum() for counts in level_counts if len(counts)])


# Rows


@metafeature(Group.REAL_LIFE)
def duplicates(feature_keys: Keys) -> float:
    """Return the share of the rows whose features are those of an earlier row."""
    return 1.0 - len(np.unique(feature_keys)) / len(feature_keys) if len(feature_keys) else float("nan")


@metafeature(Group.REAL_LIFE)
def contradictions(feature_keys: Keys, targets: Floats) -> float:
    """Return the share of the rows that have a twin with the same features and another target."""
    if len(feature_keys) == 0:
        return float("nan")
    _, groups = np.unique(feature_keys, return_inverse=True)
    lowest = np.full(groups.max() + 1, np.inf)
    highest = np.full(groups.max() + 1, -np.inf)
    np.minimum.at(lowest, groups, targets)
    np.maximum.at(highest, groups, targets)
    return float(np.mean((highest > lowest)[groups]))


@metafeature(Group.REAL_LIFE)
def rows_per_dimension(n_rows: int, role_counts: dict[ColumnRole, int], n_levels: Ints) -> float:
    """Return the logarithm of the rows per column of the encoded table, a level counted as a column."""
    width = role_counts[ColumnRole.NUMERIC] + role_counts[ColumnRole.DATE] + int(n_levels.sum())
    return float(np.log(n_rows / width)) if width and n_rows else float("nan")


@metafeature(Group.REAL_LIFE)
def log_cells(n_rows: int, n_features: int) -> float:
    """Return the logarithm of the number of feature cells: how long models take."""
    return float(np.log(n_rows * n_features)) if n_rows and n_features else float("nan")


# Classes


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def majority(total_class_counts: Ints) -> float:
    """Return the share of the most frequent class."""
    return float(total_class_counts.max() / total_class_counts.sum())


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def minority(total_class_counts: Ints) -> float:
    """Return the share of the rarest class."""
    return float(total_class_counts.min() / total_class_counts.sum())


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def imbalance(total_class_counts: Ints) -> float:
    """Return the logarithm of the most frequent class's rows per row of the rarest one."""
    return float(np.log(total_class_counts.max() / total_class_counts.min()))


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def effective_classes(target_entropy: float) -> float:
    """Return 2 to the entropy of the classes: how many equally frequent ones are as uncertain."""
    return float(2.0**target_entropy)


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def smallest_class(total_class_counts: Ints) -> float:
    """Return the logarithm of the rows of the rarest class."""
    return float(np.log(total_class_counts.min()))


@metafeature(Group.REAL_LIFE, scope=Scope.CLASSIFICATION)
def minority_per_feature(total_class_counts: Ints, n_features: int) -> float:
    """Return the logarithm of the rarest class's rows per feature column."""
    return float(np.log(total_class_counts.min() / n_features)) if n_features else float("nan")


# Targets that are numbers


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_skewness(y: Floats) -> float:
    """Return the skewness of the target."""
    return summaries.skewness(y)


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_kurtosis(y: Floats) -> float:
    """Return the kurtosis of the target, 0 for a normal distribution."""
    return summaries.kurtosis(y)


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_log_skewness(y: Floats) -> float:
    """Return the skewness of the target's logarithm; missing if it is not positive throughout."""
    return summaries.skewness(np.log(y)) if np.all(y > 0) else float("nan")


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_positive(targets: Floats) -> float:
    """Return 1 if no target is below 0, else 0."""
    return float(np.all(targets >= 0))


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_integer(targets: Floats) -> float:
    """Return 1 if all targets are whole numbers, else 0."""
    return float(np.all(np.mod(targets, 1.0) == 0))


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_zeros(targets: Floats) -> float:
    """Return the share of the rows whose target is 0."""
    return float(np.mean(targets == 0))


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_distinct(targets: Floats) -> float:
    """Return the distinct targets per row."""
    return len(np.unique(targets)) / len(targets)


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_top(targets: Floats) -> float:
    """Return the share of the rows that have the most frequent target."""
    return float(np.unique(targets, return_counts=True)[1].max() / len(targets))


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_outliers(y: Floats) -> float:
    """Return the share of the targets 1.5 interquartile ranges beyond a quartile."""
    first, third = np.quantile(y, (0.25, 0.75))
    reach = 1.5 * (third - first)
    return float(np.mean((y < first - reach) | (y > third + reach)))


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION, summaries=BOUNDS)
def target_tails(y: Floats) -> Floats:
    """Return how far each tail reaches: (q99.5 - q50) / (q75 - q50), and (q50 - q0.5) / (q50 - q25) below.

    It is 3.8 for a normal distribution and 2 for a uniform one.
    """
    lowest, first, middle, third, highest = np.quantile(y, (0.005, 0.25, 0.5, 0.75, 0.995))
    return np.array([(highest - middle) / (third - middle), (middle - lowest) / (middle - first)])


@metafeature(Group.REAL_LIFE, scope=Scope.REGRESSION)
def target_variation(y: Floats) -> float:
    """Return the standard deviation of the target divided by its absolute mean."""
    return float(np.std(y) / np.abs(np.mean(y)))

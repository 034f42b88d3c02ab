"""Statistics of the numeric columns: place, spread, shape, and how they go together. Sources: [1]_, [2]_.

References
----------
.. [1] Michie, Spiegelhalter and Taylor, Machine Learning, Neural and Statistical Classification, 1994.
.. [2] Rivolli et al., Meta-features for meta-learning, Knowledge-Based Systems 240, 2022.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from automl_meta.metafeatures.columns import (
    MANY_CLASSES,
    Moments,
    Quartiles,
    class_sums,
    indicators,
    lower_triangle,
)
from automl_meta.metafeatures.registry import Cost, Group, Scope, metafeature, shared
from automl_meta.metafeatures.summaries import CENTRE, QUARTILES, SHAPE
from automl_meta.metafeatures.table import Caps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]

_SHAPIRO_ROWS = 5_000  # Royston's approximation holds up to here


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def mean(moments: Moments) -> Floats:
    """Return the mean of each numeric column."""
    return moments.mean


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def median(quartiles: Quartiles) -> Floats:
    """Return the median of each numeric column."""
    return quartiles.median


@metafeature(Group.STATISTICAL, summaries=CENTRE)
def min_(quartiles: Quartiles) -> Floats:
    """Return the minimum of each numeric column."""
    return quartiles.lowest


@metafeature(Group.STATISTICAL, summaries=CENTRE)
def max_(quartiles: Quartiles) -> Floats:
    """Return the maximum of each numeric column."""
    return quartiles.highest


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def range_(quartiles: Quartiles) -> Floats:
    """Return maximum minus minimum of each numeric column."""
    return quartiles.highest - quartiles.lowest


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def sd(moments: Moments, n_present: Ints) -> Floats:
    """Return the standard deviation of each numeric column, n - 1 in the denominator."""
    return np.sqrt(_unbiased(moments, n_present))


@metafeature(Group.STATISTICAL, summaries=CENTRE)
def var(moments: Moments, n_present: Ints) -> Floats:
    """Return the variance of each numeric column, n - 1 in the denominator."""
    return _unbiased(moments, n_present)


def _unbiased(moments: Moments, n_present: Ints) -> Floats:
    return np.where(n_present > 1, moments.second * n_present / np.maximum(n_present - 1, 1), np.nan)


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def iq_range(quartiles: Quartiles) -> Floats:
    """Return third minus first quartile of each numeric column."""
    return quartiles.third - quartiles.first


@metafeature(Group.STATISTICAL, cost=Cost.CELLS, summaries=SHAPE)
def mad(numeric: Floats, quartiles: Quartiles) -> Floats:
    """Return 1.4826 times the median absolute deviation from the median of each numeric column."""
    deviations = np.sort(np.abs(numeric - quartiles.median), axis=0)
    counts = np.count_nonzero(~np.isnan(deviations), axis=0)
    columns = np.arange(deviations.shape[1])
    low, high = np.maximum((counts - 1) // 2, 0), counts // 2
    middle = 0.5 * (deviations[low, columns] + deviations[np.minimum(high, len(deviations) - 1), columns])
    return np.where(counts > 0, 1.4826 * middle, np.nan)


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def skewness(moments: Moments, n_present: Ints) -> Floats:
    """Return m3 / s**3 of each numeric column, s from n - 1; missing for constant columns."""
    shrunk = (1.0 - 1.0 / np.maximum(n_present, 1)) ** 1.5
    return np.where(_varies(moments), moments.third / moments.second**1.5 * shrunk, np.nan)


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def kurtosis(moments: Moments, n_present: Ints) -> Floats:
    """Return m4 / s**4 - 3 of each numeric column, s from n - 1; missing for constant columns."""
    shrunk = (1.0 - 1.0 / np.maximum(n_present, 1)) ** 2
    excess = moments.fourth / moments.second**2 * shrunk - 3.0
    return np.where(_varies(moments), excess, np.nan)


def _varies(moments: Moments) -> NDArray[np.bool_]:
    return moments.second > (np.finfo(float).eps * moments.mean) ** 2


@metafeature(Group.STATISTICAL, cost=Cost.CELLS, summaries=CENTRE)
def g_mean(numeric: Floats, quartiles: Quartiles) -> Floats:
    """Return the geometric mean of each numeric column; 0 if it has a zero, missing if it has a negative number."""
    positive = quartiles.lowest > 1e-10
    means = np.zeros(numeric.shape[1])
    means[positive] = np.exp(np.nanmean(np.log(numeric[:, positive]), axis=0)) if positive.any() else 0.0
    return np.where(quartiles.lowest >= 0, means, np.nan)


@metafeature(Group.STATISTICAL, cost=Cost.CELLS, summaries=CENTRE)
def h_mean(numeric: Floats, quartiles: Quartiles) -> Floats:
    """Return the harmonic mean of each numeric column; 0 if it has a zero, missing if it has a negative number."""
    positive = quartiles.lowest > 0
    means = np.zeros(numeric.shape[1])
    means[positive] = 1.0 / np.nanmean(1.0 / numeric[:, positive], axis=0) if positive.any() else 0.0
    return np.where(quartiles.lowest >= 0, means, np.nan)


@metafeature(Group.STATISTICAL, cost=Cost.CELLS, summaries=CENTRE)
def t_mean(sorted_numeric: Floats, n_present: Ints) -> Floats:
    """Return the mean of each numeric column without its lowest and highest fifth."""
    cut = (0.2 * n_present).astype(np.int64)
    rows = np.arange(len(sorted_numeric))[:, np.newaxis]
    inner = (rows >= cut) & (rows < n_present - cut)
    return np.asarray(
        np.where(inner, sorted_numeric, 0.0).sum(axis=0) / np.where(n_present > 0, n_present - 2 * cut, np.nan)
    )


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def cor(correlation: Floats) -> Floats:
    """Return the absolute Pearson correlation of each pair of numeric columns."""
    return lower_triangle(correlation)


@metafeature(Group.STATISTICAL, summaries=CENTRE)
def cov(covariance: Floats) -> Floats:
    """Return the absolute covariance of each pair of numeric columns."""
    return np.abs(lower_triangle(covariance))


@metafeature(Group.STATISTICAL)
def nr_cor_attr(correlation: Floats) -> float:
    """Return the share of the pairs of numeric columns whose absolute correlation is at least 0.5."""
    pairs = lower_triangle(correlation)
    return float(np.mean(pairs >= 0.5)) if len(pairs) else float("nan")


@metafeature(Group.STATISTICAL, cost=Cost.CELLS, summaries=QUARTILES)
def eigenvalues(covariance: Floats) -> Floats:
    """Return the eigenvalues of the covariance matrix of the numeric columns."""
    return np.asarray(np.linalg.eigvalsh(covariance)) if len(covariance) else np.empty(0)


@metafeature(Group.STATISTICAL)
def nr_outliers(quartiles: Quartiles) -> float:
    """Return the number of numeric columns with a value 1.5 interquartile ranges beyond a quartile."""
    low, high = quartiles.fences
    return float(np.count_nonzero((quartiles.lowest < low) | (quartiles.highest > high)))


@metafeature(Group.STATISTICAL, cost=Cost.CELLS)
def nr_norm(numeric: Floats, caps: Caps) -> float:
    """Return the number of numeric columns whose normality Shapiro and Wilk's test does not reject at 0.05.

    At most 5,000 rows, and no more than models are fitted to, are tested.
    """
    head = numeric[: min(caps.landmark_rows or _SHAPIRO_ROWS, _SHAPIRO_ROWS)]
    if head.shape[1] == 0:
        return float("nan")
    accepted = 0
    for column in head.T:
        present = column[~np.isnan(column)]
        if len(present) >= 3:
            accepted += bool(np.ptp(present) > 0 and stats.shapiro(present).pvalue > 0.05)
    return float(accepted)


@metafeature(Group.STATISTICAL, summaries=SHAPE)
def sparsity(n_distinct: Ints, n_present: Ints, n_seen: Ints, codes: Codes) -> Floats:
    """Return (n / distinct - 1) / (n - 1) of each numeric and categorical column: 0 all differ, 1 constant."""
    distinct = np.concatenate([n_distinct, n_seen]).astype(np.float64)
    n = np.concatenate([n_present, np.full(codes.shape[1], len(codes))]).astype(np.float64)
    valid = (n > 1) & (distinct > 0)
    return np.where(valid, (n / np.where(valid, distinct, 1) - 1.0) / np.where(valid, n - 1.0, 1.0), np.nan)


@shared(Cost.CELLS)
def canonical_correlations(filled: Floats, classes: Ints, class_counts: Ints) -> Floats:
    """Return the canonical correlations, descending, between the numeric columns and the classes' indicators.

    There are min(n_numeric, n_classes - 1) of them, fewer if columns depend linearly on each other.
    """
    basis, n_classes = _orthonormal(filled), len(class_counts)
    if n_classes > MANY_CLASSES:
        # What of the basis lies in the space of the indicators: the classes' means, by the roots of their sizes.
        inside = class_sums(basis, classes, n_classes) / np.sqrt(class_counts)[:, np.newaxis]
        found = np.linalg.svd(inside, compute_uv=False)[: n_classes - 1] if basis.shape[1] else np.empty(0)
        return np.asarray(np.minimum(found, 1.0))
    target = _orthonormal(indicators(classes, n_classes)[:, 1:])
    if basis.shape[1] == 0 or target.shape[1] == 0:
        return np.empty(0)
    return np.asarray(np.minimum(np.linalg.svd(basis.T @ target, compute_uv=False), 1.0))


def _orthonormal(matrix: Floats) -> Floats:
    """Return an orthonormal basis of the standardised columns' space, from the eigenvectors of their products."""
    if matrix.shape[1] == 0 or len(matrix) < 2:
        return np.empty((len(matrix), 0))
    centred = matrix - matrix.mean(axis=0)
    length = np.sqrt(np.sum(centred**2, axis=0))
    unit = centred[:, length > 0] / length[length > 0]
    values, vectors = np.linalg.eigh(unit.T @ unit)
    kept = values > 1e-10 * max(float(values[-1]), 1e-300) if len(values) else values > 0
    return np.asarray(unit @ (vectors[:, kept] / np.sqrt(values[kept])))


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION, summaries=QUARTILES)
def can_cor(canonical_correlations: Floats) -> Floats:
    """Return the canonical correlations between the numeric columns and the classes."""
    return canonical_correlations


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def nr_disc(canonical_correlations: Floats) -> float:
    """Return the number of canonical correlations between the numeric columns and the classes."""
    return float(len(canonical_correlations)) if len(canonical_correlations) else float("nan")


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def w_lambda(canonical_correlations: Floats) -> float:
    """Return Wilks' lambda, the product of 1 - r**2 over the canonical correlations r."""
    rest = 1.0 - canonical_correlations**2
    return float(np.prod(rest)) if len(rest) else float("nan")


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def p_trace(canonical_correlations: Floats) -> float:
    """Return Pillai's trace, the sum of r**2 over the canonical correlations r."""
    return float(np.sum(canonical_correlations**2)) if len(canonical_correlations) else float("nan")


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def lh_trace(canonical_correlations: Floats) -> float:
    """Return Lawley and Hotelling's trace, the sum of r**2 / (1 - r**2) over the canonical correlations r."""
    return float(np.sum(_odds(canonical_correlations))) if len(canonical_correlations) else float("nan")


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def roy_root(canonical_correlations: Floats) -> float:
    """Return Roy's largest root, r**2 / (1 - r**2) of the largest canonical correlation r."""
    return float(_odds(canonical_correlations).max()) if len(canonical_correlations) else float("nan")


def _odds(correlations: Floats) -> Floats:
    squared = correlations**2
    return np.asarray(squared / (1.0 - squared))


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION)
def gravity(class_means: Floats, class_counts: Ints) -> float:
    """Return the distance between the means of the largest and of the smallest class, over the numeric columns."""
    if class_means.shape[1] == 0 or len(class_counts) < 2:
        return float("nan")
    largest = int(np.argmax(class_counts))
    others = np.delete(np.arange(len(class_counts)), largest)
    smallest = others[np.argmin(class_counts[others])]
    return float(np.linalg.norm(class_means[largest] - class_means[smallest]))


@shared(Cost.CELLS)
def class_means(filled: Floats, classes: Ints, class_counts: Ints) -> Floats:
    """Return the mean of each filled numeric column in each class, shape (n_classes, n_numeric)."""
    return np.asarray(class_sums(filled, classes, len(class_counts)) / class_counts[:, np.newaxis])


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION, cost=Cost.CELLS)
def sd_ratio(filled: Floats, classes: Ints, class_counts: Ints) -> float:
    """Return the ratio of the pooled to the single classes' covariances, from Box's M test; 1 if they are equal.

    exp(M / (p (n - k))) with p columns, n rows, k classes; missing if a class's covariance is singular.
    """
    n, p = filled.shape
    k = len(class_counts)
    freedom = class_counts - 1.0
    if p == 0 or k < 2 or np.any(class_counts <= p):
        return float("nan")
    covariances = [np.atleast_2d(np.cov(filled[classes == label], rowvar=False)) for label in range(k)]
    pooled = np.tensordot(freedom, np.array(covariances), axes=1) / (n - k)
    shrink = (2.0 * p**2 + 3.0 * p - 1.0) / (6.0 * (p + 1.0) * (k - 1.0))
    gamma = 1.0 - shrink * (np.sum(1.0 / freedom) - 1.0 / (n - k))
    logs = np.array([_log_determinant(c) for c in covariances])
    m = gamma * ((n - k) * _log_determinant(pooled) - freedom @ logs)
    return float(np.exp(m / (p * (n - k))))


def _log_determinant(matrix: Floats) -> float:
    sign, log = np.linalg.slogdet(matrix)
    return float(log) if sign > 0 else float("nan")


@metafeature(Group.STATISTICAL, scope=Scope.CLASSIFICATION, summaries=SHAPE)
def correlation_ratio(class_means: Floats, class_counts: Ints, filled: Floats) -> Floats:
    """Return the share of each numeric column's variance that lies between the classes, 0 to 1."""
    total = np.var(filled, axis=0)
    overall = filled.mean(axis=0)
    between = class_counts @ (class_means - overall) ** 2 / len(filled)
    return np.where(total > 0, between / np.where(total > 0, total, 1.0), np.nan)


@metafeature(Group.STATISTICAL, scope=Scope.REGRESSION, summaries=SHAPE)
def target_cor(target_correlation: Floats) -> Floats:
    """Return the absolute Pearson correlation of each numeric column with the target."""
    return target_correlation


@metafeature(Group.STATISTICAL, scope=Scope.REGRESSION, summaries=SHAPE)
def target_rank_cor(target_rank_correlation: Floats) -> Floats:
    """Return the absolute rank correlation (Spearman) of each numeric column with the target."""
    return target_rank_correlation


@metafeature(Group.STATISTICAL, scope=Scope.REGRESSION, summaries=QUARTILES)
def rank_gain(target_correlation: Floats, target_rank_correlation: Floats) -> Floats:
    """Return rank correlation minus correlation with the target: above 0 where it is monotone but bent."""
    return target_rank_correlation - target_correlation


@metafeature(Group.STATISTICAL, scope=Scope.REGRESSION, cost=Cost.CELLS)
def multiple_cor(filled: Floats, y: Floats) -> float:
    """Return the multiple correlation between all numeric columns and the target, 0 to 1."""
    basis, target = _orthonormal(filled), _orthonormal(y[:, np.newaxis])
    if basis.shape[1] == 0 or target.shape[1] == 0:
        return float("nan")
    return min(float(np.linalg.norm(basis.T @ target)), 1.0)


@shared(Cost.CELLS)
def target_correlation(filled: Floats, y: Floats) -> Floats:
    """Return the absolute Pearson correlation of each filled numeric column with the target."""
    return _absolute_correlations(filled, y)


@shared(Cost.CELLS)
def target_rank_correlation(filled: Floats, y: Floats) -> Floats:
    """Return the absolute Spearman correlation of each filled numeric column with the target."""
    return _absolute_correlations(stats.rankdata(filled, axis=0), stats.rankdata(y))


def _absolute_correlations(columns: Floats, y: Floats) -> Floats:
    if len(y) < 2 or columns.shape[1] == 0:
        return np.full(columns.shape[1], np.nan)
    centred, target = columns - columns.mean(axis=0), y - y.mean()
    lengths = np.sqrt(np.sum(centred**2, axis=0) * np.sum(target**2))
    return np.where(lengths > 0, np.abs(target @ centred) / np.where(lengths > 0, lengths, 1.0), np.nan)

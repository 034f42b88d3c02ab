"""How entangled the classes are, column by column and in size and shape. Sources: [1]_, [2]_.

Names are those of [1]_. Measures of pairs of classes look at no more than the 50 pairs with the most rows.

References
----------
.. [1] Lorena et al., How complex is your classification problem?, ACM Computing Surveys 52(5), 2019.
.. [2] Ho and Basu, Complexity measures of supervised classification problems, IEEE PAMI 24(3), 2002.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from automl_meta.metafeatures.registry import Cost, Group, Scope, metafeature, shared
from automl_meta.metafeatures.summaries import BOUNDS, QUARTILES
from automl_meta.metafeatures.table import Caps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = list[tuple[int, int]]


@shared()
def by_class(matrix: Floats, target: Ints) -> list[Floats]:
    """Return the encoded rows of each class.

    Raises
    ------
    ValueError
        If there is only one class.
    """
    if target.max(initial=0) == 0:
        raise ValueError("overlap needs two classes")
    return [matrix[target == label] for label in range(int(target.max()) + 1)]


@shared()
def class_pairs(by_class: list[Floats], caps: Caps) -> Pairs:
    """Return the pairs of classes that are compared, those with the most rows if there are many."""
    sizes = [len(rows) for rows in by_class]
    largest = sorted(range(len(sizes)), key=lambda label: -sizes[label])
    if caps.class_pairs is not None:
        largest = largest[: caps.class_pairs + 1]  # whatever pair has a smaller class, so many have more rows
    pairs = list(combinations(sorted(largest), 2))
    pairs.sort(key=lambda pair: -sizes[pair[0]] - sizes[pair[1]])
    return sorted(pairs[: caps.class_pairs])


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION, cost=Cost.CELLS, summaries=QUARTILES)
def f1(matrix: Floats, by_class: list[Floats]) -> Floats:
    """Return 1 / (1 + between / within) of each encoded column, sums of squares: 0 separates, 1 does not [2]_."""
    centre = matrix.mean(axis=0)
    between = sum(len(rows) * (rows.mean(axis=0) - centre) ** 2 for rows in by_class)
    within = sum(((rows - rows.mean(axis=0)) ** 2).sum(axis=0) for rows in by_class)
    return np.asarray(within / (within + between))


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION, cost=Cost.MODELS, summaries=BOUNDS)
def f1v(by_class: list[Floats], class_pairs: Pairs) -> Floats:
    """Return 1 / (1 + d' W**-1 d) of each pair of classes, d between their means, W their covariance [1]_."""
    centres = [rows.mean(axis=0) for rows in by_class]
    spreads = [np.atleast_2d(np.cov(rows, rowvar=False)) if len(rows) > 1 else None for rows in by_class]
    values = []
    for a, b in class_pairs:
        first, second = spreads[a], spreads[b]
        if first is None or second is None:
            continue
        n_a, n_b = len(by_class[a]), len(by_class[b])
        within = (n_a * first + n_b * second) / (n_a + n_b)
        difference = centres[a] - centres[b]
        values.append(1.0 / (1.0 + _squared_in_metric(difference, within)))
    return np.array(values)


def _squared_in_metric(difference: Floats, covariance: Floats) -> float:
    """Return d' C**+ d with the pseudo-inverse of `covariance`."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > len(values) * np.finfo(float).eps * max(float(values[-1]), 0.0)
    along = vectors[:, kept].T @ difference
    return float(np.sum(along**2 / values[kept]))


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION, cost=Cost.CELLS, summaries=BOUNDS)
def f2(by_class: list[Floats], class_pairs: Pairs) -> Floats:
    """Return the volume of the overlap of each pair of classes' ranges: a product of shares over columns [2]_.

    A column that is constant in both classes does not separate them and counts as 1.
    """
    lows = np.array([rows.min(axis=0) for rows in by_class])
    highs = np.array([rows.max(axis=0) for rows in by_class])
    values = []
    for a, b in class_pairs:
        shared_length = np.maximum(np.minimum(highs[a], highs[b]) - np.maximum(lows[a], lows[b]), 0.0)
        length = np.maximum(highs[a], highs[b]) - np.minimum(lows[a], lows[b])
        values.append(np.prod(np.where(length > 0, shared_length / np.where(length > 0, length, 1.0), 1.0)))
    return np.array(values)


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION, cost=Cost.CELLS, summaries=BOUNDS)
def f3(by_class: list[Floats], class_pairs: Pairs) -> Floats:
    """Return the share of each pair of classes' rows that no single column's ranges can tell apart [2]_."""
    values = []
    for a, b in class_pairs:
        inside = _in_overlap(by_class[a], by_class[b])
        values.append(inside.sum(axis=0).min() / len(inside))
    return np.array(values)


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION, cost=Cost.CELLS, summaries=BOUNDS)
def f4(by_class: list[Floats], class_pairs: Pairs) -> Floats:
    """Return the share of each pair of classes' rows left when the best column removes what it can, then the next."""
    values = []
    for a, b in class_pairs:
        first, second = by_class[a], by_class[b]
        total = len(first) + len(second)
        while len(first) and len(second) and first.shape[1]:
            inside = _in_overlap(first, second)
            best = int(np.argmin(inside.sum(axis=0)))
            left, right = inside[: len(first), best], inside[len(first) :, best]
            if left.all() and right.all():
                break  # the best column removes nothing, so no other does
            first, second = (np.delete(rows[kept], best, axis=1) for rows, kept in ((first, left), (second, right)))
        values.append((len(first) + len(second)) / total if len(first) and len(second) else 0.0)
    return np.array(values)


def _in_overlap(first: Floats, second: Floats) -> NDArray[np.bool_]:
    low = np.maximum(first.min(axis=0), second.min(axis=0))
    high = np.minimum(first.max(axis=0), second.max(axis=0))
    rows = np.vstack([first, second])
    return np.asarray((rows >= low) & (rows <= high))


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION)
def c1(total_class_counts: Ints) -> float:
    """Return the entropy of the classes divided by the logarithm of their number: 1 for equal ones [1]_."""
    if len(total_class_counts) < 2:
        return float("nan")
    shares = total_class_counts / total_class_counts.sum()
    return float(-np.sum(shares * np.log(shares)) / np.log(len(shares)))


@metafeature(Group.COMPLEXITY, scope=Scope.CLASSIFICATION)
def c2(total_class_counts: Ints) -> float:
    """Return 1 - 1 / r with the imbalance r = (k - 1) / k sum n_i / (n - n_i): 0 for equal classes [1]_."""
    k, n = len(total_class_counts), total_class_counts.sum()
    if k < 2:
        return float("nan")
    return float(1.0 - 1.0 / ((k - 1) / k * np.sum(total_class_counts / (n - total_class_counts))))


@shared(Cost.MODELS)
def component_variances(matrix: Floats) -> Floats:
    """Return the variances of the principal components of the encoded rows, descending."""
    centred = matrix - matrix.mean(axis=0)
    ascending: Floats = np.linalg.eigvalsh(centred.T @ centred)
    return np.maximum(ascending[::-1], 0.0)


@shared()
def n_components(component_variances: Floats, matrix: Floats) -> int:
    """Return how many principal components carry more than 95 per cent of the variance."""
    share = np.cumsum(component_variances) / component_variances.sum()
    return int(min(np.searchsorted(share, 0.95, side="right") + 1, *matrix.shape))


@metafeature(Group.COMPLEXITY)
def t2(matrix: Floats) -> float:
    """Return encoded columns per encoded row [1]_."""
    return float(matrix.shape[1] / len(matrix))


@metafeature(Group.COMPLEXITY)
def t3(n_components: int, matrix: Floats) -> float:
    """Return principal components that carry 95 per cent of the variance, per encoded row [1]_."""
    return n_components / len(matrix)


@metafeature(Group.COMPLEXITY)
def t4(n_components: int, matrix: Floats) -> float:
    """Return principal components that carry 95 per cent of the variance, per encoded column [1]_."""
    return float(n_components / matrix.shape[1])


@metafeature(Group.COMPLEXITY)
def effective_columns(component_variances: Floats) -> float:
    """Return (sum v)**2 / sum v**2 over the principal components' variances v: how many equal ones would do."""
    return float(component_variances.sum() ** 2 / np.sum(component_variances**2))

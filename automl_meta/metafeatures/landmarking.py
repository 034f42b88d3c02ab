"""How well quick models do, ten-fold: accuracy, or R2 for regression. Sources: [1]_, [2]_.

Folds are stratified and taken in the table's own order of rows.

References
----------
.. [1] Bensusan and Giraud-Carrier, Discovering task neighbourhoods through landmark learning performances, PKDD 2000.
.. [2] Pfahringer, Bensusan and Giraud-Carrier, Meta-learning by landmarking various learning algorithms, ICML 2000.
"""

import numpy as np
from numpy.typing import NDArray

from automl_meta.metafeatures.model_based import Grown, new_tree
from automl_meta.metafeatures.registry import Cost, Group, Scope, metafeature, shared
from automl_meta.metafeatures.summaries import CENTRE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Predictions = Ints | Floats

N_FOLDS = 10


@shared()
def folds(target: Predictions, is_classification: bool) -> Ints:
    """Return the fold that holds each row out, as scikit-learn's StratifiedKFold or KFold assign them.

    Raises
    ------
    ValueError
        If there are fewer than two rows, or only one class.
    """
    n = len(target)
    if n < 2 or (is_classification and len(np.unique(target)) < 2):
        raise ValueError("models need two rows and two classes")
    if not is_classification:
        return np.arange(n) * min(N_FOLDS, n) // n
    n_folds = int(min(N_FOLDS, np.bincount(target.astype(np.int64)).max()))
    return _stratified(target.astype(np.int64), max(n_folds, 2))


def _stratified(y: Ints, n_folds: int) -> Ints:
    # Classes are numbered by first appearance, which decides how many of each a fold gets.
    _, first, codes = np.unique(y, return_index=True, return_inverse=True)
    codes = np.argsort(np.argsort(first))[codes]
    ordered = np.sort(codes)
    n_classes = int(codes.max()) + 1
    allocation = np.array([np.bincount(ordered[i::n_folds], minlength=n_classes) for i in range(n_folds)])
    fold = np.empty(len(y), dtype=np.int64)
    for label in range(n_classes):
        fold[codes == label] = np.repeat(np.arange(n_folds), allocation[:, label])
    return fold


@shared(Cost.PAIRS)
def squared_distances(matrix: Floats) -> Floats:
    """Return squared Euclidean distances between the encoded rows, shape (n_landmark_rows, n_landmark_rows)."""
    lengths = np.einsum("ij,ij->i", matrix, matrix)
    squared: Floats = (-2.0 * matrix) @ matrix.T
    squared += lengths
    squared += lengths[:, np.newaxis]
    # What is left of equal rows is rounding.
    squared[squared < 1e-10 * lengths.max(initial=0.0)] = 0.0
    return np.asarray(squared)


@shared(Cost.PAIRS)
def outside_neighbours(squared_distances: Floats, folds: Ints) -> Ints:
    """Return for each row the five nearest rows of other folds, nearest first, shape (n_landmark_rows, 5)."""
    k = min(5, len(folds) - int(np.bincount(folds).max()))
    nearest = np.empty((len(folds), k), dtype=np.int64)
    for fold in range(int(folds.max()) + 1):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        distances = squared_distances[np.ix_(inside, outside)]
        # By distance, then by position: the partition leaves no order.
        found = np.sort(np.argpartition(distances, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(np.take_along_axis(distances, found, axis=1), axis=1, kind="stable")
        nearest[inside] = outside[np.take_along_axis(found, order, axis=1)]
    return nearest


@shared(Cost.PAIRS)
def nearest_outside(squared_distances: Floats, folds: Ints) -> Ints:
    """Return for each row the nearest row of other folds, the first of equally near ones."""
    nearest = np.empty(len(folds), dtype=np.int64)
    for fold in range(int(folds.max()) + 1):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        nearest[inside] = outside[np.argmin(squared_distances[np.ix_(inside, outside)], axis=1)]
    return nearest


@shared()
def ranking(grown: Grown) -> Ints:
    """Return the encoded columns by ascending importance in one unpruned tree fitted to all encoded rows."""
    return np.argsort(grown.importances, kind="stable")


@metafeature(Group.LANDMARKING, cost=Cost.MODELS, summaries=CENTRE)
def best_node(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool, seed: int) -> Floats:
    """Return the score of a tree with one split, of the best column [2]_."""
    predictions = np.empty_like(target)
    cells = matrix.astype(np.float32)
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        stump = new_tree(is_classification, seed, max_depth=1).fit(cells[~held_out], target[~held_out])
        predictions[held_out] = stump.predict(cells[held_out])
    return fold_scores(predictions, target, folds, is_classification)


@metafeature(Group.LANDMARKING, summaries=CENTRE)
def random_node(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool, seed: int) -> Floats:
    """Return the score of a tree with one split, of a column drawn at random [2]_."""
    drawn = int(np.random.RandomState(seed).randint(0, matrix.shape[1]))
    return _node_scores(matrix[:, drawn], target, folds, is_classification)


@metafeature(Group.LANDMARKING, summaries=CENTRE)
def worst_node(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool, ranking: Ints) -> Floats:
    """Return the score of a tree with one split, of the column that an unpruned tree finds least important [2]_."""
    return _node_scores(matrix[:, ranking[0]], target, folds, is_classification)


@metafeature(Group.LANDMARKING, cost=Cost.MODELS, summaries=CENTRE)
def tree(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool, seed: int) -> Floats:
    """Return the score of an unpruned tree, fitted five times to four fifths of the rows."""
    predictions = np.empty_like(target)
    cells = matrix.astype(np.float32)
    pairs = folds // 2 if folds.max() > 1 else folds  # of two folds, each is predicted from the other
    for pair in range(int(pairs.max()) + 1):
        held_out = pairs == pair
        grown = new_tree(is_classification, seed).fit(cells[~held_out], target[~held_out])
        predictions[held_out] = grown.predict(cells[held_out])
    return fold_scores(predictions, target, folds, is_classification)


@metafeature(Group.LANDMARKING, summaries=CENTRE)
def one_nn(target: Predictions, folds: Ints, is_classification: bool, nearest_outside: Ints) -> Floats:
    """Return the score of the nearest neighbour [2]_."""
    return fold_scores(target[nearest_outside], target, folds, is_classification)


@metafeature(Group.LANDMARKING, summaries=CENTRE)
def five_nn(target: Predictions, folds: Ints, is_classification: bool, outside_neighbours: Ints) -> Floats:
    """Return the score of the five nearest neighbours; among equally frequent classes the nearest row's wins."""
    near = target[outside_neighbours]
    predictions = vote(near.astype(np.int64)) if is_classification else near.mean(axis=1)
    return fold_scores(predictions, target, folds, is_classification)


@metafeature(Group.LANDMARKING, cost=Cost.MODELS, summaries=CENTRE)
def elite_nn(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool, ranking: Ints) -> Floats:
    """Return the score of the nearest neighbour on the one column that an unpruned tree finds most important [2]_."""
    predictions = np.empty_like(target)
    values = matrix[:, ranking[-1]]
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        predictions[held_out] = target[~held_out][_nearest_value(values[~held_out], values[held_out])]
    return fold_scores(predictions, target, folds, is_classification)


@metafeature(Group.LANDMARKING, scope=Scope.CLASSIFICATION, cost=Cost.MODELS, summaries=CENTRE)
def naive_bayes(matrix: Floats, target: Ints, folds: Ints) -> Floats:
    """Return the score of Gaussian naive Bayes [2]_."""
    indicators = np.eye(int(target.max()) + 1)[target]
    predictions = np.empty_like(target)
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        predictions[held_out] = _naive_bayes(matrix[~held_out], indicators[~held_out], matrix[held_out])
    return fold_scores(predictions, target, folds, True)


@metafeature(Group.LANDMARKING, cost=Cost.MODELS, summaries=CENTRE)
def linear(matrix: Floats, target: Predictions, folds: Ints, is_classification: bool) -> Floats:
    """Return the score of linear discriminant analysis [2]_, or of ridge regression with penalty 1."""
    predictions = np.empty_like(target)
    indicators = np.eye(int(target.max()) + 1)[target] if is_classification else np.empty(0)
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        train, test = matrix[~held_out], matrix[held_out]
        if is_classification:
            predictions[held_out] = _linear_discriminant(train, indicators[~held_out], test)
        else:
            predictions[held_out] = ridge(train, target[~held_out], test)
    return fold_scores(predictions, target, folds, is_classification)


def fold_scores(predictions: Predictions, target: Predictions, folds: Ints, is_classification: bool) -> Floats:
    """Return accuracy, or R2 not below -1, of each fold."""
    sizes = np.bincount(folds).astype(np.float64)
    if is_classification:
        return np.bincount(folds, weights=predictions == target) / sizes
    centres = np.bincount(folds, weights=target) / sizes
    error = np.bincount(folds, weights=(predictions - target) ** 2)
    spread = np.bincount(folds, weights=(target - centres[folds]) ** 2)
    return np.where(spread > 0, np.maximum(1.0 - error / np.where(spread > 0, spread, 1.0), -1.0), np.nan)


def vote(labels: Ints) -> Ints:
    """Return the most frequent label of each row of `labels`; of equally frequent ones the leftmost."""
    counts = (labels[:, :, np.newaxis] == labels[:, np.newaxis, :]).sum(axis=2)
    return np.asarray(labels[np.arange(len(labels)), np.argmax(counts, axis=1)])


def ridge(train: Floats, y: Floats, test: Floats, penalty: float = 1.0) -> Floats:
    """Return ridge predictions for `test`; the intercept is not penalised."""
    centre, offset = train.mean(axis=0), y.mean()
    products = (train - centre).T @ (train - centre)
    products[np.diag_indices_from(products)] += penalty
    weights = np.linalg.solve(products, (train - centre).T @ (y - offset))
    return np.asarray((test - centre) @ weights + offset)


def _node_scores(values: Floats, target: Predictions, folds: Ints, is_classification: bool) -> Floats:
    predictions = np.empty_like(target)
    cells = values.astype(np.float32)  # as scikit-learn's trees see them
    outcomes = np.eye(int(target.max()) + 1)[target] if is_classification else target[:, np.newaxis]
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        below, threshold, above = split(cells[~held_out], outcomes[~held_out])
        chosen = np.where(cells[held_out, np.newaxis] <= threshold, below, above)
        predictions[held_out] = np.argmax(chosen, axis=1) if is_classification else chosen[:, 0]
    return fold_scores(predictions, target, folds, is_classification)


def split(values: NDArray[np.float32], outcomes: Floats) -> tuple[Floats, float, Floats]:
    """Return mean outcomes up to a threshold, the threshold, and mean outcomes above.

    It is the split that leaves the least variance of the outcomes, shape (n_rows, n_outcomes), summed over them;
    for indicators of classes that is the least Gini impurity. Equal values are not split: if all are, both means
    are that of all.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order].astype(np.float64)
    left = np.cumsum(outcomes[order], axis=0)
    total, n = left[-1], len(values)
    between = np.flatnonzero(np.diff(ordered) > 1e-7)
    if len(between) == 0:
        return total / n, np.inf, total / n
    below, n_below = left[between], (between + 1.0)[:, np.newaxis]
    gain = np.sum(below**2 / n_below + (total - below) ** 2 / (n - n_below), axis=1)
    best = int(np.argmax(gain))
    at = between[best]
    threshold = 0.5 * (ordered[at] + ordered[at + 1])
    return below[best] / n_below[best], float(threshold), (total - below[best]) / (n - n_below[best])


def _nearest_value(known: Floats, asked: Floats) -> Ints:
    """Return the position in `known` of the value nearest to each of `asked`; of equally near ones the first."""
    order = np.argsort(known, kind="stable")
    ordered = known[order]
    right = np.minimum(np.searchsorted(ordered, asked, side="left"), len(known) - 1)
    left = np.searchsorted(ordered, ordered[np.maximum(right - 1, 0)], side="left")
    nearer_left = np.abs(asked - ordered[left]) <= np.abs(ordered[right] - asked)
    return order[np.where(nearer_left, left, right)]


def _naive_bayes(train: Floats, indicators: Floats, test: Floats) -> Ints:
    counts = indicators.sum(axis=0)
    seen = np.flatnonzero(counts)
    indicators, counts = indicators[:, seen], counts[seen, np.newaxis]
    means = indicators.T @ train / counts
    variances = indicators.T @ (train - indicators @ means) ** 2 / counts + 1e-9 * train.var(axis=0).max()
    constants = np.log(counts[:, 0] / len(train)) - 0.5 * np.sum(np.log(2.0 * np.pi * variances), axis=1)
    scores = [
        constant - 0.5 * np.sum((test - mean) ** 2 / variance, axis=1)
        for constant, mean, variance in zip(constants, means, variances, strict=True)
    ]
    return np.asarray(seen[np.argmax(scores, axis=0)])


def _linear_discriminant(train: Floats, indicators: Floats, test: Floats) -> Ints:
    """Return predictions as scikit-learn's solver "svd" makes them, from products instead of decompositions."""
    counts = indicators.sum(axis=0)
    seen = np.flatnonzero(counts)
    indicators, counts = indicators[:, seen], counts[seen]
    means = indicators.T @ train / counts[:, np.newaxis]
    within = train - indicators @ means
    spread = within.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    within /= spread
    values, vectors = np.linalg.eigh(within.T @ within / len(train))
    kept = values > 1e-8  # singular values above 1e-4
    scalings = (vectors[:, kept] / spread[:, np.newaxis]) / np.sqrt(values[kept])
    priors = counts / counts.sum()
    centre = priors @ means
    coefficients = (means - centre) @ scalings
    intercepts = -0.5 * np.sum(coefficients**2, axis=1) + np.log(priors)
    return np.asarray(seen[np.argmax((test - centre) @ scalings @ coefficients.T + intercepts, axis=1)])

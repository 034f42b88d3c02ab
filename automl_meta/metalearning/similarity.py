"""How alike two datasets are, learned: they are alike if the same configurations win on both.

A forest learns to predict standings from meta-features; a new dataset resembles those that share its leaves. The
weights sum to 1 and make the forest's prediction: it is the weighted mean of their standings (Meinshausen 2006,
"Quantile regression forests").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.protocol import Floats
from automl_meta.metalearning.scaling import fit_scaler
from automl_meta.metalearning.standings import Knowledge

N_TREES = 150
LEAF = 3
COMPONENTS = 8
TRIED = 40  # meta-features that each split chooses from


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """The fitted forest, as arrays.

    Attributes
    ----------
    left, right, feature : int arrays of shape (n_nodes,)
        Nodes of all trees in one list; a leaf is its own child.
    threshold : array of shape (n_nodes,)
    roots : int array of shape (n_trees,)
    leaves : int array of shape (n_datasets, n_trees)
        The leaf that each known dataset falls into; -1 for those without meta-features, which are like none.
    """

    left: NDArray[np.intp]
    right: NDArray[np.intp]
    feature: NDArray[np.intp]
    threshold: Floats
    roots: NDArray[np.intp]
    leaves: NDArray[np.intp]

    def weights(self, scaled: Floats) -> Floats:
        """Return the weight of each known dataset, of shape (n_datasets,), summing to 1.

        Parameters
        ----------
        scaled : array of shape (n_kept,)
            The new dataset's meta-features, by the scaler of the known ones.
        """
        n_datasets = len(self.leaves)
        if not len(self.roots):
            return np.full(n_datasets, 1.0 / max(n_datasets, 1))
        values = scaled.astype(np.float32)
        node = self.roots.copy()
        while True:
            goes_left = values[self.feature[node]] <= self.threshold[node]
            following = np.where(goes_left, self.left[node], self.right[node])
            if (following == node).all():
                break
            node = following
        together = self.leaves == node
        return np.asarray((together / together.sum(axis=0)).mean(axis=1))


def fit_similarity(knowledge: Knowledge, *, seed: int = 0) -> Similarity:
    """Return the similarity learned from `knowledge`; all are equally alike where fewer than eight are described."""
    described = knowledge.described
    metafeatures = knowledge.metafeatures[described]
    inputs = fit_scaler(metafeatures).transform(metafeatures).astype(np.float32)
    n_datasets, n_kept = len(described), inputs.shape[1]
    empty = np.zeros(0, dtype=np.intp)
    if len(inputs) < 8 or n_kept == 0:
        leaves = np.zeros((n_datasets, 0), dtype=np.intp)
        return Similarity(empty, empty, empty, np.zeros(0), empty, leaves)
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(N_TREES, min_samples_leaf=LEAF, max_features=min(TRIED, n_kept), random_state=seed)
    forest.fit(inputs, _principal(knowledge.standings[described]))
    all_leaves = np.full((n_datasets, N_TREES), -1, dtype=np.intp)
    all_leaves[described] = forest.apply(inputs)
    sizes = [tree.tree_.node_count for tree in forest.estimators_]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
    left, right, feature, threshold = [], [], [], []
    for root, tree in zip(roots, forest.estimators_, strict=True):
        nodes = tree.tree_
        itself = np.arange(nodes.node_count)
        is_leaf = nodes.children_left < 0
        left.append(np.where(is_leaf, itself, nodes.children_left) + root)
        right.append(np.where(is_leaf, itself, nodes.children_right) + root)
        feature.append(np.maximum(nodes.feature, 0))
        threshold.append(nodes.threshold)
    return Similarity(
        left=np.concatenate(left).astype(np.intp),
        right=np.concatenate(right).astype(np.intp),
        feature=np.concatenate(feature).astype(np.intp),
        threshold=np.concatenate(threshold).astype(np.float64),
        roots=roots,
        leaves=np.where(all_leaves < 0, -1, all_leaves + roots),
    )


def _principal(table: Floats) -> Floats:
    """Return the leading principal components of the rows of `table`, with their own variances."""
    left, values, _ = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    return np.asarray((left * values)[:, :COMPONENTS])

"""scikit-learn's decision trees, many in a few arrays: an eighth of the bytes, and no object per tree.

Only what predicting needs is kept. Thresholds become float32, rounded down: scikit-learn compares them with float32
features, and such a feature is at most the threshold if and only if it is at most the largest float32 below it.
Numbers that predicting does not need (impurities, sample counts) are zero in a tree that was read back, and so are
its importances.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.tree._tree import NODE_DTYPE, Tree

LEAF = -1


class PackedTrees(BaseEstimator):  # type: ignore[misc]
    """Trees with the same features and outputs.

    Parameters
    ----------
    n_features : int
    n_classes : int array of shape (n_outputs,)
    counts, depths : int32 arrays of shape (n_trees,)
        Number of nodes, and greatest depth.
    inner : uint8 array
        Whether each node has children, eight nodes a byte, all trees one after another.
    left, right : int32 arrays of shape (n_inner,)
        Within the tree. An empty `left` says that each left child follows its parent.
    feature : int array of shape (n_inner,)
    threshold : float32 array of shape (n_inner,)
    missing_left : uint8 array
        Whether missing cells go left, eight inner nodes a byte.
    values : float64 array of shape (n_leaves, n_outputs, max_n_classes)
    """

    def __init__(
        self,
        n_features: int,
        n_classes: NDArray[Any],
        counts: NDArray[Any],
        depths: NDArray[Any],
        inner: NDArray[Any],
        left: NDArray[Any],
        right: NDArray[Any],
        feature: NDArray[Any],
        threshold: NDArray[Any],
        missing_left: NDArray[Any],
        values: NDArray[Any],
    ) -> None:
        self.n_features = n_features
        self.n_classes = n_classes
        self.counts = counts
        self.depths = depths
        self.inner = inner
        self.left = left
        self.right = right
        self.feature = feature
        self.threshold = threshold
        self.missing_left = missing_left
        self.values = values

    @classmethod
    def of(cls, trees: Sequence[Any]) -> "PackedTrees":
        """Pack scikit-learn's `Tree` objects."""
        inner = [tree.children_left != LEAF for tree in trees]  # views into the trees: nothing large is copied
        left = _gathered([tree.children_left for tree in trees], inner, np.int32)
        positions = [np.flatnonzero(mask) for mask in inner]
        follows = np.array_equal(left, np.concatenate(positions) + 1)
        missing_left = _gathered([tree.missing_go_to_left for tree in trees], inner, np.bool_)
        thresholds = [_rounded_down(tree.threshold[mask]) for tree, mask in zip(trees, inner, strict=True)]
        n_features = int(trees[0].n_features)
        return cls(
            n_features=n_features,
            n_classes=np.asarray(trees[0].n_classes, dtype=np.int64),
            counts=np.array([tree.node_count for tree in trees], dtype=np.int32),
            depths=np.array([tree.max_depth for tree in trees], dtype=np.int32),
            inner=np.packbits(np.concatenate(inner)),
            left=np.empty(0, dtype=np.int32) if follows else left,
            right=_gathered([tree.children_right for tree in trees], inner, np.int32),
            feature=_gathered([tree.feature for tree in trees], inner, np.min_scalar_type(n_features)),
            threshold=np.concatenate(thresholds),
            missing_left=np.packbits(missing_left),
            values=np.concatenate([tree.value[~mask] for tree, mask in zip(trees, inner, strict=True)]),
        )

    def trees(self) -> list[Any]:
        """Return scikit-learn's `Tree` objects again.

        Raises
        ------
        ValueError
            If the arrays do not fit together, or a tree would lead outside of itself or its features: scikit-learn
            follows children and features without looking.
        """
        counts = self._checked_counts()
        total = int(counts.sum())
        is_inner = _bits(self.inner, total)
        n_inner = int(is_inner.sum())
        missing_left = _bits(self.missing_left, n_inner)
        columns = {"right_child": self.right, "feature": self.feature, "threshold": self.threshold}
        if len(self.left):
            columns["left_child"] = self.left
        if any(np.shape(column) != (n_inner,) for column in columns.values()):
            raise ValueError("the arrays of packed trees do not fit together")
        inner_counts = np.add.reduceat(is_inner, np.cumsum(counts) - counts, dtype=np.int64)
        if not (2 * inner_counts + 1 == counts).all():  # or few leaves' values could be asked for at many nodes
            raise ValueError("the nodes of a packed tree are not twice its inner ones and one more")
        shape = (total - n_inner, len(self.n_classes), int(np.max(self.n_classes)))
        if np.shape(self.values) != shape:
            raise ValueError("the values of packed trees do not fit their leaves")
        trees = []
        end = inner_end = leaf_end = 0
        for count, depth in zip(counts.tolist(), self.depths.tolist(), strict=True):
            start, end = end, end + count
            mask = is_inner[start:end]
            inner_start, inner_end = inner_end, inner_end + int(mask.sum())
            leaf_start, leaf_end = leaf_end, leaf_end + count - (inner_end - inner_start)
            part = {name: column[inner_start:inner_end] for name, column in columns.items()}
            part["missing_go_to_left"] = missing_left[inner_start:inner_end]
            values = np.zeros((count, *shape[1:]))
            values[~mask] = self.values[leaf_start:leaf_end]
            trees.append(self._tree(self._nodes(mask, part), values, depth))
        return trees

    def _nodes(self, is_inner: NDArray[np.bool_], columns: dict[str, NDArray[Any]]) -> NDArray[Any]:
        """Return the nodes of one tree as scikit-learn has them, once it is sure that every path in it ends."""
        count = len(is_inner)
        position = np.flatnonzero(is_inner)
        columns.setdefault("left_child", position + 1)
        for name in ("left_child", "right_child"):  # children come after their parents
            if not ((columns[name] > position) & (columns[name] < count)).all():
                raise ValueError("a packed tree leads outside of itself")
        feature = columns["feature"]
        if not ((feature >= 0) & (feature < self.n_features)).all():
            raise ValueError("a packed tree asks for a feature that is not there")
        nodes = np.zeros(count, dtype=NODE_DTYPE)
        nodes["left_child"] = nodes["right_child"] = LEAF
        nodes["feature"], nodes["threshold"] = -2, -2.0  # as scikit-learn marks leaves
        for name, column in columns.items():
            nodes[name][position] = column
        return nodes

    def _tree(self, nodes: NDArray[Any], values: NDArray[np.float64], depth: int) -> Any:
        n_classes = np.asarray(self.n_classes, dtype=np.intp)
        tree = Tree(int(self.n_features), n_classes, len(n_classes))
        tree.__setstate__({"max_depth": depth, "node_count": len(nodes), "nodes": nodes, "values": values})
        return tree

    def _checked_counts(self) -> NDArray[np.int64]:
        counts = np.asarray(self.counts, dtype=np.int64)
        if counts.ndim != 1 or len(counts) != len(self.depths) or not len(counts) or counts.min() < 1:
            raise ValueError("packed trees without nodes")
        if len(self.n_classes) < 1 or np.min(self.n_classes) < 1:
            raise ValueError("packed trees without outputs")
        return counts


def _gathered(columns: Sequence[NDArray[Any]], masks: Sequence[NDArray[np.bool_]], dtype: Any) -> NDArray[Any]:
    return np.concatenate([column[mask].astype(dtype) for column, mask in zip(columns, masks, strict=True)])


def _rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    above = rounded > thresholds
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return np.asarray(rounded, dtype=np.float32)


def _bits(packed: NDArray[Any], count: int) -> NDArray[np.bool_]:
    bits = np.unpackbits(np.asarray(packed, dtype=np.uint8))
    if not count <= len(bits) < count + 8:
        raise ValueError("the arrays of packed trees do not fit together")
    return bits[:count].astype(bool)

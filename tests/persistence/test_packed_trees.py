"""Packed trees come back as they were; what was changed so that predicting would go astray is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.tree import DecisionTreeClassifier

from automl_meta.persistence.packing import PackedForest, PackedTree

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(80, 3)), RANDOM.normal(size=80)


def packed_tree() -> PackedTree:
    return PackedTree.of(DecisionTreeClassifier(random_state=0).fit(X, Y > 0))


def packed_forest() -> PackedForest:
    return PackedForest.of(ExtraTreesRegressor(3, random_state=0).fit(X, Y))


@pytest.mark.parametrize("make", [packed_tree, packed_forest])
def test_trees_expect_as_many_features_as_what_checks_the_table(make: Callable[[], Any]) -> None:
    packed = make()
    packed.trees.n_features = 1_000
    packed.trees.feature = np.full_like(packed.trees.feature, 100)
    with pytest.raises(ValueError, match="another number of features"):
        packed.unpacked()


def test_a_forest_that_would_not_look_at_the_width_of_a_table_is_refused() -> None:
    packed = packed_forest()
    del packed.forest.n_features_in_
    with pytest.raises(ValueError, match="another number of features"):
        packed.unpacked()


def test_one_leaf_of_many_nodes_is_refused() -> None:
    """Each node has room for the values that a leaf has: few bytes would become many."""
    trees = packed_tree().trees
    n_inner = 1_000
    trees.counts, trees.depths = np.array([n_inner + 1], dtype=np.int32), np.array([n_inner], dtype=np.int32)
    trees.inner = np.packbits(np.r_[np.ones(n_inner, dtype=bool), False])
    trees.left, trees.right = np.empty(0, dtype=np.int32), np.arange(1, n_inner + 1, dtype=np.int32)
    trees.feature, trees.threshold = np.zeros(n_inner, dtype=np.uint8), np.zeros(n_inner, dtype=np.float32)
    trees.missing_left = np.packbits(np.zeros(n_inner, dtype=bool))
    trees.values = trees.values[:1]
    with pytest.raises(ValueError, match="inner ones"):
        trees.trees()

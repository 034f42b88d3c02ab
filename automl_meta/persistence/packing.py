"""Putting a predictor's trees, and what it holds for each of many columns, into few large values before it is stored.

Storing one object per tree takes minutes for an ensemble of forests, one per column seconds where they are thousands.
Reading trees back through this packing also checks what scikit-learn does not: that no path in them leads outside.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl_meta.persistence.packed_neighbours import PackedNeighbours, has_search_tree
from automl_meta.persistence.packed_sequences import PackedArrays, PackedTexts, PackedTextTuples, packed_sequence
from automl_meta.persistence.packed_trees import PackedTrees

FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
BOOSTINGS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_SET_WORDS = 8  # of 32 categories each, in a set of histogram boosting's
TREES = (DecisionTreeClassifier, DecisionTreeRegressor)


class PackedForest(BaseEstimator):  # type: ignore[misc]
    """A forest without its trees, one of its tree estimators without its nodes, and all nodes."""

    def __init__(self, forest: Any, estimator: Any, trees: PackedTrees) -> None:
        self.forest = forest
        self.estimator = estimator
        self.trees = trees

    @classmethod
    def of(cls, forest: Any) -> "PackedForest":
        """Pack a fitted forest."""
        shell = _without(forest, "estimators_")
        estimator = _without(forest.estimators_[0], "tree_")
        return cls(shell, estimator, PackedTrees.of([tree.tree_ for tree in forest.estimators_]))

    def unpacked(self) -> Any:
        """Return the forest.

        Raises
        ------
        ValueError
            If its parts do not fit together.
        """
        _check_type(self.forest, FORESTS)
        _check_type(self.estimator, _sub_estimators(self.forest))
        _check_features(self.forest, self.trees)
        _check_features(self.estimator, self.trees)
        forest = copy.copy(self.forest)
        forest.estimators_ = [_with(self.estimator, tree_=tree) for tree in self.trees.trees()]
        return forest


class PackedTree(BaseEstimator):  # type: ignore[misc]
    """A single decision tree."""

    def __init__(self, estimator: Any, trees: PackedTrees) -> None:
        self.estimator = estimator
        self.trees = trees

    @classmethod
    def of(cls, estimator: Any) -> "PackedTree":
        """Pack a fitted decision tree."""
        return cls(_without(estimator, "tree_"), PackedTrees.of([estimator.tree_]))

    def unpacked(self) -> Any:
        """Return the tree.

        Raises
        ------
        ValueError
            If its parts do not fit together.
        """
        _check_type(self.estimator, TREES)
        _check_features(self.estimator, self.trees)
        return _with(self.estimator, tree_=self.trees.trees()[0])


class PackedBoosting(BaseEstimator):  # type: ignore[misc]
    """Histogram gradient boosting: the model without its trees, and the nodes and bit sets of all trees."""

    def __init__(
        self,
        model: Any,
        per_round: int,
        counts: NDArray[Any],
        nodes: NDArray[Any],
        set_counts: NDArray[Any],
        binned_sets: NDArray[Any],
        raw_sets: NDArray[Any],
    ) -> None:
        self.model = model
        self.per_round = per_round
        self.counts = counts
        self.nodes = nodes
        self.set_counts = set_counts
        self.binned_sets = binned_sets
        self.raw_sets = raw_sets

    @classmethod
    def of(cls, model: Any) -> "PackedBoosting":
        """Pack fitted histogram gradient boosting."""
        trees = [tree for trees in model._predictors for tree in trees]
        return cls(
            model=_without(model, "_predictors"),
            per_round=len(model._predictors[0]),
            counts=np.array([len(tree.nodes) for tree in trees], dtype=np.int64),
            nodes=np.concatenate([tree.nodes for tree in trees]),
            set_counts=np.array([len(tree.raw_left_cat_bitsets) for tree in trees], dtype=np.int64),
            binned_sets=np.concatenate([tree.binned_left_cat_bitsets for tree in trees]),
            raw_sets=np.concatenate([tree.raw_left_cat_bitsets for tree in trees]),
        )

    def unpacked(self) -> Any:
        """Return the model.

        Raises
        ------
        ValueError
            If a tree would lead outside of itself, its features or its bit sets.
        """
        _check_type(self.model, BOOSTINGS)
        self._check()
        model = copy.copy(self.model)
        starts = np.cumsum(self.counts) - self.counts
        set_starts = np.cumsum(self.set_counts) - self.set_counts
        trees = [
            TreePredictor(
                self.nodes[start : start + count].copy(),
                self.binned_sets[set_start : set_start + set_count].copy(),
                self.raw_sets[set_start : set_start + set_count].copy(),
            )
            for start, count, set_start, set_count in zip(
                starts, self.counts, set_starts, self.set_counts, strict=True
            )
        ]
        model._predictors = [trees[i : i + self.per_round] for i in range(0, len(trees), self.per_round)]
        return model

    def _check(self) -> None:
        counts, sets = np.asarray(self.counts), np.asarray(self.set_counts)
        lengths_fit = (
            len(counts) > 0
            and counts.min() >= 1
            and sets.min() >= 0
            and len(self.nodes) == counts.sum()
            and np.shape(self.raw_sets) == np.shape(self.binned_sets) == (sets.sum(), _SET_WORDS)
            and self.per_round >= 1
            and len(counts) % self.per_round == 0
            and len(counts) == len(sets)
        )
        if not lengths_fit:
            raise ValueError("the arrays of packed boosting do not fit together")
        inner = self.nodes["is_leaf"] == 0
        position = (np.arange(len(self.nodes)) - np.repeat(np.cumsum(counts) - counts, counts))[inner]
        limit = np.repeat(counts, counts)[inner]
        nodes = self.nodes[inner]
        for name in ("left", "right"):
            children = nodes[name].astype(np.int64)
            if not ((children > position) & (children < limit)).all():
                raise ValueError("a packed tree leads outside of itself")
        features = nodes["feature_idx"].astype(np.int64)
        if not ((features >= 0) & (features < int(self.model._n_features))).all():
            raise ValueError("a packed tree asks for a feature that is not there")
        by_category = nodes["is_categorical"] != 0
        if not (nodes["bitset_idx"][by_category] < np.repeat(sets, counts)[inner][by_category]).all():
            raise ValueError("a packed tree asks for categories that are not there")


PACKED = (PackedForest, PackedTree, PackedBoosting, PackedNeighbours, PackedTexts, PackedTextTuples, PackedArrays)


def pack(value: Any) -> Any:
    """Return `value` with every tree model and long sequence inside packed.

    What holds one is copied, the rest is shared.
    """
    return _mapped(value, _packed)


def unpack(value: Any) -> Any:
    """Return `value` with all that was packed inside as it was.

    Raises
    ------
    ValueError
        If something packed is not what packing made.
    """
    return _mapped(value, _unpacked)


def _packed(value: Any) -> Any:
    if isinstance(value, FORESTS) and hasattr(value, "estimators_"):
        return PackedForest.of(value)
    if isinstance(value, TREES) and hasattr(value, "tree_"):
        return PackedTree.of(value)
    if isinstance(value, BOOSTINGS) and hasattr(value, "_predictors"):
        return PackedBoosting.of(value)
    if has_search_tree(value):
        return PackedNeighbours.of(value)
    packed = packed_sequence(value)
    return value if packed is None else packed


def _unpacked(value: Any) -> Any:
    return value.unpacked() if isinstance(value, PACKED) else value


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return `value` changed, or, where `change` leaves it, with its parts mapped; itself if nothing differs."""
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, BaseEstimator):
        parts = {name: _mapped(part, change) for name, part in vars(value).items()}
        same = all(parts[name] is part for name, part in vars(value).items())
        return value if same else _with(value, **parts)
    if type(value) in (list, tuple):
        items = [_mapped(item, change) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else type(value)(items)
    if type(value) is dict:
        entries = {key: _mapped(entry, change) for key, entry in value.items()}
        return value if all(entries[key] is entry for key, entry in value.items()) else entries
    return value


def _with(value: Any, **attributes: Any) -> Any:
    copied = copy.copy(value)
    vars(copied).update(attributes)
    return copied


def _without(value: Any, attribute: str) -> Any:
    copied = copy.copy(value)
    del vars(copied)[attribute]
    return copied


def _sub_estimators(forest: Any) -> tuple[type, ...]:
    return (DecisionTreeClassifier,) if hasattr(forest, "classes_") else (DecisionTreeRegressor,)


def _check_type(value: Any, allowed: tuple[type, ...]) -> None:
    if not isinstance(value, allowed):
        raise ValueError(f"a {type(value).__name__} is not what was packed")


def _check_features(estimator: Any, trees: PackedTrees) -> None:
    """Check that what looks at the width of a table expects the width that the trees do: they do not look."""
    if getattr(estimator, "n_features_in_", None) != trees.n_features:
        raise ValueError("a packed tree is of another number of features than its estimator")

"""XGBoost's bytes of a model: checked before XGBoost reads them, which follows children and features without looking.

The bytes have to be what XGBoost writes for the estimator's task and columns.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.soundness import MOST_LEAVES, check_binary_trees, ensure, positions_within
from automl_meta.pipelines.estimators.ubjson import Packed, joined, parse

_FLOAT = r"-?[0-9]+(?:\.[0-9]+)?(?:E-?[0-9]+)?"
_TREE = {  # the arrays of a tree, and the marks of their types
    "base_weights": b"d",
    "categories": b"l",
    "categories_nodes": b"l",
    "categories_segments": b"L",
    "categories_sizes": b"L",
    "default_left": b"U",
    "left_children": b"l",
    "loss_changes": b"d",
    "parents": b"l",
    "right_children": b"l",
    "split_conditions": b"d",
    "split_indices": b"l",
    "split_type": b"U",
    "sum_hessian": b"d",
}
_OF_SETS = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_TREE_KEYS = {*_TREE, "id", "tree_param"}
_NO_CATEGORIES: dict[str, Any] = {
    "enc": [],
    "feature_segments": Packed((b"l", b"")),
    "sorted_idx": Packed((b"l", b"")),
}
_LEAF, _ROOT = -1, 2**31 - 1

Columns = dict[str, NDArray[Any]]


def check_model(content: Any, *, kinds: list[str], n_levels: NDArray[np.int64], n_classes: int) -> None:
    """Check a model of XGBoost's.

    Parameters
    ----------
    kinds : list of str
        ``c`` for columns of categories, ``q`` for numbers.
    n_levels : array of shape (n_columns,)
        Of categories; 0 for numbers.
    n_classes : int
        0 for regression.

    Raises
    ------
    UnsoundModelError
        If XGBoost could not have written it for such an estimator.
    """
    ensure(isinstance(content, bytes), "XGBoost's model is not bytes")
    learner = _entries(parse(content), {"learner", "version"})["learner"]
    names = {
        "attributes",
        "feature_names",
        "feature_types",
        "gradient_booster",
        "learner_model_param",
        "objective",
    }
    learner = _entries(learner, names)
    n_groups = n_classes if n_classes > 2 else 1
    _check_settings(learner, kinds, n_classes, n_groups)
    booster = _entries(learner["gradient_booster"], {"model", "name"})
    ensure(booster["name"] == "gbtree", "XGBoost's model is no boosting of trees")
    model = _entries(booster["model"], {"gbtree_model_param", "iteration_indptr", "tree_info", "trees"}, {"cats"})
    ensure(model.get("cats", _NO_CATEGORIES) == _NO_CATEGORIES, "XGBoost's model holds categories of its own")
    _check_outline(model, n_groups)
    if model["trees"]:
        _check_trees(model["trees"], n_levels)


def _entries(value: Any, names: set[str], perhaps: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    known = isinstance(value, dict) and names <= set(value) <= {*names, *perhaps}
    ensure(known, "XGBoost's model has other entries than expected")
    return dict(value)


def _check_settings(learner: dict[str, Any], kinds: list[str], n_classes: int, n_groups: int) -> None:
    given = _entries(
        learner["learner_model_param"],
        {"base_score", "num_class", "num_feature"},
        {"boost_from_average", "num_target"},
    )
    several = rf"\[{_FLOAT}(?:,{_FLOAT}){{{n_groups - 1}}}\]"
    score = given["base_score"]
    fits = isinstance(score, str) and re.fullmatch(rf"{_FLOAT}|\[{_FLOAT}\]|{several}", score)
    ensure(fits, "XGBoost's model begins with scores that are none")
    expected = {"num_class": n_classes if n_groups > 1 else 0, "num_feature": len(kinds), "num_target": 1}
    for name, number in expected.items():
        ensure(given.get(name, "1") == str(number), f"XGBoost's model has another {name} than its estimator")
    ensure(given.get("boost_from_average", "1") in ("0", "1"), "XGBoost's model begins in an unknown way")
    objective: dict[str, Any] = {"name": "reg:squarederror" if not n_classes else "binary:logistic"}
    if n_groups > 1:
        objective = {"name": "multi:softprob", "softmax_multiclass_param": {"num_class": str(n_classes)}}
    else:
        objective["reg_loss_param"] = {"scale_pos_weight": "1"}
    ensure(learner["objective"] == objective, "XGBoost's model has another objective than its estimator")
    ensure(learner["feature_names"] == [], "XGBoost's model has names of features")
    ensure(learner["feature_types"] == kinds, "XGBoost's model has other kinds of features than its estimator")
    notes = learner["attributes"]
    known = isinstance(notes, dict) and set(notes) <= {"best_iteration", "best_score"}
    ensure(known and all(isinstance(note, str) for note in notes.values()), "XGBoost's model has unknown attributes")


def _check_outline(model: dict[str, Any], n_groups: int) -> None:
    """Check how many trees there are, which output each adds to, and which belong to a round."""
    trees, groups, rounds = model["trees"], model["tree_info"], model["iteration_indptr"]
    ensure(isinstance(trees, list), "XGBoost's model has no trees")
    settings = {"num_parallel_tree": "1", "num_trees": str(len(trees))}
    ensure(model["gbtree_model_param"] == settings, "XGBoost's model has another number of trees than it says")
    for name, numbers in (("tree_info", groups), ("iteration_indptr", rounds)):
        whole = isinstance(numbers, list) and all(type(number) is int for number in numbers)
        ensure(whole, f"XGBoost's model has a {name} that is no list of numbers")
    ensure(len(groups) == len(trees), "XGBoost's trees do not say what they add to")
    ensure(all(0 <= group < n_groups for group in groups), "XGBoost's trees add to outputs that are not there")
    ends = [0, *rounds, len(trees)]
    ensure(
        rounds and rounds[0] == 0 and rounds[-1] == len(trees) and ends == sorted(ends), "XGBoost's rounds overlap"
    )


def _check_trees(trees: list[Any], n_levels: NDArray[np.int64]) -> None:
    for number, tree in enumerate(trees):
        ensure(
            isinstance(tree, dict) and set(tree) == _TREE_KEYS, "a tree of XGBoost has other entries than expected"
        )
        ensure(type(tree["id"]) is int and tree["id"] == number, "XGBoost's trees are not in their order")
    columns, counts = {}, {}
    for name, mark in _TREE.items():
        columns[name], counts[name] = joined([tree[name] for tree in trees], mark)
    n_nodes = counts["left_children"]
    ensure(((n_nodes >= 1) & (n_nodes < 2 * MOST_LEAVES)).all(), "a tree of XGBoost has no nodes, or too many")
    for name in columns:
        same = name in _OF_SETS or np.array_equal(counts[name], n_nodes)
        ensure(same, "the arrays of a tree of XGBoost do not fit together")
    for tree, count in zip(trees, n_nodes.tolist(), strict=True):
        settings = {"num_deleted": "0", "num_feature": str(len(n_levels)), "num_nodes": str(count)}
        given = tree["tree_param"]
        fits = given in ({**settings, "size_leaf_vector": "1"}, {**settings, "size_leaf_vector": "0"})
        ensure(fits, "a tree of XGBoost has other settings than expected")
    inner = columns["left_children"] != _LEAF
    _check_paths(columns, n_nodes, inner)
    features = columns["split_indices"]
    ensure(
        ((features >= 0) & (features < len(n_levels))).all(), "a tree of XGBoost asks for a feature that is not there"
    )
    ensure((columns["split_type"] <= 1).all(), "a tree of XGBoost splits in an unknown way")
    _check_sets(columns, counts, inner, n_levels)


def _check_paths(columns: Columns, n_nodes: NDArray[np.int64], inner: NDArray[np.bool_]) -> None:
    left, right, parents = columns["left_children"], columns["right_children"], columns["parents"]
    ensure(((right != _LEAF) == inner).all(), "a node of XGBoost has one child only")
    begin = np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
    above = np.flatnonzero(inner)
    children = np.concatenate([begin[inner] + left[inner], begin[inner] + right[inner]])
    check_binary_trees(n_nodes, np.tile(above, 2), children)
    known = np.full(len(parents), _ROOT, dtype=np.int64)
    known[children] = np.tile(positions_within(n_nodes)[inner], 2)
    ensure((parents == known).all(), "a node of XGBoost has another parent than it says")


def _check_sets(
    columns: Columns, counts: dict[str, NDArray[np.int64]], inner: NDArray[np.bool_], n_levels: NDArray[np.int64]
) -> None:
    """Check that each node that splits by a set of categories has one, of levels that its column has."""
    per_tree, n_nodes = counts["categories_nodes"], counts["left_children"]
    for name in ("categories_segments", "categories_sizes"):
        ensure(np.array_equal(counts[name], per_tree), "the sets of a tree of XGBoost do not fit together")
    begin = np.repeat(np.cumsum(n_nodes) - n_nodes, per_tree)
    nodes = columns["categories_nodes"]
    within = (nodes >= 0) & (nodes < np.repeat(n_nodes, per_tree))
    by_set = np.flatnonzero((columns["split_type"] == 1) & inner)
    ensure(within.all() and np.array_equal(begin + nodes, by_set), "the sets of a tree of XGBoost are of other nodes")
    sizes, held = columns["categories_sizes"], counts["categories"]
    ensure(
        ((sizes >= 1) & (sizes <= n_levels.max(initial=0))).all(), "a set of a tree of XGBoost is empty, or too large"
    )
    starts = np.repeat(np.cumsum(held) - held, per_tree) + columns["categories_segments"]
    whole = len(columns["categories"]) == sizes.sum() and np.array_equal(starts, np.cumsum(sizes) - sizes)
    ensure(whole, "the sets of a tree of XGBoost overlap")
    most = np.repeat(n_levels[columns["split_indices"][by_set]], sizes)
    levels = columns["categories"]
    ensure(((levels >= 0) & (levels < most)).all(), "a set of a tree of XGBoost holds a level that is not there")

"""LightGBM's text of a model: checked before LightGBM reads it, which trusts every number in it.

The text has to be just what LightGBM writes for the estimator's task and columns, each line in its place.
"""

import re
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.soundness import (
    MOST_LEAVES,
    UnsoundModelError,
    check_binary_trees,
    ensure,
    positions_within,
)

_END = "end of trees\n"
_PLAIN = b"\n" + bytes(range(0x20, 0x7F))
_INTEGER, _REAL = b"0123456789- ", b"0123456789+-.einfa "
_LEAF, _INNER = "leaf", "inner"
# The lines of a tree: the characters that their numbers are written in, and what there is one number for.
_ARRAYS = {
    "split_feature": (_INTEGER, _INNER),
    "split_gain": (_REAL, _INNER),
    "threshold": (_REAL, _INNER),
    "decision_type": (_INTEGER, _INNER),
    "left_child": (_INTEGER, _INNER),
    "right_child": (_INTEGER, _INNER),
    "leaf_value": (_REAL, _LEAF),
    "leaf_weight": (_REAL, _LEAF),
    "leaf_count": (_INTEGER, _LEAF),
    "internal_value": (_REAL, _INNER),
    "internal_weight": (_REAL, _INNER),
    "internal_count": (_INTEGER, _INNER),
}
_NAMES = tuple(_ARRAYS)
_SETS = ("cat_boundaries", "cat_threshold")
_LINEAR = ("leaf_const", "num_features", "leaf_features", "leaf_coeff")
_BY_SET, _MOST_DECISION = 1, 11  # bits: by a set of categories, missing goes left, and what counts as missing

Tree = dict[str, str]
Numbers = NDArray[Any]


def model_part(text: str) -> str:
    """Return LightGBM's text without what follows the trees: notes on the training, of no use for predicting."""
    return text[: text.find(_END)] + _END


def check_text(text: Any, *, n_features: int, n_classes: int) -> None:
    """Check the `model_part` of LightGBM's text.

    Parameters
    ----------
    n_classes : int
        0 for regression.

    Raises
    ------
    UnsoundModelError
        If LightGBM could not have written it for such an estimator.
    """
    ensure(isinstance(text, str), "LightGBM's model is no text")
    end = text.find(_END)
    ensure(end >= 0, "LightGBM's text has no end")
    head = text[:end]
    ensure(head.isascii() and not head.encode().translate(None, _PLAIN), "LightGBM's text holds strange characters")
    start = head.find("\nTree=0\n") + 1
    ensure(start > 0, "LightGBM's text has no trees")
    n_groups = n_classes if n_classes > 2 else 1
    trees = _trees(head[start:], _sizes(head[:start], n_features, n_classes, n_groups))
    ensure(len(trees) % n_groups == 0, "LightGBM's trees do not fit the classes")
    _check(trees, n_features)


def _sizes(header: str, n_features: int, n_classes: int, n_groups: int) -> list[int]:
    """Return the lengths of the trees' texts as the header gives them, once its other lines are as expected."""
    objective = "regression" if not n_classes else "binary sigmoid:1"
    expected = [
        r"tree",
        r"version=v[0-9]+",
        f"num_class={n_groups}",
        f"num_tree_per_iteration={n_groups}",
        r"label_index=0",
        f"max_feature_idx={n_features - 1}",
        f"objective={f'multiclass num_class:{n_groups}' if n_groups > 1 else objective}",
        "feature_names=" + " ".join(f"Column_{column}" for column in range(n_features)),
        r"feature_infos=[^ ]+" + rf"(?: [^ ]+){{{n_features - 1}}}",
        r"tree_sizes=[0-9]+(?: [0-9]+)*",
        "",
    ]
    lines = header.split("\n")[:-1]
    ensure(len(lines) == len(expected), "LightGBM's header has other lines than expected")
    for line, form in zip(lines, expected, strict=True):
        ensure(re.fullmatch(form, line), f"LightGBM's header is not of this estimator: {line[:40]!r}")
    return [int(size) for size in lines[-2].removeprefix("tree_sizes=").split(" ")]


def _trees(body: str, sizes: list[int]) -> list[Tree]:
    """Return the lines of each tree by their names."""
    ends = np.cumsum(sizes, dtype=object).tolist()
    ensure(ends[-1] == len(body), "the lengths of LightGBM's trees are not what they are said to be")
    trees = []
    for number, (begin, end) in enumerate(pairwise([0, *ends])):
        lines = [line.partition("=") for line in body[begin:end].rstrip("\n").split("\n")]
        ensure(lines[0] == ("Tree", "=", str(number)), "LightGBM's trees do not begin where they are said to")
        tree = {name: value for name, _, value in lines[1:]}
        linear = _LINEAR if tree.get("is_linear") == "1" else ()
        sets = () if not tree.get("num_cat", "").strip("0") else _SETS
        names = ("num_leaves", "num_cat", *_NAMES, *sets, "is_linear", *linear, "shrinkage")
        ensure(tuple(name for name, _, _ in lines[1:]) == names, "a tree of LightGBM has other lines than expected")
        trees.append(tree)
    return trees


def _check(trees: list[Tree], n_features: int) -> None:
    n_leaves = _numbers([tree["num_leaves"] for tree in trees], _INTEGER, np.ones(len(trees)))
    ensure(((n_leaves >= 1) & (n_leaves <= MOST_LEAVES)).all(), "a tree of LightGBM has no leaves, or too many")
    _numbers([tree["shrinkage"] for tree in trees], _REAL, np.ones(len(trees)))
    counts = {_LEAF: n_leaves, _INNER: n_leaves - 1}
    for tree in trees:  # of one leaf, LightGBM leaves out some lines' numbers
        if tree["num_leaves"] == "1":
            tree["leaf_weight"], tree["leaf_count"] = tree["leaf_weight"] or "0", tree["leaf_count"] or "0"
    columns = {
        name: _numbers([tree[name] for tree in trees], characters, counts[what])
        for name, (characters, what) in _ARRAYS.items()
    }
    _check_range(columns["split_feature"], n_features, "a tree of LightGBM asks for a feature that is not there")
    _check_range(columns["decision_type"], _MOST_DECISION + 1, "a tree of LightGBM decides in an unknown way")
    _check_children(columns, n_leaves)
    _check_sets(trees, columns, n_leaves - 1)
    ensure(all(tree["is_linear"] in ("0", "1") for tree in trees), "a tree of LightGBM is neither linear nor not")
    linear = [number for number, tree in enumerate(trees) if tree["is_linear"] == "1"]
    if linear:
        _check_linear([trees[number] for number in linear], n_leaves[linear], n_features)


def _check_children(columns: dict[str, Numbers], n_leaves: Numbers) -> None:
    """Check the paths: a child that is negative stands for a leaf, and leaves come after the inner nodes here."""
    n_inner = n_leaves - 1
    position = positions_within(n_inner)
    first = np.repeat(np.cumsum(n_leaves + n_inner) - (n_leaves + n_inner), n_inner)
    inner, leaves = np.repeat(n_inner, n_inner), np.repeat(n_leaves, n_inner)
    found = []
    for name in ("left_child", "right_child"):
        child = columns[name]
        ensure(((child < inner) & (child >= -leaves)).all(), "a tree of LightGBM leads outside of itself")
        found.append(first + np.where(child < 0, inner + ~child, child))
    check_binary_trees(n_leaves + n_inner, np.tile(first + position, 2), np.concatenate(found))


def _check_sets(trees: list[Tree], columns: dict[str, Numbers], n_inner: Numbers) -> None:
    """Check that nodes that split by a set of categories have one, and that sets are where they are said to be."""
    n_sets = _numbers([tree["num_cat"] for tree in trees], _INTEGER, np.ones(len(trees)))
    ensure(((n_sets >= 0) & (n_sets <= n_inner)).all(), "a tree of LightGBM has more sets than nodes")
    by_set = (columns["decision_type"] & _BY_SET) == 1
    asked = columns["threshold"][by_set]
    within = (asked >= 0) & (asked < np.repeat(n_sets, n_inner)[by_set]) & (asked == np.floor(asked))
    ensure(within.all(), "a tree of LightGBM asks for categories that are not there")
    with_sets = [tree for tree, count in zip(trees, n_sets.tolist(), strict=True) if count]
    n_sets = n_sets[n_sets > 0]
    bounds = _numbers([tree["cat_boundaries"] for tree in with_sets], _INTEGER, n_sets + 1)
    ends = np.cumsum(n_sets + 1)
    sizes = np.delete(np.diff(bounds, prepend=0), ends - n_sets - 1)
    ensure((bounds[ends - n_sets - 1] == 0).all() and (sizes >= 0).all(), "the sets of a tree of LightGBM overlap")
    bits = _numbers([tree["cat_threshold"] for tree in with_sets], _INTEGER, bounds[ends - 1])
    _check_range(bits, 2**32, "a set of a tree of LightGBM is none")


def _check_linear(trees: list[Tree], n_leaves: Numbers, n_features: int) -> None:
    """Check the linear models of the leaves: each number is followed by a space, and each leaf by one more."""
    _numbers([tree["leaf_const"] for tree in trees], _REAL, n_leaves)
    counts = _numbers([tree["num_features"] for tree in trees], _INTEGER, n_leaves)
    _check_range(counts, n_features + 1, "a leaf of LightGBM has more coefficients than there are features")
    spaces = np.add.reduceat(counts + 1, np.cumsum(n_leaves) - n_leaves)
    for name, characters in (("leaf_features", _INTEGER), ("leaf_coeff", _REAL)):
        lines = [tree[name] for tree in trees]
        whole = all(line.endswith(" ") for line in lines) and [line.count(" ") for line in lines] == spaces.tolist()
        ensure(whole, "the linear models of a tree of LightGBM do not fit its leaves")
        parts = "".join(lines).split(" ")[:-1]
        ends = np.flatnonzero([not part for part in parts])
        ensure(np.array_equal(ends, np.cumsum(counts + 1) - 1), "the linear models of LightGBM do not fit its leaves")
        numbers = _numbers([" ".join(filter(None, parts))], characters, counts.sum(keepdims=True))
        if name == "leaf_features":
            _check_range(numbers, n_features, "a leaf of LightGBM asks for a feature that is not there")


def _numbers(lines: list[str], characters: bytes, counts: Numbers) -> Numbers:
    """Return the numbers of some lines, one line's after another's, once there are as many in each as expected.

    Raises
    ------
    UnsoundModelError
        If there are others, or something else.
    """
    found = [line.count(" ") + 1 if line else 0 for line in lines]
    ensure(np.array_equal(found, counts), "a line of LightGBM's text is too long or too short")
    joined = " ".join(filter(None, lines))
    plain = not joined.encode().translate(None, characters)
    ensure(plain and "  " not in joined and joined == joined.strip(), "a line of LightGBM's text holds no numbers")
    try:
        numbers = np.fromstring(joined, dtype=np.int64 if characters is _INTEGER else np.float64, sep=" ")
    except ValueError as error:
        raise UnsoundModelError("a line of LightGBM's text holds no numbers") from error
    ensure(len(numbers) == sum(found), "a line of LightGBM's text holds no numbers")
    return numbers


def _check_range(numbers: Numbers, end: int, reason: str) -> None:
    ensure(((numbers >= 0) & (numbers < end)).all(), reason)

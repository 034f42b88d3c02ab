"""CatBoost's bytes of a model: checked before CatBoost reads them, which follows splits and counts without looking.

They are a FlatBuffers buffer of the trees and, where there are categories, one for each table of their statistics.
The fields are numbered as in CatBoost's own schemas (``model.fbs``, ``features.fbs``, ``ctr_data.fbs``).
"""

import json
import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.catboost_statistics import Statistics
from automl_meta.pipelines.estimators.flatbuffer import Table
from automl_meta.pipelines.estimators.soundness import MOST_LEAVES, UnsoundModelError, ensure, positions_within

_DEEPEST = 16  # of symmetric trees
_IN_A_BUCKET = 254  # borders of a column that CatBoost compares with at once
_NO_LEAF = 2**32 - 1
_DEEPEST_NOTE = 100  # CatBoost reads what is nested in JSON by calling itself
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEP = np.dtype([("left", "<u2"), ("right", "<u2")])
_BIN = np.dtype([("bucket", "<u2"), ("mask", "u1"), ("least", "u1")])
_LOSSES = {0: "RMSE", 2: "Logloss"}

Integers = NDArray[Any]


def check_model(content: Any, *, n_columns: int, categorical: Sequence[int], n_classes: int) -> None:
    """Check a model of CatBoost's.

    Parameters
    ----------
    categorical : sequence of int
        Positions of the columns of categories.
    n_classes : int
        0 for regression.

    Raises
    ------
    UnsoundModelError
        If CatBoost could not have written it for such an estimator.
    """
    ensure(isinstance(content, bytes), "CatBoost's model is not bytes")
    ensure(content[:4] == b"CBM1", "CatBoost's model does not begin as one")
    buffer, end = _sized(content, 4)
    core = Table(buffer)
    ensure(core.text(0) == "FlabuffersModel_v1", "CatBoost's model is of an unknown format")
    _check_notes(core.tables(2), _LOSSES.get(n_classes, "MultiClass"))
    trees = core.table(1)
    n_outputs = n_classes if n_classes > 2 else 1
    _check_outline(trees, n_outputs)
    by_category = set(categorical)
    numeric = [column for column in range(n_columns) if column not in by_category]
    _check_columns([(one.number(1, "i", -1), one.number(2, "i", -1)) for one in trees.tables(5)], numeric)
    _check_columns([(one.number(0, "i", -1), one.number(1, "i", -1)) for one in trees.tables(4)], list(categorical))
    statistics = Statistics(trees)
    _check_trees(trees, n_outputs, _bins(statistics))
    parts = core.texts(3)
    ensure(parts in ([], ["static_provider_v1"]), "CatBoost's model has parts of an unknown kind")
    tables = []
    if parts:
        count, end = _size(content, end)
        for _ in range(count):
            buffer, end = _sized(content, end)
            tables.append(Table(buffer))
    ensure(end == len(content), "CatBoost's model goes on after its end")
    statistics.check(tables)


def _size(content: bytes, at: int) -> tuple[int, int]:
    try:
        (size,) = struct.unpack_from("<I", content, at)
    except struct.error as error:
        raise UnsoundModelError("CatBoost's model is cut off") from error
    ensure(size < 2**32 - 1, "CatBoost's model is too large")
    return size, at + 4


def _sized(content: bytes, at: int) -> tuple[bytes, int]:
    size, begin = _size(content, at)
    ensure(begin + size <= len(content), "CatBoost's model is cut off")
    return content[begin : begin + size], begin + size


def _check_notes(notes: list[Table], loss: str) -> None:
    """Check what the model says of its training, some of which CatBoost reads again."""
    found = {note.text(0): note.text(1) for note in notes}
    ensure(len(found) == len(notes), "CatBoost's model says something twice")
    for text in found.values():
        _check_depth(text)
    try:
        kind = json.loads(found["params"])["loss_function"]["type"]
    except (KeyError, TypeError, ValueError) as error:
        raise UnsoundModelError("CatBoost's model does not say what it was trained for") from error
    ensure(kind == loss, "CatBoost's model has another objective than its estimator")


def _check_depth(text: str) -> None:
    if text.count("{") + text.count("[") <= _DEEPEST_NOTE:
        return
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsoundModelError("a note of CatBoost's is no JSON") from error
    marks = np.frombuffer(_STRING.sub("", text).encode(), dtype="u1")
    steps = np.isin(marks, list(b"{[")).astype(np.int64) - np.isin(marks, list(b"}]"))
    ensure(np.cumsum(steps).max() <= _DEEPEST_NOTE, "a note of CatBoost's nests too deep")


def _check_outline(trees: Table, n_outputs: int) -> None:
    ensure(trees.number(0, "i", 0) == n_outputs, "CatBoost's model has another number of outputs than its estimator")
    biases = len(trees.array(16, "<f8"))
    ensure(biases == n_outputs or (biases == 0 and n_outputs == 1), "CatBoost's model begins with too few scores")
    for field in (12, 13, 18):
        ensure(not trees.tables(field), "CatBoost's model has features of an unknown kind")


def _check_columns(found: list[tuple[int, int]], columns: list[int]) -> None:
    """Check that features, pairs of a number among those of their kind and a column, are where they belong."""
    numbers = [number for number, _ in found]
    ensure(all(0 <= number < len(columns) for number in numbers), "CatBoost's model has features that are not there")
    ensure(all(columns[number] == column for number, column in found), "CatBoost's model mixes up the columns")
    ensure(numbers == sorted(set(numbers)), "CatBoost's features are not in their order")


def _bins(statistics: Statistics) -> Integers:
    """Return for each border of each feature how CatBoost compares with it: in which bucket, and by which byte."""
    found, bucket = [], 0
    for counts, by_level in (
        (statistics.n_borders, False),
        (statistics.n_levels, True),
        (statistics.n_ctr_borders, False),
    ):
        for count in counts:
            number = np.arange(count)
            bins = np.zeros(count, dtype=_BIN)
            last = bucket + (count - 1) // _IN_A_BUCKET
            ensure(last < 2**16, "CatBoost's model has too many borders")
            bins["bucket"] = bucket + number // _IN_A_BUCKET
            place = number % _IN_A_BUCKET + 1
            bins["mask"], bins["least"] = (255 - place, 255) if by_level else (0, place)
            found.append(bins)
            bucket = last + 1
    return np.concatenate(found) if found else np.zeros(0, dtype=_BIN)


def _check_trees(trees: Table, n_outputs: int, bins: Integers) -> None:
    splits, sizes, starts = (trees.array(field, "<i4").astype(np.int64) for field in (1, 2, 3))
    ensure(len(sizes) == len(starts) and (sizes >= 0).all(), "CatBoost's trees do not fit together")
    together = len(splits) == sizes.sum() and np.array_equal(starts, np.cumsum(sizes) - sizes)
    ensure(together, "CatBoost's trees overlap")
    steps, leaves = trees.array(10, _STEP), trees.array(11, "<u4")
    if len(steps) or len(leaves):
        n_leaves = _leaves_of_any(sizes, steps, leaves, n_outputs)
    else:
        ensure((sizes <= _DEEPEST).all(), "a tree of CatBoost is too deep")
        n_leaves = int((1 << sizes).sum())
    ensure(len(trees.array(8, "<f8")) == n_leaves * n_outputs, "CatBoost's trees have too few or too many leaves")
    ensure(len(trees.array(9, "<f8")) in (0, n_leaves), "CatBoost's leaves have weights of others")
    packed = trees.array(17, _BIN)
    if not len(bins):  # nothing to split by
        idle = not splits.any() and not steps["left"].any() and not steps["right"].any()
        ensure(idle and (len(steps) or not len(splits)), "CatBoost's trees split by what is not there")
        ensure(not packed.view("u1").any(), "CatBoost's trees split by what is not there")
        return
    ensure(((splits >= 0) & (splits < len(bins))).all(), "CatBoost's trees split by what is not there")
    same = not len(packed) or np.array_equal(packed, bins[splits])
    ensure(same, "CatBoost's trees compare with something else than they split by")


def _leaves_of_any(sizes: Integers, steps: Integers, leaves: Integers, n_outputs: int) -> int:
    """Return the number of leaves of trees that are not symmetric, once it is sure that every path in them ends.

    A step leads to a node further on, by its number of nodes; one of zero ends at the node's own leaf.
    """
    ensure(len(steps) == len(leaves) == sizes.sum(), "CatBoost's trees do not fit together")
    ensure(((sizes >= 1) & (sizes < 2 * MOST_LEAVES)).all(), "a tree of CatBoost has no nodes, or too many")
    left = np.repeat(sizes, sizes) - positions_within(sizes)
    inside = (steps["left"] < left) & (steps["right"] < left)
    ensure(inside.all(), "a tree of CatBoost leads outside of itself")
    ending = (steps["left"] == 0) | (steps["right"] == 0)
    expected = np.where(ending, (np.cumsum(ending) - 1) * n_outputs, _NO_LEAF)
    ensure(np.array_equal(leaves, expected), "the leaves of a tree of CatBoost are not its own")
    return int(ending.sum())

"""Scores as bytes: one small block a run instead of a row a score.

A block holds little-endian float32 numbers, metric by metric, each with one number a fold; NaN where a metric is
undefined. The names of the metrics, in order, are kept once, in the table ``metric_list``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

DTYPE = np.dtype("<f4")


def encode(scores: Mapping[str, Sequence[float]]) -> bytes:
    """Return the block of `scores`, metrics in the mapping's order.

    Raises
    ------
    ValueError
        If the metrics do not have the same number of folds.
    """
    lengths = {len(values) for values in scores.values()}
    if len(lengths) > 1:
        raise ValueError(f"each metric needs one score a fold, got {sorted(lengths)} of them")
    return np.array(list(scores.values()), dtype=DTYPE).tobytes()


def decode(block: bytes, metrics: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the scores in a block.

    Raises
    ------
    ValueError
        If its length does not fit the number of metrics.
    """
    if not metrics and not block:
        return {}
    return {name: tuple(map(float, row)) for name, row in zip(metrics, decode_array(block, metrics), strict=True)}


def decode_array(block: bytes, metrics: Sequence[str]) -> NDArray[np.float32]:
    """Return the scores in a block, of shape (n_metrics, n_folds).

    Raises
    ------
    ValueError
        If its length does not fit the number of metrics.
    """
    if not metrics or len(block) % (DTYPE.itemsize * len(metrics)):
        raise ValueError(f"a block of {len(block)} bytes cannot hold the scores of {len(metrics)} metrics")
    return np.frombuffer(block, dtype=DTYPE).reshape(len(metrics), -1).astype(np.float32)

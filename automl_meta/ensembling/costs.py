"""What mistakes cost, as people write it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.evaluation.metrics import Metric, Weights

BINARY_NAMES = {"fp": (0, 1), "fn": (1, 0)}  # true and predicted code; the second class is the positive one


def parse_costs(text: str, classes: Sequence[Any]) -> NDArray[np.float64]:
    """Return the matrix of costs that `text` describes; a mistake that it does not name costs 1.

    Parameters
    ----------
    text : str
        ``fp=1,fn=5`` for two classes, where the second of `classes` is the positive one, or a list of
        ``TRUE:PREDICTED=COST`` with labels.
    classes : sequence of labels, in the order of their codes

    Returns
    -------
    array of shape (n_classes, n_classes)
        The cost of predicting the column's class where the row's is true; zero on the diagonal.

    Raises
    ------
    InputError
        If a mistake or a cost cannot be understood, or a cost is not positive.
    """
    costs = 1.0 - np.eye(len(classes))
    for entry in filter(None, (part.strip() for part in text.split(","))):
        mistake, _, value = entry.rpartition("=")
        costs[_codes(mistake.strip(), classes, entry)] = _positive(value, entry)
    return costs


def mean_cost(
    costs: NDArray[np.float64],
    y: NDArray[np.int64],
    codes: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return what predicting `codes`, (n_rows,), costs per row where `y` is true; rows may count differently."""
    return float(np.average(costs[y, codes], weights=weights))


def expected_cost(costs: NDArray[np.float64]) -> Metric:
    """Return the metric of probabilities that is minus what deciding by them costs per row."""

    def score(y: NDArray[np.int64], probabilities: NDArray[Any], weights: Weights) -> float:
        return -mean_cost(costs, y, (probabilities @ costs).argmin(axis=1), weights)

    return Metric("neg_mean_cost", score, frozenset({Task.BINARY, Task.MULTICLASS}), "probabilities")


def _codes(mistake: str, classes: Sequence[Any], entry: str) -> tuple[int, int]:
    if len(classes) == 2 and mistake.lower() in BINARY_NAMES:
        return BINARY_NAMES[mistake.lower()]
    code = {str(label): number for number, label in enumerate(classes)}
    for split in (position for position, letter in enumerate(mistake) if letter == ":"):
        true, predicted = mistake[:split].strip(), mistake[split + 1 :].strip()
        if true in code and predicted in code and true != predicted:
            return code[true], code[predicted]
    labels = list(code)
    example = f"{labels[0]}:{labels[-1]}=5" + (", or fp=1,fn=5" if len(classes) == 2 else "")
    raise InputError(
        f"--cost: {entry!r} names no mistake between two of the classes {', '.join(labels[:10])}. "
        f"Try TRUE:PREDICTED=COST, e.g. {example}"
    )


def _positive(value: str, entry: str) -> float:
    try:
        cost = float(value)
    except ValueError:
        cost = float("nan")
    if not 0 < cost < float("inf"):
        raise InputError(f"--cost: {entry!r} does not end in a positive number. Try fp=1,fn=5")
    return cost

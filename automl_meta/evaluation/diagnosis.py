"""What predictions on rows with known targets look like beyond one score: curves, confusion, calibration, residuals.

Everything returned is ready for JSON and of bounded size, so that it can be stored in a model file and drawn later.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from automl_meta.datasets.schema import Label
from automl_meta.evaluation.metrics import Weights
from automl_meta.seeding import generator

CURVE_POINTS = 101
MOST_CURVES = 6  # of a one-versus-rest curve a class, for the most frequent
MOST_CLASSES = 20  # shown one by one in a confusion matrix; the rest together
CALIBRATION_BINS = 10
SHOWN_RESIDUALS = 600
HISTOGRAM_BINS = 30
REST = "(others)"

Floats = NDArray[np.float64]


def diagnose_classes(
    y: NDArray[np.int64],
    probabilities: Floats,
    classes: Sequence[Label],
    *,
    decided: NDArray[np.int64] | None = None,
    weights: Weights = None,
) -> dict[str, Any]:
    """Return curves, confusion matrix, per-class report and calibration.

    The confusion matrix counts rows; all else is of weights, where there are any, as the scores are.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Class codes.
    probabilities : array of shape (n_rows, n_classes)
    decided : array of shape (n_rows,), optional
        Predicted codes where they are not the most probable ones.
    weights : array of shape (n_rows,), optional
        How much each row counts.
    """
    predicted = probabilities.argmax(axis=1) if decided is None else decided
    names = [str(label) for label in classes]
    frequency = np.bincount(y, minlength=len(names))
    each = np.ones(len(y)) if weights is None else weights
    return {
        "kind": "classes",
        "rows": len(y),
        "confusion": _confusion(y, predicted, names, frequency),
        "per_class": _per_class(y, predicted, names, frequency, each),
        "calibration": _calibration(y, probabilities, each),
        "curves": _curves(y, probabilities, names, frequency, weights),
    }


def diagnose_numbers(y: Floats, predictions: Floats, *, seed: int = 0) -> dict[str, Any]:
    """Return a sample of truth and prediction, a histogram of the residuals, and their quantiles.

    Parameters
    ----------
    y, predictions : arrays of shape (n_rows,)
    seed : int
        Of the sample of at most 600 rows.
    """
    residuals = y - predictions
    rows = np.arange(len(y))
    if len(y) > SHOWN_RESIDUALS:
        rows = np.sort(generator(seed, "residuals").choice(len(y), SHOWN_RESIDUALS, replace=False))
    low, high = np.quantile(residuals, [0.005, 0.995])
    counts, edges = np.histogram(np.clip(residuals, low, high), bins=HISTOGRAM_BINS)
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    return {
        "kind": "numbers",
        "rows": len(y),
        "truth": _rounded(y[rows]),
        "predicted": _rounded(predictions[rows]),
        "histogram": {"counts": counts.tolist(), "edges": _rounded(edges)},
        "quantiles": dict(zip(map(str, levels), _rounded(np.quantile(residuals, levels)), strict=True)),
        "mean": float(residuals.mean()),
    }


def _rounded(values: NDArray[Any]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _shown_classes(frequency: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the codes that are shown, in code order, and the row of each code in what is shown."""
    shown = np.arange(len(frequency))
    if len(frequency) > MOST_CLASSES:
        shown = np.sort(np.argsort(-frequency, kind="stable")[: MOST_CLASSES - 1])
    place = np.full(len(frequency), len(shown), dtype=np.intp)
    place[shown] = np.arange(len(shown))
    return shown, place


def _confusion(
    y: NDArray[Any], predicted: NDArray[Any], names: Sequence[str], frequency: NDArray[Any]
) -> dict[str, Any]:
    shown, place = _shown_classes(frequency)
    labels = [names[code] for code in shown] + ([REST] if len(shown) < len(names) else [])
    matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(matrix, (place[y], place[predicted]), 1)
    return {"labels": labels, "matrix": matrix.tolist()}


def _per_class(
    y: NDArray[Any], predicted: NDArray[Any], names: Sequence[str], frequency: NDArray[Any], each: Floats
) -> list[dict[str, Any]]:
    hits = np.bincount(y, each * (y == predicted), len(names))
    said = np.bincount(predicted, each, len(names))
    there = np.bincount(y, each, len(names))
    rows = []
    for code, name in enumerate(names):
        precision = hits[code] / said[code] if said[code] else None
        recall = hits[code] / there[code] if there[code] else None
        both = there[code] + said[code]
        rows.append(
            {
                "class": name,
                "rows": int(frequency[code]),
                "share": float(there[code] / there.sum()),
                "precision": None if precision is None else float(precision),
                "recall": None if recall is None else float(recall),
                "f1": float(2 * hits[code] / both) if both else None,
            }
        )
    return rows


def _calibration(y: NDArray[Any], probabilities: Floats, each: Floats) -> dict[str, Any]:
    """Return what was said and what came, in bins of equal width, and the mean gap between the two.

    With two classes the probability is that of the second; with more, that of the most probable class.
    """
    if probabilities.shape[1] == 2:
        said, came = probabilities[:, 1], (y == 1)
    else:
        predicted = probabilities.argmax(axis=1)
        said, came = probabilities[np.arange(len(y)), predicted], predicted == y
    place = np.minimum((said * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
    bins, gaps = [], 0.0
    for inside in (place == number for number in range(CALIBRATION_BINS)):
        weight = each[inside].sum()
        if weight:
            predicted, observed = (float(each[inside] @ values[inside] / weight) for values in (said, came))
            bins.append({"predicted": predicted, "observed": observed, "rows": int(inside.sum())})
            gaps += weight * abs(predicted - observed)
    return {"bins": bins, "error": float(gaps / each.sum())}


def _curves(
    y: NDArray[Any], probabilities: Floats, names: Sequence[str], frequency: NDArray[Any], weights: Weights
) -> list[dict[str, Any]]:
    """Return ROC and precision-recall curves of the second of two classes, or one versus the rest."""
    wanted = [1] if len(names) == 2 else np.argsort(-frequency, kind="stable")[:MOST_CURVES].tolist()
    curves = []
    for code in wanted:
        positive = y == code
        if positive.all() or not positive.any():
            continue
        false, true, _ = roc_curve(positive, probabilities[:, code], sample_weight=weights)
        precision, recall, _ = precision_recall_curve(positive, probabilities[:, code], sample_weight=weights)
        grid = np.linspace(0, 1, CURVE_POINTS)
        reached = np.maximum.accumulate(precision)[::-1]  # the best at this recall or a higher one
        curves.append(
            {
                "class": names[code],
                "share": float(np.average(positive, weights=weights)),
                "roc": {"x": _rounded(grid), "y": _rounded(np.interp(grid, false, true))},
                "precision_recall": {"x": _rounded(grid), "y": _rounded(np.interp(grid, recall[::-1], reached))},
            }
        )
    return curves

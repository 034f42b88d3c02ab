"""Making probabilities mean what they say: a temperature, or an isotonic curve where rows are many."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from automl_meta.datasets.dataset import taken
from automl_meta.ensembling.combiners import Floats
from automl_meta.evaluation.metrics import Weights

SMALLEST = 1e-9  # under the logarithm
ISOTONIC_ROWS = 1_000  # a curve with many steps needs rows
ISOTONIC_CLASS_ROWS = 200  # of the rarest class
KEPT_RAW = 0.02  # share of the raw probability: keeps the order within the curve's flat steps
CURVE_POINTS = 1_000
# Standard deviation of the prior of a temperature's logarithm: few rows, none of them badly wrong, are no reason to
# make probabilities sharper.
DOUBT = 0.3
# Rows that are expected to be wrong however few were seen to be: probabilities are fitted as if so many had been, in
# each of the other classes alike (after Platt 1999, whose smoothed targets follow Laplace's rule of succession).
# Without, nothing holds back probabilities of members that were right on all rows.
UNSEEN = 0.3
MAX_ROWS = 50_000  # that a calibration is fitted to; more do not move it


class Temperature(BaseEstimator):  # type: ignore[misc]
    """Softens (above 1) or sharpens (below 1) probabilities; the order within a row stays (Guo et al. 2017).

    Parameters
    ----------
    temperature : float
        Divides the log-probabilities.
    """

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def apply(self, probabilities: Floats) -> NDArray[np.float64]:
        """Return calibrated probabilities of shape (n_rows, n_classes)."""
        return np.asarray(softmax(_logs(probabilities) / self.temperature, axis=1), dtype=np.float64)


class Isotonic(BaseEstimator):  # type: ignore[misc]
    """A monotone curve per class, one against the rest, normalised over the classes (Zadrozny & Elkan 2002).

    Parameters
    ----------
    inputs, outputs : list of arrays
        The curve's corners, one pair of arrays a class; for two classes only the second class has one.
    """

    def __init__(self, inputs: list[Floats], outputs: list[Floats]) -> None:
        self.inputs = inputs
        self.outputs = outputs

    def apply(self, probabilities: Floats) -> NDArray[np.float64]:
        """Return calibrated probabilities of shape (n_rows, n_classes)."""
        if len(self.inputs) == 1:
            second = self._curve(0, probabilities[:, 1])
            return np.column_stack([1 - second, second])
        columns = [self._curve(i, probabilities[:, i]) for i in range(len(self.inputs))]
        table = np.column_stack(columns)
        return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float64)

    def _curve(self, i: int, raw: Floats) -> NDArray[np.float64]:
        curve = np.interp(raw, self.inputs[i], self.outputs[i])
        return np.asarray((1 - KEPT_RAW) * curve + KEPT_RAW * np.clip(raw, SMALLEST, 1 - SMALLEST), dtype=np.float64)


Calibration = Temperature | Isotonic


def possible_calibrations(y: NDArray[np.int64], n_classes: int) -> tuple[str, ...]:
    """Return the kinds that so many rows can carry, simplest first."""
    counts = np.bincount(y, minlength=n_classes)
    if len(y) >= ISOTONIC_ROWS and counts.min() >= ISOTONIC_CLASS_ROWS:
        return ("temperature", "isotonic")
    return ("temperature",)


def fit_calibration(kind: str, probabilities: Floats, y: NDArray[np.int64], weights: Weights = None) -> Calibration:
    """Fit the calibration named `kind` to `probabilities` of shape (n_rows, n_classes) and the codes `y`.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if len(y) > MAX_ROWS:
        rows = np.linspace(0, len(y) - 1, MAX_ROWS).astype(np.intp)
        probabilities, y, weights = probabilities[rows], y[rows], taken(weights, rows)
    if kind == "temperature":
        return _fit_temperature(probabilities, y, weights)
    if kind == "isotonic":
        return _fit_isotonic(probabilities, y, weights)
    raise ValueError(f"no calibration named {kind!r}; known: temperature, isotonic")


def _fit_temperature(probabilities: Floats, y: NDArray[np.int64], weights: Weights) -> Temperature:
    logs = _logs(probabilities)
    chosen = logs[np.arange(len(y)), y]

    others = (logs.sum(axis=1) - chosen) / (logs.shape[1] - 1)
    unseen = UNSEEN / len(y)

    def loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        losses = (1 + unseen) * logsumexp(logs * inverse, axis=1) - (chosen + unseen * others) * inverse
        return float(np.average(losses, weights=weights) + (log_temperature / DOUBT) ** 2 / (2 * len(y)))

    found = minimize_scalar(loss, bounds=(np.log(0.5), np.log(10.0)), method="bounded")
    return Temperature(float(np.exp(found.x)))


def _fit_isotonic(probabilities: Floats, y: NDArray[np.int64], weights: Weights) -> Isotonic:
    n_rows, n_classes = probabilities.shape
    inputs, outputs = [], []
    floor = 1 / (2 * n_rows)  # a step that saw one class only is not certain
    for code in [1] if n_classes == 2 else range(n_classes):
        curve = IsotonicRegression(y_min=floor, y_max=1 - floor, out_of_bounds="clip")
        curve.fit(probabilities[:, code].astype(np.float64), y == code, sample_weight=weights)
        corners = np.asarray(curve.X_thresholds_), np.asarray(curve.y_thresholds_)
        step = max(1, -(-len(corners[0]) // CURVE_POINTS))
        kept = np.unique(np.r_[np.arange(0, len(corners[0]), step), len(corners[0]) - 1])
        inputs.append(corners[0][kept])
        outputs.append(corners[1][kept])
    return Isotonic(inputs, outputs)


def _logs(probabilities: Floats) -> NDArray[np.float64]:
    return np.asarray(np.log(np.clip(probabilities, SMALLEST, 1.0, dtype=np.float64)), dtype=np.float64)

"""A linear second layer on the members' out-of-fold predictions: regularised, and non-negative unless asked.

Non-negative weights (Breiman 1996, *Stacked regressions*) are more than a taste. The out-of-fold predictions of a
model that learned nothing lean away from the truth (a fold whose mean is high is predicted from the others, whose
mean is low), and a second layer that may turn them round would seem to predict noise.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from automl_meta.ensembling.calibration import UNSEEN
from automl_meta.ensembling.combiners import Combiner, LinearStack, LogOddsStack, centred_log
from automl_meta.ensembling.greedy import Limits, select
from automl_meta.ensembling.library import Floats, Library
from automl_meta.evaluation.metrics import Weights, resolve_metric
from automl_meta.seeding import generator

POOL = 16  # candidates that the second layer sees first
WEIGHT_DOUBT = 0.5  # standard deviation of the prior around equal weights
BIAS_DOUBT = 1.0
MAX_ROWS = 20_000  # more rows than this do not change a few weights


def stack(library: Library, limits: Limits, seed: int) -> tuple[list[int], Combiner]:
    """Return the members (positions) and the second layer, fitted to all rows of the library."""
    library = _sampled(library, seed)
    own_objective = "neg_log_loss" if library.task.is_classification else "neg_root_mean_squared_error"
    greedy, _ = select(replace(library, metric=resolve_metric(own_objective, library.task)), limits, seed)
    pool = [*greedy, *(i for i in range(library.size) if i not in greedy)][:POOL]
    combiner = fit_second_layer(library.only(pool), negative_weights=limits.negative_weights)
    members = _keep_influential(pool, combiner, library, limits)
    return members, fit_second_layer(library.only(members), negative_weights=limits.negative_weights)


def fit_second_layer(library: Library, *, negative_weights: bool = False) -> Combiner:
    """Fit a weight for every candidate of the library, on all its rows."""
    if library.task.is_classification:
        logs = [centred_log(prediction) for prediction in library.predictions]
        return _fit_log_odds(logs, library.y, library.weights, None if negative_weights else 0.0)
    return _fit_numbers(np.stack(library.predictions, axis=1), library.y, library.weights, negative_weights)


def _fit_log_odds(
    logs: list[NDArray[np.float64]], y: NDArray[np.int64], row_weights: Weights, least: float | None
) -> LogOddsStack:
    """Minimise the log loss plus the prior's penalty over the weights (none below `least`) and the biases.

    The log loss is of the rows and of a part of one that is wrong, see `UNSEEN`: the sum of weights sharpens, too.
    """
    stacked = np.stack(logs)  # (n_members, n_rows, n_classes)
    n_members, n_rows, n_classes = stacked.shape
    flat = stacked.reshape(n_members, -1)
    rows = np.arange(n_rows)
    counts = np.ones(n_rows) if row_weights is None else row_weights
    centre = 1 / n_members
    unseen = UNSEEN / n_rows
    unseen_class = unseen / (n_classes - 1)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parameters[:n_members], parameters[n_members:]
        logits = (weights @ flat).reshape(n_rows, n_classes) + bias
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[rows, y]
        targeted = chosen + unseen_class * (logits.sum(axis=1) - chosen)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1)
        residual = (1 + unseen) / sums[:, np.newaxis] * logits - unseen_class
        residual[rows, y] -= 1 - unseen_class
        residual *= counts[:, np.newaxis]
        penalty = ((weights - centre) ** 2).sum() / WEIGHT_DOUBT**2 + (bias**2).sum() / BIAS_DOUBT**2
        value = counts @ ((1 + unseen) * np.log(sums) - targeted) + penalty / 2
        slope = np.concatenate(
            [
                flat @ residual.ravel() + (weights - centre) / WEIGHT_DOUBT**2,
                residual.sum(axis=0) + bias / BIAS_DOUBT**2,
            ]
        )
        return value / n_rows, slope / n_rows

    start = np.concatenate([np.full(n_members, centre), np.zeros(n_classes)])
    bounds = [(least, None)] * n_members + [(None, None)] * n_classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100})
    parameters = found.x if np.isfinite(found.x).all() else start
    return LogOddsStack(parameters[:n_members], parameters[n_members:])


def _fit_numbers(
    predictions: Floats, y: NDArray[np.float64], row_weights: Weights, negative_weights: bool
) -> LinearStack:
    """Solve (non-negative) least squares with the same prior, the target in units of its spread."""
    counts = np.ones(len(y)) if row_weights is None else row_weights
    centres, centre = np.average(predictions, axis=0, weights=counts), float(np.average(y, weights=counts))
    spread = float(y.std()) or 1.0
    roots = np.sqrt(counts)
    design = (predictions - centres) * roots[:, np.newaxis] / spread
    target = (y - centre) * roots / spread
    n_members = design.shape[1]
    noise = 1.0 / WEIGHT_DOUBT  # one row's error against the prior's doubt, both in units of the spread
    normal = design.T @ design + noise**2 * np.eye(n_members)
    right = design.T @ target + noise**2 / n_members
    if negative_weights:
        weights = np.linalg.solve(normal, right)
    else:
        factor = np.linalg.cholesky(normal)
        weights, _ = nnls(factor.T, np.linalg.solve(factor, right))
    return LinearStack(weights, float(centre - weights @ centres))


def _keep_influential(pool: list[int], combiner: Combiner, library: Library, limits: Limits) -> list[int]:
    """Return the candidates of `pool` that move the result most and fit within the limits; the best one at least."""
    influence = np.zeros(library.size)
    for i, weight in zip(pool, combiner.weights, strict=True):
        prediction = library.predictions[i]
        shape = centred_log(prediction) if library.task.is_classification else prediction
        influence[i] = abs(weight) * float(np.std(shape, axis=0, dtype=np.float64).mean())
    chosen = np.zeros(library.size, dtype=bool)
    least = 0.01 * influence.max()
    for i in np.argsort(-influence, kind="stable"):
        if (influence[i] > least or not chosen.any()) and limits.allowed(chosen, library.costs)[i]:
            chosen[i] = True
    return [int(i) for i in np.flatnonzero(chosen)]


def _sampled(library: Library, seed: int) -> Library:
    if len(library.y) <= MAX_ROWS:
        return library
    rows = generator(seed, "stacking rows").choice(len(library.y), MAX_ROWS, replace=False)
    return library.take(np.sort(rows))

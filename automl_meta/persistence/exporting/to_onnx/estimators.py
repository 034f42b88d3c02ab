"""Fitted estimators of the catalogue as nodes of the graph."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import BayesianRidge, ElasticNet, LogisticRegression, Ridge
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeRegressor

from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.exporting.to_onnx.columns import Prepared
from automl_meta.persistence.exporting.to_onnx.graph import Floats, Graph
from automl_meta.persistence.exporting.to_onnx.trees import add_hist_booster, add_lightgbm, add_trees
from automl_meta.pipelines.estimators.calibrated import CalibratedMargins
from automl_meta.pipelines.estimators.forest import Forest
from automl_meta.pipelines.estimators.hist_boosting import HistBooster
from automl_meta.pipelines.estimators.lightgbm import LightGBMBooster
from automl_meta.pipelines.estimators.log_densities import LogDensities
from automl_meta.pipelines.estimators.quadratic import ShrunkQuadratic
from automl_meta.pipelines.estimators.smoothing import SmoothedTree, smoothed


def add_estimator(graph: Graph, prepared: Prepared, fitted: Any) -> str:
    """Add a fitted estimator; return its probabilities, (n_rows, n_classes), or numbers, (n_rows, 1).

    Raises
    ------
    ExportError
        If there is no way to write it in ONNX.
    """
    writer = _WRITERS.get(type(fitted))
    if writer is None:
        raise ExportError(f"there is no converter for its estimator, {type(fitted).__name__}")
    return writer(graph, prepared, fitted)


def _scores(graph: Graph, matrix: str | None, fitted: Any) -> str:
    """Return a linear model's decision function, (n_rows, n_outputs)."""
    coefficients = np.atleast_2d(np.asarray(fitted.coef_, dtype=np.float64)).T
    intercept = np.asarray(fitted.intercept_, dtype=np.float64).reshape(1, -1)
    return graph.add("Add", graph.add("MatMul", matrix or "", np.ascontiguousarray(coefficients)), intercept)


def _margins(graph: Graph, scores: str, n_classes: int) -> str:
    """Return one score a class; a single one is halved, so that softmax is its sigmoid."""
    if n_classes > 2:
        return scores
    half = graph.add("Mul", scores, 0.5)
    return graph.joined([graph.add("Neg", half), half])


def _linear_regressor(graph: Graph, prepared: Prepared, fitted: Any) -> str:
    return _scores(graph, prepared.matrix, fitted)


def _linear_classifier(graph: Graph, prepared: Prepared, fitted: Any) -> str:
    scores = _scores(graph, prepared.matrix, fitted)
    return graph.softmax(_margins(graph, scores, len(fitted.classes_)))


def _calibrated(graph: Graph, prepared: Prepared, fitted: CalibratedMargins) -> str:
    inner = fitted.estimator_
    if isinstance(inner, LinearSVC):
        margins = _margins(graph, _scores(graph, prepared.matrix, inner), len(inner.classes_))
    elif isinstance(inner, LogDensities):
        kinds = zip(inner.theta_, inner.var_, np.log(inner.class_prior_), strict=True)
        margins = graph.joined(
            [_log_density(graph, prepared, mean, variance, prior) for mean, variance, prior in kinds]
        )
    elif isinstance(inner, ShrunkQuadratic):
        turned = zip(inner.means_, inner.variances_, inner.log_priors_, inner.rotations_, strict=True)
        margins = graph.joined([_log_density(graph, prepared, *one) for one in turned])
    else:
        raise ExportError(f"there is no converter for its estimator, {type(inner).__name__}")
    scaled = graph.add("Mul", margins, float(fitted.slope_))
    return graph.softmax(graph.add("Add", scaled, np.asarray(fitted.offsets_, dtype=np.float64)[None, :]))


def _log_density(
    graph: Graph, prepared: Prepared, mean: Floats, variances: Floats, prior: float, rotation: Floats | None = None
) -> str:
    """Return a class's Gaussian log density and log prior, (n_rows, 1); without 2π where it is turned, as there."""
    centred = graph.add("Sub", prepared.matrix or "", mean[None, :])
    if rotation is not None:
        centred = graph.add("MatMul", centred, np.ascontiguousarray(rotation))
    distance = graph.row_sums(graph.add("Div", graph.add("Mul", centred, centred), variances[None, :]))
    unit = 1.0 if rotation is not None else 2 * np.pi
    return graph.add("Add", graph.add("Mul", distance, -0.5), float(prior - 0.5 * np.log(unit * variances).sum()))


def _smoothed_tree(graph: Graph, prepared: Prepared, fitted: SmoothedTree) -> str:
    values = smoothed(_shares(fitted.tree_), fitted.shares_, fitted.rows_[:, None])
    return add_trees(graph, prepared, [fitted.tree_], [values])


def _tree_regressor(graph: Graph, prepared: Prepared, fitted: DecisionTreeRegressor) -> str:
    return add_trees(graph, prepared, [fitted], [fitted.tree_.value[:, :, 0]])


def _forest(graph: Graph, prepared: Prepared, fitted: Forest) -> str:
    trees = fitted.forest_.estimators_
    if not fitted.classify:
        return add_trees(graph, prepared, trees, [tree.tree_.value[:, :, 0] for tree in trees])
    # The mean of smoothed leaves is the smoothed mean.
    n_trees = float(len(trees))
    return add_trees(graph, prepared, trees, [smoothed(_shares(tree), fitted.shares_, n_trees) for tree in trees])


def _shares(tree: Any) -> Floats:
    """Return the share of each class at each node; what inner nodes say is not used, and may not be kept."""
    counts = tree.tree_.value[:, 0, :]
    totals = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.where(totals > 0, totals, 1.0), dtype=np.float64)


def _hist_booster(graph: Graph, prepared: Prepared, fitted: HistBooster) -> str:
    scores = add_hist_booster(graph, prepared, fitted.model_)
    return graph.softmax(_margins(graph, scores, len(fitted.model_.classes_))) if fitted.classify else scores


def _lightgbm(graph: Graph, prepared: Prepared, fitted: LightGBMBooster) -> str:
    if fitted.prior_ is not None:
        return graph.repeated(fitted.prior_)
    scores = add_lightgbm(graph, prepared, fitted._booster)
    return graph.softmax(_margins(graph, scores, fitted.n_classes_)) if fitted.classify else scores


def _dummy_classifier(graph: Graph, prepared: Prepared, fitted: DummyClassifier) -> str:
    return graph.repeated(np.asarray(fitted.class_prior_, dtype=np.float64))


def _dummy_regressor(graph: Graph, prepared: Prepared, fitted: DummyRegressor) -> str:
    return graph.repeated(np.asarray(fitted.constant_, dtype=np.float64).reshape(-1))


_WRITERS: dict[type, Callable[[Graph, Prepared, Any], str]] = {
    BayesianRidge: _linear_regressor,
    CalibratedMargins: _calibrated,
    DecisionTreeRegressor: _tree_regressor,
    DummyClassifier: _dummy_classifier,
    DummyRegressor: _dummy_regressor,
    ElasticNet: _linear_regressor,
    Forest: _forest,
    HistBooster: _hist_booster,
    LightGBMBooster: _lightgbm,
    LinearDiscriminantAnalysis: _linear_classifier,
    LinearSVR: _linear_regressor,
    LogisticRegression: _linear_classifier,
    Ridge: _linear_regressor,
    SmoothedTree: _smoothed_tree,
}

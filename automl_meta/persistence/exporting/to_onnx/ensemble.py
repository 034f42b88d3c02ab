"""The whole model: pipelines, the ensemble's average or stack, calibration, outputs."""

from typing import Any

import numpy as np

from automl_meta import __version__
from automl_meta.datasets import Schema
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.calibration import KEPT_RAW, SMALLEST, Temperature
from automl_meta.ensembling.combiners import PROBABILITY_FLOOR, LogOddsStack, WeightedAverage
from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.exporting.script import Members
from automl_meta.persistence.exporting.to_onnx.columns import Inputs, add_inputs, add_preprocessing
from automl_meta.persistence.exporting.to_onnx.estimators import add_estimator
from automl_meta.persistence.exporting.to_onnx.graph import ML, Graph
from automl_meta.persistence.model import FittedModel
from automl_meta.pipelines.estimators.target_transforms import TargetTransform


def onnx_graph(schema: Schema, predictor: EnsemblePredictor, names: list[str]) -> Any:
    """Return a predictor as a ``ModelProto`` whose inputs are the table's columns, each of shape (n_rows, 1).

    The outputs are ``label``, (n_rows,), and ``probabilities``, (n_rows, n_classes), in the order of the schema's
    classes; or ``prediction``, (n_rows,).

    Parameters
    ----------
    names : list of str
        Of the members, for messages.

    Raises
    ------
    ExportError
        If something of it has no counterpart in ONNX.
    MissingExtraError
        If the package ``onnx`` is not installed.
    """
    if predictor.inputs is not None:
        raise ExportError(
            "this ensemble has a second layer of learners, which is not written to ONNX. "
            "Try --members best, or --format python."
        )
    graph = Graph()
    inputs = add_inputs(graph, schema)
    members = [
        _member(graph, inputs, pipelines, predictor.n_classes, name)
        for pipelines, name in zip(predictor.members, names, strict=True)
    ]
    combined = _combined(graph, predictor, members)
    if predictor.n_classes:
        _add_class_outputs(graph, schema, predictor, _calibrated(graph, predictor, combined))
    else:
        graph.output("prediction", graph.add("Reshape", combined, np.array([-1])), "DOUBLE", [None])
    description = f"Predicts {schema.target!r}; written by automl-meta {__version__}."
    return graph.model(description, {"target": schema.target, "classes": "\n".join(map(str, schema.classes or ()))})


def possible(model: FittedModel, members: Members) -> list[tuple[EnsemblePredictor, list[str]]]:
    """Return what may be written, the first that can be, and the names of its members.

    The ensemble; or its members of the first layer, each alone, the best first.
    """
    predictor = model.predictor
    rows = {str(row["id"]): row for row in model.manifest["leaderboard"]}
    ids = [str(entry["id"]) for entry in model.manifest["ensemble"]["members"]]
    names = [f"{rows[one]['algorithm']} ({one})" if one in rows else one for one in ids]
    if members == "ensemble":
        return [(predictor, names)]
    rank = {one: position for position, one in enumerate(rows)}  # the leaderboard begins with the best
    lowest = [number for number, fed in enumerate(predictor.inputs or [[]] * len(ids)) if not fed]
    lowest.sort(key=lambda number: rank.get(ids[number], len(rank)))
    return [(_alone(predictor, number), [names[number]]) for number in lowest]


def _alone(predictor: EnsemblePredictor, number: int) -> EnsemblePredictor:
    """Return a member as a predictor of its own, with the ensemble's way to decide for a class."""
    return EnsemblePredictor(
        task=predictor.task,
        n_classes=predictor.n_classes,
        members=[predictor.members[number]],
        combiner=WeightedAverage(np.ones(1)),
        decision=predictor.decision,
    )


def _member(graph: Graph, inputs: Inputs, pipelines: list[Any], n_classes: int, name: str) -> str:
    """Add the mean of a member's fold models."""
    try:
        outputs = [_pipeline(graph, inputs, pipeline, n_classes) for pipeline in pipelines]
    except ExportError as error:
        raise ExportError(
            f"{name} cannot be written to ONNX: {error}. Try --members best (of those that can be), --format "
            "python, or a fit with --include of linear models, trees and boosting."
        ) from error
    return _weighted_sum(graph, outputs, [1 / len(outputs)] * len(outputs))


def _pipeline(graph: Graph, inputs: Inputs, pipeline: Any, n_classes: int) -> str:
    preprocessor, model = pipeline[0], pipeline[-1]
    if model.estimator_ is None:  # of one class, or one number
        constant = np.array([model.centre_]) if not n_classes else np.eye(n_classes)[int(model.present_[0])]
        return graph.repeated(np.asarray(constant, dtype=np.float64))
    given = add_estimator(graph, add_preprocessing(graph, preprocessor, inputs), model.estimator_)
    if not n_classes:
        numbers = _backward(graph, model.transform_, given)
        return graph.clipped(numbers, *map(float, model.bounds_))
    seen = getattr(model.estimator_, "classes_", np.arange(len(model.present_)))
    where = np.eye(n_classes)[model.present_[np.asarray(seen, dtype=np.intp)]]
    return _normalised(graph, graph.add("MatMul", graph.clipped(given, 0.0, 1.0), where))


def _backward(graph: Graph, transform: TargetTransform, z: str) -> str:
    """Undo the transform of the target."""
    raw = graph.add("Add", graph.add("Mul", z, float(transform.scale_)), float(transform.mean_))
    if transform.kind == "none":
        return raw
    low, high = transform.range_
    margin = 0.5 * (high - low)
    raw = graph.clipped(raw, float(low - margin), float(high + margin))
    if transform.kind == "quantile":
        return graph.interpolated(raw, transform.normal_, transform.knots_)
    grown = _unpowered(graph, transform, raw) if transform.kind == "power" else _exp_less_one(graph, raw)
    return graph.add("Add", graph.add("Mul", grown, float(transform.spread_)), float(transform.minimum_))


def _exp_less_one(graph: Graph, x: str) -> str:
    return graph.add("Sub", graph.add("Exp", x), 1.0)


def _unpowered(graph: Graph, transform: TargetTransform, raw: str) -> str:
    """Undo Yeo and Johnson's power (2000); where that is undefined, the training range ends, as in the transform."""
    power = transform.power_
    exponent, scaler = float(power.lambdas_[0]), power._scaler
    x = graph.add("Add", graph.add("Mul", raw, float(scaler.scale_[0])), float(scaler.mean_[0]))
    above = _box_cox_inverse(graph, x, exponent)
    below = graph.add("Neg", _box_cox_inverse(graph, graph.add("Neg", x), 2 - exponent))
    inverse = graph.add("Where", graph.add("Less", x, 0.0), below, above)
    low, high = (float(end) for end in power.inverse_transform(np.array(transform.range_)[:, None])[:, 0])
    end = graph.add("Where", graph.add("Less", raw, float(sum(transform.range_) / 2)), low, high)
    return graph.add("Where", graph.add("IsNaN", inverse), end, inverse)


def _box_cox_inverse(graph: Graph, x: str, exponent: float) -> str:
    """Return ``(exponent * x + 1) ** (1 / exponent) - 1``, or its limit at 0."""
    if abs(exponent) < np.finfo(np.float64).eps:
        return _exp_less_one(graph, x)
    base = graph.add("Add", graph.add("Mul", x, exponent), 1.0)
    return graph.add("Sub", graph.add("Pow", base, 1 / exponent), 1.0)


def _combined(graph: Graph, predictor: EnsemblePredictor, members: list[str]) -> str:
    combiner = predictor.combiner
    weights = [float(weight) for weight in combiner.weights]
    if isinstance(combiner, LogOddsStack):
        logs = []
        for member in members:
            log = graph.add("Log", graph.clipped(member, PROBABILITY_FLOOR, 1.0))
            mean = graph.add("Div", graph.row_sums(log), float(predictor.n_classes))
            logs.append(graph.add("Sub", log, mean))
        bias = np.asarray(combiner.bias, dtype=np.float64)[None, :]
        return graph.softmax(graph.add("Add", _weighted_sum(graph, logs, weights), bias))
    total = _weighted_sum(graph, members, weights)
    return total if isinstance(combiner, WeightedAverage) else graph.add("Add", total, float(combiner.intercept))


def _calibrated(graph: Graph, predictor: EnsemblePredictor, probabilities: str) -> str:
    calibration = predictor.calibration
    if calibration is None:
        return probabilities
    if isinstance(calibration, Temperature):
        logs = graph.add("Log", graph.clipped(probabilities, SMALLEST, 1.0))
        return graph.softmax(graph.add("Div", logs, float(calibration.temperature)))
    curves = []
    first = predictor.n_classes - len(calibration.inputs)  # of two classes, only the second has a curve
    for column, (knots, values) in enumerate(zip(calibration.inputs, calibration.outputs, strict=True), start=first):
        raw = graph.add("Gather", probabilities, np.array([column]), axis=1)
        curve = graph.add("Mul", graph.interpolated(raw, knots, values), 1 - KEPT_RAW)
        kept = graph.add("Mul", graph.clipped(raw, SMALLEST, 1 - SMALLEST), KEPT_RAW)
        curves.append(graph.add("Add", curve, kept))
    if len(curves) == 1:
        return graph.joined([graph.add("Sub", 1.0, curves[0]), curves[0]])
    return _normalised(graph, graph.joined(curves))


def _add_class_outputs(graph: Graph, schema: Schema, predictor: EnsemblePredictor, probabilities: str) -> None:
    decision = predictor.decision
    weighed = probabilities
    if decision is not None:
        costs = np.asarray(decision, dtype=np.float64)
        weighed = graph.add("MatMul", probabilities, -costs) if costs.ndim == 2 else graph.add("Mul", weighed, costs)
    codes = graph.add("ArgMax", weighed, axis=1, keepdims=0)
    classes = list(schema.classes or ())
    numbers = all(type(label) is int for label in classes)
    values = {"values_int64s": classes} if numbers else {"values_strings": list(map(str, classes))}
    label = graph.add("LabelEncoder", codes, domain=ML, keys_int64s=list(range(len(classes))), **values)
    graph.output("label", label, "INT64" if numbers else "STRING", [None])
    graph.output("probabilities", probabilities, "DOUBLE", [None, len(classes)])


def _weighted_sum(graph: Graph, terms: list[str], weights: list[float]) -> str:
    scaled = [graph.add("Mul", term, weight) for term, weight in zip(terms, weights, strict=True)]
    return scaled[0] if len(scaled) == 1 else graph.add("Sum", *scaled)


def _normalised(graph: Graph, probabilities: str) -> str:
    """Return rows that sum to 1; where nothing is likely, all is equally."""
    sums = graph.row_sums(probabilities)
    none = graph.add("LessOrEqual", sums, 0.0)
    filled = graph.add("Where", none, 1.0, probabilities)
    return graph.add("Div", filled, graph.row_sums(filled))

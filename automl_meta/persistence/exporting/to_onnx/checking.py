"""Whether an exported graph predicts what the model does."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import Column, ColumnRole, Schema
from automl_meta.datasets.levels import NEITHER, NEW_LEVEL
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.optional import require
from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.probe import N_ROWS, canonical_frame
from automl_meta.seeding import generator

TOLERANCE = 1e-5  # of a probability, or of the largest predicted number
N_DRAWN = 256  # rows besides those of the probe
MISSING = 0.1  # share of cells


def largest_difference(model: bytes, schema: Schema, predictor: EnsemblePredictor, probe: Mapping[str, Any]) -> float:
    """Return how far ONNX Runtime's predictions are from the model's own, on the probe's rows and on drawn ones.

    In units of probability, or of the largest predicted number.

    Raises
    ------
    ExportError
        If it is more than `TOLERANCE`, or the runtime cannot run the graph.
    MissingExtraError
        If the package ``onnxruntime`` is not installed.
    """
    cells = {column.name: _cells(column, probe) for column in schema.features}
    frame = canonical_frame(schema, cells, N_ROWS + N_DRAWN)
    own = predictor.predict_proba(frame) if predictor.n_classes else predictor.predict(frame)
    theirs = _run(model, schema, frame)
    size = 1.0 if predictor.n_classes else max(float(np.abs(own).max()), 1e-12)
    difference = float(np.abs(own - theirs).max() / size)
    if not difference <= TOLERANCE:  # also NaN
        raise ExportError(
            f"the exported graph does not predict what the model does: a difference of {difference:.2g} where "
            f"{TOLERANCE:g} is allowed; nothing was written. Try --members best, or --format python."
        )
    return difference


def runtime_inputs(schema: Schema, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return a table in canonical form as the exported graph takes it: each column of shape (n_rows, 1)."""
    given = {}
    for column in schema.features:
        cells = frame[column.name]
        if column.role is ColumnRole.NUMERIC:
            given[column.name] = cells.to_numpy(dtype=np.float64)[:, None]
            continue
        if column.role is ColumnRole.BOOLEAN:
            cells = cells.map({0.0: "false", 1.0: "true", NEITHER: "neither"})
        texts = np.array(["" if pd.isna(cell) else str(cell) for cell in cells], dtype=object)
        given[column.name] = texts[:, None]
    return given


def _run(model: bytes, schema: Schema, frame: pd.DataFrame) -> NDArray[np.float64]:
    runtime = require("onnxruntime", "onnx")
    try:
        session = runtime.InferenceSession(model, providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, runtime_inputs(schema, frame))[-1], dtype=np.float64)
    except RuntimeError as error:  # its own errors are all of this kind
        raise ExportError(f"ONNX Runtime {runtime.__version__} cannot run the exported graph: {error}") from error


def _cells(column: Column, probe: Mapping[str, Any]) -> list[Any]:
    """Return the probe's cells, and others from the column's range and levels, new ones among them."""
    random = generator(0, "export", column.name)
    if column.role is ColumnRole.NUMERIC:
        low, high = column.minimum or 0.0, column.maximum if column.maximum is not None else 1.0
        drawn = (low + (high - low) * random.random(N_DRAWN)).tolist()
    elif column.role is ColumnRole.BOOLEAN:
        drawn = random.choice([0.0, 1.0, NEITHER], N_DRAWN, p=[0.45, 0.45, 0.1]).tolist()
    else:
        levels = (*(column.levels or ()), *(() if column.is_presence else (NEW_LEVEL,)))
        drawn = [levels[i] for i in random.integers(0, len(levels), N_DRAWN)]
    missing = random.random(N_DRAWN) < MISSING
    gaps = [None if gap else cell for gap, cell in zip(missing, drawn, strict=True)]
    return [*probe["columns"][column.name], *gaps]

import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from automl_meta.datasets import Schema, Task, dataset_from_arrays
from automl_meta.persistence.probe import make_probe, probe_difference


class Sum:
    """Predicts the sum of two columns, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def predict(self, frame: object) -> NDArray[np.float64]:
        values = np.nan_to_num(np.asarray(frame, dtype=np.float64))
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(values.sum(axis=1) * self.factor)


@pytest.fixture
def schema() -> Schema:
    X = np.array([[-1.5e308, 0.0], [1.5e308, 1.0], [0.5, 2.0], [1.5, 3.0]] * 5)
    return dataset_from_arrays(X, np.arange(20.0), task=Task.REGRESSION).schema


@pytest.mark.parametrize("factor", [1e-300, 2.0])
def test_numbers_and_predictions_as_large_as_there_are_can_be_kept(factor: float, schema: Schema) -> None:
    probe = make_probe(schema, Sum(factor))  # type: ignore[arg-type]
    kept = json.loads(json.dumps(probe, allow_nan=False))
    assert probe_difference(schema, Sum(factor), kept) == 0.0  # type: ignore[arg-type]
    assert probe_difference(schema, Sum(factor * 1.1), kept) > 1.0  # type: ignore[arg-type]


def test_what_can_no_longer_be_predicted_is_different(schema: Schema) -> None:
    probe = make_probe(schema, Sum(1e-300))  # type: ignore[arg-type]
    assert math.isinf(probe_difference(schema, Sum(math.inf), probe))  # type: ignore[arg-type]

"""How certain probabilities become that were fitted to rows of which none was wrong."""

import numpy as np
import pytest
from made_evaluations import evaluation, folds_of

from automl_meta.datasets.task import Task
from automl_meta.ensembling.calibration import UNSEEN, fit_calibration
from automl_meta.ensembling.library import make_library
from automl_meta.ensembling.stacking import fit_second_layer
from automl_meta.evaluation.metrics import resolve_metric


def always_right(n_rows: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return classes, and probabilities that give the right one 0.97."""
    y = np.arange(n_rows) % n_classes
    probabilities = np.full((n_rows, n_classes), 0.03 / (n_classes - 1))
    probabilities[np.arange(n_rows), y] = 0.97
    return y, probabilities


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("n_rows", [40, 400])
def test_probabilities_leave_room_for_a_mistake_not_seen_yet(n_rows: int, n_classes: int) -> None:
    y, probabilities = always_right(n_rows, n_classes)
    task = Task.BINARY if n_classes == 2 else Task.MULTICLASS
    made = [evaluation(f"m{i}", probabilities) for i in range(8)]
    library = make_library(made, y, task, resolve_metric("neg_log_loss", task), folds_of(y, task))
    stacked = fit_second_layer(library).combine(list(library.predictions))
    calibrated = fit_calibration("temperature", probabilities, y).apply(probabilities)
    for found in (stacked, calibrated):
        wrong = 1.0 - found[np.arange(n_rows), y]
        assert 0.03 > wrong.mean() >= UNSEEN / (n_rows + UNSEEN) - 1e-6

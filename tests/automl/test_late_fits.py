from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_meta.automl.late_fits import LateFits
from automl_meta.datasets import read_dataset
from automl_meta.ensembling.deadline import Deadline
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.execution import InlineExecutor
from automl_meta.pipelines.catalogue import default_configuration


def test_numbers_of_a_second_layer_keep_what_they_differ_by_beside_a_large_mean(tmp_path: Path) -> None:
    dataset = read_dataset("sklearn:diabetes")
    dataset = replace(dataset, y=dataset.y + 1.7e9)
    fits = LateFits(
        dataset=dataset,
        metric=default_metric(dataset.task),
        folds=make_folds(dataset, 3, 0),
        seed=0,
        executor=InlineExecutor(),
        memory_mb=None,
        folder=tmp_path,
    )
    ridge = default_configuration("ridge", dataset.task)
    below = cross_validate(ridge, dataset, fits.folds, seed=0)
    (above,) = fits.evaluate_above([below], [ridge], Deadline())
    assert len(np.unique(above.predictions)) == dataset.n_rows  # float32 goes in steps of 128 up there
    assert above.score(fits.metric.name) == pytest.approx(below.score(fits.metric.name), rel=0.1)

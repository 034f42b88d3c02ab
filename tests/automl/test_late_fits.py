from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_meta.automl.combining import load_pickle
from automl_meta.automl.late_fits import LateFits
from automl_meta.datasets import Dataset, read_dataset
from automl_meta.ensembling.deadline import Deadline
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.execution import InlineExecutor
from automl_meta.execution.protocol import Executor, Limits, Outcome
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.estimators.forest import Forest
from automl_meta.tuning.tuner import TunerLimits


def late_fits(dataset: Dataset, folder: Path, executor: Executor, **limits: Any) -> LateFits:
    return LateFits(
        dataset=dataset,
        metric=default_metric(dataset.task),
        folds=make_folds(dataset, 3, 0),
        seed=0,
        executor=executor,
        limits=TunerLimits(**limits),
        folder=folder,
    )


def test_numbers_of_a_second_layer_keep_what_they_differ_by_beside_a_large_mean(tmp_path: Path) -> None:
    dataset = read_dataset("sklearn:diabetes")
    dataset = replace(dataset, y=dataset.y + 1.7e9)
    fits = late_fits(dataset, tmp_path, InlineExecutor())
    ridge = default_configuration("ridge", dataset.task)
    below = cross_validate(ridge, dataset, fits.folds, seed=0)
    (above,) = fits.evaluate_above([below], [ridge], Deadline())
    assert len(np.unique(above.predictions)) == dataset.n_rows  # float32 goes in steps of 128 up there
    assert above.score(fits.metric.name) == pytest.approx(below.score(fits.metric.name), rel=0.1)


def test_what_is_fitted_late_is_as_long_in_training_as_what_was_scored(tmp_path: Path) -> None:
    dataset = read_dataset("sklearn:diabetes")
    fits = late_fits(dataset, tmp_path, InlineExecutor())  # which does not enforce limits
    forest = default_configuration("extra_trees", dataset.task)
    found = cross_validate(forest, dataset, fits.folds, seed=0)
    quick = replace(found, fit_seconds=0.01)
    boosted = default_configuration("lightgbm", dataset.task)
    in_a_hurry, calm = [], []
    for steps, member, seconds in ((in_a_hurry, quick, 0.3), (calm, found, 1000)):
        paths = [*fits.refit([member], Deadline.after(seconds)).values()]
        for above in fits.evaluate_above([member], [boosted], Deadline.after(seconds)):
            paths += above.models
        steps += [n_steps(path) for path in paths]
    assert in_a_hurry == calm
    assert len(calm) == 4


def n_steps(path: Path) -> int:
    """Return the number of trees, or of rounds."""
    fitted = load_pickle(path)["model"].estimator_
    return len(fitted.forest_.estimators_) if isinstance(fitted, Forest) else fitted.rounds_


def test_large_tables_are_fitted_late_as_they_were_searched(tmp_path: Path) -> None:
    class Watched(InlineExecutor):
        workers = 4

        def __init__(self) -> None:
            super().__init__()
            self.threads: list[int] = []

        def submit(self, function: Any, /, *arguments: Any, limits: Limits) -> "Future[Outcome]":
            self.threads.append(arguments[-1])
            assert limits.memory_mb == 700
            return super().submit(function, *arguments, limits=limits)

    dataset, watched = read_dataset("sklearn:diabetes"), Watched()
    fits = late_fits(dataset, tmp_path, watched, threads=2, side_by_side=1, memory_mb=700)
    names = ("ridge", "decision_tree")
    members = [
        cross_validate(default_configuration(name, dataset.task), dataset, fits.folds, seed=0) for name in names
    ]
    assert len(fits.refit(members, Deadline())) == 2
    assert watched.threads == [2, 2]


def test_a_full_disk_costs_no_more_than_what_is_fitted_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    dataset, executor = read_dataset("sklearn:diabetes"), InlineExecutor()
    fits = late_fits(dataset, tmp_path, executor)
    ridge = default_configuration("ridge", dataset.task)
    found = cross_validate(ridge, dataset, fits.folds, seed=0)
    monkeypatch.setattr(executor, "share", full)
    assert fits.refit([found], Deadline()) == {}
    assert fits.evaluate_above([found], [ridge], Deadline()) == []

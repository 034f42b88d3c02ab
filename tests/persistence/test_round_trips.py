"""A process that has only the file of a model predicts what was predicted where it was fitted, to the last bit."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fitted_models import fitted, predicted
from small_ensembles import shop_table

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import Task, make_dataset
from automl_meta.ensembling.options import ASKED_KINDS
from automl_meta.persistence import FittedModel, save_model
from automl_meta.pipelines.catalogue import catalogue

ROOT = Path(__file__).parents[2]
PLACES = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
QUICK = {"dummy", "decision_tree", "gaussian_nb", "ridge", "logistic_regression", "lda", "knn"}
EVERYTHING = [
    pytest.param(task, name, marks=() if name in QUICK else pytest.mark.slow)
    for task in Task
    for name in catalogue(task)
]
Check = Callable[[FittedModel], None]


@pytest.fixture(scope="module")
def reader() -> Iterator["subprocess.Popen[str]"]:
    """Start a process that fits nothing."""
    command = [sys.executable, str(Path(__file__).with_name("read_models.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, env={**os.environ, "PYTHONPATH": PLACES}) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def check_round_trip(reader: "subprocess.Popen[str]", tmp_path: Path) -> Check:
    def check(model: FittedModel) -> None:
        frame = shop_table(Task(model.manifest["task"]), 300)
        save_model(tmp_path / "x.automl", model)
        frame.to_parquet(tmp_path / "x.parquet")
        print(tmp_path, file=reader.stdin, flush=True)
        assert reader.stdout.readline() == "[]\n"  # no warnings
        for found, expected in zip(np.load(tmp_path / "x.npz").values(), predicted(model, frame), strict=True):
            np.testing.assert_array_equal(found, expected)

    return check


@pytest.mark.parametrize(("task", "name"), EVERYTHING)
def test_every_algorithm(task: Task, name: str, check_round_trip: Check, tmp_path: Path) -> None:
    check_round_trip(fitted(task, [name], tmp_path))


@pytest.mark.parametrize("kind", ["best", "greedy", "stack"])
@pytest.mark.parametrize("task", Task)
def test_every_way_to_combine_fold_models(task: Task, kind: str, check_round_trip: Check, tmp_path: Path) -> None:
    check_round_trip(fitted(task, ["decision_tree", "knn", "dummy"], tmp_path, kind))


@pytest.mark.parametrize("task", Task)
def test_members_that_were_fitted_to_all_rows(task: Task, check_round_trip: Check) -> None:
    result = run(make_dataset(shop_table(task, 160), "target", task=task), options(task, refit="refit"))
    assert result.plan.refitted == result.plan.members
    check_round_trip(result.model)


@pytest.mark.parametrize("task", Task)
def test_a_second_layer_of_learners(task: Task, check_round_trip: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ASKED_KINDS, "stack", ("layers",))  # whether it helps or not
    result = run(make_dataset(shop_table(task, 160), "target", task=task), options(task, ensemble="stack"))
    assert max(result.plan.layers) == 2
    check_round_trip(result.model)


def options(task: Task, **others: str) -> RunOptions:
    linear = "logistic_regression" if task.is_classification else "ridge"
    count = {"time_budget": None, "max_evaluations": 2, "jobs": 0}
    return RunOptions(**count, include=("decision_tree", linear), **others)

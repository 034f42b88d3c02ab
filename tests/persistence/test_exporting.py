"""Exported scripts need neither this package nor the model, and reach a score like the model's."""

import ast
import pickle
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score
from small_ensembles import shop_table, three_candidates

from automl_meta.automl.run import run
from automl_meta.datasets import NumberFormat, Task, make_dataset
from automl_meta.datasets.numbers import read_numbers
from automl_meta.ensembling.decision import weighted
from automl_meta.persistence import FittedModel
from automl_meta.persistence.exporting import ExportError, python_script, write_pickle, write_script
from automl_meta.persistence.exporting.steps import estimator_of, preprocessing_of
from automl_meta.pipelines.catalogue import catalogue

NOT_PLAIN = {"catboost", "xgboost", "perceptron", "gaussian_process"}
TASKS = pytest.mark.parametrize("task", list(Task))
Fit = Callable[[Task], FittedModel]


@pytest.fixture(scope="module")
def fitted() -> Fit:
    known: dict[Task, FittedModel] = {}

    def fit(task: Task) -> FittedModel:
        if task not in known:
            dataset = make_dataset(shop_table(task), "target", task=task, name="shop")
            known[task] = run(dataset, three_candidates(task, "knn")).model
        return known[task]

    return fit


def test_all_of_the_catalogue_can_be_written_but_what_needs_other_packages() -> None:
    for task in Task:
        for name, algorithm in catalogue(task).items():
            values = algorithm.default(task).hyperparameters
            written = estimator_of(name, values, classify=task.is_classification, seed=0, rounds=None)
            assert (written is None) == (name in NOT_PLAIN), name
            if written is not None:
                ast.parse(written)
                assert set(preprocessing_of(name, values)) == {"scale", "missing", "categories", "reduce"}


@TASKS
@pytest.mark.parametrize("members", ["ensemble", "best"])
def test_a_script_is_python_that_imports_only_what_it_says(task: Task, members: str, fitted: Fit) -> None:
    text = python_script(fitted(task), members=members)
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name or "").partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= {"re", "sys", "numpy", "pandas", "sklearn", "lightgbm"}
    assert "automl_meta" not in text.replace("Written by automl-meta", "")


@pytest.mark.slow
@TASKS
def test_a_script_reaches_the_score_of_the_model(task: Task, fitted: Fit, tmp_path: Path) -> None:
    model = fitted(task)
    write_script(tmp_path / "retrain.py", model)
    shop_table(task).to_csv(tmp_path / "shop.csv", index=False)
    command = [sys.executable, "-I", "retrain.py", "shop.csv", "shop.csv"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr
    found = re.search(r"(-?[\d.]+) ± ([\d.]+) out of fold", ended.stdout)
    assert found is not None, ended.stdout
    score, error = map(float, found.groups())
    ensemble = model.manifest["ensemble"]
    assert abs(score - ensemble["score"]) <= 3 * max(error, ensemble["error"]) + 0.01
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    truth = shop_table(task)["target"]
    if task is Task.REGRESSION:
        assert np.corrcoef(predictions["target"], truth)[0, 1] > 0.9
    else:
        assert (predictions["target"] == truth).mean() > 0.8


@pytest.mark.parametrize("decision", [None, [0.2, 0.8], [[0.0, 1.0], [6.0, 0.0]]])
def test_a_script_decides_by_the_threshold_or_the_costs_of_its_model(
    decision: list | None, fitted: Fit, tmp_path: Path
) -> None:
    model = fitted(Task.BINARY)
    ensemble = {**model.manifest["ensemble"], "decision": decision, "metric": "f1"}
    decided = replace(model, manifest={**model.manifest, "ensemble": ensemble})
    write_script(tmp_path / "retrain.py", decided)
    script = runpy.run_path(str(tmp_path / "retrain.py"))
    y = shop_table(Task.BINARY)["target"].eq("yes").to_numpy(dtype=int)
    second = np.clip(0.4 * y + np.random.default_rng(0).uniform(0, 0.6, len(y)), 0, 1)
    probabilities = np.column_stack([1 - second, second])
    codes = weighted(probabilities, None if decision is None else np.array(decision)).argmax(axis=1)
    np.testing.assert_array_equal(script["decide"](probabilities), codes)
    assert script["score"](y, probabilities) == f1_score(y, codes)
    alone = python_script(decided, members="best")
    assert ("That score is of the most probable classes" in alone) == (decision is not None)


def test_a_script_writes_the_classes_that_it_decides_for(fitted: Fit, tmp_path: Path) -> None:
    model = fitted(Task.BINARY)
    ensemble = {**model.manifest["ensemble"], "decision": [0.05, 0.95]}
    write_script(tmp_path / "retrain.py", replace(model, manifest={**model.manifest, "ensemble": ensemble}))
    shop_table(Task.BINARY).to_csv(tmp_path / "shop.csv", index=False)
    command = [sys.executable, "-I", "retrain.py", "shop.csv", "shop.csv"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=600, check=True)
    predictions = pd.read_csv(tmp_path / "predictions.csv")
    assert (predictions["target"] == np.where(predictions["target=yes"] > 0.05, "yes", "no")).all()
    assert predictions["target=yes"].between(0.05, 0.5).any()


def test_a_script_names_a_label_that_its_model_does_not_know(fitted: Fit, tmp_path: Path) -> None:
    write_script(tmp_path / "retrain.py", fitted(Task.BINARY))
    shop_table(Task.BINARY).replace({"target": {"no": "nein"}}).to_csv(tmp_path / "shop.csv", index=False)
    command = [sys.executable, "-I", "retrain.py", "shop.csv"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "target: the model does not know 'nein', only no, yes\n"


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["950", "1.2k", "-3M", "$15.4K", "$950"], NumberFormat(prefix="$", magnitudes=True)),
        (["1.639.363", "668.278", "2,5"], NumberFormat(decimal=",", thousands=".")),
        (["1248 CC", "998"], NumberFormat(suffix="cc")),
        (["<0.1", "≥ 5", "~7", "2.5"], NumberFormat(bounds=True)),
        (["103 g", "1.5 kg", "7", "-2kg"], NumberFormat(suffix="g", units=(("g", 1.0), ("kg", 1000.0)))),
        (["5h 30m", "45 m", "2 h, 5 m"], NumberFormat(suffix="m", units=(("h", 60.0), ("m", 1.0)))),
    ],
)
def test_a_script_reads_numbers_as_its_model_does(
    texts: list[str], written: NumberFormat, fitted: Fit, tmp_path: Path
) -> None:
    write_script(tmp_path / "retrain.py", fitted(Task.BINARY))
    number = runpy.run_path(str(tmp_path / "retrain.py"))["number"]
    assert [number(text, *astuple(written)) for text in texts] == read_numbers(texts, written).tolist()


def test_what_cannot_be_written_is_said(fitted: Fit) -> None:
    model = fitted(Task.BINARY)
    manifest = {
        **model.manifest,
        "leaderboard": [{**row, "algorithm": "perceptron"} for row in model.manifest["leaderboard"]],
    }
    other = FittedModel(manifest=manifest, schema=model.schema, predictor=model.predictor, probe=model.probe)
    with pytest.raises(ExportError, match="perceptron"):
        python_script(other)


def test_names_cannot_end_the_texts_that_they_stand_in(fitted: Fit) -> None:
    evil = '"""\nimport os\nos.system("touch ran")\n"""'
    table = shop_table(Task.BINARY).rename(columns={"amount": evil, "target": "'; import os; '"})
    model = fitted(Task.BINARY)
    schema = make_dataset(table, "'; import os; '").schema
    manifest = {**model.manifest, "data": {**model.manifest["data"], "name": evil}}
    other = FittedModel(manifest=manifest, schema=schema, predictor=model.predictor, probe=model.probe)
    tree = ast.parse(python_script(other))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names == {"re", "sys", "numpy", "pandas"}


def test_a_pickle_predicts_the_same(fitted: Fit, tmp_path: Path) -> None:
    model = fitted(Task.MULTICLASS)
    write_pickle(tmp_path / "x.pickle", model)
    again = pickle.loads((tmp_path / "x.pickle").read_bytes())
    frame = shop_table(Task.MULTICLASS, 50)
    np.testing.assert_array_equal(again.predict_proba(frame)[0], model.predict_proba(frame)[0])

import json

import pytest
from click.testing import CliRunner

from automl_meta.cli import algorithms as command_module
from automl_meta.cli.algorithms import algorithms
from automl_meta.datasets import Task
from automl_meta.pipelines.catalogue import catalogue, search_space


def test_every_algorithm_is_listed() -> None:
    result = CliRunner().invoke(algorithms)
    assert result.exit_code == 0, result.output
    for task in Task:
        for name in catalogue(task, installed_only=False):
            assert name in result.output


def test_json_holds_every_search_space_of_the_task() -> None:
    result = CliRunner().invoke(algorithms, ["--json", "--task", "regression"])
    document = {entry["name"]: entry for entry in json.loads(result.output)}
    assert set(document) == set(catalogue(Task.REGRESSION, installed_only=False))
    for name, entry in document.items():
        described = {line["name"]: line for line in entry["spaces"]["regression"]}
        space = search_space(name, Task.REGRESSION)
        assert set(described) == set(space)
        for key, hyperparameter in space.items():
            assert described[key]["default"] == hyperparameter.default_value


def test_named_algorithm_shows_ranges_and_conditions() -> None:
    result = CliRunner().invoke(algorithms, ["logistic_regression"])
    assert result.exit_code == 0, result.output
    assert "0.0001 to 100, log" in result.output
    assert "penalty: elasticnet" in result.output


def test_what_is_missing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "is_installed", lambda module: module != "catboost")
    result = CliRunner().invoke(algorithms, ["catboost"])
    assert "pip install 'automl-meta[full]'" in result.output


def test_unknown_name_lists_the_known() -> None:
    result = CliRunner().invoke(algorithms, ["lightbgm"])
    assert result.exit_code == 2
    assert "lightgbm" in result.output


def test_importance_is_a_share_of_all_that_is_decided() -> None:
    result = CliRunner().invoke(algorithms, ["--importance", "random_forest", "--task", "regression", "--json"])
    rows = json.loads(result.stdout)
    assert {row["algorithm"] for row in rows} == {"random_forest"}
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=0.01)
    assert rows == sorted(rows, key=lambda row: -row["share"])

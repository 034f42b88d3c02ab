"""The command that a model tells of: typed again, it repeats the run."""

import json
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from commands import run
from small_ensembles import shop_table

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run as run_in_python
from automl_meta.cli.config import option_values
from automl_meta.cli.fit import fit
from automl_meta.cli.typing_options import command_for, typed
from automl_meta.datasets import Task, read_dataset
from automl_meta.persistence import read_manifest

SETTINGS = """
data = "my shop.csv"
target = "target"
max-evaluations = 2
top-k = 2
jobs = 0
include = ["decision_tree", "knn"]
folds = 3
repeats = 1
ensemble = "greedy"
racing = false
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shop_table(Task.BINARY, 90).to_csv("my shop.csv", index=False)
    return tmp_path


def told(model: str) -> tuple[dict[str, Any], list[str]]:
    manifest = read_manifest(model)
    return manifest["arguments"], shlex.split(manifest["command"])


def test_a_model_tells_the_options_that_came_from_a_file_and_a_command_that_repeats_it(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("shop.toml").write_text(SETTINGS)
    assert run("fit", "--config", "shop.toml", "--json", "-o", "a.automl", "--exclude", "knn") == 0
    document = json.loads(capsys.readouterr().out)
    arguments, command = told("a.automl")
    wanted = {
        "data": "my shop.csv",
        "include": ["decision_tree", "knn"],
        "exclude": ["knn"],
        "top_k": 2,
        "repeats": 1,
    }
    assert arguments.items() >= wanted.items()
    assert arguments.items() >= {"ensemble": "greedy", "refit": "auto", "cost": None, "groups": None}.items()
    assert "--config" not in command
    assert document["command"] == shlex.join(command)
    assert command[:3] == ["automl-meta", "fit", "my shop.csv"]
    Path("shop.toml").unlink()
    first = read_manifest("a.automl")
    Path("a.automl").unlink()
    assert run(*command[1:], "--quiet") == 0
    again = read_manifest("a.automl")
    for name in ("arguments", "command", "seed", "folds"):
        assert again[name] == first[name]
    for name in ("members", "score"):
        assert again["ensemble"][name] == first["ensemble"][name]


def test_a_run_that_went_on_tells_what_one_does_that_was_never_stopped(shop: Path) -> None:
    Path("shop.toml").write_text(SETTINGS)
    assert run("fit", "--config", "shop.toml", "--run-dir", "r", "-o", "shop.automl", "--quiet") == 0
    whole = told("shop.automl")
    assert run("fit", "--resume", "r", "--quiet") == 0
    assert told("shop.automl") == whole
    assert not {"--resume", "--run-dir"} & set(whole[1])


def test_a_target_that_was_found_is_told(shop: Path) -> None:
    Path("shop.toml").write_text(SETTINGS.replace("target =", "# target ="))
    assert run("fit", "--config", "shop.toml", "-o", "shop.automl", "--quiet") == 0
    arguments, command = told("shop.automl")
    assert arguments["target"] == "target"
    assert command[command.index("--target") + 1] == "target"


def test_a_run_in_python_tells_its_options(shop: Path) -> None:
    options = RunOptions(time_budget=None, max_evaluations=1, jobs=0, include=("decision_tree",), metabase=None)
    result = run_in_python(read_dataset("my shop.csv"), options)
    assert result.model.manifest["arguments"].items() >= {"include": ["decision_tree"], "max_evaluations": 1}.items()


def test_what_is_so_anyhow_is_told_only_where_a_file_speaks_of_it(shop: Path) -> None:
    with fit.make_context("fit", ["my shop.csv"]) as context:
        values = {**context.params, "seed": 0, "racing": True}
        assert command_for(values, context) == "automl-meta fit 'my shop.csv'"
    Path("pyproject.toml").write_text("[tool.automl-meta]\nseed = 3\nracing = false\n")
    with fit.make_context("fit", ["my shop.csv", "--seed", "0", "--racing"]) as context:
        assert command_for(context.params, context) == "automl-meta fit 'my shop.csv' --seed 0 --racing"


def example(parameter: click.Parameter) -> Any:
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return True
    if isinstance(parameter.type, click.Choice):
        return parameter.type.choices[-1]
    value = {click.INT: 3, click.FLOAT: 2.5}.get(parameter.type, "a b")
    return [str(value), "c"] if parameter.multiple else value


def test_every_option_is_typed_as_it_is_read(shop: Path) -> None:
    (shop / "a b").touch()  # for those that must be there
    values = {str(parameter.name): example(parameter) for parameter in fit.params if parameter.expose_value}
    with fit.make_context("fit", typed(values, fit.params)) as context:
        read = {name: context.params[name] for name in values}
    plain = {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
        for name, value in read.items()
    }
    assert plain == values
    keys = {name.replace("_", "-"): value for name, value in values.items() if name != "as_json"}
    assert option_values(keys, fit.params, "x") == {name: values[name] for name in values if name != "as_json"}


@pytest.mark.parametrize("data", ["shop.csv", "-shop.csv", "-"])
def test_a_table_is_never_taken_for_an_option(data: str, shop: Path) -> None:
    (shop / data).touch()
    arguments = typed({"data": data, "seed": -3}, fit.params)
    with fit.make_context("fit", arguments) as context:
        assert (context.params["data"], context.params["seed"]) == (data, -3)

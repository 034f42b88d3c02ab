import json
from pathlib import Path

import pytest
from commands import run

from automl_meta.cli.config import option_values
from automl_meta.cli.fit import fit
from automl_meta.errors import InputError
from automl_meta.persistence import read_manifest

SETTINGS = """
target = "target"
max-evaluations = 2
top_k = 2
jobs = 0
include = ["decision_tree", "knn"]
folds = 3
"""


def test_options_come_from_a_file_and_the_command_line_wins(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop.toml").write_text(SETTINGS + 'data = "shop.csv"\nseed = 5\noutput = "from_file.automl"\n')
    assert run("fit", "--config", "shop.toml", "--seed", "7", "--json", "--report", "fit.html") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"] == "from_file.automl"
    assert document["evaluations"] == 2
    assert run("report", "from_file.automl") == 0
    assert Path("from_file.html").read_text() == Path("fit.html").read_text()
    manifest = read_manifest("from_file.automl")
    assert manifest["seed"] == 7
    assert manifest["folds"] == 3
    assert {row["algorithm"] for row in manifest["leaderboard"]} <= {"decision_tree", "knn"}


def test_pyproject_is_read_and_the_file_wins_over_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n[tool.automl-meta]' + SETTINGS + "seed = 3\n")
    assert run("fit", "shop.csv", "--quiet", "-o", "a.automl") == 0
    assert read_manifest("a.automl")["seed"] == 3
    Path("more.toml").write_text("seed = 4\n")
    assert run("fit", "shop.csv", "--quiet", "--config", "more.toml", "-o", "b.automl") == 0
    manifest = read_manifest("b.automl")
    assert manifest["seed"] == 4
    assert manifest["folds"] == 3


def test_a_project_that_says_nothing_changes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n[tool.ruff]\nline-length = 100\n')
    assert run("fit", "--help") == 0
    assert "--config" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tarrget = 'x'", "Did you mean 'target'"),
        ("xyzzy = 1", "Known:"),
        ("seed = 'many'", "seed"),
        ("seed = true", "a text or a number"),
        ("folds = 3.5", "not a whole number"),
        ("quiet = 1", "true or false"),
        ("include = [{a = 1}]", "a list of texts"),
        ("task = 'guess'", "guess"),
        ("seed = ", "is not TOML"),
        ("[target]\na = 1", "a text or a number"),
    ],
)
def test_what_makes_no_sense_is_one_message_and_exit_code_2(
    text: str, word: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.toml").write_text(text)
    assert run("fit", "shop.csv", "--config", "bad.toml") == 2
    assert word in capsys.readouterr().err


def test_a_file_that_is_not_there_is_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "shop.csv", "--config", "none.toml") == 2
    assert "no such file" in capsys.readouterr().err


def test_every_option_is_a_key() -> None:
    for parameter in fit.params:
        if parameter.name in ("config", "data"):
            continue
        key = next(name for name in parameter.opts if name.startswith("--")).removeprefix("--")
        value = True if parameter.is_flag else ["x"] if parameter.multiple else "x"
        assert list(option_values({key: value}, fit.params, "x")) == [parameter.name]
    with pytest.raises(InputError, match="no option 'json5'"):
        option_values({"json5": True}, fit.params, "x")

"""What a run that goes on takes from the call that began it, and what a run that never began leaves behind."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import run

from automl_meta.cli.fit import fit
from automl_meta.cli.resuming import Asked, ask

ONE = ("--target", "target", "--max-evaluations", "1", "--jobs", "0", "--include", "decision_tree", "--folds", "3")
BEGIN = ("fit", "shop.csv", *ONE, "--quiet", "--run-dir", "r")


def settings(folder: str = "r") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "run.json").read_text())
    return found


def asked(*arguments: str) -> Asked:
    """Return what a call of `fit` asks for, without doing it."""
    with fit.make_context("fit", list(arguments)) as context:
        given = {name: value for name, value in context.params.items() if name not in ("data", "as_json", "quiet")}
        return ask(context.params["data"], given)


def test_a_run_that_goes_on_writes_what_it_was_to_write_where_it_was_to(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("out").mkdir()
    assert run(*BEGIN, "-o", "out/new.automl", "--report", "out/new.html") == 0
    for file in ("out/new.automl", "out/new.html"):
        Path(file).unlink()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    Path("shop.automl").write_text("another model")
    assert run("fit", "--resume", "../r", "--quiet") == 0
    assert sorted(file.name for file in (shop / "out").iterdir()) == ["new.automl", "new.html"]
    assert [file.read_text() for file in Path.cwd().iterdir()] == ["another model"]


def test_without_an_output_the_model_goes_where_the_run_began(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*BEGIN) == 0
    Path("shop.automl").unlink()
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert run("fit", "--resume", "../r", "--quiet") == 0
    assert (shop / "shop.automl").is_file()


def test_an_output_that_is_typed_to_go_on_wins_and_is_remembered(shop: Path) -> None:
    assert run(*BEGIN, "-o", "first.automl") == 0
    Path("first.automl").unlink()
    assert run("fit", "--resume", "r", "-o", "second.automl", "--report", "second.html", "--quiet") == 0
    assert Path("second.automl").is_file()
    assert Path("second.html").is_file()
    assert not Path("first.automl").exists()
    again = asked("--resume", "r")
    assert again.arguments["output"] == shop / "second.automl"
    assert again.arguments["report"] == shop / "second.html"


def test_a_run_of_a_version_that_kept_no_outputs_goes_on(shop: Path) -> None:
    assert run(*BEGIN) == 0
    Path("shop.automl").unlink()
    old = settings()
    for name in ("output", "report"):
        del old["arguments"][name]
    Path("r", "run.json").write_text(json.dumps(old))
    assert run("fit", "--resume", "r", "--quiet") == 0
    assert Path("shop.automl").is_file()


def test_paths_of_a_run_lead_to_the_same_files_from_another_folder(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asked("shop.csv", "--metabase", "m.sqlite", "-o", "x.automl", "--run-dir", "r").folder():
        assert settings()["data"] == str(shop / "shop.csv")
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    again = asked("--resume", "../r")
    assert again.data == str(shop / "shop.csv")
    assert again.arguments["metabase"] == shop / "m.sqlite"
    assert again.arguments["output"] == shop / "x.automl"


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (("--target", "tarrget"), "'target'"),
        (("--folds", "1"), "at least 2"),
        (("--metric", "roc_ouc"), "roc_auc"),
        (("--metric", "rmse"), "does not fit"),
        (("--include", "decision_trea"), "decision_tree"),
        (("--output", "no/such/dir.automl"), "mkdir -p"),
        (("--time-budget", "0.01"), "Try --time-budget"),
    ],
)
def test_a_run_that_never_began_leaves_nothing_so_that_the_corrected_call_works(
    mistake: tuple[str, str], said: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*BEGIN[:-1], "runs/of today/r", *mistake) == 2
    assert said in capsys.readouterr().err
    assert [file.name for file in shop.iterdir()] == ["shop.csv"]
    Path("empty").mkdir()
    assert run(*BEGIN[:-1], "empty", *mistake) == 2
    assert not list(Path("empty").iterdir())


def test_the_model_may_lie_in_the_folder_of_its_run(shop: Path) -> None:
    assert run(*BEGIN, "-o", "r/shop.automl") == 0
    assert Path("r", "shop.automl").is_file()


def test_the_corrected_call_works(shop: Path) -> None:
    assert run(*BEGIN, "--target", "tarrget") == 2
    assert run(*BEGIN) == 0
    assert settings()["arguments"]["target"] == "target"


def test_a_run_that_cannot_go_on_loses_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*BEGIN) == 0
    Path("shop.csv").rename("moved.csv")
    before = settings()
    assert run("fit", "--resume", "r") == 2
    assert "shop.csv" in capsys.readouterr().err
    assert settings() == before
    assert len(list(Path("r", "candidates").iterdir())) == 1


def test_what_files_of_options_say_of_new_runs_is_not_said_of_one_that_goes_on(shop: Path) -> None:
    assert run(*BEGIN) == 0
    shutil.copy("shop.csv", "other.csv")
    Path("pyproject.toml").write_text(
        '[tool.automl-meta]\ndata = "other.csv"\nrun-dir = "runs"\noutput = "other.automl"\nseed = 5\n'
    )
    again = asked("--resume", "r")
    assert again.data == str(shop / "shop.csv")
    assert again.arguments["output"] == shop / "shop.automl"
    assert again.arguments["seed"] == 0
    assert asked("other.csv", "--resume", "r").data == "other.csv"


def test_a_run_that_began_here_may_go_on_on_a_cluster(shop: Path) -> None:
    with asked("shop.csv", "--jobs", "1", "--run-dir", "r").folder():
        there = asked("--resume", "r", "--cluster", "local:1").arguments
    assert (there["jobs"], there["cluster"]) == (None, "local:1")


def test_what_cannot_change_says_what_to_do_instead(shop: Path) -> None:
    with asked("shop.csv", "--target", "x", "--run-dir", "r").folder(), pytest.raises(ValueError, match="begin anew"):
        asked("--resume", "r", "--target", "y")


def test_suggested_commands_can_be_typed_where_paths_have_spaces(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    Path("run of today").mkdir()
    for arguments in (
        ("fit", "shop.csv", "-o", "models of today/x.automl"),
        ("fit", "--resume", "run of today"),
    ):
        assert run(*arguments) == 2
        said.append(capsys.readouterr().err)
    Path("run of today", "run.json").write_text("{}")
    assert run("fit", "shop.csv", "--run-dir", "run of today") == 2
    said.append(capsys.readouterr().err)
    assert f"mkdir -p '{shop / 'models of today'}'" in said[0]
    assert "--run-dir 'run of today'" in said[1]
    assert "--resume 'run of today'" in said[2]

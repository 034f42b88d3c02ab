"""No command writes over a file that it reads, nor one output over another."""

import os
from pathlib import Path

import pytest
from commands import run

from automl_meta.errors import InputError
from automl_meta.files import check_apart

ONE = ("--target", "target", "--max-evaluations", "1", "--jobs", "0", "--include", "decision_tree", "--folds", "3")
FIT, PREDICT = ("fit", "t.csv", "--jobs", "0"), ("predict", "m.automl", "t.csv")
OVER_WHAT_IS_READ = {
    "fit, the table": (*FIT, "-o", "t.csv"),
    "fit, the table by the report": (*FIT, "--report", "../here/t.csv"),
    "fit, the table by a link": (*FIT, "-o", "link.csv"),
    "fit, the meta-base": (*FIT, "--metabase", "m.sqlite", "-o", "m.sqlite"),
    "fit, the options": ("fit", "--config", "fit.toml", "-o", "fit.toml"),
    "predict, the table": (*PREDICT, "-o", "t.csv"),
    "predict, the table by a link": (*PREDICT, "-o", "link.csv"),
    "predict, the model": (*PREDICT, "-o", "m.automl"),
    "evaluate, the table": ("evaluate", "m.automl", "t.csv", "--report", "t.csv"),
    "evaluate, the model": ("evaluate", "m.automl", "t.csv", "--report", "m.automl"),
    "distill, the table": ("distill", "m.automl", "t.csv", "-o", "t.csv"),
    "distill, the model": ("distill", "m.automl", "t.csv", "-o", "m.automl"),
    "report, the model": ("report", "m.automl", "-o", "m.automl"),
    "export, the model": ("export", "m.automl", "-o", "m.automl"),
    "export, the model by its name": ("export", "m.py"),
    "benchmark, the meta-base": ("benchmark", "--metabase", "m.sqlite", "--report", "m.sqlite"),
    "batch, the jobs": ("batch", "jobs.toml", "--junit", "jobs.toml"),
    "batch, a table": ("batch", "jobs.toml", "--html", "t.csv"),
    "batch, a table by a result": ("batch", "results.toml"),
    "build, the table": ("metabase", "build", "--datasets", "t.csv", "-o", "t.csv"),
    "build, the table by the log": ("metabase", "build", "--datasets", "t.csv", "-o", "new", "--log", "t.csv"),
    "add, the table": ("metabase", "add", "t.csv", "--metabase", "t.csv"),
}
TWICE = {
    "fit": (*FIT, "-o", "new", "--report", "./new"),
    "batch": ("batch", "jobs.toml", "--junit", "new", "--html", "new"),
    "build": ("metabase", "build", "--datasets", "t.csv", "-o", "new", "--log", "new"),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a table in it and what stands for a model, a store and options."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    rows = "".join(f"{i % 7},{'xy'[i % 2]}\n" for i in range(40))
    Path("t.csv").write_text(f"a,target\n{rows}")
    Path("t.json").write_text("[]")
    Path("link.csv").symlink_to("t.csv")
    for name in ("m.automl", "m.py", "m.sqlite"):
        Path(name).write_text("mine")
    Path("fit.toml").write_text("data = 't.csv'\njobs = 0\n")
    Path("jobs.toml").write_text("[[job]]\ndata = 't.csv'\n")
    Path("results.toml").write_text("output = '.'\n[[job]]\ndata = 't.json'\n")
    return folder


def refused(here: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command that is refused says, which changes nothing."""
    capsys.readouterr()
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert run(*arguments) == 2
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert len(said.splitlines()) == 1
    return said


@pytest.mark.parametrize("what", OVER_WHAT_IS_READ)
def test_a_file_that_is_read_is_not_written_over(what: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is what is read here" in refused(here, OVER_WHAT_IS_READ[what], capsys)


@pytest.mark.parametrize("command", TWICE)
def test_two_outputs_are_two_files(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be two outputs" in refused(here, TWICE[command], capsys)


def test_devices_may_be_named_twice_and_tables_that_are_no_files_are_none(here: Path) -> None:
    check_apart([Path(os.devnull), Path(os.devnull), None], [os.devnull, None])
    Path("sklearn:wine").touch()
    check_apart([Path("sklearn:wine")], ["sklearn:wine", "-"])
    with pytest.raises(InputError, match="is what is read here"):
        check_apart([Path("link.csv")], ["t.csv"])


@pytest.mark.parametrize(("kind", "name"), [("python", "shop.py"), ("pickle", "shop.pickle")])
def test_a_file_of_ones_own_is_replaced_only_where_it_is_named(
    kind: str, name: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "shop.csv", *ONE, "--quiet") == 0
    Path(name).write_text("mine")
    export = ("export", "shop.automl", "--format", kind)
    assert f"-o {name}" in refused(shop, export, capsys)
    assert run(*export, "-o", name) == 0
    assert b"mine" != Path(name).read_bytes()
    assert run(*export) == 0  # over what it wrote itself

"""Runs that are stopped or killed, and go on."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from automl_meta.cli import main

SMALL = ["--include", "lda,knn,gaussian_nb,qda", "--jobs", "1", "--folds", "3", "--repeats", "1"]
COUNTED = ["fit", "sklearn:wine", "--max-evaluations", "12", *SMALL]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "automl_meta", *arguments]


def finish(arguments: list[str], folder: Path) -> dict:
    done = subprocess.run(command(*arguments, "--json"), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    return capsys.readouterr().err


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return finish(COUNTED, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_killed_run_goes_on_and_ends_with_the_same_model(tmp_path: Path, undisturbed: dict, number: int) -> None:
    process = subprocess.Popen(command(*COUNTED, "--run-dir", "run"), cwd=tmp_path, start_new_session=True)
    candidates = tmp_path / "run" / "candidates"
    wanted = random.Random(number).randrange(10)
    while process.poll() is None and len(list(candidates.glob("*.npz"))) < wanted:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "sklearn_wine.automl").exists()
    result = finish(["fit", "--resume", "run"], tmp_path)
    for key in ("score", "score_error", "evaluations"):
        assert result[key] == undisturbed[key]
    assert [row["id"] for row in result["leaderboard"]] == [row["id"] for row in undisturbed["leaderboard"]]
    assert (tmp_path / "sklearn_wine.automl").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_ends_the_search_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    arguments = ["fit", "sklearn:wine", "--time-budget", "300", "--no-patience", *SMALL, "--run-dir", "run"]
    process = subprocess.Popen(command(*arguments, "--json"), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    while process.poll() is None and len(list((tmp_path / "run" / "candidates").glob("*.npz"))) < 3:
        time.sleep(0.01)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(printed)["stopped"] == "interrupted"
    assert (tmp_path / "sklearn_wine.automl").exists()


@pytest.mark.slow
def test_second_signal_stops_at_once_and_says_how_to_go_on(tmp_path: Path) -> None:
    arguments = ["fit", "sklearn:wine", "--time-budget", "300", "--no-patience", *SMALL]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command(*arguments), cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    while process.poll() is None and len(list(tmp_path.glob("automl-meta-run-*/candidates/*.npz"))) < 1:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("what was running had ended between the two signals")
    assert process.returncode == 130
    assert "Traceback" not in printed
    (folder,) = tmp_path.glob("automl-meta-run-*")
    assert f"automl-meta fit --resume {folder}" in printed
    assert not list(tmp_path.glob("*.automl"))


def test_options_that_change_the_search_cannot_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "run")
    one = ["fit", "sklearn:iris", "--max-evaluations", "1", "--jobs", "0", "-o", str(tmp_path / "iris.automl")]
    with pytest.raises(SystemExit) as caught:
        main([*one, "--run-dir", folder])
    assert caught.value.code in (0, None)
    capsys.readouterr()
    assert "--seed cannot change" in refused(["fit", "--resume", folder, "--seed", "3"], capsys)
    assert "the table has changed" in refused(["fit", "sklearn:wine", "--resume", folder], capsys)
    assert "Leave out --run-dir" in refused(["fit", "--resume", folder, "--run-dir", "other"], capsys)
    assert "Try --resume" in refused([*one, "--run-dir", folder], capsys)
    assert "no run was begun here" in refused(["fit", "--resume", str(tmp_path)], capsys)


def test_table_is_needed_to_begin() -> None:
    from automl_meta.cli.fit import fit

    result = CliRunner().invoke(fit, [])
    assert "a table is needed" in str(result.exception)

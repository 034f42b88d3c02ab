"""`--cluster` on the commands that have it; the cluster of these tests is started by the command itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from automl_meta.cli import main
from automl_meta.metabase import MetaBase

ROOT = Path(__file__).parents[2]


def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "automl_meta", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cluster", "nonsense"), "Try tcp://HOST:PORT"),
        (("--cluster", "local:1", "--jobs", "2"), "Give one of them"),
        (("--cluster-tls-ca", __file__), "Add --cluster tls://HOST:PORT"),
        (("--cluster", "tcp://127.0.0.1:1", "--cluster-tls-ca", __file__), "Try tls://"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "benchmark", "build"])
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(
    command: str, arguments: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = {
        "fit": ("fit", "sklearn:iris", "-o", str(tmp_path / "x.automl")),
        "benchmark": ("benchmark",),
        "build": ("metabase", "build", "--datasets", "sklearn:iris", "-o", str(tmp_path / "x.sqlite")),
    }
    with pytest.raises(SystemExit) as ended:
        main([*commands[command], *arguments])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in " ".join(told.split())
    assert "Traceback" not in told


@pytest.mark.slow
def test_metabase_build_on_a_cluster_stores_what_local_processes_store(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    scores = []
    for where in (("--jobs", "1"), ("--cluster", "local:1")):
        path = tmp_path / f"{where[0]}.sqlite"
        options = ("--configurations", "3", "--rows", "120", "--json", *where)
        built = json.loads(call("metabase", "build", "--datasets", "sklearn:iris", "-o", str(path), *options).stdout)
        assert built["statuses"] == {"ok": 3}
        assert built["described"] == 1
        with MetaBase.open(path) as store:
            scores.append({run.configuration.id: run.scores for run in store.runs()})
    assert len(scores[0]) == 3
    assert scores[0] == scores[1]


@pytest.mark.slow
def test_benchmark_on_a_cluster_gives_the_same_figures() -> None:
    pytest.importorskip("distributed")
    options = ("--methods", "average-rank", "--folds", "3", "--evaluations", "5", "--task", "regression", "--json")
    here, there = (json.loads(call("benchmark", *options, *where).stdout) for where in ((), ("--cluster", "local:1")))
    for document in (*here, *there):
        del document["seconds"]  # the only figures that two runs may differ in
    assert here == there
    assert here[0]["curves"]

"""`--cluster` on the commands that have it; the cluster of these tests is started by the command itself."""

import json
from pathlib import Path

import pytest
from commands import run

from automl_meta.cli import main
from automl_meta.metabase import MetaBase


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
def test_metabase_build_on_a_cluster_stores_what_is_stored_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    scores = []
    for where in (("--jobs", "0"), ("--cluster", "local:1")):
        path = tmp_path / f"{where[0]}.sqlite"
        options = ("--configurations", "3", "--rows", "120", "--json", *where)
        assert run("metabase", "build", "--datasets", "sklearn:iris", "-o", path, *options) == 0
        built = json.loads(capsys.readouterr().out)
        assert built["statuses"] == {"ok": 3}
        assert built["described"] == 1
        with MetaBase.open(path) as store:
            scores.append({one.configuration.id: one.scores for one in store.runs()})
    assert len(scores[0]) == 3
    assert scores[0] == scores[1]

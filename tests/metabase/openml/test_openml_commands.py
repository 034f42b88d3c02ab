import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openml_server import Faults, LocalServer
from openml_world import World, make_world

from automl_meta.cli import cli, main
from automl_meta.cli.surroundings import Ended
from automl_meta.errors import InputError
from automl_meta.metabase import MetaBase
from automl_meta.metabase.records import Protocol


@pytest.fixture(autouse=True)
def own_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user cache"))
    monkeypatch.delenv("AUTOML_META_METABASE", raising=False)


def call(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def rebuild(server: LocalServer, folder: Path, *more: object, output: str = "r.sqlite") -> Result:
    settings = ("--server", server.url, "--cache", folder / "cache", "--pause", 0)
    return call("metabase", "rebuild", "--suite", "cc18", "-o", folder / output, *settings, *more)


def test_rebuild_prints_what_was_stored_and_what_was_left_out(
    server: LocalServer, small_world: World, tmp_path: Path
) -> None:
    output = rebuild(server, tmp_path, "--qualities").output
    assert f"from {len(small_world.runs)} runs of 3 tasks" in output
    assert "hyperparameters were searched inside the run" in output
    with MetaBase.open(tmp_path / "r.sqlite", "ro") as store:
        assert f"{store.n_runs()} runs (" in output
    assert "nothing wrong, digest as sealed" in call("metabase", "verify", "--metabase", tmp_path / "r.sqlite").output
    info = call("metabase", "info", "--metabase", tmp_path / "r.sqlite").output
    assert "openml, all rows, 10 folds" in info
    assert "runs by grade" in info


def test_rebuild_as_json_and_offline(server: LocalServer, tmp_path: Path) -> None:
    first = json.loads(rebuild(server, tmp_path, "--qualities", "--json").stdout)
    assert (first["skipped"], first["incomplete"], first["failures"]) == ({}, {}, {})
    assert first["requests"] > 0
    again = json.loads(rebuild(server, tmp_path, "--qualities", "--json", "--offline", output="2.sqlite").stdout)
    assert again["requests"] == 0
    assert again["counts"] == first["counts"]
    assert (tmp_path / "r.sqlite").read_bytes() == (tmp_path / "2.sqlite").read_bytes()


def test_missing_task_is_told_by_the_exit_code(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    tasks = [str(task) for task in small_world.tasks]
    settings = ("--server", server.url, "--cache", tmp_path / "cache", "--pause", 0, "--qualities", "--json")
    command = ("metabase", "rebuild", "-o", tmp_path / "r.sqlite", *settings, "--tasks")
    assert json.loads(call(*command, ",".join(tasks)).stdout)["skipped"] == {}
    assert list(json.loads(call(*command, ",".join([*tasks, "99999"]), code=1).stdout)["skipped"]) == ["99999"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_rebuild_that_is_stopped_ends_with_the_exit_code_of_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def stopped(*_: object, **more: object) -> None:
        raise Ended(number)

    monkeypatch.setattr("automl_meta.metabase.openml.rebuild.rebuild", stopped)
    with pytest.raises(SystemExit) as ended:
        main(["metabase", "rebuild", "--tasks", "1", "--offline", "-o", str(tmp_path / "r.sqlite")])
    assert ended.value.code == 128 + number
    assert "the same command goes on" in capsys.readouterr().out


def test_dry_run_fetches_no_list_and_writes_nothing(server: LocalServer, tmp_path: Path) -> None:
    expected = json.loads(rebuild(server, tmp_path, "--dry-run", "--json").stdout)
    assert (expected["tasks"], expected["lists"], expected["cached"], expected["looked_at"]) == (3, 3, 0, 3)
    assert 150 < expected["rows"] < 220  # 60 runs a task, some by two engines
    assert expected["seconds"] > 0
    assert not (tmp_path / "r.sqlite").exists()
    assert all("/limit/1/" in path for path in server.paths if "evaluation" in path)
    rebuild(server, tmp_path, "--qualities")
    after = rebuild(server, tmp_path, "--dry-run").output
    assert "3 lists of evaluations, 3 of them in the cache" in after


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing is asked for"),
        (("--suite", "cc18", "--measure", "beauty"), "no measure 'beauty'"),
        (("--suite", "cc18", "--measure", "usercpu_time_millis"), "a time is no score"),
        (("--tasks", "1", "--offline"), "not in the cache"),
    ],
)
def test_mistakes_are_told(arguments: tuple[str, ...], message: str, tmp_path: Path, server: LocalServer) -> None:
    settings = ("--server", server.url, "--cache", str(tmp_path / "cache"), "-o", str(tmp_path / "r.sqlite"))
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(cli, ["metabase", "rebuild", *arguments, *settings], catch_exceptions=False)


def test_numbers_must_be_numbers(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["metabase", "rebuild", "--tasks", "3,x", "-o", str(tmp_path / "r.sqlite")])
    assert result.exit_code == 2
    assert "no list of numbers" in result.output


def test_times_become_the_seconds_of_runs(tmp_path: Path, small_world: World) -> None:
    world = make_world(n_tasks=2, n_runs=60, seed=9)
    for run in world.runs:
        run.values["usercpu_time_millis"] = 1500.0
    with LocalServer(world) as server:
        measures = ("--measure", "predictive_accuracy", "--measure", "usercpu_time_millis")
        rebuild(server, tmp_path, "--qualities", *measures)
    with MetaBase.open(tmp_path / "r.sqlite", "ro") as store:
        runs = list(store.runs())
        assert runs
        assert {run.seconds for run in runs} == {1.5}
        assert {metric for run in runs for metric in run.scores} == {"accuracy"}


@pytest.mark.slow
def test_recommend_fit_and_benchmark_work_on_what_was_rebuilt(tmp_path: Path) -> None:
    with LocalServer(make_world(n_tasks=12, n_runs=1600, seed=4), Faults.all(0.05)) as server:
        rebuild(server, tmp_path)
    path = tmp_path / "r.sqlite"
    found = json.loads(call("recommend", "sklearn:breast_cancer", "--metabase", path, "--json").stdout)
    assert found["known_datasets"] == 8  # both kinds of classification
    first = found["recommendations"][0]
    assert first["measured"] > 0
    assert first["evidence"]
    assert "openml_" in first["evidence"][0]["dataset"]
    result = json.loads(call("benchmark", "--metabase", path, "--methods", "average-rank", "--json").stdout)
    assert {part["title"] for part in result} == {"classification", "regression"}
    assert all(part["datasets"] >= 4 for part in result)
    model = tmp_path / "m.automl"
    budget = ("--max-evaluations", 2, "--jobs", 0, "--metabase", path, "--quiet", "-o", model)
    call("fit", "sklearn:iris", *budget)
    assert model.is_file()


def test_scores_of_several_sources_are_not_mixed(tmp_path: Path) -> None:
    """With runs made here beside OpenML's, standings are learned from, and no raw score is expected."""
    with LocalServer(make_world(n_tasks=6, n_runs=500, seed=4)) as server:
        rebuild(server, tmp_path, "--qualities")
    theirs, both = tmp_path / "r.sqlite", tmp_path / "both.sqlite"
    both.write_bytes(theirs.read_bytes())
    with MetaBase.open(both, "w") as store:
        record = next(record for record in store.datasets() if record.task.is_classification)
        store.add_dataset(replace(record, name="ours", family="ours"))
        for run in list(store.runs(record.name)):
            store.add_run(replace(run, dataset="ours", protocol=Protocol(rows=2000, folds=3, source="build")))
    for path, expects_scores in ((theirs, True), (both, False)):
        found = json.loads(call("recommend", "sklearn:breast_cancer", "--metabase", path, "--json").stdout)
        for one in found["recommendations"]:
            assert (one["score"] is not None) == expects_scores
            assert 0 <= one["standing"] <= 1

import json
import os
import shlex
import signal
from pathlib import Path

import experiments_for_tests as fake
import joblib
import numpy as np
import pytest
from click.testing import CliRunner, Result

from automl_meta.cli import main
from automl_meta.cli.metabase import metabase
from automl_meta.cli.metabase_build import _remember_command
from automl_meta.errors import InputError
from automl_meta.execution import InlineExecutor, Status
from automl_meta.metabase import MetaBase, MetaFeatureRecord, personal_path
from automl_meta.metabase.build_options import BuildReport
from automl_meta.metabase.builder import ExecutorLostError
from automl_meta.metabase.records import Protocol
from automl_meta.metabase.verification import verify
from automl_meta.pipelines.configuration import Configuration


@pytest.fixture(autouse=True)
def own_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("AUTOML_META_METABASE", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        for name, family in (("alpha", "a"), ("beta", "b"), ("beta2", "b")):
            store.add_dataset(fake.record(name, family=family))
            for configuration in fake.configurations(3):
                store.add_run(fake.run(name, configuration))
    return tmp_path / "x.sqlite"


def call(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(metabase, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_build_then_info_and_verify(tmp_path: Path) -> None:
    output = tmp_path / "built.sqlite"
    options = ("--configurations", 200, "--rows", 60, "--jobs", 0, "--json", "--metafeatures-only")
    built = json.loads(call("build", "--datasets", "sklearn:diabetes", "-o", output, *options).stdout)
    assert (built["planned"], built["described"], built["unreadable"]) == (0, 1, {})
    info = json.loads(call("info", "--metabase", output, "--json").stdout)
    assert info["tasks"]["regression"]["datasets"] == info["tasks"]["regression"]["described"] == 1
    assert "nothing wrong" in call("verify", "--metabase", output).output


def test_info_for_people_and_for_programs(path: Path) -> None:
    content = json.loads(call("info", "--metabase", path, "--json").stdout)
    task = content["tasks"]["regression"]
    assert (task["datasets"], task["families"], task["configurations"], task["runs"]) == (3, 2, 3, 9)
    assert (task["coverage"], content["algorithms"], content["statuses"]) == (1.0, {"quick": 9}, {"ok": 9})
    assert content["core_hours"] == pytest.approx(9 * 0.5 / 3600)
    text = call("info", "--metabase", path).output
    assert "9 runs" in text
    assert "100%" in text


def test_verify_has_an_exit_code(path: Path) -> None:
    call("verify", "--metabase", path)
    with MetaBase.open(path, "w") as store:
        store.connection.execute("UPDATE run SET fit_seconds = -1 WHERE dataset_id = 1")
    result = call("verify", "--metabase", path, "--json", code=1)
    assert len(json.loads(result.stdout)["problems"]) == 3


def test_environment_variable_names_the_default(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_META_METABASE", str(path))
    assert json.loads(call("info", "--json").stdout)["runs"] == 9


@pytest.mark.parametrize(
    ("arguments", "datasets", "runs"),
    [
        (["alpha"], 2, 6),
        (["--family", "b"], 1, 3),
        (["--algorithm", "quick"], 3, 0),
        (["--configuration", fake.configurations(1)[0].id], 3, 6),
    ],
)
def test_remove(path: Path, arguments: list[str], datasets: int, runs: int) -> None:
    call("remove", *arguments, "--metabase", path)
    with MetaBase.open(path) as store:
        assert (len(store.datasets()), store.n_runs()) == (datasets, runs)


def test_nothing_of_what_is_removed_is_left_in_the_file(path: Path) -> None:
    secrets = {
        "error": "ValueError: could not convert string to float: 'Miller, Anna'",
        "origin": "proposed for Miller",
        "configuration": Configuration("only_there", {"secret_value": 3}),
        "versions": {"secret_package": "7.1"},
    }
    with MetaBase.open(path, "w") as store:
        store.add_dataset(fake.record("private"))
        store.add_run(fake.run("private", status=Status.FAILED, scores={}, **secrets))
        features = MetaFeatureRecord(names=("secret_feature",), values=np.array([1.0]), extractor="1")
        store.set_metafeatures("private", features)
    traces = [b"private", b"Miller", b"only_there", b"secret"]
    assert all(trace in path.read_bytes() for trace in traces)
    call("remove", "private", "--metabase", path)
    assert not any(trace in path.read_bytes() for trace in traces)
    with MetaBase.open(path) as store:
        assert verify(store) == []
        assert (len(store.configurations()), store.n_runs()) == (3, 9)


def test_remove_of_nothing_is_a_mistake(path: Path) -> None:
    call("remove", "--metabase", path, code=2)
    with pytest.raises(InputError, match="no dataset named 'gamma'"):
        call("remove", "gamma", "--metabase", path)
    with pytest.raises(InputError, match="no such meta-base"):
        call("remove", "alpha")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["alhpa"], "no dataset named 'alhpa'. Did you mean 'alpha'?"),
        (["--family", "typo"], "no family named 'typo'. It has: 'a', 'b'"),
        (["--algorithm", "quikc"], "no algorithm named 'quikc'. Did you mean 'quick'?"),
        (["--configuration", "c0ffee"], "no configuration named 'c0ffee'. It has: "),
        (["alpha", "--family", "b", "--algorithm", "slow"], "no algorithm named 'slow'."),
    ],
)
def test_what_is_to_be_removed_must_be_there_and_else_nothing_is(path: Path, arguments: list[str], told: str) -> None:
    with pytest.raises(InputError) as error:
        call("remove", *arguments, "--metabase", path)
    assert told in str(error.value)
    with MetaBase.open(path) as store:
        assert (len(store.datasets()), store.n_runs()) == (3, 9)


def test_what_writes_never_changes_the_store_that_the_variable_names(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("export", "--metabase", path, "-o", tmp_path / "tables")
    monkeypatch.setenv("AUTOML_META_METABASE", str(path))
    before = path.read_bytes()
    call("import", tmp_path / "tables" / "runs.csv", "--datasets", tmp_path / "tables" / "datasets.csv")
    built_into(monkeypatch)
    call("add", "sklearn:diabetes", "--configurations", 1, "--jobs", 0)
    call("remove", "alpha")
    assert path.read_bytes() == before
    with MetaBase.open(personal_path()) as store:
        assert [record.name for record in store.datasets()] == ["beta", "beta2"]
        assert "command" in store.info()  # of the addition


def test_a_store_tells_its_command_and_not_where_things_lie(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["metabase", "build", "--datasets", str(path.parent / "index.csv"), "-o", "x.sqlite", "--rows", "9"]
    arguments += [f"--log={path.parent / 'build.log'}", "--family=a=b"]
    monkeypatch.setattr("sys.argv", ["automl-meta", *arguments])
    _remember_command(path)
    with MetaBase.open(path) as store:
        told = "automl-meta metabase build --datasets index.csv -o x.sqlite --rows 9 --log=build.log --family=a=b"
        assert store.info()["command"] == told


BUILD = ("build", "--datasets", "sklearn:iris", "-o", "x.sqlite")
ADD = ("add", "sklearn:iris", "--metabase", "x.sqlite")


@pytest.mark.parametrize("command", [BUILD, ADD], ids=["build", "add"])
@pytest.mark.parametrize(
    "option",
    [
        ("--time-limit", "-5"),
        ("--time-limit", "nan"),
        ("--memory-limit", "0"),
        ("--memory-limit", "inf"),
        ("--seed", "99999999999999999999"),
    ],
)
def test_limits_and_seeds_that_cannot_be_meant_are_refused(command: tuple[str, ...], option: tuple[str, str]) -> None:
    assert f"Invalid value for '{option[0]}'" in call(*command, *option, code=2).output


def test_numbers_that_no_store_can_keep_are_refused(tmp_path: Path) -> None:
    for number in (2**63 - 1, -(2**63 - 1)):
        Protocol(seed=number)
    with pytest.raises(InputError, match="rows: 99999999999999999999 is more than a meta-base can keep"):
        call(*BUILD, "--rows", "99999999999999999999")


def test_a_single_dataset_has_no_shards() -> None:
    assert "No such option" in call(*ADD, "--shard", "2/4", code=2).output


def built_into(monkeypatch: pytest.MonkeyPatch, *signals: int, **report: object) -> None:
    """Let builds do nothing but be told `signals`, and report what is given."""

    def build(sources: object, output: Path, *_: object, stop: object, **more: object) -> BuildReport:
        MetaBase.open(output, "w").close()
        for number in signals:
            signal.raise_signal(number)
        return BuildReport(**report)  # type: ignore[arg-type]

    monkeypatch.setattr("automl_meta.metabase.builder.build", build)


def exit_code(*arguments: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["metabase", *map(str, arguments)])
    return ended.value.code


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGTERM)])
def test_build_that_was_stopped_says_so_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: tuple[int, ...]
) -> None:
    built_into(monkeypatch, *signals)
    command = ("build", "--datasets", "sklearn:iris", "-o", tmp_path / "x.sqlite", "--jobs", 0)
    assert exit_code(*command) == 128 + signals[-1]


def test_stopped_build_says_so_to_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built_into(monkeypatch, signal.SIGTERM)
    command = ("build", "--datasets", "sklearn:iris", "-o", tmp_path / "x.sqlite", "--jobs", 0, "--json")
    assert json.loads(call(*command, code=143).stdout)["stopped"] is True


def test_build_of_which_a_dataset_is_missing_says_so_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("a,target\n1,\n")
    output = ("-o", tmp_path / "x.sqlite", "--jobs", 0, "--metafeatures-only", "--json")
    result = call("build", "--datasets", "sklearn:diabetes", "--datasets", broken, *output, code=1)
    told = json.loads(result.stdout)
    assert (list(told["unreadable"]), told["described"], told["stopped"]) == (["broken"], 1, False)
    built_into(monkeypatch, undescribed={"sklearn_diabetes": "killed"})
    assert "sklearn_diabetes has no meta-features: killed" in call(*BUILD[:3], *output, code=1).stderr
    call("add", "sklearn:diabetes", "--metabase", tmp_path / "x.sqlite", "--jobs", 0, code=1)


def test_lost_workers_leave_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object, **more: object) -> None:
        raise ExecutorLostError("the scheduler is gone")

    monkeypatch.setattr("automl_meta.metabase.builder.build", build)
    result = call("build", "--datasets", "sklearn:iris", "-o", tmp_path / "x.sqlite", "--jobs", 0, code=1)
    assert "the same command goes on" in result.output


def test_workers_are_counted_where_the_system_does_not_say_which_cores_are_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)  # as on macOS
    counted: list[int] = []

    def executor(jobs: int, _: object) -> InlineExecutor:
        counted.append(jobs)
        return InlineExecutor()

    monkeypatch.setattr("automl_meta.cli.metabase_build._executor", executor)
    built_into(monkeypatch)
    call("build", "--datasets", "sklearn:iris", "-o", tmp_path / "x.sqlite")
    assert counted == [joblib.cpu_count()]


def test_command_that_is_proposed_for_another_dataset_of_the_same_name_can_be_typed(tmp_path: Path) -> None:
    path = tmp_path / "my store.sqlite"
    with MetaBase.open(path, "w") as store:
        store.add_dataset(fake.record("-my data", target="a"))
        with pytest.raises(InputError) as error:
            store.add_dataset(fake.record("-my data", target="b"))
    call(*shlex.split(str(error.value).partition("try: automl-meta metabase ")[2]))
    with MetaBase.open(path) as store:
        assert store.datasets() == []


def test_command_that_is_proposed_for_an_index_can_be_typed(tmp_path: Path) -> None:
    index = tmp_path / "my tables" / "index.csv"
    index.parent.mkdir()
    index.write_text("name,target,path\na,y,sklearn:iris\nb,y,sklearn:wine\n")
    with pytest.raises(InputError) as error:
        call("add", index)
    proposed = shlex.split(str(error.value).partition("Try: ")[2])
    assert proposed[:5] == ["automl-meta", "metabase", "build", "--datasets", str(index)]
    assert proposed[5:] == ["-o", str(personal_path())]


def test_export_import_and_merge_make_the_same_again(path: Path, tmp_path: Path) -> None:
    call("export", "--metabase", path, "-o", tmp_path / "tables")
    tables = tmp_path / "tables"
    imported = call("import", tables / "runs.csv", "--datasets", tables / "datasets.csv")  # into the personal one
    assert "9 runs are of algorithms" in imported.output
    call("merge", path, personal_path(), "-o", tmp_path / "all.sqlite")
    with MetaBase.open(tmp_path / "all.sqlite", "ro") as merged:
        assert merged.n_runs() == 9
    assert "digest as sealed" in call("verify", "--metabase", tmp_path / "all.sqlite").output


@pytest.mark.slow
def test_add_runs_a_dataset_of_ones_own_into_the_personal_store(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(["x,z,y", *(f"{i % 7},{i * i % 11},{i % 7 + i * i % 11}" for i in range(60))]))
    call(
        "add", table, "--target", "y", "--name", "my data", "--configurations", 2, "--jobs", 1, "--task", "regression"
    )
    with MetaBase.open(personal_path()) as store:
        assert store.n_runs() == 2
        assert list(store.metafeatures()) == ["my data"]
        assert "mine.csv" not in str(store.datasets())

import json
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest
from click.testing import CliRunner, Result

from automl_meta.cli.metabase import metabase
from automl_meta.errors import InputError
from automl_meta.execution import Status
from automl_meta.metabase import MetaBase, MetaFeatureRecord, personal_path
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

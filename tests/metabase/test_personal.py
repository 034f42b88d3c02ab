import sqlite3
import sys
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest

from automl_meta.errors import InputError
from automl_meta.execution import Status
from automl_meta.metabase import (
    MetaBase,
    MetaFeatureRecord,
    Protocol,
    Run,
    default_path,
    metabase_paths,
    personal_path,
    shipped_path,
)
from automl_meta.metabase import shipped as shipped_module
from automl_meta.metabase.personal import learn
from automl_meta.metabase.verification import verify

SECRETS = ("salaries-of-ACME", "monthly_salary", "Miller, Anna", "c0ffee" * 10, "licence of ACME", "acme/private.csv")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    name, target, cell, checksum, licence, origin = SECRETS
    path = tmp_path / "journal.sqlite"
    with MetaBase.open(path, "w") as store:
        store.add_dataset(
            fake.record(name, target=target, checksum=checksum, licence=licence, origin=origin, family=name)
        )
        features = MetaFeatureRecord(names=("n", "skew"), values=np.array([50.0, 0.3]), extractor="1")
        store.set_metafeatures(name, features)
        ok, failed = fake.configurations(2)
        store.add_run(fake.run(name, ok, protocol=Protocol(folds=5, source="fit"), origin=f"because of {cell}"))
        error = f"ValueError: could not convert string to float: '{cell}'"
        store.add_run(fake.run(name, failed, status=Status.FAILED, scores={}, error=error))
    return path


def test_nothing_but_metafeatures_configurations_and_scores_goes_in(journal: Path, tmp_path: Path) -> None:
    personal = tmp_path / "data" / "personal.sqlite"
    [name] = learn(journal, personal)
    content = personal.read_bytes()
    for secret in SECRETS:
        assert secret.encode() in journal.read_bytes()
        assert secret.encode() not in content
    with sqlite3.connect(personal) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        texts = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
    connection.close()
    assert "ValueError" in str(texts)
    with MetaBase.open(personal, "r") as store, MetaBase.open(journal, "r") as source:
        assert [run.scores for run in store.runs()] == [run.scores for run in source.runs()]
        assert [run.configuration for run in store.runs()] == [run.configuration for run in source.runs()]
        assert store.metafeatures()[name].values.tolist() == [50.0, 0.3]
        assert store.dataset(name).family == name  # type: ignore[union-attr]
        assert verify(store) == []


def test_second_run_on_the_same_table_joins_the_first(journal: Path, tmp_path: Path) -> None:
    personal = tmp_path / "personal.sqlite"
    assert learn(journal, personal) == learn(journal, personal)
    with MetaBase.open(personal) as store:
        assert (len(store.datasets()), store.n_runs()) == (1, 2)


def journal_of(path: Path, *runs: Run) -> Path:
    """Write a journal in which the dataset ``shop`` has `runs`."""
    with MetaBase.open(path, "w") as store:
        store.add_dataset(fake.record("shop", target="stays"))
        for run in runs:
            store.add_run(run)
    return path


def learned_statuses(personal: Path) -> dict[str, Status]:
    with MetaBase.open(personal) as store:
        return {run.configuration.id: run.status for run in store.runs()}


@pytest.mark.parametrize("limit", [Status.TIMEOUT, Status.MEMORY, Status.CANCELLED])
def test_what_ended_for_the_limits_of_one_run_is_not_learned(limit: Status, tmp_path: Path) -> None:
    ended, whole = fake.configurations(2)
    hurried = journal_of(
        tmp_path / "1.sqlite", fake.run("shop", ended, status=limit, scores={}), fake.run("shop", whole)
    )
    patient = journal_of(tmp_path / "2.sqlite", fake.run("shop", ended), fake.run("shop", whole))
    personal = tmp_path / "personal.sqlite"
    learn(hurried, personal)
    assert learned_statuses(personal) == {whole.id: Status.OK}
    learn(patient, personal)
    assert learned_statuses(personal) == {whole.id: Status.OK, ended.id: Status.OK}
    learn(hurried, personal)
    assert learned_statuses(personal) == {whole.id: Status.OK, ended.id: Status.OK}


def test_a_run_that_limits_ended_altogether_leaves_no_dataset_behind(tmp_path: Path) -> None:
    (ended,) = fake.configurations(1)
    journal = journal_of(tmp_path / "1.sqlite", fake.run("shop", ended, status=Status.TIMEOUT, scores={}))
    assert learn(journal, tmp_path / "personal.sqlite") == []
    with MetaBase.open(tmp_path / "personal.sqlite") as store:
        assert store.datasets() == []


@pytest.mark.parametrize("first", [Status.FAILED, Status.CRASHED, Status.TIMEOUT])
def test_a_success_takes_the_place_of_what_was_learned_as_a_failure(first: Status, tmp_path: Path) -> None:
    (configuration,) = fake.configurations(1)
    good = journal_of(tmp_path / "good.sqlite", fake.run("shop", configuration))
    personal = tmp_path / "personal.sqlite"
    (name,) = learn(good, personal)
    with MetaBase.open(personal, "w") as store:  # a timeout, as earlier versions learned it, too
        store.add_run(fake.run(name, configuration, status=first, scores={}), replace=True)
    learn(good, personal)
    assert learned_statuses(personal) == {configuration.id: Status.OK}
    bad = journal_of(
        tmp_path / "bad.sqlite", fake.run("shop", configuration, status=Status.FAILED, scores={}, error="no")
    )
    learn(bad, personal)
    assert learned_statuses(personal) == {configuration.id: Status.OK}


def test_another_dataset_cannot_have_a_name_that_was_learned(tmp_path: Path) -> None:
    (configuration,) = fake.configurations(1)
    journal = journal_of(tmp_path / "1.sqlite", fake.run("shop", configuration))
    with MetaBase.open(tmp_path / "2.sqlite", "w") as store:
        store.add_dataset(fake.record("train", n_rows=90_000))
        store.add_run(fake.run("train", configuration))
    learn(journal, tmp_path / "personal.sqlite", name="mine")
    with pytest.raises(InputError, match=r"number of rows is another: 50 there, 90,000 here.*another name"):
        learn(tmp_path / "2.sqlite", tmp_path / "personal.sqlite", name="mine")


def test_name_goes_in_only_when_asked(journal: Path, tmp_path: Path) -> None:
    assert learn(journal, tmp_path / "personal.sqlite", name="my salaries") == ["my salaries"]


def test_missing_journal_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such meta-base"):
        learn(tmp_path / "missing.sqlite", tmp_path / "personal.sqlite")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the convention of Linux")
def test_personal_one_is_in_the_data_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert personal_path() == tmp_path / "automl-meta" / "personal.sqlite"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")  # to be ignored, says the convention
    monkeypatch.setenv("HOME", str(tmp_path))
    assert personal_path() == tmp_path / ".local" / "share" / "automl-meta" / "personal.sqlite"


def test_named_one_is_used_alone_and_the_personal_one_beside_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, journal: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("AUTOML_META_METABASE", str(journal))
    assert default_path() == journal
    assert metabase_paths() == [journal]
    learn(journal)
    assert metabase_paths() == [journal, personal_path()]
    assert metabase_paths(personal_path()) == [personal_path()]
    with pytest.raises(InputError, match="no such meta-base"):
        metabase_paths(tmp_path / "missing.sqlite")
    monkeypatch.setenv("AUTOML_META_METABASE", str(tmp_path / "missing.sqlite"))
    with pytest.raises(InputError, match="AUTOML_META_METABASE names it"):
        default_path()


def test_damaged_personal_one_is_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, journal: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("AUTOML_META_METABASE", str(journal))
    learn(journal)
    with sqlite3.connect(personal_path()) as connection:
        connection.execute("UPDATE configuration SET hyperparameters = '{' WHERE id = 1")
    connection.close()
    assert metabase_paths() == [journal]
    assert "your personal meta-base is left out" in caplog.text
    assert metabase_paths(personal_path()) == [personal_path()]  # whoever names it is told by what reads it
    personal_path().write_text("this is no database" * 100)
    assert metabase_paths() == [journal]


def test_copy_without_a_meta_base_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOML_META_METABASE", raising=False)
    monkeypatch.setattr(shipped_module, "FILE_NAME", "no-such-file.sqlite")
    assert shipped_path() is None
    with pytest.raises(InputError, match="no meta-base came with this copy"):
        default_path()

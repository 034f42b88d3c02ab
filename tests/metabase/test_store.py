import math
import os
import shutil
import sqlite3
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.execution import Status
from automl_meta.metabase import DatasetRecord, MetaBase, MetaFeatureRecord, Protocol, connection, schema
from automl_meta.metabase.scores import decode, encode
from automl_meta.pipelines.configuration import Configuration


@pytest.fixture
def store(tmp_path: Path) -> MetaBase:
    opened = MetaBase.open(tmp_path / "store.sqlite", "w")
    opened.add_dataset(fake.record("alpha"))
    return opened


def test_run_comes_back_as_it_went_in(store: MetaBase) -> None:
    configuration = Configuration("quick", {"a": 1, "b": 0.25, "c": "text", "d": True, "e": None})
    run = fake.run("alpha", configuration, origin="random search around quick")
    assert store.add_run(run)
    assert list(store.runs()) == [run]


def test_failed_run_comes_back_with_its_reason(store: MetaBase) -> None:
    [configuration] = fake.configurations(1)
    run = fake.run("alpha", configuration, status=Status.TIMEOUT, scores={}, error="still running after 3 s")
    store.add_run(run)
    assert list(store.runs(status=Status.TIMEOUT)) == [run]
    assert list(store.runs(status=Status.OK)) == []


def test_second_run_of_the_same_is_dropped_or_replaces(store: MetaBase) -> None:
    [configuration] = fake.configurations(1)
    first, second = (fake.run("alpha", configuration, created=created) for created in (1, 2))
    assert store.add_run(first)
    assert not store.add_run(second)
    assert [run.created for run in store.runs()] == [1]
    store.add_run(second, replace=True)
    assert [run.created for run in store.runs()] == [2]


def test_other_protocol_is_another_run(store: MetaBase) -> None:
    [configuration] = fake.configurations(1)
    for rows in (100, 200):
        assert store.add_run(fake.run("alpha", configuration, protocol=Protocol(rows=rows, folds=3)))
    assert store.n_runs() == 2
    assert len(list(store.runs(protocol=Protocol(rows=200, folds=3)))) == 1
    assert list(store.runs(protocol=Protocol(rows=300))) == []


def test_run_of_an_unknown_dataset_is_refused(store: MetaBase) -> None:
    with pytest.raises(InputError, match="has no dataset named 'beta'"):
        store.add_run(fake.run("beta", fake.configurations(1)[0]))


def test_dataset_is_kept_and_a_different_one_of_the_same_name_refused(store: MetaBase) -> None:
    record = fake.record("beta", checksum="a" * 64, openml_id=61, licence="CC0", simulated=True)
    store.add_dataset(record)
    store.add_dataset(record)
    assert store.dataset("beta") == record
    with pytest.raises(InputError, match="its data have changed"):
        store.add_dataset(fake.record("beta", checksum="b" * 64))
    with pytest.raises(InputError, match="its task is another"):
        store.add_dataset(fake.record("alpha", task=Task.BINARY))


def test_who_knows_less_of_a_dataset_takes_nothing_away(store: MetaBase) -> None:
    known = {"family": "greek", "openml_id": 61, "licence": "CC0", "origin": "a book", "simulated": True}
    store.add_dataset(fake.record("beta", **known))
    store.add_dataset(fake.record("beta", family="", n_rows=0))
    assert store.dataset("beta") == fake.record("beta", **known)
    store.add_dataset(fake.record("beta", family="letters", licence="CC BY"))
    assert store.dataset("beta") == fake.record("beta", **(known | {"family": "letters", "licence": "CC BY"}))


def test_second_target_of_one_table_needs_another_name(store: MetaBase) -> None:
    store.add_dataset(fake.record("beta", target="sepal length"))
    store.add_dataset(fake.record("beta"))  # nobody says which
    with pytest.raises(InputError, match=r"its target is another: 'sepal length' there, 'petal width' here.*--name"):
        store.add_dataset(fake.record("beta", target="petal width"))
    store.add_dataset(fake.record("beta, petal width", target="petal width"))


def test_size_of_a_table_that_was_not_read_yet_is_only_what_somebody_says(store: MetaBase) -> None:
    said = fake.record("alpha", n_rows=60)  # as an index may count rows that have no target
    assert store.check_same(said) == fake.record("alpha")
    with pytest.raises(InputError, match="its number of rows is another: 50 there, 60 here"):
        store.add_dataset(said)
    store.add_dataset(fake.record("alpha", n_rows=0, n_columns=7))
    assert store.dataset("alpha").n_rows == 50  # type: ignore[union-attr]


def test_removed_dataset_takes_its_runs_along(store: MetaBase) -> None:
    store.add_run(fake.run("alpha", fake.configurations(1)[0]))
    store.set_metafeatures("alpha", MetaFeatureRecord(names=("a",), values=np.array([1.0]), extractor="1"))
    assert store.remove_dataset("alpha")
    assert not store.remove_dataset("alpha")
    assert store.n_runs() == 0
    assert store.metafeatures() == {}


def test_number_that_another_process_gave_away_is_not_used(store: MetaBase) -> None:
    mine, other = fake.configurations(2)
    with MetaBase.open(store.path, "w") as elsewhere:
        store.add_dataset(fake.record("beta"))
        store.add_run(fake.run("alpha", mine, error="mine"))
        elsewhere.remove_dataset("alpha")
        elsewhere.vacuum()
        elsewhere.add_dataset(fake.record("alpha"))
        elsewhere.add_run(fake.run("alpha", other, error="other"))
        store.add_run(fake.run("beta", mine, error="mine"))
        assert [(run.configuration, run.error) for run in store.runs("beta")] == [(mine, "mine")]


def test_metafeatures_come_back_and_are_replaced(store: MetaBase) -> None:
    for values in ([1.0, math.nan], [2.0, 1e300]):
        store.set_metafeatures(
            "alpha", MetaFeatureRecord(names=("a", "b"), values=np.array(values), extractor="2-x", seconds=0.5)
        )
    record = store.metafeatures()["alpha"]
    assert record.names == ("a", "b")
    assert record.values.tolist() == [2.0, 1e300]
    assert store.extractors() == {"alpha": "2-x"}


def test_transaction_is_all_or_nothing(store: MetaBase) -> None:
    configurations = fake.configurations(2)

    def add_both() -> None:
        with store.transaction():
            store.add_run(fake.run("alpha", configurations[0]))
            store.add_run(fake.run("no such dataset", configurations[1]))

    with pytest.raises(InputError):
        add_both()
    assert store.n_runs() == 0
    assert store.configurations() == []
    store.add_run(fake.run("alpha", configurations[0]))  # no key of the lost transaction is remembered
    assert store.n_runs() == 1


def test_reader_sees_what_another_connection_writes(store: MetaBase) -> None:
    with MetaBase.open(store.path, "r") as reader:
        assert reader.n_runs() == 0
        store.add_run(fake.run("alpha", fake.configurations(1)[0]))
        assert reader.n_runs() == 1
        with pytest.raises(sqlite3.OperationalError):
            reader.add_dataset(fake.record("beta"))


def test_read_only_file_in_a_read_only_folder_can_be_read(store: MetaBase, tmp_path: Path) -> None:
    store.close()
    folder = tmp_path / "installed"
    folder.mkdir()
    shutil.copy(store.path, folder / "shipped.sqlite")
    (folder / "shipped.sqlite").chmod(0o444)
    folder.chmod(0o555)
    try:
        for mode in ("r", "ro"):
            with MetaBase.open(folder / "shipped.sqlite", mode) as shipped:  # type: ignore[arg-type]
                assert [record.name for record in shipped.datasets()] == ["alpha"]
        if os.geteuid() != 0:
            assert [path.name for path in folder.iterdir()] == ["shipped.sqlite"]
    finally:
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", ["r", "ro"])
def test_what_is_still_in_the_log_is_read_where_the_file_cannot_be_written(
    mode: str, store: MetaBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = fake.killed(store.path, tmp_path / "copied.sqlite")
    monkeypatch.setattr(connection, "_can_write", lambda path: False)
    with MetaBase.open(copied, mode) as reader:  # type: ignore[arg-type]
        assert [record.name for record in reader.datasets()] == ["alpha"]
    assert (tmp_path / "copied.sqlite-wal").stat().st_size > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for this user")
def test_a_log_that_cannot_be_read_is_told(store: MetaBase, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    copied = fake.killed(store.path, folder / "base.sqlite")
    folder.chmod(0o555)
    try:
        for mode in ("r", "ro"):
            with pytest.raises(InputError, match=r"some of it is in base\.sqlite-wal.*Copy both files"):
                MetaBase.open(copied, mode)  # type: ignore[arg-type]
    finally:
        folder.chmod(0o755)


def test_closed_store_is_a_single_file(store: MetaBase) -> None:
    store.add_run(fake.run("alpha", fake.configurations(1)[0]))
    store.close()
    assert [path.name for path in store.path.parent.iterdir()] == ["store.sqlite"]


def test_missing_foreign_and_damaged_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such meta-base"):
        MetaBase.open(tmp_path / "missing.sqlite")
    (tmp_path / "text.sqlite").write_text("this is not a database, but it is long enough to look at" * 20)
    for mode in ("r", "ro", "w"):
        with pytest.raises(InputError, match="not a meta-base"):
            MetaBase.open(tmp_path / "text.sqlite", mode)  # type: ignore[arg-type]
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(InputError, match="not a meta-base"):
        MetaBase.open(tmp_path / "other.sqlite", "w")
    with sqlite3.connect(tmp_path / "hollow.sqlite") as hollow:
        hollow.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        hollow.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS)}")
    hollow.close()
    for mode in ("r", "ro", "w"):
        with pytest.raises(InputError, match=r"hollow\.sqlite: is damaged \(it has no table claim, configuration"):
            MetaBase.open(tmp_path / "hollow.sqlite", mode)  # type: ignore[arg-type]
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(InputError, match="is empty"):
        MetaBase.open(tmp_path / "empty.sqlite")


def test_older_file_is_migrated_when_written_and_read_through_a_copy(
    store: MetaBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_run(fake.run("alpha", fake.configurations(1)[0]))
    store.close()
    step = "ALTER TABLE dataset ADD COLUMN comment TEXT NOT NULL DEFAULT 'none';"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    size = store.path.stat().st_size
    for mode in ("r", "ro"):
        with MetaBase.open(store.path, mode) as reader:  # type: ignore[arg-type]
            assert reader.connection.execute("SELECT comment FROM dataset").fetchall() == [("none",)]
            assert reader.n_runs() == 1
    assert store.path.stat().st_size == size
    with MetaBase.open(store.path, "w") as writer:
        assert writer.connection.execute("SELECT comment FROM dataset").fetchall() == [("none",)]
    monkeypatch.undo()
    with pytest.raises(InputError, match=rf"schema version {len(schema.MIGRATIONS) + 1}.*pip install -U automl-meta"):
        MetaBase.open(store.path, "r")


def test_failed_migration_changes_nothing(store: MetaBase, monkeypatch: pytest.MonkeyPatch) -> None:
    store.close()
    step = "ALTER TABLE dataset ADD COLUMN comment TEXT;\nDROP TABLE no_such_table;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    with pytest.raises(InputError, match="no_such_table"):
        MetaBase.open(store.path, "w")
    monkeypatch.undo()
    with MetaBase.open(store.path, "w") as opened:
        columns = [row[1] for row in opened.connection.execute("PRAGMA table_info(dataset)")]
    assert "comment" not in columns


SCORES = st.dictionaries(
    st.sampled_from(["roc_auc", "accuracy", "r2", "neg_log_loss"]),
    st.lists(st.floats(width=32), min_size=3, max_size=3).map(tuple),
    min_size=1,
)


@given(SCORES)
def test_scores_survive_their_encoding(scores: dict[str, tuple[float, ...]]) -> None:
    back = decode(encode(scores), list(scores))
    assert list(back) == list(scores)
    for name, values in scores.items():
        assert np.array_equal(back[name], values, equal_nan=True)


def test_scores_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one score a fold"):
        encode({"r2": (1.0, 0.5), "mae": (1.0,)})
    with pytest.raises(ValueError, match="cannot hold"):
        decode(b"12345", ["r2"])


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_any_text_can_be_a_name(tmp_path_factory: pytest.TempPathFactory, name: str, family: str) -> None:
    if "\x00" in name + family or any(0xD800 <= ord(character) <= 0xDFFF for character in name + family):
        return
    with MetaBase.open(tmp_path_factory.mktemp("names") / "x?#%.sqlite", "w") as opened:
        record = DatasetRecord(name=name, family=family, task=Task.BINARY, n_rows=1, n_columns=1, n_classes=2)
        opened.add_dataset(record)
        known = opened.dataset(name)
        assert known is not None
        assert known.family == (family or name)

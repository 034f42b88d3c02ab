import sqlite3
from pathlib import Path

import experiments_for_tests as fake
import pytest

from automl_meta.metabase import MetaBase, schema
from automl_meta.metabase.merging import merge
from automl_meta.metabase.provenance import Provenance, grades, provenance, set_provenance
from automl_meta.metabase.sealing import digest_of


def source(number: int, grade: str = "exact") -> Provenance:
    return Provenance(run_id=number, setup_id=number + 1, flow_id=number + 2, grade=grade)


@pytest.fixture
def store(tmp_path: Path) -> MetaBase:
    store = MetaBase.open(tmp_path / "x.sqlite", "w")
    store.add_dataset(fake.record("alpha"))
    for number, configuration in enumerate(fake.configurations(3)):
        run = fake.run("alpha", configuration)
        store.add_run(run)
        if number < 2:
            set_provenance(
                store, run, [source(10 * number + 1, "approximate"), source(10 * number + 2)][: number + 1]
            )
    return store


def test_sources_of_runs_come_back(store: MetaBase) -> None:
    first, second, _ = fake.configurations(3)
    rows = [(dataset, identity, found) for dataset, identity, _, found in provenance(store, "alpha")]
    assert rows == [
        ("alpha", first.id, source(1, "approximate")),
        ("alpha", second.id, source(11, "approximate")),
        ("alpha", second.id, source(12)),
    ]
    assert list(provenance(store, "beta")) == []


def test_a_run_has_the_best_grade_of_its_sources(store: MetaBase) -> None:
    assert grades(store) == {"exact": 1, "approximate": 1}


def test_sources_go_with_their_runs(store: MetaBase) -> None:
    store.remove_configurations(identity=fake.configurations(3)[1].id)
    assert [found.run_id for *_, found in provenance(store)] == [1]
    store.remove_dataset("alpha")
    assert list(provenance(store)) == []


def test_merging_keeps_sources(store: MetaBase, tmp_path: Path) -> None:
    expected = list(provenance(store))
    store.close()
    with MetaBase.open(tmp_path / "y.sqlite", "w") as other:
        other.add_dataset(fake.record("aardvark"))
        run = fake.run("aardvark", fake.configurations(3)[2])
        other.add_run(run)
        set_provenance(other, run, [source(99)])
    merge([tmp_path / "y.sqlite", tmp_path / "x.sqlite"], tmp_path / "z.sqlite")
    with MetaBase.open(tmp_path / "z.sqlite", "ro") as joined:
        assert list(provenance(joined, "alpha")) == expected
        assert [found.run_id for *_, found in provenance(joined, "aardvark")] == [99]


def test_the_digest_depends_on_sources(store: MetaBase) -> None:
    before = digest_of(store)
    run = fake.run("alpha", fake.configurations(3)[2])
    set_provenance(store, run, [source(5)])
    assert digest_of(store) != before


def test_a_store_of_version_1_is_read_and_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(schema.VERSION_1)
    connection.execute("PRAGMA user_version = 1")
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(
        "INSERT INTO dataset (name, task, family, n_rows, n_columns, n_classes) VALUES ('a', 'binary', 'a', 9, 2, 2)"
    )
    connection.commit()
    connection.close()
    with MetaBase.open(path, "ro") as store:
        assert list(provenance(store)) == []
    with MetaBase.open(path, "w") as store:
        assert [record.name for record in store.datasets()] == ["a"]
        assert store.connection.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
        assert grades(store) == {}

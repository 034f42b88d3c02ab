import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest

from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.execution import Status
from automl_meta.metabase import MetaBase, MetaFeatureRecord
from automl_meta.metabase.merging import merge
from automl_meta.metabase.sealing import digest_of, seal
from automl_meta.metabase.verification import score_range, verify
from automl_meta.metabase.view import open_matrices
from automl_meta.metafeatures.extractor import VERSION
from automl_meta.pipelines.configuration import Configuration


@pytest.fixture
def shards(tmp_path: Path) -> tuple[Path, Path]:
    paths = (tmp_path / "1.sqlite", tmp_path / "2.sqlite")
    configurations = fake.configurations(6)
    for path, name, mine in zip(paths, ("alpha", "beta"), (configurations[:4], configurations[2:]), strict=True):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(fake.record(name, licence=f"licence of {name}"))
            features = MetaFeatureRecord(names=("n", name), values=np.array([1.0, np.nan]), extractor="1")
            store.set_metafeatures(name, features)
            for configuration in mine:
                store.add_run(fake.run(name, configuration, versions={"numpy": name}, origin=f"for {name}"))
            failed = fake.run(name, configurations[5], status=Status.FAILED, scores={}, error=f"ValueError: {name}")
            store.add_run(failed, replace=True)
    return paths


def contents(path: Path) -> tuple[object, ...]:
    with MetaBase.open(path, "r") as store:
        runs = sorted(map(repr, store.runs()))
        features = {name: (r.names, repr(r.values.tolist())) for name, r in store.metafeatures().items()}
        return runs, store.datasets(), features


def test_merged_store_has_all_of_both_and_is_one_sealed_file(shards: tuple[Path, Path], tmp_path: Path) -> None:
    output = tmp_path / "out" / "all.sqlite"
    output.parent.mkdir()
    merge(shards, output)
    assert [path.name for path in output.parent.iterdir()] == ["all.sqlite"]
    runs, datasets, features = contents(output)
    parts = [contents(path) for path in shards]
    assert runs == sorted(parts[0][0] + parts[1][0])  # type: ignore[operator]
    assert datasets == parts[0][1] + parts[1][1]  # type: ignore[operator]
    assert features == parts[0][2] | parts[1][2]  # type: ignore[operator]
    with MetaBase.open(output, "ro") as store:
        assert store.info()["digest"] == digest_of(store)
        assert verify(store) == []


def test_order_does_not_matter_and_merging_again_changes_nothing(shards: tuple[Path, Path], tmp_path: Path) -> None:
    one, other, again = (tmp_path / name for name in ("one.sqlite", "other.sqlite", "again.sqlite"))
    merge(shards, one)
    merge(shards[::-1], other)
    merge([one, *shards, other], again)
    digests = set()
    for path in (one, other, again):
        with MetaBase.open(path, "ro") as store:
            digests.add(store.info()["digest"])
    assert len(digests) == 1


def test_what_one_store_does_not_know_of_a_dataset_the_other_tells(tmp_path: Path) -> None:
    nothing = fake.record("alpha", family="", n_rows=0, n_columns=0)
    everything = fake.record("alpha", family="greek", target="y", openml_id=61, licence="CC0", checksum="1" * 64)
    paths = tmp_path / "1.sqlite", tmp_path / "2.sqlite"
    for path, record, configuration in zip(paths, (nothing, everything), fake.configurations(2), strict=True):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(record)
            store.add_run(fake.run("alpha", configuration))
    one, other = tmp_path / "one.sqlite", tmp_path / "other.sqlite"
    merge(paths, one)
    merge(paths[::-1], other)
    assert contents(one)[1] == contents(other)[1] == [everything]
    with MetaBase.open(one) as left, MetaBase.open(other) as right:
        assert digest_of(left) == digest_of(right)


def test_output_may_be_an_input(shards: tuple[Path, Path]) -> None:
    merge(shards, shards[0])
    with MetaBase.open(shards[0], "ro") as store:
        assert len(store.datasets()) == 2


@pytest.fixture
def left_by_a_kill(tmp_path: Path) -> Path:
    """Return a store with the dataset "old", alone in its folder, whose writer was killed."""
    folder = tmp_path / "out"
    folder.mkdir()
    with MetaBase.open(tmp_path / "old.sqlite", "w") as store:
        store.add_dataset(fake.record("old"))
        return fake.killed(store.path, folder / "all.sqlite")


def test_what_a_killed_writer_left_beside_the_output_is_not_read_into_it(
    shards: tuple[Path, Path], left_by_a_kill: Path
) -> None:
    merge(shards, left_by_a_kill)
    assert [path.name for path in left_by_a_kill.parent.iterdir()] == ["all.sqlite"]
    with MetaBase.open(left_by_a_kill) as merged:
        assert [record.name for record in merged.datasets()] == ["alpha", "beta"]
        assert verify(merged) == []


def test_what_a_killed_writer_left_beside_an_output_that_is_an_input_goes_in(
    shards: tuple[Path, Path], left_by_a_kill: Path
) -> None:
    merge([left_by_a_kill, *shards], left_by_a_kill)
    assert [path.name for path in left_by_a_kill.parent.iterdir()] == ["all.sqlite"]
    with MetaBase.open(left_by_a_kill) as merged:
        assert [record.name for record in merged.datasets()] == ["alpha", "beta", "old"]


TODAY, BEFORE, THEIRS = f"{VERSION}-0123abcd", f"{VERSION - 1}-0123abcd", "openml-qualities-1"


@pytest.mark.parametrize(
    ("extractors", "kept"),
    [
        ((BEFORE, TODAY), 1),
        ((THEIRS, TODAY), 1),
        ((BEFORE, THEIRS), 1),
        ((TODAY, BEFORE), 0),
        ((TODAY, THEIRS), 0),
        ((THEIRS, BEFORE), 0),
        ((TODAY, TODAY), 0),
        ((BEFORE, THEIRS, TODAY, TODAY), 2),
    ],
)
def test_metafeatures_that_are_worth_most_are_kept_and_of_equal_ones_the_first(
    extractors: tuple[str, ...], kept: int, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{position}.sqlite" for position in range(len(extractors))]
    for position, (path, extractor) in enumerate(zip(paths, extractors, strict=True)):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(fake.record("alpha"))
            names = ("n", f"of {position}")
            features = MetaFeatureRecord(names=names, values=np.array([position, np.nan]), extractor=extractor)
            store.set_metafeatures("alpha", features)
    merge(paths, tmp_path / "all.sqlite")
    with MetaBase.open(tmp_path / "all.sqlite", "ro") as store:
        found = store.metafeatures()["alpha"]
        assert (found.names, found.values[0], found.extractor) == (("n", f"of {kept}"), kept, extractors[kept])
        assert len(store.keys.lists("metafeature_list", "names")) == 1
        assert verify(store) == []


def test_success_takes_the_place_of_a_failure(shards: tuple[Path, Path], tmp_path: Path) -> None:
    retried = fake.configurations(6)[5]
    with MetaBase.open(tmp_path / "3.sqlite", "w") as store:
        store.add_dataset(fake.record("alpha"))
        store.add_run(fake.run("alpha", retried))
    for order in (("1", "3"), ("3", "1")):
        merge([tmp_path / f"{name}.sqlite" for name in order], tmp_path / "all.sqlite")
        with MetaBase.open(tmp_path / "all.sqlite", "ro") as store:
            assert next(store.runs("alpha", configuration=retried.id)).status is Status.OK


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_rows": 90_000}, "number of rows is another: 50 there, 90,000 here"),
        ({"n_classes": 3}, "number of classes is another: 2 there, 3 here"),
        ({"target": "churn"}, "target is another: 'y' there, 'churn' here"),
    ],
)
def test_journals_of_different_tables_that_share_a_name_are_not_joined(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    known = {"task": Task.MULTICLASS, "n_classes": 2, "target": "y"}  # no checksum: a journal has none
    paths = tmp_path / "1.sqlite", tmp_path / "2.sqlite"
    for path, facts in zip(paths, (known, known | changed), strict=True):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(fake.record("train", **facts))
            store.add_run(fake.run("train", fake.configurations(1)[0]))
    with pytest.raises(InputError, match=said):
        merge(paths, tmp_path / "all.sqlite")
    assert not (tmp_path / "all.sqlite").exists()


@pytest.mark.parametrize("identity", [{"checksum": "1" * 64}, {"openml_id": 61}])
def test_one_table_is_one_dataset_however_its_rows_were_counted(tmp_path: Path, identity: dict[str, object]) -> None:
    paths = tmp_path / "1.sqlite", tmp_path / "2.sqlite"
    for path, n_rows, configuration in zip(paths, (50, 48), fake.configurations(2), strict=True):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(fake.record("alpha", n_rows=n_rows, **identity))
            store.add_run(fake.run("alpha", configuration))
    merge(paths, tmp_path / "all.sqlite")
    with MetaBase.open(tmp_path / "all.sqlite") as store:
        assert store.n_runs() == 2


def test_different_datasets_of_one_name_are_refused_and_nothing_is_written(
    shards: tuple[Path, Path], tmp_path: Path
) -> None:
    with MetaBase.open(shards[0], "w") as store:
        store.add_dataset(fake.record("alpha", checksum="1" * 64))
    with MetaBase.open(tmp_path / "3.sqlite", "w") as store:
        store.add_dataset(fake.record("alpha", checksum="2" * 64))
    with pytest.raises(InputError, match="'alpha' is another one"):
        merge([shards[0], tmp_path / "3.sqlite"], tmp_path / "all.sqlite")
    assert not (tmp_path / "all.sqlite").exists()


def test_two_targets_of_one_table_are_not_mixed(tmp_path: Path) -> None:
    paths = [tmp_path / "1.sqlite", tmp_path / "2.sqlite"]
    for path, target in zip(paths, ("sepal length", "petal width"), strict=True):
        with MetaBase.open(path, "w") as store:
            store.add_dataset(fake.record("iris", checksum="1" * 64, target=target))
    with pytest.raises(InputError, match="its target is another: 'sepal length' there, 'petal width' here"):
        merge(paths, tmp_path / "all.sqlite")
    assert not (tmp_path / "all.sqlite").exists()


def test_change_after_sealing_is_found(shards: tuple[Path, Path]) -> None:
    merge(shards, shards[0])
    with MetaBase.open(shards[0], "w") as store:
        store.connection.execute("UPDATE run SET fit_seconds = fit_seconds + 0.001")
        assert any("since it was sealed" in problem for problem in verify(store))


def test_what_is_added_to_a_sealed_store_is_no_damage(shards: tuple[Path, Path]) -> None:
    sealed, mine = shards
    merge([sealed], sealed)
    with MetaBase.open(mine) as source:
        features, (run, *_) = source.metafeatures()["beta"], source.runs()
    new, known = fake.record("gamma"), fake.record("alpha", licence="licence of alpha")
    changes = {
        "nothing": lambda store: (store.add_dataset(known), store.add_run(next(store.runs()))),
        "a dataset": lambda store: store.add_dataset(new),
        "meta-features": lambda store: store.set_metafeatures("gamma", features),
        "a run": lambda store: store.add_run(replace(run, dataset="gamma")),
        "a configuration": lambda store: store.add_configurations([Configuration("quick", {"number": 77})]),
        "no dataset": lambda store: store.remove_dataset("alpha"),
        "no configuration": lambda store: store.remove_configurations(algorithm="quick"),
    }
    for what, change in changes.items():
        with MetaBase.open(sealed, "w") as store:
            seal(store)
            change(store)
            assert ("digest" in store.info()) == (what == "nothing"), what
            assert verify(store) == [], what


DAMAGES = {
    "UPDATE run SET scores = x'0000' WHERE status = 'ok'": "2 bytes",
    "UPDATE run SET scores = zeroblob(48) WHERE status = 'ok'": "bytes for 2 metrics and 3 folds",
    "UPDATE run SET scores = NULL, metric_list_id = NULL WHERE status = 'ok'": "status ok with 0 metrics",
    "UPDATE run SET scores = 'a text of 24 characters.' WHERE status = 'ok'": "scores of run holds a value",
    "UPDATE run SET status = 'failed' WHERE status = 'ok'": "status failed with 2 metrics",
    "UPDATE run SET fit_seconds = -1": "negative",
    "UPDATE run SET cpu_seconds = 9e999": "infinite",
    "UPDATE run SET predict_seconds = 'soon'": "predict_seconds of run holds a value of the kind text",
    "UPDATE run SET n_rows = -1": "negative",
    "UPDATE run SET created = 'yesterday'": "created of run",
    "UPDATE dataset SET n_rows = 'many'": "n_rows of dataset",
    "UPDATE dataset SET n_columns = -1": "negative",
    "UPDATE protocol SET folds = -1": "negative",
    "UPDATE protocol SET seed = 'x'": "seed of protocol",
    "UPDATE dataset SET name = x'ff'": "name of dataset",
    "UPDATE metafeatures SET numbers = 'sixteen letters.'": "numbers of metafeatures",
    'UPDATE metafeature_list SET names = \'["n", "n"]\'': "no list of distinct names",
    "UPDATE metric_list SET names = '[1, 2]'": "no list of distinct names",
    "UPDATE metric_list SET names = '[]'": "no list of distinct names",
    "UPDATE run SET n_rows = 99": "99 rows used, the dataset has 50",
    "UPDATE run SET n_rows = 101": "the protocol allows 100",
    'UPDATE metric_list SET names = \'["r2", "neg_mean_absolute_error"]\'': "neg_mean_absolute_error is",
    "UPDATE metafeatures SET numbers = x'00000000000000000000000000000000000000000000f07f'": "3 values for 2",
    "UPDATE configuration SET hyperparameters = '{\"number\": 77}' WHERE id = 1": "other hyperparameters",
    "UPDATE configuration SET hyperparameters = '{\"number\": ' WHERE id = 1": "row 1 of configuration",
    "UPDATE configuration SET hyperparameters = '[1]' WHERE id = 1": "row 1 of configuration",
    "UPDATE environment SET versions = 'none' WHERE id = 1": "row 1 of environment",
    "UPDATE metric_list SET names = '{}'": "row 1 of metric_list",
    "UPDATE metafeature_list SET names = ''": "row 1 of metafeature_list",
    "UPDATE dataset SET name = CAST(x'FFFE' AS TEXT)": "the file is damaged",
    "UPDATE run SET configuration_id = 777 WHERE configuration_id = 1": "a row of run refers to a row of",
    "UPDATE run SET scores = x'0000c07f0000c07f0000c07f0000c07f0000c07f0000c07f' WHERE status = 'ok'": "no metric",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(shards: tuple[Path, Path], damage: str) -> None:
    with MetaBase.open(shards[0], "r") as store:
        assert verify(store) == []
    with sqlite3.connect(shards[0]) as connection:
        assert connection.execute(damage).rowcount > 0
    connection.close()
    with MetaBase.open(shards[0], "r") as store:
        assert any(DAMAGES[damage] in problem for problem in verify(store)), verify(store)


def test_double_datasets_are_found(tmp_path: Path) -> None:
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        for name in ("alpha", "beta"):
            store.add_dataset(fake.record(name, checksum="1" * 64, target="y"))
        assert len(verify(store)) == 2


def tear(path: Path) -> None:
    """Overwrite some pages of a file."""
    content = bytearray(path.read_bytes())
    content[5 * 4096 + 100 : 9 * 4096] = b"\x07" * (4 * 4096 - 100)
    path.write_bytes(content)


def test_torn_file_is_found_and_named_by_whatever_reads_it(shards: tuple[Path, Path], tmp_path: Path) -> None:
    tear(shards[0])
    with MetaBase.open(shards[0], "ro") as store:
        assert verify(store)
    with pytest.raises(InputError, match=r"1\.sqlite: is damaged.*metabase verify"):
        contents(shards[0])
    with pytest.raises(InputError, match=r"1\.sqlite: is damaged"):
        open_matrices(shards[::-1], [Task.REGRESSION])
    with pytest.raises(InputError, match=r"1\.sqlite: is damaged"):
        merge(shards, tmp_path / "all.sqlite")
    assert not (tmp_path / "all.sqlite").exists()


UNREADABLE = (
    "UPDATE configuration SET hyperparameters = '{' WHERE id = 1",
    "UPDATE run SET scores = x'00000000' WHERE status = 'ok'",
    "UPDATE run SET configuration_id = 777 WHERE configuration_id = 1",
    "UPDATE metric_list SET names = '[]'",
)


@pytest.mark.parametrize("damage", UNREADABLE)
def test_what_does_not_fit_together_is_neither_read_nor_sealed(
    shards: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    with closing(sqlite3.connect(shards[1])) as connection, connection:
        connection.execute(damage)
    for read in (contents, lambda path: open_matrices([shards[0], path], [Task.REGRESSION])):
        with pytest.raises(InputError, match=r"2\.sqlite: is damaged"):
            read(shards[1])
    with pytest.raises(InputError, match=r"2\.sqlite: is damaged"):
        merge(shards, tmp_path / "all.sqlite")
    assert not (tmp_path / "all.sqlite").exists()


@pytest.mark.parametrize(
    ("metric", "least", "most"),
    [
        ("roc_auc", 0, 1),
        ("neg_log_loss", -np.inf, 0),
        ("r2", -np.inf, 1),
        ("f1_macro", 0, 1),
        ("max_error", None, None),
    ],
)
def test_ranges_of_metrics(metric: str, least: float | None, most: float | None) -> None:
    assert score_range(metric) == (-np.inf if least is None else least, np.inf if most is None else most)

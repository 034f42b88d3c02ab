import json
import math
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.execution import Status
from automl_meta.metabase import MetaBase, MetaFeatureRecord, Protocol
from automl_meta.metabase.exporting import export
from automl_meta.metabase.importing import import_tables, store_to_fill
from automl_meta.metabase.verification import verify
from automl_meta.pipelines.configuration import Configuration


@pytest.fixture
def store(tmp_path: Path) -> MetaBase:
    opened = MetaBase.open(tmp_path / "store.sqlite", "w")
    opened.add_dataset(fake.record("alpha", openml_id=61, licence="CC0", checksum="1" * 64))
    opened.add_dataset(fake.record("beta, the second", simulated=True))
    for number, configuration in enumerate(fake.configurations(3)):
        opened.add_run(fake.run("alpha", configuration, versions={}))
        failed = {"status": Status.FAILED, "scores": {}, "error": "ValueError: a, b", "cpu_seconds": math.nan}
        changes = failed if number == 1 else {"scores": {"r2": (0.25, math.nan, 1.0)}}
        opened.add_run(fake.run("beta, the second", configuration, versions={}, **changes))
    opened.set_metafeatures(
        "alpha", MetaFeatureRecord(names=("a", "b"), values=np.array([1.5, 0.1]), extractor="1-x")
    )
    return opened


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_what_is_exported_can_be_imported(store: MetaBase, tmp_path: Path, kind: str) -> None:
    datasets, metafeatures, runs = export(store, tmp_path / "tables", kind)  # type: ignore[arg-type]
    with MetaBase.open(tmp_path / "copy.sqlite", "w") as copy:
        report = import_tables(copy, runs, datasets=datasets, metafeatures=metafeatures)
        assert (report.datasets, report.runs, report.described) == (2, 6, 1)
        assert copy.datasets() == store.datasets()
        assert repr(list(copy.runs())) == repr(list(store.runs()))
        features = copy.metafeatures()["alpha"]
        assert (features.names, features.values.tolist()) == (("a", "b"), [1.5, 0.1])
        assert verify(copy) == []
        again = import_tables(copy, runs, datasets=datasets)
        assert (again.runs, again.known) == (0, 6)


def test_datasets_without_runs_survive_an_export(store: MetaBase, tmp_path: Path) -> None:
    store.remove_configurations(algorithm="quick")
    store.add_dataset(fake.record("gamma"))
    seed = 2**60 + 1  # a float would round it
    store.add_run(fake.run("gamma", fake.configurations(1)[0], versions={}, protocol=Protocol(folds=3, seed=seed)))
    datasets, metafeatures, runs = export(store, tmp_path / "tables")
    with MetaBase.open(tmp_path / "copy.sqlite", "w") as copy:
        report = import_tables(copy, runs, datasets=datasets, metafeatures=metafeatures)
        assert (report.datasets, report.runs, report.described) == (1, 1, 1)
        assert copy.datasets() == store.datasets()
        assert repr(list(copy.runs())) == repr(list(store.runs()))
        assert copy.metafeatures().keys() == {"alpha"}


def test_a_run_whose_scores_are_all_undefined_has_failed(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(MINIMAL.replace("0.75", "nan").replace("0.5,1.5", "nan,1.5"))
    (tmp_path / "features.csv").write_text("dataset,skew\nmine,inf\n")
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        import_tables(store, tmp_path / "runs.csv", metafeatures=tmp_path / "features.csv")
        assert {run.status for run in store.runs()} == {Status.FAILED}
        assert verify(store) == []


@pytest.mark.parametrize(
    ("table", "content"),
    [("datasets", "name,task\nmine,binary\n,binary\n"), ("metafeatures", "dataset,skew\nmine,1\n,2\n")],
)
def test_row_without_a_name_is_told(tmp_path: Path, table: str, content: str) -> None:
    (tmp_path / "runs.csv").write_text(MINIMAL)
    (tmp_path / "more.csv").write_text(content)
    with (
        MetaBase.open(tmp_path / "x.sqlite", "w") as store,
        pytest.raises(InputError, match=r"more\.csv: line 3 cannot be understood: (name|dataset) is empty"),
    ):
        import_tables(store, tmp_path / "runs.csv", **{table: tmp_path / "more.csv"})


def test_exported_runs_are_one_row_a_metric(store: MetaBase, tmp_path: Path) -> None:
    export(store, tmp_path / "tables")
    frame = pd.read_csv(tmp_path / "tables" / "runs.csv")
    assert len(frame) == 3 * 2 + 2 * 1 + 1
    row = frame[frame["dataset"] == "beta, the second"].iloc[0]
    assert row["score"] == 0.625  # without the fold in which it is undefined
    assert json.loads(row["hyperparameters"])["number"] == 0


MINIMAL = """\
dataset,task,algorithm,hyperparameters,metric,score,seconds
mine,binary,ridge,{},roc_auc,0.75,1.5
mine,binary,ridge,{},accuracy,0.5,1.5
mine,binary,"some, other","{""a"": 0.5, ""b"": true}",roc_auc,,2
"""


def test_minimal_table_of_runs(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(MINIMAL)
    (tmp_path / "features.csv").write_text("dataset,n_rows,skew\nmine,100,\n")
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        report = import_tables(store, tmp_path / "runs.csv", metafeatures=tmp_path / "features.csv", source="a paper")
        assert (report.runs, report.foreign) == (2, 2)
        ridge, other = store.runs("mine")
        assert ridge.scores == {"roc_auc": (0.75,), "accuracy": (0.5,)}
        assert (ridge.status, ridge.seconds, ridge.protocol.source) == (Status.OK, 1.5, "a paper")
        assert (other.status, other.scores) == (Status.FAILED, {})
        assert other.configuration == Configuration("some, other", {"a": 0.5, "b": True})
        assert store.dataset("mine").task is Task.BINARY  # type: ignore[union-attr]
        values = store.metafeatures()["mine"].values
        assert values[0] == 100
        assert math.isnan(values[1])


def test_row_a_fold_is_put_together(tmp_path: Path) -> None:
    lines = [f"mine,regression,ridge,{{}},r2,{score},1,{fold}" for fold, score in enumerate((0.5, 0.25, 0.75))]
    header = "dataset,task,algorithm,hyperparameters,metric,score,seconds,fold"
    (tmp_path / "runs.csv").write_text("\n".join([header, *lines]))
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        import_tables(store, tmp_path / "runs.csv")
        assert next(store.runs()).scores == {"r2": (0.5, 0.25, 0.75)}


def test_metafeatures_can_be_computed_from_the_data(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text(
        "dataset,algorithm,hyperparameters,metric,score,seconds\nsklearn_iris,knn,{},accuracy,0.95,0.1\n"
    )
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        report = import_tables(store, tmp_path / "runs.csv", data=["sklearn:iris"])
        assert report.described == 1
        assert store.dataset("sklearn_iris").task is Task.MULTICLASS  # type: ignore[union-attr]
        assert store.metafeatures()["sklearn_iris"].values.size > 50


def with_column(name: str, value: str) -> str:
    return (
        f"{name},dataset,task,algorithm,hyperparameters,metric,score,seconds\n{value},mine,binary,x,{{}},r2,0.75,1\n"
    )


MISTAKES = {
    "dataset,task,algorithm,metric,score,seconds\nmine,binary,x,r2,1,1\n": "no column 'hyperparameters'",
    MINIMAL.replace("{}", "{oops"): "line 2 cannot be understood",
    MINIMAL.replace("0.75", "many"): "line 2 cannot be understood",
    MINIMAL.replace("0.75", "1e300"): "too large to be kept",
    MINIMAL.replace("binary", "guessing"): "'mine' cannot be understood",
    MINIMAL.replace("{}", "[1]"): r"line 2 .*hyperparameters are \[1\]",
    MINIMAL.replace("{}", '"{""a"": NaN}"'): "line 2 cannot be understood",
    MINIMAL.replace(",{},", ",,"): "line 2 .*hyperparameters is empty",
    MINIMAL.replace("0.75", "inf"): "line 2 .*roc_auc is infinite",
    MINIMAL.replace("1.5", "n/a"): "line 2 .*seconds are no number: 'n/a'",
    MINIMAL.replace(",,2", ",,-2"): r"line 4 .*seconds are -2\.0",
    with_column("status", "OK"): "line 2 .*status 'OK' is none of ok, failed",
    with_column("created", "inf"): "line 2 cannot be understood",
    with_column("version", "1e30"): "line 2 .*1e30 is too large",
    with_column("status", "ok").replace("0.75", ""): "line 2 .*status is ok, but it has no score",
    MINIMAL.replace("mine,binary,ridge,{},accuracy", "mine,regression,ridge,{},accuracy"): "is not clear",
    "": "cannot be read",
}


@pytest.mark.parametrize("content", MISTAKES)
def test_mistake_in_a_table_is_told_and_nothing_is_imported(tmp_path: Path, content: str) -> None:
    (tmp_path / "runs.csv").write_text(content)
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        with pytest.raises(InputError, match=MISTAKES[content]):
            import_tables(store, tmp_path / "runs.csv")
        assert store.datasets() == []
        assert store.n_runs() == 0


@pytest.mark.parametrize("status", ["timeout", "failed", "memory", "crashed", "cancelled"])
def test_scores_of_runs_that_did_not_end_well_are_not_taken(tmp_path: Path, status: str) -> None:
    (tmp_path / "runs.csv").write_text(with_column("status", status))
    with MetaBase.open(tmp_path / "x.sqlite", "w") as store:
        import_tables(store, tmp_path / "runs.csv")
        [run] = store.runs()
        assert (run.status, run.scores) == (status, {})
        assert verify(store) == []


def test_store_that_is_made_for_an_import_goes_with_its_failure(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(MINIMAL)
    (tmp_path / "bad.csv").write_text(with_column("status", "OK"))
    path = tmp_path / "x.sqlite"
    with pytest.raises(InputError, match="none of ok"), store_to_fill(path) as store:
        import_tables(store, tmp_path / "bad.csv")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "bad.csv", tmp_path / "good.csv"]
    with store_to_fill(path) as store:
        import_tables(store, tmp_path / "good.csv")
    with pytest.raises(InputError, match="none of ok"), store_to_fill(path) as store:
        import_tables(store, tmp_path / "bad.csv")
    with MetaBase.open(path) as store:
        assert store.n_runs() == 2

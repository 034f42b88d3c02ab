import math
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest

from automl_meta.datasets import Task
from automl_meta.execution import Status
from automl_meta.metabase import (
    DatasetRecord,
    MetaBase,
    MetaFeatureRecord,
    Protocol,
    read_experience,
    read_matrices,
)
from automl_meta.metabase.exporting import export
from automl_meta.metabase.verification import verify
from automl_meta.metafeatures.extractor import VERSION
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration

BINARY = {"task": Task.BINARY, "n_classes": 2}


def new_store(path: Path, *names: str, **changes: object) -> MetaBase:
    store = MetaBase.open(path, "w")
    for name in names:
        store.add_dataset(fake.record(name, **changes))
    return store


def test_cells_are_the_means_of_the_runs(tmp_path: Path) -> None:
    configurations = fake.configurations(3)
    with new_store(tmp_path / "x.sqlite", "alpha", "beta") as store:
        for name in ("alpha", "beta"):
            for configuration in configurations:
                store.add_run(fake.run(name, configuration))
        matrices = read_matrices(store, [Task.REGRESSION])
        runs = {(run.dataset, run.configuration.id): run for run in store.runs()}
    assert matrices.metrics == fake.METRICS
    assert matrices.scores.shape == (2, 2, 3)
    for row, record in enumerate(matrices.datasets):
        for column, configuration in enumerate(matrices.configurations):
            run = runs[record.name, configuration.id]
            for number, metric in enumerate(matrices.metrics):
                assert matrices.scores[number, row, column] == pytest.approx(run.score(metric), rel=1e-6)
            assert matrices.seconds[row, column] == run.seconds == 0.5
    assert (matrices.statuses == 1).all()


def test_failed_untried_and_cancelled_are_told_apart(tmp_path: Path) -> None:
    ok, failed, cancelled, untried = fake.configurations(4)
    with new_store(tmp_path / "x.sqlite", "alpha") as store:
        store.add_run(fake.run("alpha", ok))
        store.add_run(fake.run("alpha", failed, status=Status.MEMORY, scores={}))
        store.add_run(fake.run("alpha", cancelled, status=Status.CANCELLED, scores={}))
        matrices = read_matrices(store, [Task.REGRESSION], configurations=[untried, cancelled, failed, ok])
    experience = matrices.experience("r2", np.zeros((4, 1)))
    assert experience.failed.tolist() == [[False, False, True, False]]
    assert np.isnan(experience.scores).tolist() == [[True, True, True, False]]
    assert experience.configurations == (untried.id, cancelled.id, failed.id, ok.id)


def test_only_what_ended_well_has_scores_and_only_what_did_not_has_failed(tmp_path: Path) -> None:
    well, late, elsewhere = fake.configurations(3)
    with new_store(tmp_path / "x.sqlite", "alpha") as store:
        store.add_run(fake.run("alpha", well))
        store.add_run(fake.run("alpha", late, status=Status.TIMEOUT))  # with scores of what it did until then
        store.add_run(fake.run("alpha", elsewhere, scores={"neg_max_error": (-1.0,)}))
        experience = read_matrices(store, [Task.REGRESSION]).experience("r2", np.zeros((3, 1)))
    assert np.isfinite(experience.scores).tolist() == [[True, False, False]]
    assert experience.failed.tolist() == [[False, True, False]]


def test_experience_knows_how_many_fits_its_seconds_are_of_and_to_how_many_rows(tmp_path: Path) -> None:
    [configuration] = fake.configurations(1)
    with new_store(tmp_path / "x.sqlite", "capped", n_rows=900) as store:
        store.add_dataset(fake.record("whole", n_rows=60))
        store.add_dataset(fake.record("told", n_rows=60))
        for name in ("capped", "whole"):  # at most 100 rows, in 3 folds
            store.add_run(fake.run(name, configuration))
        store.add_run(fake.run("told", configuration, protocol=Protocol(source="import")))
        experience = read_matrices(store, [Task.REGRESSION]).experience("r2", np.zeros((1, 1)))
    assert experience.datasets == ("capped", "told", "whole")
    assert experience.fits.tolist() == [3, 1, 3]
    np.testing.assert_allclose(experience.training_rows, [200 / 3, np.nan, 40])


def test_fold_in_which_a_metric_is_undefined_does_not_count(tmp_path: Path) -> None:
    [configuration] = fake.configurations(1)
    scores = {"roc_auc": (0.5, math.nan, 0.75), "f1": (math.nan,) * 3}
    with new_store(tmp_path / "x.sqlite", "alpha", **BINARY) as store:
        store.add_run(fake.run("alpha", configuration, scores=scores))
        matrices = read_matrices(store, [Task.BINARY])
    assert matrices.scores[0, 0, 0] == 0.625
    assert np.isnan(matrices.scores[1, 0, 0])


def test_kinds_of_tasks_can_be_taken_together(tmp_path: Path) -> None:
    [configuration] = fake.configurations(1)
    with new_store(tmp_path / "x.sqlite", "two", **BINARY) as store:
        store.add_dataset(fake.record("many", task=Task.MULTICLASS, n_classes=5))
        store.add_dataset(fake.record("number"))
        store.add_run(fake.run("two", configuration, scores={"roc_auc": (0.9,), "f1": (0.8,)}))
        store.add_run(fake.run("many", configuration, scores={"roc_auc": (0.7,)}))
        store.add_run(fake.run("number", configuration))
        both = read_matrices(store, [Task.BINARY, Task.MULTICLASS])
        one = read_matrices(store, [Task.BINARY])
    assert [record.name for record in both.datasets] == ["many", "two"]
    assert both.experience("roc_auc", np.zeros((1, 1))).scores == pytest.approx(np.array([[0.7], [0.9]]))
    assert np.isnan(both.experience("f1", np.zeros((1, 1))).scores[0, 0])
    assert [record.name for record in one.datasets] == ["two"]
    with pytest.raises(KeyError, match="no scores of 'recall'"):
        both.experience("recall", np.zeros((1, 1)))


def test_row_never_mixes_protocols(tmp_path: Path) -> None:
    configurations = fake.configurations(3)
    large = Protocol(rows=10_000, folds=3)
    with new_store(tmp_path / "x.sqlite", "alpha") as store:
        for configuration in configurations[:2]:
            store.add_run(fake.run("alpha", configuration))
        store.add_run(fake.run("alpha", configurations[2], protocol=large))
        usual = read_matrices(store, [Task.REGRESSION])
        other = read_matrices(store, [Task.REGRESSION], protocol=large)
    assert usual.protocols == (fake.PROTOCOL,)
    assert [c.id for c in usual.configurations] == [c.id for c in configurations[:2]]
    assert other.protocols == (large,)
    assert [c.id for c in other.configurations] == [configurations[2].id]


def test_what_cannot_be_recommended_hides_no_run(tmp_path: Path) -> None:
    ridge = default_configuration("ridge", Task.REGRESSION)
    imported = Protocol(source="a paper")
    with (
        new_store(tmp_path / "x.sqlite", "alpha", "beta") as store,
        new_store(tmp_path / "y.sqlite", "beta") as other,
    ):
        store.add_run(fake.run("alpha", ridge))
        for foreign in fake.configurations(3):
            store.add_run(fake.run("alpha", foreign, protocol=imported))
            store.add_run(fake.run("beta", foreign))
        other.add_run(fake.run("beta", ridge))
    paths = [tmp_path / "x.sqlite", tmp_path / "y.sqlite"]
    experience, configurations = read_experience(paths, Task.REGRESSION, "r2")
    assert experience.datasets == ("alpha", "beta")
    assert configurations == (ridge,)
    assert np.isfinite(experience.scores).all()


@pytest.mark.parametrize("read", ["matrices", "export", "verify"])
def test_what_another_process_adds_while_it_is_read_is_for_the_next_time(
    read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [configuration] = fake.configurations(1)
    path = tmp_path / "x.sqlite"
    plain = MetaBase.datasets
    with new_store(path, "alpha") as writer, MetaBase.open(path) as store:
        writer.add_run(fake.run("alpha", configuration))

        def datasets_and_then_one_more(self: MetaBase, *tasks: Task) -> list[DatasetRecord]:
            found = plain(self, *tasks)
            name = f"beta {writer.n_runs()}"
            writer.add_dataset(fake.record(name))
            writer.add_run(fake.run(name, configuration))
            return found

        monkeypatch.setattr(MetaBase, "datasets", datasets_and_then_one_more)
        if read == "matrices":
            assert [record.name for record in read_matrices(store, [Task.REGRESSION]).datasets] == ["alpha"]
        elif read == "export":
            _, _, runs = export(store, tmp_path / "tables")
            assert "beta" not in runs.read_text()
        else:
            assert verify(store) == []


def test_a_metric_covers_the_datasets_that_have_a_score_of_it(tmp_path: Path) -> None:
    [configuration] = fake.configurations(1)
    with new_store(tmp_path / "x.sqlite", "two", **BINARY) as store:
        store.add_dataset(fake.record("number"))
        store.add_run(fake.run("two", configuration, scores={"roc_auc": (0.9,), "f1": (math.nan,)}))
        store.add_run(fake.run("number", configuration))
        assert read_matrices(store, [Task.BINARY]).coverage == {"roc_auc": 1}


def test_datasets_with_few_runs_can_be_left_out(tmp_path: Path) -> None:
    configurations = fake.configurations(3)
    with new_store(tmp_path / "x.sqlite", "dense", "sparse", "empty") as store:
        for configuration in configurations:
            store.add_run(fake.run("dense", configuration))
        store.add_run(fake.run("sparse", configurations[0]))
        assert len(read_matrices(store, [Task.REGRESSION]).datasets) == 2
        assert len(read_matrices(store, [Task.REGRESSION], min_runs=2).datasets) == 1
        assert len(read_matrices(store, [Task.REGRESSION], min_runs=4).datasets) == 0


def test_several_stores_are_one_and_the_first_has_precedence(tmp_path: Path) -> None:
    shared, mine = fake.configurations(2)
    with (
        new_store(tmp_path / "1.sqlite", "alpha") as first,
        new_store(tmp_path / "2.sqlite", "alpha", "mine") as second,
    ):
        first.add_run(fake.run("alpha", shared, scores={"r2": (0.5,)}))
        second.add_run(fake.run("alpha", shared, scores={"r2": (0.9,)}))
        second.add_run(fake.run("mine", mine, scores={"r2": (0.1,)}))
        for store, names in ((first, ("a", "b")), (second, ("b", "c"))):
            record = MetaFeatureRecord(names=names, values=np.array([1.0, 2.0]), extractor="1")
            store.set_metafeatures("alpha" if store is first else "mine", record)
        matrices = read_matrices([first, second], [Task.REGRESSION])
    assert [record.name for record in matrices.datasets] == ["alpha", "mine"]
    assert matrices.scores[0] == pytest.approx(np.array([[0.5, np.nan], [np.nan, 0.1]]), nan_ok=True)
    assert matrices.metafeature_names == ("a", "b", "c")
    assert matrices.metafeatures == pytest.approx(np.array([[1, 2, np.nan], [np.nan, 1, 2]]), nan_ok=True)


def test_empty_store_gives_empty_arrays(tmp_path: Path) -> None:
    with new_store(tmp_path / "x.sqlite") as store:
        matrices = read_matrices(store, [Task.BINARY])
    assert matrices.scores.shape == (0, 0, 0)
    assert matrices.metafeatures.shape == (0, 0)


def test_experience_leaves_out_what_the_catalogue_does_not_have(tmp_path: Path) -> None:
    ridge = default_configuration("ridge", Task.REGRESSION)
    outdated = Configuration("ridge", ridge.hyperparameters, ridge.version + 1)
    illegal = Configuration("ridge", {**ridge.hyperparameters, "bogus": 1}, ridge.version)
    path = tmp_path / "x.sqlite"
    with new_store(path, "alpha", "beta") as store:
        for configuration in (ridge, outdated, illegal, *fake.configurations(1)):
            store.add_run(fake.run("alpha", configuration))
        store.add_run(fake.run("beta", outdated))
    experience, configurations = read_experience([path], Task.REGRESSION, "r2")
    assert configurations == (ridge,)
    assert experience.configurations == (ridge.id,)
    assert experience.vectors.shape[0] == 1
    assert experience.families == ("alpha",)  # of beta nothing is known


def test_metafeatures_of_another_version_of_our_extractor_are_undefined(tmp_path: Path) -> None:
    versions = {"now": f"{VERSION}-0123abcd", "before": f"{VERSION - 1}-0123abcd", "strange": "their tool 1"}
    with new_store(tmp_path / "x.sqlite", *versions) as store:
        for name, extractor in versions.items():
            store.add_run(fake.run(name, fake.configurations(1)[0]))
            names = ("n", "skew") if name != "before" else ("n", "meant otherwise")
            values = np.array([50.0, 0.3])
            store.set_metafeatures(name, MetaFeatureRecord(names=names, values=values, extractor=extractor))
        matrices = read_matrices(store, [Task.REGRESSION])
    described = dict(zip([record.name for record in matrices.datasets], matrices.metafeatures, strict=True))
    assert matrices.metafeature_names == ("n", "skew")
    assert described["now"].tolist() == described["strange"].tolist() == [50.0, 0.3]
    assert np.isnan(described["before"]).all()

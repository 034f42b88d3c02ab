from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bases import METRICS, write_metabase, write_twin

from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.execution.protocol import Status
from automl_meta.metabase import DatasetRecord, MetaBase, Protocol, Run
from automl_meta.metalearning import kept_configurations as kept_module
from automl_meta.metalearning import memory as module
from automl_meta.metalearning.memory import Memory, nearest_metric, remember
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration


@pytest.fixture(scope="module")
def metabase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metabase(tmp_path_factory.mktemp("base") / "base.sqlite")


def same(one: Memory, other: Memory) -> bool:
    return (
        one.configurations == other.configurations
        and one.metric == other.metric
        and one.experience.datasets == other.experience.datasets
        and one.experience.families == other.experience.families
        and one.experience.metafeature_names == other.experience.metafeature_names
        and np.array_equal(one.experience.scores, other.experience.scores, equal_nan=True)
        and np.array_equal(one.experience.failed, other.experience.failed)
        and np.array_equal(one.experience.vectors, other.experience.vectors)
        and np.array_equal(one.similarity.leaves, other.similarity.leaves)
        and np.array_equal(one.similarity.threshold, other.similarity.threshold)
    )


def test_what_was_learned_comes_back_from_the_cache(
    metabase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned = remember([metabase], Task.BINARY, cache=tmp_path)
    monkeypatch.setattr(module, "_learn", None)  # nothing may be learned now
    assert same(remember([metabase], Task.BINARY, cache=tmp_path), learned)


def test_another_metabase_is_learned_anew(metabase: Path, tmp_path: Path) -> None:
    other = write_metabase(tmp_path / "other.sqlite", n_datasets=5)
    assert len(remember([metabase], Task.BINARY, cache=tmp_path).experience.datasets) == 12
    assert len(remember([other], Task.BINARY, cache=tmp_path).experience.datasets) == 5


CACHE_DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:1000],
    "torn": lambda content: content[:2000] + bytes(500) + content[2500:],
    "another file": lambda content: b"\x80\x04a pickle, perhaps",
}


@pytest.mark.parametrize("damage", CACHE_DAMAGES)
def test_a_damaged_cache_is_no_obstacle(metabase: Path, tmp_path: Path, damage: str) -> None:
    learned = remember([metabase], Task.BINARY, cache=tmp_path)
    (file,) = tmp_path.glob("*.npz")
    whole = file.read_bytes()
    file.write_bytes(CACHE_DAMAGES[damage](whole))
    assert same(remember([metabase], Task.BINARY, cache=tmp_path), learned)
    assert file.stat().st_size == len(whole)  # made anew


def test_a_cache_that_cannot_be_written_is_no_obstacle(metabase: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert len(remember([metabase], Task.BINARY, cache=blocked).experience.datasets) == 12


def test_the_cache_does_not_grow_for_ever(metabase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_FILES", 2)
    for number in range(4):
        remember([metabase], Task.BINARY, forget=[f"binary{number}"], cache=tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_forgotten_dataset_takes_its_family_with_it(metabase: Path, tmp_path: Path) -> None:
    names = remember([metabase], Task.BINARY, forget=["binary1"], cache=tmp_path).experience.datasets
    assert "binary0" not in names  # of the same family
    assert "binary1" not in names
    assert len(names) == 10
    by_family = remember([metabase], Task.BINARY, forget=["family0"], cache=tmp_path).experience.datasets
    assert by_family == names


def test_a_forgotten_table_is_not_remembered_by_another_name(metabase: Path, tmp_path: Path) -> None:
    learned = tmp_path / "learned.sqlite"
    only_there = candidate_configurations(Task.BINARY, 30)[-1]
    twin = write_twin(metabase, learned)
    with MetaBase.open(learned, "w") as store:
        store.add_run(replace(next(store.runs(twin)), configuration=only_there))
    known = remember([metabase, learned], Task.BINARY, cache=tmp_path)
    assert twin in known.experience.datasets
    assert only_there in known.configurations
    for name in ("binary5", twin):
        forgotten = remember([metabase, learned], Task.BINARY, forget=[name], cache=tmp_path)
        assert {"binary5", twin}.isdisjoint(forgotten.experience.datasets)
        assert len(forgotten.experience.datasets) == 11
        assert forgotten.experience.configurations == tuple(c.id for c in forgotten.configurations)
        assert only_there not in forgotten.configurations


def test_what_is_forgotten_chooses_neither_metric_nor_configurations_nor_scale(
    metabase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.sqlite"
    with MetaBase.open(metabase) as store, MetaBase.open(other, "w") as target:
        record = store.dataset("binary5")
        assert record is not None
        target.add_dataset(replace(record, name="odd", family="odd"))
        for run in list(store.runs("binary5"))[:4]:
            scores = {"f1": (0.5,) * 3}
            target.add_run(replace(run, dataset="odd", scores=scores, protocol=Protocol(source="a paper")))
    monkeypatch.setattr(kept_module, "MOST_CONFIGURATIONS", 6)
    for metric in ("roc_auc", "f1"):
        never = remember([metabase], Task.BINARY, metric, use_cache=False)
        forgotten = remember([metabase, other], Task.BINARY, metric, forget=["odd"], use_cache=False)
        assert same(forgotten, never)
        assert forgotten.sources == never.sources
        assert forgotten.comparable


def test_a_metric_of_another_kind_of_task_is_none_of_this_one(metabase: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with MetaBase.open(metabase) as store, MetaBase.open(other, "w") as target:
        for name in ("binary2", "binary3", "regression2"):
            record = store.dataset(name)
            assert record is not None
            target.add_dataset(record)
            for run in store.runs(name):
                metric = "accuracy" if name.startswith("binary") else "roc_auc"  # as another tool may call it
                target.add_run(replace(run, scores={metric: run.scores[METRICS[record.task]]}))
    known = remember([other], Task.BINARY, "roc_auc", cache=tmp_path)
    assert known.metric == "accuracy"
    assert np.isfinite(known.experience.scores).all()


def test_forgetting_what_is_not_there_is_a_mistake(metabase: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no dataset or family 'binayr1' .*Did you mean binary1"):
        remember([metabase], Task.BINARY, forget=["binary2,binayr1"], use_cache=False)
    with pytest.raises(InputError, match="Did you mean binary1"):
        remember([metabase], Task.BINARY, forget=["binry1"], cache=tmp_path)


def test_an_unknown_metric_is_ranked_by_its_relative(metabase: Path, tmp_path: Path) -> None:
    memory = remember([metabase], Task.REGRESSION, "r2", cache=tmp_path)
    assert memory.metric == "neg_root_mean_squared_error"
    assert "no r2" in memory.note
    assert remember([metabase], Task.BINARY, "roc_auc", cache=tmp_path).note == ""


@pytest.mark.parametrize(
    ("asked", "coverage", "found"),
    [
        ("f1", {"f1": 9, "roc_auc": 9}, "f1"),
        ("f1", {"f1_macro": 9, "roc_auc": 9}, "f1_macro"),
        ("precision", {"roc_auc": 9, "accuracy": 9}, "roc_auc"),
        ("matthews_corrcoef", {"accuracy": 9}, "accuracy"),
        ("recall", {"recall": 4, "balanced_accuracy": 9}, "balanced_accuracy"),
        ("recall", {"recall": 5, "balanced_accuracy": 9}, "recall"),
        ("precision", {"precision": 1, "average_precision": 2, "roc_auc": 9}, "roc_auc"),
        ("roc_auc_ovo", {"roc_auc_ovo": 1, "roc_auc": 9, "accuracy": 99}, "roc_auc"),
        ("recall", {"recall": 1, "accuracy": 9}, "accuracy"),
        ("roc_auc", {"roc_auc": 1, "accuracy": 9}, "roc_auc"),
        ("recall", {"recall": 1}, "recall"),
    ],
)
def test_nearest_metric(asked: str, coverage: dict[str, int], found: str) -> None:
    assert nearest_metric(asked, coverage, Task.BINARY) == found


def write_part(source: Path, path: Path, names: list[str], metrics: list[str], **changes: object) -> Path:
    """Write some datasets of `source` under other names, with the same scores by `metrics`."""
    with MetaBase.open(source) as store, MetaBase.open(path, "w") as target:
        for name in names:
            record = store.dataset(name)
            assert record is not None
            other = replace(record, name=f"{path.stem}-{name}", family=f"{path.stem}-{name}", **changes)
            target.add_dataset(other)
            for run in store.runs(name):
                scores = dict.fromkeys(metrics, run.scores[METRICS[record.task]])
                target.add_run(replace(run, dataset=other.name, scores=scores))
    return path


def test_a_few_runs_by_a_metric_that_the_meta_base_lacks_do_not_hide_it(metabase: Path, tmp_path: Path) -> None:
    learned = write_part(metabase, tmp_path / "learned.sqlite", ["binary3", "binary4"], ["roc_auc", "recall"])
    known = remember([metabase, learned], Task.BINARY, "recall", cache=tmp_path)
    assert (known.asked, known.metric, len(known.experience.datasets)) == ("recall", "roc_auc", 14)
    assert np.isfinite(known.experience.scores).all()
    alone = remember([learned], Task.BINARY, "recall", cache=tmp_path)
    assert (alone.metric, alone.note) == ("recall", "")


def test_a_relative_is_learned_from_all_kinds_of_task_that_it_is_defined_on(metabase: Path, tmp_path: Path) -> None:
    two = write_part(metabase, tmp_path / "two.sqlite", ["binary2", "binary3"], ["balanced_accuracy"])
    several = write_part(
        metabase,
        tmp_path / "several.sqlite",
        ["binary4"],
        ["balanced_accuracy"],
        task=Task.MULTICLASS,
        n_classes=3,
    )
    both = {"two-binary2", "two-binary3", "several-binary4"}
    for metric in ("recall", "balanced_accuracy"):
        known = remember([two, several], Task.BINARY, metric, cache=tmp_path)
        assert (known.metric, set(known.experience.datasets)) == ("balanced_accuracy", both)
    own = write_part(metabase, tmp_path / "own.sqlite", ["binary5", "binary6"], ["balanced_accuracy", "recall"])
    known = remember([own, several], Task.BINARY, "recall", cache=tmp_path)  # not defined for several classes
    assert (known.metric, set(known.experience.datasets)) == ("recall", {"own-binary5", "own-binary6"})


def test_a_kind_of_task_without_experience_is_no_obstacle(tmp_path: Path) -> None:
    base = write_metabase(tmp_path / "base.sqlite", tasks=[Task.REGRESSION], n_datasets=3)
    assert remember([base], Task.BINARY, cache=tmp_path).experience.datasets == ()
    assert remember([], Task.BINARY, cache=tmp_path).experience.datasets == ()


FOREST = default_configuration("random_forest", Task.BINARY)
STRANGERS = (
    Configuration("my_algo", {}),
    Configuration(FOREST.algorithm, FOREST.hyperparameters, FOREST.version + 1),
    Configuration(FOREST.algorithm, {**FOREST.hyperparameters, "bogus": 1}, FOREST.version),
)


def test_runs_that_the_catalogue_does_not_know_teach_nothing(metabase: Path, tmp_path: Path) -> None:
    with MetaBase.open(tmp_path / "mine.sqlite", "w") as store:
        store.add_dataset(DatasetRecord(name="mine", task=Task.BINARY, n_rows=50, n_columns=2, n_classes=2))
        for configuration in STRANGERS:
            scores = {METRICS[Task.BINARY]: (1.0,)}
            protocol = Protocol(source="import")
            store.add_run(
                Run(dataset="mine", configuration=configuration, protocol=protocol, status=Status.OK, scores=scores)
            )
    alone = remember([metabase], Task.BINARY, cache=tmp_path)
    assert same(remember([metabase, tmp_path / "mine.sqlite"], Task.BINARY, cache=tmp_path), alone)
    assert remember([tmp_path / "mine.sqlite"], Task.BINARY, cache=tmp_path).experience.datasets == ()

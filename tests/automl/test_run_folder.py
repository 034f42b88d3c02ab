import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import RunResult, run
from automl_meta.automl.run_folder import RunFolder, folder_for
from automl_meta.datasets import Dataset, read_dataset
from automl_meta.errors import InputError
from automl_meta.evaluation import FoldScheme
from automl_meta.evaluation.partial import Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.catalogue import default_configuration

OPTIONS = RunOptions(time_budget=None, max_evaluations=6, jobs=0, include=("lda", "knn", "gaussian_nb"), top_k=2)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run")


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return read_dataset("sklearn:wine")


def evaluation(dataset: Dataset, **changes: object) -> Evaluation:
    configuration = default_configuration("knn", dataset.task)
    values = {"scores": {"accuracy": (0.1 + 0.2, 0.5)}, "predictions": np.full((4, 3), 1 / 3, np.float32)}
    return Evaluation(**({"configuration": configuration, "status": Status.OK, **values} | changes))


def test_kept_evaluation_comes_back_as_it_was(folder: RunFolder, wine: Dataset) -> None:
    model = folder.models / "knn-0.pickle"
    model.write_bytes(b"a pipeline")
    whole = evaluation(wine, models=(model,), origin="meta-base", fit_seconds=0.25)
    look = evaluation(wine, status=Status.CANCELLED, predictions=None, fidelity=Fidelity(rows=1 / 9, folds=1))
    for kept in (whole, look):
        folder.keep(kept)
    first, second = folder.kept()
    np.testing.assert_array_equal(first.predictions, whole.predictions)
    for found, wanted in ((first, whole), (second, look)):
        for name in ("configuration", "status", "scores", "models", "fidelity", "origin", "fit_seconds"):
            assert getattr(found, name) == getattr(wanted, name)
    assert second.predictions is None


@pytest.mark.parametrize("damage", ["model", "half", "text"])
def test_damaged_candidate_counts_as_not_made(folder: RunFolder, wine: Dataset, damage: str) -> None:
    model = folder.models / "knn-0.pickle"
    model.write_bytes(b"a pipeline")
    folder.keep(evaluation(wine, models=(model,)))
    (path,) = (folder.path / "candidates").iterdir()
    if damage == "model":
        model.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100] if damage == "half" else b"not an archive")
    assert folder.kept() == []


def test_folder_that_holds_something_is_not_overwritten(tmp_path: Path, folder: RunFolder) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")
    with pytest.raises(InputError, match="something here already"):
        RunFolder.create(tmp_path / "letters")
    folder.write_settings({})
    with pytest.raises(InputError, match="--resume"):
        RunFolder.create(folder.path)


def test_folder_without_a_run_or_with_a_damaged_one_is_refused(tmp_path: Path, folder: RunFolder) -> None:
    with pytest.raises(InputError, match="no run was begun here"):
        RunFolder.open(tmp_path)
    for text in ("{", "[]", json.dumps({"format": 99})):
        (folder.path / "run.json").write_text(text)
        with pytest.raises(InputError, match=r"Begin anew"):
            RunFolder.open(folder.path)


def test_changed_table_is_refused(folder: RunFolder, wine: Dataset) -> None:
    folder.write_settings({})
    folder.check_same_data(wine)
    folder.check_same_data(wine)
    with pytest.raises(InputError, match="has changed"):
        folder.check_same_data(wine.take(np.arange(100)))


@pytest.mark.parametrize(
    ("status", "limits", "stays"),
    [
        (Status.TIMEOUT, {"seconds": 60.0, "memory_mb": 500.0}, False),
        (Status.TIMEOUT, {"seconds": None, "memory_mb": 500.0}, False),
        (Status.TIMEOUT, {"seconds": 11.0, "memory_mb": 5000.0}, True),
        (Status.MEMORY, {"seconds": 10.0, "memory_mb": 5000.0}, False),
        (Status.CRASHED, {"seconds": 10.0, "memory_mb": None}, False),
        (Status.MEMORY, {"seconds": 60.0, "memory_mb": 500.0}, True),
        (Status.FAILED, {"seconds": None, "memory_mb": None}, True),
        (Status.OK, {"seconds": None, "memory_mb": None}, True),
    ],
)
def test_what_failed_for_want_of_time_or_memory_is_tried_again_when_there_is_more(
    folder: RunFolder, wine: Dataset, status: Status, limits: dict[str, float | None], *, stays: bool
) -> None:
    folder.write_settings({})
    folder.searched_under(seconds=10.0, memory_mb=500.0)
    folder.keep(evaluation(wine, status=status))
    folder.searched_under(**limits)
    assert len(folder.kept()) == stays
    folder.searched_under(**limits)
    assert len(folder.kept()) == stays


def test_a_run_that_goes_on_with_more_time_evaluates_what_was_killed(folder: RunFolder, wine: Dataset) -> None:
    lda = evaluation(wine, configuration=default_configuration("lda", wine.task), status=Status.TIMEOUT)
    folder.write_settings({"limits": {"seconds": 0.1, "memory_mb": 1e6}})
    folder.keep(lda)
    result = run(wine, replace(OPTIONS, include=("lda",), max_evaluations=1), folder=folder)
    assert [found.status for found in result.evaluations] == [Status.OK]
    assert [found.status for found in folder.kept()] == [Status.OK]


def test_a_full_disk_ends_the_search_and_not_the_run(
    folder: RunFolder, wine: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, kept = RunFolder.keep, []

    def keep_two(self: RunFolder, found: Evaluation) -> None:
        if len(kept) == 2:
            raise OSError(28, "No space left on device")
        kept.append(found)
        keep(self, found)

    monkeypatch.setattr(RunFolder, "keep", keep_two)
    result = run(wine, replace(OPTIONS, max_evaluations=40), folder=folder)
    assert result.stopped.startswith("nothing more could be written ([Errno 28] No space left on device)")
    assert 3 <= len(result.evaluations) < 40
    assert result.plan.members


def fail_in(path: Path | None, *found: Evaluation, settings: bool = True) -> tuple[Path, list[str]]:
    """Return the folder of a run that fails after some results, and what is noted on its error."""
    folders: list[RunFolder] = []

    def fail() -> None:
        with folder_for(path) as folder:
            folders.append(folder)
            if settings:
                folder.write_settings({})
            (folder.models / "half").touch()
            for one in found:
                folder.keep(one)
            raise RuntimeError

    with pytest.raises(RuntimeError) as caught:
        fail()
    return folders[0].path, getattr(caught.value, "__notes__", [])


def test_temporary_folder_stays_only_after_a_failure_with_results(wine: Dataset) -> None:
    with folder_for(None) as unharmed:
        unharmed.write_settings({})
        unharmed.keep(evaluation(wine))
    assert not unharmed.path.exists()
    empty, notes = fail_in(None)
    assert not empty.exists()
    assert not notes
    kept, (note,) = fail_in(None, evaluation(wine))
    assert len(RunFolder.open(kept).kept()) == 1
    assert f"--resume {kept}" in note
    shutil.rmtree(kept)


def test_results_that_no_run_can_go_on_with_are_not_kept(wine: Dataset) -> None:
    path, notes = fail_in(None, evaluation(wine), settings=False)  # a run in Python
    assert not path.exists()
    assert not notes


def test_folder_that_was_asked_for_stays_after_a_failure_with_results(tmp_path: Path, wine: Dataset) -> None:
    path, (note,) = fail_in(tmp_path / "run of today", evaluation(wine))
    assert len(RunFolder.open(path).kept()) == 1
    assert f"--resume '{path}'" in note


def test_nothing_stays_of_a_folder_where_the_run_fails_without_results(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for path in (tmp_path / "mine", tmp_path / "made" / "for" / "it"):
        fail_in(path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def outcome(result: RunResult) -> object:
    frame = result.dataset.X
    rows = [{key: row[key] for key in ("id", "score", "status", "origin")} for row in result.leaderboard]
    plan = result.plan
    return (
        rows,
        (plan.kind, plan.members, list(plan.weights), plan.score, plan.error),
        result.model.predictor.predict(frame).tolist(),
    )


def test_counted_run_that_goes_on_ends_as_if_it_had_not_stopped(folder: RunFolder, wine: Dataset) -> None:
    whole = run(wine, OPTIONS, folder=folder)
    candidates = sorted((folder.path / "candidates").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert len(candidates) == 6
    for path in candidates[3:]:
        path.unlink()
    untouched = {path: path.stat().st_mtime_ns for found in folder.kept() for path in found.models}
    assert len(untouched) >= 3
    again = run(wine, OPTIONS, folder=folder)
    assert outcome(again) == outcome(whole)
    assert all(path.stat().st_mtime_ns == time for path, time in untouched.items())  # nothing was evaluated twice


def test_timed_run_begins_with_what_is_known(folder: RunFolder, wine: Dataset) -> None:
    run(wine, OPTIONS, folder=folder)
    known = [found.configuration.id for found in folder.kept()]
    options = RunOptions(time_budget=30.0, max_evaluations=8, jobs=0, include=OPTIONS.include)
    result = run(wine, options, folder=folder)
    ids = [found.configuration.id for found in result.evaluations]
    assert ids[:6] == known
    assert len(ids) == len(set(ids)) == 8


def test_a_run_that_goes_on_splits_the_rows_as_before(folder: RunFolder) -> None:
    folder.keep_scheme(FoldScheme(3))
    assert folder.scheme() is None  # without settings it cannot go on
    folder.write_settings({"data": "x.csv"})
    assert folder.scheme() is None
    folder.keep_scheme(FoldScheme(5, 2))
    again = RunFolder.open(folder.path)
    assert again.scheme() == FoldScheme(n_folds=5, repeats=2)
    assert again.settings()["data"] == "x.csv"

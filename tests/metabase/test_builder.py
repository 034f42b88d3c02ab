import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import experiments_for_tests as fake
import numpy as np
import pytest

from automl_meta.datasets import Task, read_dataset
from automl_meta.errors import InputError
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.folds import make_folds
from automl_meta.execution import InlineExecutor, LocalExecutor, Status
from automl_meta.metabase import MetaBase, Protocol
from automl_meta.metabase import builder as builder_module
from automl_meta.metabase.build_options import BuildOptions, BuildReport
from automl_meta.metabase.builder import build
from automl_meta.metabase.experiments import sample_rows
from automl_meta.metabase.plan import Shard
from automl_meta.metabase.sources import DatasetSource, read_sources
from automl_meta.metabase.verification import verify
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration

DATASETS = ("alpha", "beta", "gamma")
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def fake_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder_module, "prepare", fake.prepare)
    monkeypatch.setattr(builder_module, "measure", fake.measure)


def options(candidates: list[Configuration], **changes: object) -> BuildOptions:
    values: dict[str, object] = {
        "protocol": fake.PROTOCOL,
        "candidates": {Task.REGRESSION: candidates},
        "metafeatures": False,
    }
    return BuildOptions(**(values | changes))  # type: ignore[arg-type]


def build_here(output: Path, candidates: list[Configuration], **changes: object) -> BuildReport:
    sources = [fake.source(name) for name in DATASETS]
    return build(sources, output, options(candidates, **changes), InlineExecutor())


def build_in_workers(output: Path, candidates: list[Configuration]) -> None:
    with LocalExecutor(2, preload=["experiments_for_tests"]) as executor:
        build([fake.source(name) for name in DATASETS], output, options(candidates), executor)


def rows(path: Path) -> list[tuple[object, ...]]:
    with MetaBase.open(path, "r") as store:
        return sorted((run.dataset, run.configuration.id, run.status, str(run.scores)) for run in store.runs())


@pytest.mark.usefixtures("fake_work")
class TestResuming:
    @pytest.mark.slow
    def test_kills_at_ten_random_moments_lose_nothing_and_double_nothing(self, tmp_path: Path) -> None:
        log, output, undisturbed = tmp_path / "log", tmp_path / "killed.sqlite", tmp_path / "undisturbed.sqlite"
        candidates = fake.configurations(40, log=log, seconds=0.02)
        moments = random.Random(0)
        before: set[tuple[object, ...]] = set()
        kills = 0
        while kills < 10:
            builder = FORK.Process(target=build_in_workers, args=(output, candidates))
            builder.start()
            self._wait_for_more_than(len(before), output, builder)
            time.sleep(moments.uniform(0.0, 0.15))
            assert builder.pid is not None
            os.kill(builder.pid, signal.SIGKILL)
            builder.join()
            after = set(rows(output))
            assert before < after
            before = after
            kills += 1
        assert len(before) < 3 * 40, "it was done before the last kill"
        build_in_workers(output, candidates)
        begun = len(log.read_text().splitlines())
        build_here(undisturbed, candidates)
        assert rows(output) == rows(undisturbed)
        in_flight = 2 * builder_module.AHEAD  # handed to two workers, and perhaps ended, but not yet stored
        assert begun <= 3 * 40 + kills * in_flight
        with MetaBase.open(output) as store:
            assert verify(store) == []

    def _wait_for_more_than(self, count: int, path: Path, builder: object) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if path.exists() and len(rows(path)) > count:
                    return
            except InputError:
                pass  # its tables are being made
            time.sleep(0.005)
        raise AssertionError("nothing was stored for a minute")

    @pytest.mark.slow
    def test_two_builders_share_one_file_and_the_work(self, tmp_path: Path) -> None:
        log, output, alone = tmp_path / "log", tmp_path / "shared.sqlite", tmp_path / "alone.sqlite"
        candidates = fake.configurations(12, log=log, seconds=0.05)
        builders = [FORK.Process(target=build_in_workers, args=(output, candidates)) for _ in range(2)]
        for builder in builders:
            builder.start()
        for builder in builders:
            builder.join()
        assert [builder.exitcode for builder in builders] == [0, 0]
        begun = Counter(log.read_text().splitlines())
        assert set(begun.values()) == {1}
        build_here(alone, candidates)
        assert rows(output) == rows(alone)
        with MetaBase.open(output) as store:
            assert store.connection.execute("SELECT count(*) FROM claim").fetchone() == (0,)

    def test_second_call_runs_nothing_and_more_configurations_run_only_these(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        candidates = fake.configurations(12, log=log)
        assert build_here(tmp_path / "x.sqlite", candidates[:5]).done == 15
        assert build_here(tmp_path / "x.sqlite", candidates[:5]).done == 0
        assert build_here(tmp_path / "x.sqlite", candidates).done == 21
        assert set(Counter(log.read_text().splitlines()).values()) == {1}

    def test_shards_make_the_whole(self, tmp_path: Path) -> None:
        candidates = fake.configurations(3)
        parts = [
            build_here(tmp_path / "x.sqlite", candidates, shard=Shard(index=index, count=2)).done for index in (1, 2)
        ]
        assert parts == [6, 3]
        build_here(tmp_path / "whole.sqlite", candidates)
        assert rows(tmp_path / "x.sqlite") == rows(tmp_path / "whole.sqlite")

    def test_stop_ends_it_and_the_next_call_goes_on(self, tmp_path: Path) -> None:
        stop = threading.Event()

        def stop_soon(report: BuildReport) -> None:
            if report.done >= 4:
                stop.set()

        candidates = fake.configurations(10)
        sources = [fake.source(name) for name in DATASETS]
        report = build(
            sources, tmp_path / "x.sqlite", options(candidates), InlineExecutor(), on_progress=stop_soon, stop=stop
        )
        assert 4 <= report.done < 30
        assert report.done + build_here(tmp_path / "x.sqlite", candidates).done == 30


@pytest.mark.usefixtures("fake_work")
def test_each_fault_is_one_failed_run_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BuildOptions, "hard_limit", 1.25)
    faults = [Configuration(name, {}) for name in ("raises", "hangs", "eats", "exits")]
    candidates = [*faults, *fake.configurations(4)]
    limits = options(candidates, memory_mb=300.0)
    output = tmp_path / "x.sqlite"
    with LocalExecutor(2, preload=["experiments_for_tests"]) as executor:
        report = build([fake.source("alpha")], output, limits, executor)
        with MetaBase.open(output) as store:
            found = {run.configuration.algorithm: run for run in store.runs() if run.status is not Status.OK}
            assert {name: run.status for name, run in found.items()} == {
                "raises": Status.FAILED,
                "hangs": Status.TIMEOUT,
                "eats": Status.MEMORY,
                "exits": Status.CRASHED,
            }
            assert found["raises"].error == "ValueError: this one raises"
            assert "exit code 3" in found["exits"].error
            assert sum(run.status is Status.OK for run in store.runs()) == 4
            assert verify(store) == []
        assert report.errors.total() == 4
        assert build([fake.source("alpha")], output, limits, executor).done == 0
        retried = build([fake.source("alpha")], output, options(faults[:1] + faults[3:], retry_failed=True), executor)
    assert retried.statuses == {Status.CRASHED: 1}  # what raised would raise again


def test_scores_are_those_of_a_cross_validation_and_come_again(tmp_path: Path) -> None:
    candidates = {
        Task.REGRESSION: [default_configuration(name, Task.REGRESSION) for name in ("ridge", "dummy")],
        Task.MULTICLASS: [default_configuration(name, Task.MULTICLASS) for name in ("knn", "decision_tree")],
    }
    protocol = Protocol(rows=120, folds=3, seed=7)
    wanted = BuildOptions(protocol=protocol, candidates=candidates)
    sources = read_sources(["sklearn:iris", "sklearn:diabetes"])
    paths = [tmp_path / "first.sqlite", tmp_path / "second.sqlite"]
    for path in paths:
        report = build(sources, path, wanted, InlineExecutor())
        assert report.statuses == {Status.OK: 4}
        assert report.described == 2
    assert rows(paths[0]) == rows(paths[1])
    dataset = read_dataset("sklearn:diabetes")
    sample = dataset.take(sample_rows(dataset, 120, 3, 7))
    ridge = candidates[Task.REGRESSION][0]
    expected = cross_validate(ridge, sample, make_folds(sample, 3, 7), seed=7)
    with MetaBase.open(paths[0]) as store:
        run = next(store.runs("sklearn_diabetes", configuration=ridge.id))
        assert run.n_rows == 120
        for metric, values in expected.scores.items():
            assert run.scores[metric] == pytest.approx(values, rel=1e-6)
        assert store.metafeatures()["sklearn_iris"].values.size > 50
        assert store.dataset("sklearn_iris").n_classes == 3  # type: ignore[union-attr]
        assert verify(store) == []


def test_dataset_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_text("a,target\n1,\n")
    sources = [*read_sources([tmp_path / "broken.csv"]), *read_sources(["sklearn:diabetes"])]
    candidates = {Task.REGRESSION: [default_configuration("dummy", Task.REGRESSION)]}
    wanted = BuildOptions(protocol=Protocol(folds=3), candidates=candidates, metafeatures=False)
    report = build(sources, tmp_path / "x.sqlite", wanted, InlineExecutor())
    assert report.done == 1
    assert list(report.unreadable) == ["broken"]


def test_dataset_that_cannot_be_described_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def describe(source: DatasetSource) -> None:
        raise MemoryError

    monkeypatch.setattr(builder_module, "describe", describe)
    wanted = options([], metafeatures=True)
    report = build(read_sources(["sklearn:diabetes"]), tmp_path / "x.sqlite", wanted, InlineExecutor())
    assert report.undescribed == {"sklearn_diabetes": "MemoryError"}
    assert not report.is_whole


def test_changed_data_are_refused(tmp_path: Path) -> None:
    candidates = {Task.REGRESSION: [default_configuration("dummy", Task.REGRESSION)]}
    wanted = BuildOptions(protocol=Protocol(folds=3), candidates=candidates, metafeatures=False)
    table = tmp_path / "mine.csv"
    random_numbers = np.random.default_rng(0).normal(size=(60, 2))
    for factor in (1, 2):
        lines = [f"{a:.4f},{factor * b:.4f}" for a, b in random_numbers]
        table.write_text("\n".join(["x,target", *lines]))
        sources = [DatasetSource(name="mine", location=str(table))]
        if factor == 1:
            build(sources, tmp_path / "x.sqlite", wanted, InlineExecutor())
        else:
            more = {Task.REGRESSION: [default_configuration("ridge", Task.REGRESSION)]}
            changed = BuildOptions(protocol=Protocol(folds=3), candidates=more, metafeatures=False)
            with pytest.raises(InputError, match="its data have changed"):
                build(sources, tmp_path / "x.sqlite", changed, InlineExecutor())


@pytest.mark.parametrize("surveyed", [False, True])
def test_second_target_is_refused_though_nothing_is_left_to_run(tmp_path: Path, surveyed: bool) -> None:
    candidates = {Task.REGRESSION: [default_configuration("dummy", Task.REGRESSION)]}
    wanted = BuildOptions(protocol=Protocol(folds=3), candidates=candidates, metafeatures=False)
    table = tmp_path / "mine.csv"
    numbers = np.random.default_rng(0).normal(size=(60, 3))
    table.write_text("\n".join(["x,length,width", *(",".join(f"{value:.4f}" for value in row) for row in numbers)]))
    known = {"task": Task.REGRESSION, "n_rows": 60, "n_columns": 2} if surveyed else {}
    length, width = (
        DatasetSource(name="mine", location=str(table), target=target, **known)  # type: ignore[arg-type]
        for target in ("length", "width")
    )
    assert build([length], tmp_path / "x.sqlite", wanted, InlineExecutor()).done == 1
    assert build([length], tmp_path / "x.sqlite", wanted, InlineExecutor()).done == 0
    with pytest.raises(InputError, match="'length' there, 'width' here"):
        build([width], tmp_path / "x.sqlite", wanted, InlineExecutor())

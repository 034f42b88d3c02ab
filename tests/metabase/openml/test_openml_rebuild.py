import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openml_server import Faults, LocalServer
from openml_world import World, make_world

from automl_meta.errors import InputError
from automl_meta.metabase import MetaBase
from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.cache import PageCache
from automl_meta.metabase.openml.client import Client, Patience
from automl_meta.metabase.openml.measures import MEASURES
from automl_meta.metabase.openml.rebuild import RebuildOptions, RebuildReport, rebuild
from automl_meta.metabase.openml.selection import Selection
from automl_meta.metabase.provenance import grades, provenance
from automl_meta.metabase.verification import verify

NO_WAITING = Patience(pause=0.0, first=0.0, most=0.0, attempts=200, refusals=6, ends=5, timeout=(5.0, 5.0))
BOTH = ("area_under_roc_curve", "predictive_accuracy", "root_mean_squared_error")


def archive_of(server: LocalServer, folder: Path, *, offline: bool = False, url: str = "") -> Archive:
    address = url or server.url
    client = None if offline else Client(address, patience=NO_WAITING, sleep=lambda seconds: None)
    return Archive(PageCache(folder, address), client)


def options_for(**given: object) -> RebuildOptions:
    settings: dict[str, object] = {
        "selection": Selection(suites=("cc18",)),
        "measures": BOTH,
        "page_size": 50,
        "qualities": True,
    }
    return RebuildOptions(**(settings | given))  # type: ignore[arg-type]


def check_holds_exactly(path: Path, world: World) -> None:
    """Compare a store with what the generator of the world wrote down."""
    expected = world.expected()
    with MetaBase.open(path, "ro") as store:
        assert verify(store) == []
        names = {record.openml_id: record.name for record in store.datasets()}
        assert set(names) == {task.dataset.dataset_id for task in world.tasks.values()}
        sources: dict[tuple[str, str], dict[int, str]] = {}
        for dataset, configuration, _, source in provenance(store):
            sources.setdefault((dataset, configuration), {})[source.run_id] = source.grade
        for task in world.tasks.values():
            name = names[task.dataset.dataset_id]
            rows = expected[task.task_id]
            found = {run.configuration.id: run for run in store.runs(name)}
            assert set(found) == set(rows)
            for identity, row in rows.items():
                run = found[identity]
                assert str(run.protocol) == "openml, all rows, 10 folds, seed 0"
                scores = {MEASURES[m].metric: MEASURES[m].factor * value for m, value in row.scores.items()}
                given = {metric: values[0] for metric, values in run.scores.items() if not math.isnan(values[0])}
                assert given == {metric: float(np.float32(value)) for metric, value in scores.items()}
                assert set(sources[name, identity]) == row.run_ids
                assert ("exact" in sources[name, identity].values()) == (row.grade == "exact")


def test_rebuild_holds_what_the_server_has(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    report = rebuild(tmp_path / "r.sqlite", options_for(qualities=False), archive_of(server, tmp_path / "cache"))
    check_holds_exactly(tmp_path / "r.sqlite", small_world)
    assert (report.skipped, report.incomplete, report.datasets) == ({}, {}, 3)
    assert report.counts.runs == len(small_world.runs)
    counts = report.counts
    assert (
        counts.runs == counts.stored.total() + counts.repeated + counts.without_score + counts.untranslatable.total()
    )
    assert "hyperparameters were searched inside the run" in counts.untranslatable
    with MetaBase.open(tmp_path / "r.sqlite", "ro") as store:
        assert set(grades(store)) == {"exact", "approximate"}
        assert len(store.metafeatures()) == 3


def test_json_gives_the_same_rows_as_xml(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    address = server.url.replace("/xml", "/json")
    rebuild(tmp_path / "r.sqlite", options_for(), archive_of(server, tmp_path / "cache", url=address))
    check_holds_exactly(tmp_path / "r.sqlite", small_world)
    assert any("/json/evaluation/" in path for path in server.paths)


def test_offline_makes_the_same_bytes_and_asks_nobody(server: LocalServer, tmp_path: Path) -> None:
    server.faults = Faults.all(0.2, seed=8)
    rebuild(tmp_path / "first.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    asked = len(server.paths)
    rebuild(tmp_path / "again.sqlite", options_for(), archive_of(server, tmp_path / "cache", offline=True))
    assert (tmp_path / "first.sqlite").read_bytes() == (tmp_path / "again.sqlite").read_bytes()
    assert len(server.paths) == asked


def test_offline_without_a_cache_says_so(server: LocalServer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not in the cache"):
        rebuild(tmp_path / "r.sqlite", options_for(), archive_of(server, tmp_path / "cache", offline=True))
    assert not (tmp_path / "r.sqlite").exists()


def test_a_second_rebuild_asks_for_nothing(server: LocalServer, tmp_path: Path) -> None:
    rebuild(tmp_path / "first.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    asked = len(server.paths)
    rebuild(tmp_path / "again.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    assert len(server.paths) == asked


def test_a_damaged_page_is_asked_for_again(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    rebuild(tmp_path / "first.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    pages = sorted((tmp_path / "cache").rglob("*.page"))
    for page in pages[::3]:
        page.write_bytes(page.read_bytes()[:-7] + b"garbage")
    rebuild(tmp_path / "again.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    check_holds_exactly(tmp_path / "again.sqlite", small_world)


@pytest.mark.parametrize("fault", ["slow", "status", "refuse", "cut", "repeat", "reorder", "html"])
def test_each_fault_alone_changes_nothing(
    fault: str, server: LocalServer, small_world: World, tmp_path: Path
) -> None:
    server.faults = Faults(**{fault: 0.4})  # type: ignore[arg-type]
    options = options_for(page_size=20)
    report = rebuild(tmp_path / "r.sqlite", options, archive_of(server, tmp_path / "cache"))
    assert server.faults.happened[fault] > 5
    assert (report.skipped, report.incomplete) == ({}, {})
    check_holds_exactly(tmp_path / "r.sqlite", small_world)


def test_a_server_that_is_down_for_one_task_costs_that_task_only(
    server: LocalServer, small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = next(iter(small_world.tasks))
    whole = server.content
    monkeypatch.setattr(server, "content", lambda path: (503, b"") if f"/task/{gone}/limit" in path else whole(path))
    archive = archive_of(server, tmp_path / "cache")
    report = rebuild(tmp_path / "part.sqlite", options_for(), archive)
    assert list(report.skipped) == [gone]
    assert "no proper answer" in report.skipped[gone]
    assert report.unavailable == 1
    assert not report.is_whole
    monkeypatch.undo()
    rebuild(tmp_path / "whole.sqlite", options_for(), archive)
    check_holds_exactly(tmp_path / "whole.sqlite", small_world)


def test_qualities_are_marked_and_no_table_is_fetched(
    server: LocalServer, small_world: World, tmp_path: Path
) -> None:
    rebuild(tmp_path / "r.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    assert not any("download" in path or path.startswith("/datasets") for path in server.paths)
    with MetaBase.open(tmp_path / "r.sqlite", "ro") as store:
        records = {record.name: record for record in store.datasets()}
        for name, features in store.metafeatures().items():
            dataset = small_world.datasets[records[name].openml_id or 0]
            values = dict(zip(features.names, features.values, strict=True))
            assert features.extractor == "openml-qualities-1"
            assert values["nr_inst"] == len(dataset.frame)
            assert values["nr_attr"] == dataset.n_features
            assert values["nr_cat"] == 2
            assert math.isnan(values["kurtosis.mean"])  # -1: not computed
            assert math.isnan(values["skewness.mean"])


def test_runs_can_be_limited_by_number_flow_and_uploader(
    server: LocalServer, small_world: World, tmp_path: Path
) -> None:
    flow = small_world.runs[0].setup.flow_id
    choices: tuple[dict[str, object], ...] = ({"max_runs": 7}, {"flows": (flow,)}, {"uploaders": (3,)})
    seen: list[RebuildReport] = []
    for number, given in enumerate(choices):
        archive = archive_of(server, tmp_path / f"cache{number}")
        options = options_for(measures=("predictive_accuracy", "root_mean_squared_error"), **given)
        seen.append(rebuild(tmp_path / f"{number}.sqlite", options, archive))
    assert seen[0].counts.listed == 7 * 3
    assert seen[1].counts.runs == sum(run.setup.flow_id == flow for run in small_world.runs)
    assert seen[2].counts.runs == sum(run.uploader == 3 for run in small_world.runs)


def test_tasks_are_chosen_by_number_and_by_dataset(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    one, two = list(small_world.tasks.values())[:2]
    selection = Selection(tasks=(one.task_id,), datasets=(two.dataset.dataset_id,))
    options = options_for(selection=selection)
    assert rebuild(tmp_path / "r.sqlite", options, archive_of(server, tmp_path / "cache")).tasks == 2
    unknown = options_for(selection=Selection(datasets=(1,)))
    with pytest.raises(InputError, match="no supervised task on dataset 1"):
        rebuild(tmp_path / "r.sqlite", unknown, archive_of(server, tmp_path / "cache"))


def test_tasks_alike_on_one_dataset_count_once(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    one = next(iter(small_world.tasks.values()))
    twin = replace(one, task_id=one.task_id + 5000)
    runs = [replace(run, run_id=run.run_id + 10**6, task=twin) for run in small_world.runs if run.task is one]
    server.world = World(small_world.datasets, {**small_world.tasks, twin.task_id: twin}, small_world.runs + runs)
    report = rebuild(tmp_path / "r.sqlite", options_for(), archive_of(server, tmp_path / "cache"))
    with MetaBase.open(tmp_path / "r.sqlite", "ro") as store:
        assert store.n_runs() == report.counts.stored.total()
        assert sum(1 for _ in provenance(store)) == report.counts.stored.total() + report.counts.repeated


def test_a_task_without_any_of_the_measures_is_left_out(server: LocalServer, tmp_path: Path) -> None:
    options = options_for(measures=("root_mean_squared_error",))
    report = rebuild(tmp_path / "r.sqlite", options, archive_of(server, tmp_path / "cache"))
    assert (report.datasets, len(report.skipped), report.unavailable) == (1, 2, 0)
    assert set(report.skipped.values()) == {"none of the measures asked for is one of its kind"}
    assert report.is_whole


def test_the_key_is_sent_and_kept_nowhere(
    server: LocalServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.faults = Faults.all(0.2)
    client = Client(server.url, key="s3cr3t-key", patience=NO_WAITING, sleep=lambda seconds: None)
    archive = Archive(PageCache(tmp_path / "cache", server.url), client)
    rebuild(tmp_path / "r.sqlite", options_for(), archive)
    assert server.keys == {"s3cr3t-key"}
    assert "s3cr3t" not in caplog.text
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"s3cr3t" not in content, file
            assert "s3cr3t" not in file.name


@pytest.mark.slow
def test_thirty_tasks_and_all_faults_at_once(tmp_path: Path) -> None:
    world = make_world(n_tasks=30, n_runs=5000)
    options = options_for(page_size=100, qualities=False)
    with LocalServer(world, Faults.all(0.2, seed=5)) as server:
        report = rebuild(tmp_path / "r.sqlite", options, archive_of(server, tmp_path / "cache"))
        happened = set(server.faults.happened)
        assert happened == {"slow", "status", "refuse", "cut", "repeat", "reorder", "html"}
        assert (report.skipped, report.incomplete, report.counts.runs) == ({}, {}, 5000)
        check_holds_exactly(tmp_path / "r.sqlite", world)
        rebuild(tmp_path / "again.sqlite", options, archive_of(server, tmp_path / "cache", offline=True))
        server.faults = Faults()
        rebuild(tmp_path / "faultless.sqlite", options, archive_of(server, tmp_path / "other cache"))
    content = (tmp_path / "r.sqlite").read_bytes()
    assert (tmp_path / "again.sqlite").read_bytes() == content
    assert (tmp_path / "faultless.sqlite").read_bytes() == content  # what went wrong on the way leaves no trace

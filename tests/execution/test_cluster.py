import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import work
from small_cluster import SmallCluster

from automl_meta.errors import InputError
from automl_meta.execution import Limits, Status
from automl_meta.execution.cluster import ClusterOptions, connect
from automl_meta.execution.cluster.executor import DaskExecutor

FREE = Limits()
SMALL = Limits(seconds=20, memory_mb=300)
LONG = 60.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCluster]:
    with SmallCluster(tmp_path_factory.mktemp("cluster"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def executor(cluster: SmallCluster) -> Iterator[DaskExecutor]:
    with cluster.executor() as running:
        deadline = time.monotonic() + LONG
        while running.workers < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        yield running


def test_each_future_gets_its_own_value(executor: DaskExecutor) -> None:
    futures = [executor.submit(work.add, number, 1, limits=SMALL) for number in range(30)]
    assert [future.result(LONG).value for future in futures] == list(range(1, 31))


def test_work_done_one_after_the_other_never_gets_an_earlier_answer(executor: DaskExecutor) -> None:
    # Each piece is gone before the next is made, which may lie at the same place in memory.
    answers = [executor.submit(work.add, number, 1, limits=SMALL).result(LONG).value for number in range(40)]
    assert answers == list(range(1, 41))


def test_all_workers_are_counted_and_used(executor: DaskExecutor) -> None:
    assert executor.workers == 2
    futures = [executor.submit(work.sleep_and_say_where, 0.5, limits=FREE) for _ in range(4)]
    processes = {future.result(LONG).value for future in futures}
    assert len(processes) == 2
    assert os.getpid() not in processes


FAULTS = [
    (work.raise_error, ("so it is",), Status.FAILED, "ValueError: so it is"),
    (work.return_unpicklable, (), Status.FAILED, "pickle"),
    (work.allocate_bit_by_bit, (50_000,), Status.MEMORY, "more than 300 MiB"),
    (work.exit_process, (3,), Status.CRASHED, "exit code 3"),
    (work.crash_in_c, (), Status.CRASHED, "SIGSEGV"),
]


@pytest.mark.parametrize(("function", "arguments", "status", "said"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
def test_fault_costs_that_piece_of_work_and_no_worker(
    executor: DaskExecutor, function: object, arguments: tuple[object, ...], status: Status, said: str
) -> None:
    bystander = executor.submit(work.sleep, 0.3, limits=SMALL)
    outcome = executor.submit(function, *arguments, limits=SMALL).result(LONG)  # type: ignore[arg-type]
    assert outcome.status is status
    assert said in outcome.error
    assert bystander.result(LONG).status is Status.OK
    assert executor.workers == 2


def test_hang_in_c_is_killed_at_its_time_limit(executor: DaskExecutor) -> None:
    outcome = executor.submit(work.hang_in_c_ignoring_signals, limits=Limits(seconds=0.5)).result(LONG)
    assert outcome.status is Status.TIMEOUT
    assert "0.5 s" in outcome.error


def test_shared_value_travels_to_each_worker_once(executor: DaskExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    value = np.arange(2**20, dtype=np.float64)
    received: list[str] = []
    run = executor._client.run

    def note(function: Callable[..., object], *arguments: object, workers: list[str], **options: object) -> object:
        received.extend(workers)
        return run(function, *arguments, workers=workers, **options)

    monkeypatch.setattr(executor._client, "run", note)
    shared = executor.share(value)
    futures = [executor.submit(work.sleep_and_sum, shared, 0.05, limits=FREE) for _ in range(20)]
    assert {future.result(LONG).value for future in futures} == {float(value.sum())}
    assert len(received) == 2
    assert len(set(received)) == 2


def test_shared_value_can_be_read_where_it_was_made(tmp_path: Path, executor: DaskExecutor) -> None:
    shared = executor.share({"folder": tmp_path, "number": 3})
    assert shared.get() == {"folder": tmp_path, "number": 3}


def test_released_value_is_gone_from_the_workers(executor: DaskExecutor) -> None:
    shared = executor.share(np.arange(10))
    places = [executor.submit(work.shared_path, shared, limits=FREE).result(LONG).value for _ in range(4)]
    assert all(path.exists() for path in places)
    shared.release()
    deadline = time.monotonic() + LONG
    while any(path.exists() for path in places) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(path.exists() for path in places)


@pytest.mark.parametrize("same_file_system", [True, False])
def test_files_that_work_writes_come_back(tmp_path: Path, executor: DaskExecutor, same_file_system: bool) -> None:
    shared = executor.share({"folder": tmp_path})
    if not same_file_system:
        for mark in tmp_path.glob(".*"):  # by which a worker knows the folder
            mark.unlink()
    outcome = executor.submit(work.write_file, shared, "model.bin", limits=FREE).result(LONG)
    path, there = outcome.value
    assert path == tmp_path / "model.bin"
    assert path.read_bytes() == b"a fitted model"
    assert (Path(there).parent == tmp_path) is same_file_system
    assert same_file_system or not Path(there).exists()


def test_cancel_stops_work_that_has_begun(tmp_path: Path, executor: DaskExecutor) -> None:
    futures = [executor.submit(work.start_grandchild, str(tmp_path / str(n)), limits=FREE) for n in range(3)]
    paths = [tmp_path / "0", tmp_path / "1"]
    _wait_until(lambda: all(path.exists() and path.read_text() for path in paths))
    grandchildren = [int(path.read_text()) for path in paths]
    assert all(future.cancel() for future in futures)
    assert [future.result(LONG).status for future in futures] == [Status.CANCELLED] * 3
    _wait_until(lambda: not any(_is_alive(pid) for pid in grandchildren))
    assert executor.submit(work.add, 1, 2, limits=FREE).result(LONG).value == 3


def test_shutdown_finishes_the_queue_and_leaves_nothing_on_the_workers(cluster: SmallCluster) -> None:
    executor = cluster.executor()
    pids = [executor.submit(work.process_id, limits=FREE) for _ in range(6)]
    shared = executor.share([1])
    path = executor.submit(work.shared_path, shared, limits=FREE)
    executor.shutdown()
    assert all(future.result(0).status is Status.OK for future in pids)
    _wait_until(lambda: not any(_is_alive(future.result(0).value) for future in pids))
    _wait_until(lambda: not path.result(0).value.exists())
    assert executor.submit(work.add, 1, 2, limits=FREE).result(0).status is Status.CANCELLED
    executor.shutdown()


def test_worker_with_other_versions_is_named_and_nothing_is_run(tmp_path: Path) -> None:
    other = tmp_path / "numpy-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    with SmallCluster(tmp_path, workers=0) as cluster:
        cluster.add_worker(path=tmp_path)
        with pytest.raises(InputError, match=rf"numpy 0\.0\.1 \(here {np.__version__}\)"):
            cluster.executor()
        cluster.add_worker()
        with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:\d+: numpy 0\.0\.1"):
            cluster.executor()


def test_scheduler_without_workers_and_no_scheduler_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SmallCluster(tmp_path, workers=0) as cluster:
        with pytest.raises(InputError, match=r"has no workers\. Try: dask worker tcp://"):
            cluster.executor(patience=0.5)
        cluster.kill_scheduler()
        monkeypatch.setattr("automl_meta.execution.cluster.connection.CONNECT_SECONDS", 0.5)
        with pytest.raises(InputError, match="no Dask scheduler answers at tcp://"):
            connect(ClusterOptions(address=cluster.address))


def test_local_cluster_listens_on_loopback_only() -> None:
    before = set(psutil.Process().children(recursive=True))
    with connect(ClusterOptions(address="local:1"), preload=("numpy",)) as executor:
        assert executor.submit(work.add, 1, 2, limits=FREE).result(LONG).value == 3
        processes = [psutil.Process(), *(set(psutil.Process().children(recursive=True)) - before)]
        listening = [c.laddr.ip for p in processes for c in p.net_connections("inet") if c.status == "LISTEN"]
        assert listening
        assert set(listening) <= {"127.0.0.1", "::1"}
        children = [process.pid for process in processes[1:]]
    _wait_until(lambda: sum(_is_alive(pid) for pid in children) <= 1)  # Python's resource tracker stays


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"address": "10.0.0.1:8786"}, "Try tcp://HOST:PORT"),
        ({"address": "tcp://10.0.0.1"}, "Try tcp://HOST:PORT"),
        ({"address": "local:0"}, "at least one worker"),
        ({"address": "local:two"}, "Try tcp://HOST:PORT"),
        ({"address": "tls://h:1", "tls_cert": Path(__file__)}, "belong together"),
        ({"address": "tls://h:1", "tls_ca": Path("no/such.pem")}, "there is no file"),
        ({"address": "tcp://h:1", "tls_ca": Path(__file__)}, "Try tls://"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ClusterOptions(**options)  # type: ignore[arg-type]


def _is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"


def _wait_until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)

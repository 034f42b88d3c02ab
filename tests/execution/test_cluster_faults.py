"""What a cluster may lose in the middle of a run. Set AUTOML_META_REPEAT to 10 to see each case ten times."""

import os
import signal
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
import work
from small_cluster import SmallCluster

from automl_meta.execution import Limits, Outcome, Status
from automl_meta.execution.cluster.executor import DaskExecutor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("attempt", range(int(os.environ.get("AUTOML_META_REPEAT", "1")))),
]

FREE = Limits()
LONG = 90.0


def sleepers(executor: DaskExecutor, folder: Path, count: int, seconds: float = 1.0) -> list["Future[Outcome]"]:
    """Submit work that notes its beginning, and return once some of it has begun."""
    path = folder / "begun"
    futures = [executor.submit(work.note_run_and_sleep, str(path), seconds, limits=FREE) for _ in range(count)]
    deadline = time.monotonic() + LONG
    while not path.exists():
        assert time.monotonic() < deadline, "nothing began"
        time.sleep(0.02)
    return futures  # type: ignore[return-value]


def test_work_of_a_worker_that_is_killed_is_done_elsewhere(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=2) as cluster, cluster.executor() as executor:
        shared = executor.share([1, 2, 3])
        futures = sleepers(executor, tmp_path, 6)
        cluster.kill_worker(attempt % 2)
        assert [future.result(LONG).status for future in futures] == [Status.OK] * 6
        assert executor.submit(work.length_of, shared, limits=FREE).result(LONG).value == 3
        assert executor.workers == 1


def test_loss_of_all_workers_ends_the_work_and_says_why(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=2) as cluster, cluster.executor(patience=2.0) as executor:
        futures = sleepers(executor, tmp_path, 4, seconds=30.0)
        for number in range(2):
            cluster.kill_worker(number)
        outcomes = [future.result(LONG) for future in futures]
        assert {outcome.status for outcome in outcomes} == {Status.CANCELLED}
        assert all("there was no worker" in outcome.error for outcome in outcomes)
        assert executor.submit(work.add, 1, 2, limits=FREE).result(LONG).status is Status.CANCELLED


def test_work_goes_on_when_a_worker_comes_after_all_were_lost(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=1) as cluster, cluster.executor() as executor:
        shared = executor.share([1, 2, 3])
        assert executor.submit(work.length_of, shared, limits=FREE).result(LONG).value == 3
        futures = sleepers(executor, tmp_path, 3)
        cluster.kill_worker(0)
        cluster.add_worker()
        assert [future.result(LONG).status for future in futures] == [Status.OK] * 3
        assert executor.submit(work.length_of, shared, limits=FREE).result(LONG).value == 3


def test_loss_of_the_scheduler_ends_the_work_and_says_why(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=2) as cluster, cluster.executor() as executor:
        futures = sleepers(executor, tmp_path, 4, seconds=30.0)
        cluster.kill_scheduler()
        started = time.monotonic()
        outcomes = [future.result(LONG) for future in futures]
        assert {outcome.status for outcome in outcomes} == {Status.CANCELLED}
        assert all("the connection to the Dask scheduler" in outcome.error for outcome in outcomes)
        assert executor.submit(work.add, 1, 2, limits=FREE).result(LONG).status is Status.CANCELLED
        executor.shutdown()
        assert time.monotonic() - started < LONG


def test_scheduler_that_hangs_and_goes_on_does_no_harm(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=1) as cluster, cluster.executor() as executor:
        futures = sleepers(executor, tmp_path, 2)
        cluster.scheduler.send_signal(signal.SIGSTOP)
        time.sleep(2.0)
        cluster.scheduler.send_signal(signal.SIGCONT)
        assert [future.result(LONG).status for future in futures] == [Status.OK] * 2


def test_work_too_large_for_one_worker_is_done_on_a_larger_one(tmp_path: Path, attempt: int) -> None:
    # The pages of libraries count when they are first touched: a worker needs a few hundred MiB for nothing at all.
    with SmallCluster(tmp_path, workers=1, memory_limit="800MiB") as cluster, cluster.executor() as executor:
        outcome = executor.submit(work.allocate_bit_by_bit, 1000, limits=Limits(memory_mb=2000)).result(LONG)
        assert outcome.status is Status.MEMORY
        assert executor.submit(work.add, 1, 2, limits=FREE).result(LONG).value == 3
        cluster.add_worker()
        while executor.workers < 2:
            time.sleep(0.05)
        futures = [executor.submit(work.allocate_bit_by_bit, 1000, limits=Limits(memory_mb=2000)) for _ in range(4)]
        assert [future.result(LONG).status for future in futures] == [Status.OK] * 4


def test_worker_that_joins_late_is_used(tmp_path: Path, attempt: int) -> None:
    with SmallCluster(tmp_path, workers=1) as cluster, cluster.executor() as executor:
        shared = executor.share([1, 2, 3])
        first = executor.submit(work.process_id, limits=FREE).result(LONG).value
        cluster.add_worker()
        deadline = time.monotonic() + LONG
        processes = {first}
        while len(processes) < 2:
            assert time.monotonic() < deadline, "the late worker was not used"
            futures = [executor.submit(work.sleep_and_say_where, 0.2, limits=FREE) for _ in range(2)]
            lengths = [executor.submit(work.length_of, shared, limits=FREE) for _ in range(2)]
            processes |= {future.result(LONG).value for future in futures}
            assert [future.result(LONG).value for future in lengths] == [3, 3]

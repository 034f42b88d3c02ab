import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import work

from automl_meta.execution import InlineExecutor, Limits, LocalExecutor, Status
from automl_meta.execution.output import KEPT_CHARACTERS

FREE = Limits()
SMALL = Limits(seconds=20, memory_mb=300)


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    with LocalExecutor(2, preload=["numpy"]) as running:
        yield running


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[LocalExecutor]:
    with LocalExecutor(1, preload=["numpy"], log=tmp_path / "log.txt") as running:
        yield running


def test_value_comes_back_with_the_seconds_it_took(executor: LocalExecutor) -> None:
    outcome = executor.submit(work.sleep, 0.1, limits=FREE).result()
    assert outcome.status is Status.OK
    assert outcome.value == 0.1
    assert 0.1 <= outcome.seconds < 5


def test_each_future_gets_its_own_value(executor: LocalExecutor) -> None:
    futures = [executor.submit(work.add, number, 1, limits=SMALL) for number in range(100)]
    assert [future.result().value for future in futures] == list(range(1, 101))


def test_work_runs_elsewhere_and_side_by_side(executor: LocalExecutor, tmp_path: Path) -> None:
    pairs = [("a", "b"), ("b", "a")]
    futures = [executor.submit(work.meet, str(tmp_path), me, other, limits=FREE) for me, other in pairs]
    assert all(future.result().value for future in futures)
    assert executor.submit(work.process_id, limits=FREE).result().value != os.getpid()


FAULTS = [
    (work.raise_error, ("so it is",), Status.FAILED, "ValueError: so it is"),
    (work.raise_system_exit, (), Status.FAILED, "SystemExit: goodbye"),
    (work.return_unpicklable, (), Status.FAILED, "local object"),
    (work.allocate_at_once, (50_000,), Status.MEMORY, "MemoryError"),
    (work.allocate_bit_by_bit, (50_000,), Status.MEMORY, "more than 300 MiB"),
    (work.exit_process, (3,), Status.CRASHED, "exit code 3"),
    (work.exit_process, (0,), Status.CRASHED, "exit code 0"),
    (work.kill_itself, (), Status.CRASHED, "SIGKILL"),
    (work.crash_in_c, (), Status.CRASHED, "SIGSEGV"),
    (work.close_all_files, (), Status.CRASHED, "closed the connection"),
]


@pytest.mark.parametrize(("function", "arguments", "status", "said"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
def test_fault_is_one_outcome_and_the_next_piece_of_work_runs(
    executor: LocalExecutor, function: object, arguments: tuple[object, ...], status: Status, said: str
) -> None:
    bystander = executor.submit(work.sleep, 0.3, limits=SMALL)
    outcome = executor.submit(function, *arguments, limits=SMALL).result(timeout=60)  # type: ignore[arg-type]
    assert outcome.status is status
    assert said in outcome.error
    assert "\n" not in outcome.error
    assert bystander.result(timeout=60).status is Status.OK
    assert executor.submit(work.add, 1, 2, limits=SMALL).result(timeout=60).value == 3


def test_hang_in_c_that_ignores_signals_is_killed_at_its_time_limit(executor: LocalExecutor) -> None:
    outcome = executor.submit(work.hang_in_c_ignoring_signals, limits=Limits(seconds=0.5)).result(timeout=60)
    assert outcome.status is Status.TIMEOUT
    assert "0.5 s" in outcome.error
    assert outcome.seconds >= 0.5


def test_time_limit_does_not_count_the_queue(alone: LocalExecutor) -> None:
    futures = [alone.submit(work.sleep, 0.4, limits=Limits(seconds=1.5)) for _ in range(5)]
    assert [future.result().status for future in futures] == [Status.OK] * 5


def test_a_traceback_is_kept_for_the_log(executor: LocalExecutor) -> None:
    outcome = executor.submit(work.raise_error, "here", limits=FREE).result()
    assert "raise_error" in outcome.traceback


def test_peak_memory_is_that_of_the_piece_of_work(alone: LocalExecutor) -> None:
    large = alone.submit(work.allocate_at_once, 200, limits=FREE).result()
    small = alone.submit(work.add, 1, 2, limits=FREE).result()
    assert 190 < large.peak_memory_mb < 300
    assert small.peak_memory_mb < 50


def test_memory_limit_is_lifted_for_the_next_piece_of_work(alone: LocalExecutor) -> None:
    assert alone.submit(work.allocate_at_once, 900, limits=SMALL).result().status is Status.MEMORY
    assert alone.submit(work.allocate_at_once, 900, limits=FREE).result().status is Status.OK


def test_output_of_100_mb_reaches_neither_the_terminal_nor_the_disk(
    tmp_path: Path, alone: LocalExecutor, capfd: pytest.CaptureFixture[str]
) -> None:
    assert alone.submit(work.print_much, 100, limits=FREE).result().value == 100
    assert alone.submit(work.warn_and_print, limits=FREE).result().status is Status.OK
    alone.shutdown()
    logged = (tmp_path / "log.txt").read_text()
    assert "a line for the log" in logged
    assert "UserWarning: a warning for the log" in logged
    assert len(logged) < 2 * KEPT_CHARACTERS
    assert capfd.readouterr() == ("", "")


def test_output_goes_to_the_logger_where_there_is_no_file(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "automl_meta.execution"), LocalExecutor(1, preload=[]) as executor:
        executor.submit(work.warn_and_print, limits=FREE).result()
    assert "a line for the log" in caplog.text


def test_shared_value_is_read_once_by_each_worker(executor: LocalExecutor) -> None:
    shared = executor.share(np.arange(1000))
    seen = [executor.submit(work.read_shared, shared, limits=FREE).result().value for _ in range(20)]
    assert {total for _, _, total in seen} == {499500.0}
    objects: dict[int, set[int]] = {}
    for process, identity, _ in seen:
        objects.setdefault(process, set()).add(identity)
    assert all(len(identities) == 1 for identities in objects.values())


def test_released_value_leaves_no_file(executor: LocalExecutor) -> None:
    shared = executor.share(np.arange(10))
    shared.release()
    assert not shared.path.exists()
    outcome = executor.submit(work.read_shared, shared, limits=FREE).result()
    assert outcome.status is Status.FAILED
    assert "FileNotFoundError" in outcome.error


def test_arguments_that_do_not_pickle_are_a_failed_outcome(executor: LocalExecutor) -> None:
    outcome = executor.submit(work.add, lambda: 1, 2, limits=FREE).result()
    assert outcome.status is Status.FAILED


def test_cancel_stops_waiting_and_running_work(alone: LocalExecutor) -> None:
    running = alone.submit(work.sleep, 60, limits=FREE)
    waiting = alone.submit(work.sleep, 60, limits=FREE)
    while not running.running():
        time.sleep(0.01)
    assert waiting.cancel()
    assert running.cancel()
    assert [future.result(timeout=10).status for future in (running, waiting)] == [Status.CANCELLED] * 2
    assert alone.submit(work.add, 1, 2, limits=FREE).result().value == 3
    assert not running.cancel()


def test_shutdown_finishes_the_queue(tmp_path: Path) -> None:
    executor = LocalExecutor(1, preload=[])
    futures = [executor.submit(work.note_run, str(tmp_path / "runs"), limits=FREE) for _ in range(10)]
    executor.shutdown()
    assert all(future.result(timeout=0).status is Status.OK for future in futures)
    assert (tmp_path / "runs").read_text().count("run") == 10
    executor.shutdown()


def test_shutdown_finishes_the_queue_even_when_workers_die(tmp_path: Path) -> None:
    executor = LocalExecutor(1, preload=[])
    for _ in range(3):
        executor.submit(work.exit_process, 1, limits=FREE)
    last = executor.submit(work.add, 1, 2, limits=FREE)
    executor.shutdown()
    assert last.result(timeout=0).value == 3


def test_shutdown_with_cancel_ends_at_once_and_work_after_it_is_cancelled() -> None:
    executor = LocalExecutor(1, preload=[])
    futures = [executor.submit(work.sleep, 60, limits=FREE) for _ in range(3)]
    executor.shutdown(cancel=True)
    late = executor.submit(work.add, 1, 2, limits=FREE)
    assert [future.result(timeout=0).status for future in (*futures, late)] == [Status.CANCELLED] * 4


def test_shutdown_leaves_no_process_and_no_file() -> None:
    executor = LocalExecutor(2, preload=[])
    folder = executor._folder
    executor.submit(work.add, 1, 2, limits=FREE).result()
    executor.share([1])
    pids = [executor._supervisor._server._process.pid, *(w.pid for w in executor._supervisor._workers if w.pid)]  # type: ignore[union-attr]
    executor.shutdown()
    _assert_gone(pids)
    assert not folder.exists()


def test_grandchildren_die_with_their_piece_of_work(tmp_path: Path, alone: LocalExecutor) -> None:
    path = tmp_path / "pid"
    outcome = alone.submit(work.start_grandchild, str(path), limits=Limits(seconds=1)).result()
    assert outcome.status is Status.TIMEOUT
    _assert_gone([int(path.read_text())])


SCRIPT = """
    import os, sys, time
    sys.path.insert(0, {folder!r})
    import work
    from automl_meta.execution import Limits, LocalExecutor
    executor = LocalExecutor(2, preload=[])
    running = [executor.submit(work.sleep, 60, limits=Limits()) for _ in range(2)]
    while not all(future.running() for future in running):
        time.sleep(0.01)
    pids = [executor._supervisor._server._process.pid, *(w.pid for w in executor._supervisor._workers)]
    print(executor._folder, *pids, flush=True)
    {ending}
"""


@pytest.mark.parametrize("ending", ["time.sleep(60)", "sys.exit(0)", "raise ValueError"])
def test_end_of_the_parent_ends_the_workers_and_removes_their_files(ending: str) -> None:
    script = textwrap.dedent(SCRIPT.format(folder=str(Path(work.__file__).parent), ending=ending))
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        folder, *pids = parent.stdout.readline().split()
        if ending == "time.sleep(60)":
            parent.kill()
    _assert_gone([int(pid) for pid in pids])
    deadline = time.monotonic() + 10
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(folder).exists()


def test_loss_of_the_fork_server_is_survived() -> None:
    with LocalExecutor(1, preload=[]) as executor:
        running = executor.submit(work.sleep, 60, limits=FREE)
        while not running.running():
            time.sleep(0.01)
        server = executor._supervisor._server
        assert server is not None
        os.kill(server._process.pid, signal.SIGKILL)
        assert running.result(timeout=30).status is Status.CRASHED
        assert executor.submit(work.add, 1, 2, limits=FREE).result(timeout=30).value == 3


def test_server_that_cannot_start_is_told_and_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deadly_module.py").write_text("import os\nprint('it ends here', flush=True)\nos._exit(1)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with LocalExecutor(1, preload=["deadly_module"]) as executor:
        outcome = executor.submit(work.add, 1, 2, limits=FREE).result(timeout=60)
    assert outcome.status is Status.CANCELLED  # it never ran, so nothing is known of it
    assert "it ends here" in outcome.error


def test_preload_that_is_missing_does_no_harm() -> None:
    with LocalExecutor(1, preload=["no_such_module_anywhere"]) as executor:
        assert executor.submit(work.add, 1, 2, limits=FREE).result().value == 3


def test_workers_have_one_thread_each_and_ignore_interrupts(executor: LocalExecutor) -> None:
    assert executor.submit(work.thread_settings, limits=FREE).result().value == ("1", 1)
    assert executor.submit(work.ignored_signals, limits=FREE).result().value is True


def test_collected_executor_leaves_no_thread() -> None:
    executor = LocalExecutor(1, preload=[])
    supervisor = executor._supervisor
    executor.shutdown()
    del executor
    gc.collect()
    assert not supervisor.is_alive()


def test_no_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LocalExecutor(0)


@pytest.mark.parametrize(
    ("function", "arguments", "status"),
    [(work.add, (1, 2), Status.OK), (work.raise_error, ("no",), Status.FAILED)],
)
def test_inline_executor_answers_in_the_same_terms(
    function: object, arguments: tuple[object, ...], status: Status
) -> None:
    with InlineExecutor() as executor:
        outcome = executor.submit(function, *arguments, limits=FREE).result(timeout=0)  # type: ignore[arg-type]
        assert outcome.status is status
        assert executor.share([1]).get() == [1]
    assert executor.submit(work.add, 1, 2, limits=FREE).result().status is Status.CANCELLED


def _assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        if not left:
            return
        time.sleep(0.02)
    raise AssertionError(f"still there: {left}")

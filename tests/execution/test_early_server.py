import psutil
import work

from automl_meta.execution import Limits, LocalExecutor
from automl_meta.execution.fork_server import ForkServer
from automl_meta.execution.local import early_server


def process_of(server: ForkServer) -> psutil.Process:
    (process,) = (c for c in psutil.Process().children() if str(server.folder) in " ".join(c.cmdline()))
    return process


def test_workers_come_of_the_server_that_began_early() -> None:
    with early_server(["json"]) as server:
        process = process_of(server)
        with LocalExecutor(1, server=server) as executor:
            worker = executor.submit(work.process_id, limits=Limits()).result().value
            assert psutil.Process(worker).ppid() == process.pid
    assert not process.is_running()
    assert not server.folder.exists()


def test_server_that_nobody_took_ends_at_once_with_its_folder() -> None:
    with early_server(["scipy.stats", "sklearn.ensemble", "lightgbm"]) as server:
        process = process_of(server)
    assert not process.is_running()
    assert not server.folder.exists()


def test_early_server_that_is_lost_is_replaced() -> None:
    with early_server(["json"]) as server, LocalExecutor(1, server=server) as executor:
        before = executor.submit(work.process_id, limits=Limits()).result().value
        psutil.Process(before).parent().kill()
        after = [executor.submit(work.add, 1, 2, limits=Limits()).result() for _ in range(2)]
        assert after[-1].value == 3

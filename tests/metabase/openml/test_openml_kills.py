import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openml_server import Faults, LocalServer
from openml_world import make_world
from test_openml_rebuild import check_holds_exactly

SCRIPT = Path(__file__).with_name("rebuild_in_process.py")
ROOT = Path(__file__).parents[3]


def start(server: LocalServer, tmp_path: Path, output: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, str(SCRIPT), server.url, str(tmp_path / "cache"), str(tmp_path / output)]
    return subprocess.Popen(arguments, env=environment, cwd=ROOT)


@pytest.mark.slow
def test_killed_five_times_and_resumed_it_is_the_same(tmp_path: Path) -> None:
    world = make_world(n_tasks=30, n_runs=5000)
    moments = random.Random(1)
    with LocalServer(world, Faults.all(0.2, seed=2)) as server:
        for _ in range(5):
            asked = len(server.paths) + moments.randint(1, 250)
            process = start(server, tmp_path, "killed.sqlite")
            while len(server.paths) < asked:
                assert process.poll() is None, "it ended before it could be killed"
                time.sleep(0.002)
            process.kill()
            process.wait()
            assert not (tmp_path / "killed.sqlite").exists()
        assert start(server, tmp_path, "killed.sqlite").wait() == 0
        check_holds_exactly(tmp_path / "killed.sqlite", world)
        # What was fetched before the kills was not asked for again; made once more from the cache, it is the same.
        asked = len(server.paths)
        assert start(server, tmp_path, "again.sqlite").wait() == 0
        assert len(server.paths) == asked
    assert (tmp_path / "killed.sqlite").read_bytes() == (tmp_path / "again.sqlite").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.sqlite", "cache", "killed.sqlite"]

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `openml_world` and `openml_server`

from openml_server import LocalServer
from openml_world import World, make_world


@pytest.fixture(scope="session")
def small_world() -> World:
    return make_world(n_tasks=3, n_runs=180, seed=3)


@pytest.fixture
def server(small_world: World) -> Iterator[LocalServer]:
    with LocalServer(small_world) as running:
        yield running


@pytest.fixture(autouse=True)
def own_openml_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("OPENML_CACHE_DIR", str(tmp_path / "openml"))
    monkeypatch.delenv("OPENML_SERVER", raising=False)
    monkeypatch.delenv("OPENML_API_KEY", raising=False)

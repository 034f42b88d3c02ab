"""The openml package, pointed at the local server, reads the same as we do: so the server speaks OpenML's formats."""

from pathlib import Path

import numpy as np
import pytest
from openml_server import LocalServer
from openml_world import SUITE, World

openml = pytest.importorskip("openml")

from automl_meta.datasets import read_dataset  # noqa: E402
from automl_meta.metabase.openml import settings  # noqa: E402
from automl_meta.metabase.openml.archive import Archive  # noqa: E402
from automl_meta.metabase.openml.cache import PageCache  # noqa: E402
from automl_meta.metabase.openml.client import Client, Patience  # noqa: E402
from automl_meta.metabase.openml.formats import (  # noqa: E402
    read_dataset_description,
    read_qualities,
    read_suite,
    read_task,
)
from automl_meta.metabase.openml.listing import Query, list_evaluations  # noqa: E402


@pytest.fixture
def pointed(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalServer:
    monkeypatch.setattr(openml.config, "server", server.url)
    monkeypatch.setattr(openml.config, "apikey", "from-configuration")
    monkeypatch.setattr(openml.config, "_root_cache_directory", tmp_path / "openml")
    monkeypatch.setenv("OPENML_SKIP_PARQUET", "true")
    return server


@pytest.fixture
def archive(pointed: LocalServer, tmp_path: Path) -> Archive:
    client = Client(settings.server_address(), patience=Patience(pause=0.0))
    return Archive(PageCache(tmp_path / "cache", pointed.url), client)


def test_suite_tasks_and_datasets(pointed: LocalServer, archive: Archive, small_world: World) -> None:
    assert archive.get(f"study/{SUITE}", read_suite) == tuple(openml.study.get_suite(SUITE).tasks)
    for number in small_world.tasks:
        theirs = openml.tasks.get_task(number, download_data=False, download_qualities=False)
        ours = archive.get(f"task/{number}", read_task)
        assert ours is not None
        assert (ours.dataset_id, ours.target) == (theirs.dataset_id, theirs.target_name)
        assert ours.kind == theirs.task_type_id.value
        assert ours.procedure == theirs.estimation_procedure["type"]
        assert str(ours.folds) == theirs.estimation_procedure["parameters"]["number_folds"]


def test_qualities_and_tables(pointed: LocalServer, archive: Archive, small_world: World) -> None:
    for number, made in small_world.datasets.items():
        theirs = openml.datasets.get_dataset(
            number, download_data=True, download_qualities=True, download_features_meta_data=True
        )
        ours = archive.get(f"data/{number}", read_dataset_description)
        assert ours is not None
        assert (ours.name, ours.version, ours.default_target) == (theirs.name, 1, theirs.default_target_attribute)
        qualities = archive.get(f"data/qualities/{number}", read_qualities)
        known = {name: value for name, value in theirs.qualities.items() if value == value and value != -1}
        assert qualities == pytest.approx(known)
        frame = theirs.get_data(dataset_format="dataframe")[0]
        table = read_dataset(archive.table(ours), ours.default_target)
        assert (table.n_rows, len(table.schema.columns)) == (len(frame), frame.shape[1] - 1)
        np.testing.assert_allclose(table.X["x0"].to_numpy(float), frame["x0"].to_numpy(float))
        assert made.n_features == frame.shape[1] - 1


def test_evaluations(pointed: LocalServer, archive: Archive, small_world: World) -> None:
    number = next(number for number, task in small_world.tasks.items() if task.is_classification)
    theirs = openml.evaluations.list_evaluations(
        "predictive_accuracy", tasks=[number], size=1000, output_format="object"
    )
    listing = list_evaluations(archive, Query(task_id=number, measure="predictive_accuracy"), {}, page_size=7)
    assert listing.complete
    assert set(theirs) == set(listing.by_run())
    for run_id, row in listing.by_run().items():
        other = theirs[run_id]
        assert (row.setup_id, row.flow_id, row.flow_name) == (other.setup_id, other.flow_id, other.flow_name)


def test_server_and_key_come_from_openmls_configuration(
    pointed: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert settings.server_address() == pointed.url
    assert settings.server_address("http://localhost:1") == "http://localhost:1/api/v1/xml"
    assert settings.api_key(pointed.url) == "from-configuration"
    assert settings.api_key("http://elsewhere/api/v1/xml") == ""  # the key is not for others
    monkeypatch.setenv("OPENML_SERVER", "http://elsewhere/api/v1/json")
    monkeypatch.setenv("OPENML_API_KEY", "from-environment")
    assert settings.server_address() == "http://elsewhere/api/v1/json"
    assert settings.api_key("http://elsewhere/api/v1/xml") == "from-environment"
    assert settings.api_key("http://elsewhere/api/v1/xml", "given") == "given"
    assert settings.page_cache(None, pointed.url).folder.is_relative_to(tmp_path / "openml")

import os
from pathlib import Path

import numpy as np
import pytest

from automl_meta.datasets import Task
from automl_meta.execution import Status
from automl_meta.execution.inline import InlineShared
from automl_meta.metabase import MetaBase, Run, installed_versions, read_experience, shipped_path
from automl_meta.metabase.experiments import measure, prepare
from automl_meta.metabase.sources import DatasetSource, read_sources
from automl_meta.metabase.verification import verify

SHIPPED = shipped_path()
pytestmark = pytest.mark.skipif(SHIPPED is None, reason="this checkout has no shipped meta-base")
LARGEST = 25 * 2**20
VARIABLE = "AUTOML_META_DATASETS"


@pytest.fixture(scope="module")
def path() -> Path:
    assert SHIPPED is not None
    return SHIPPED


@pytest.mark.slow
def test_nothing_is_wrong_with_it(path: Path) -> None:
    assert [other.name for other in path.parent.glob(f"{path.name}-*")] == []
    with MetaBase.open(path, "ro") as store:
        assert verify(store) == []
        assert "digest" in store.info()


def test_it_is_small_enough_to_ship(path: Path) -> None:
    assert path.stat().st_size <= LARGEST


@pytest.mark.parametrize("task", Task)
def test_meta_models_can_learn_from_it(path: Path, task: Task) -> None:
    metric = "r2" if task is Task.REGRESSION else "neg_log_loss"
    experience, configurations = read_experience([path], task, metric)
    assert experience.scores.shape == (len(experience.datasets), len(configurations))
    assert len(configurations) >= 40
    assert len(set(experience.families)) >= 20
    assert np.isfinite(experience.metafeatures).any(axis=1).all()
    best = np.nanmax(experience.scores, axis=1)
    assert np.isfinite(best).all()


@pytest.mark.slow
@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no folder with the datasets")
def test_scores_come_again(path: Path) -> None:
    sources = {source.name: source for source in read_sources([os.environ[VARIABLE]])}
    with MetaBase.open(path, "ro") as store:
        known = [record for record in store.datasets() if record.name in sources]
        smallest = sorted(known, key=lambda record: record.n_rows * record.n_columns)[:3]
        chosen = {record.name: _cheap_runs(store, record.name) for record in smallest}
    assert len(chosen) == 3
    for name, runs in chosen.items():
        for run in runs:
            again = _scores_again(sources[name], run)
            for metric, values in run.scores.items():
                # With the same versions another processor still sums in another order, and ranks of few rows swap.
                allowed = 0.5 if run.versions == installed_versions() else 3.0
                noise = 1e-3 + np.nanstd(values)
                assert abs(np.nanmean(again[metric]) - np.nanmean(values)) <= allowed * noise, (run, metric)


def _cheap_runs(store: MetaBase, name: str) -> list[Run]:
    """Return the cheapest run of each algorithm."""
    runs = sorted(store.runs(name, status=Status.OK), key=lambda run: run.seconds)
    return list({run.configuration.algorithm: run for run in reversed(runs) if run.seconds < 1}.values())


def _scores_again(source: DatasetSource, run: Run) -> dict[str, tuple[float, ...]]:
    prepared = prepare(source, run.protocol)
    return dict(measure(InlineShared(prepared.problem), run.configuration, None).evaluation.scores)

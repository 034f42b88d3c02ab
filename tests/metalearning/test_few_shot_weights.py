"""The weights of few-shot methods that lie beside the shipped meta-base."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from automl_meta.datasets import Task
from automl_meta.metabase import shipped_path
from automl_meta.metalearning.chosen import FOLDER, chosen_model
from automl_meta.metalearning.memory import remember
from automl_meta.metalearning.methods import learned_members

SHIPPED = shipped_path()
pytestmark = pytest.mark.skipif(SHIPPED is None, reason="this checkout has no shipped meta-base")
LARGEST = 5 * 10**6
METHODS = ("siamese", "matching", "deep-kernel", "neural-process", "reptile", "mixture")


@pytest.fixture(scope="module")
def path() -> Path:
    assert SHIPPED is not None
    return SHIPPED


def test_they_are_small_and_came_from_the_meta_base_beside_them(path: Path) -> None:
    files = sorted((path.parent / FOLDER).glob("*.npz"))
    assert sum(file.stat().st_size for file in files) <= LARGEST
    origins = [_origin(file) for file in files]
    assert {origin["checksum"] for origin in origins} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    wanted = {member for method in METHODS for member in learned_members(method)}
    trained = {(origin["method"], origin["task"]) for origin in origins}
    assert trained == {(method, task.value) for method in wanted for task in Task}


def _origin(file: Path) -> dict[str, str]:
    with np.load(file, allow_pickle=False) as content:
        return json.loads(content["head"].tobytes())["origin"]


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("method", METHODS)
def test_they_rank_what_is_known(path: Path, tmp_path: Path, method: str, task: Task) -> None:
    pytest.importorskip("torch")
    memory = remember([path], task, cache=tmp_path)
    make = chosen_model(method, memory, [path])
    assert make is not None
    experience = memory.experience
    model = make(experience)
    anything = np.ones(len(experience.configurations), dtype=bool)
    first = model.propose(experience.metafeatures[0], {}, anything)
    second = model.propose(experience.metafeatures[0], {first: 0.5}, anything)
    assert first != second
    belief = model.believe(experience.metafeatures[0], {first: 0.5, second: 0.6})
    assert np.isfinite(belief.mean).all()
    assert (belief.doubt > 0).all()

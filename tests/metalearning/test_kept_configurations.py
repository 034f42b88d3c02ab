from pathlib import Path

import numpy as np
import pytest
from bases import METRICS, write_metabase

from automl_meta.datasets import Task
from automl_meta.execution.protocol import Status
from automl_meta.metabase import DatasetRecord, MetaBase, Protocol, Run
from automl_meta.metalearning import kept_configurations as module
from automl_meta.metalearning.memory import read_comparable
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.configuration import Configuration

SHIPPED = candidate_configurations(Task.BINARY, 25)  # on 12 datasets
LEARNED, EACH = 4, 20  # runs that were learned from, and what nobody else tried in each


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_metabase(tmp_path_factory.mktemp("base") / "base.sqlite", tasks=[Task.BINARY])


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs with ten configurations that all know, and with worse and better ones of their own."""
    path = tmp_path_factory.mktemp("own") / "personal.sqlite"
    with MetaBase.open(path, "w") as store:
        for number in range(LEARNED):
            name = f"learned{number}"
            store.add_dataset(DatasetRecord(name=name, task=Task.BINARY, n_rows=99, n_columns=3, n_classes=2))
            own = own_configurations(number)
            for score, configuration in zip(np.linspace(0.5, 0.95, 10 + EACH), [*SHIPPED[:10], *own], strict=True):
                store.add_run(
                    Run(
                        dataset=name,
                        configuration=configuration,
                        protocol=Protocol(folds=5, source="fit"),
                        status=Status.OK,
                        scores={METRICS[Task.BINARY]: (float(score),) * 5},
                    )
                )
    return path


def own_configurations(number: int) -> list[Configuration]:
    others = [c for c in candidate_configurations(Task.BINARY, 25 + LEARNED * EACH + 20) if c not in SHIPPED]
    return others[number * EACH : (number + 1) * EACH]


def kept(*paths: Path) -> set[str]:
    return {configuration.id for configuration in read_comparable(paths, Task.BINARY)[1]}


def test_few_configurations_are_all_kept(base: Path, personal: Path) -> None:
    assert len(kept(base)) == 25
    assert len(kept(base, personal)) == 25 + LEARNED * EACH < module.MOST_CONFIGURATIONS


def test_what_only_one_table_knows_goes_first_but_for_its_best(
    base: Path, personal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = {own_configurations(number)[-place].id for number in range(LEARNED) for place in (1, 2, 3)}
    shipped = {configuration.id for configuration in SHIPPED}
    for most, expected in ((25 + 3 * LEARNED, shipped | best), (25, shipped)):
        monkeypatch.setattr(module, "MOST_CONFIGURATIONS", most)
        assert kept(base, personal) == expected
    monkeypatch.setattr(module, "MOST_CONFIGURATIONS", 25 + LEARNED)
    assert kept(base, personal) == shipped | {own_configurations(number)[-1].id for number in range(LEARNED)}
    monkeypatch.setattr(module, "MOST_CONFIGURATIONS", 25 + 3 * LEARNED + 7)
    assert kept(base, personal) > shipped | best


def test_what_is_kept_does_not_depend_on_the_order_of_files(
    base: Path, personal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CONFIGURATIONS", 40)
    assert kept(base, personal) == kept(personal, base)
    assert len(kept(base, personal)) == 40

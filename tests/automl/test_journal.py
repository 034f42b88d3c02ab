from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.journal import Journal, source_of
from automl_meta.datasets import Dataset, make_dataset
from automl_meta.datasets.task import Task
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.metabase import MetaBase, read_matrices
from automl_meta.metabase.personal import learn
from automl_meta.metabase.records import FIT_SOURCES
from automl_meta.metafeatures import MetaFeatures, extract_dataset
from automl_meta.pipelines.catalogue import default_configuration

KNN, RIDGE = default_configuration("knn", Task.REGRESSION), default_configuration("ridge", Task.REGRESSION)


@pytest.fixture(scope="module")
def sales() -> Dataset:
    frame = pd.DataFrame({"day": np.arange(80), "price": np.arange(80) % 7, "earned": np.arange(80.0) % 9})
    return make_dataset(frame, "earned", task="regression", name="sales")


@pytest.fixture(scope="module")
def described(sales: Dataset) -> MetaFeatures:
    return extract_dataset(sales)


ROLES = {
    "fit": {},
    "fit by time": {"times": np.arange(80)},
    "fit by groups": {"groups": np.arange(80) // 4},
    "fit weighted": {"weights": np.ones(80)},
    "fit by time weighted": {"times": np.arange(80), "groups": np.arange(80) // 4, "weights": np.ones(80)},
    "fit by groups weighted": {"groups": np.arange(80) // 4, "weights": np.ones(80)},
}


def write(path: Path, dataset: Dataset, described: MetaFeatures, scores: dict[str, float]) -> Path:
    journal = Journal(path, dataset, described, folds=5, seed=0)
    for configuration in (KNN, RIDGE):
        if configuration.algorithm in scores:
            values = {"r2": (scores[configuration.algorithm],) * 5}
            journal.add(Evaluation(configuration=configuration, status=Status.OK, scores=values))
    journal.close()
    return path


@pytest.mark.parametrize("source", FIT_SOURCES)
def test_runs_say_which_rows_validated_which(source: str, sales: Dataset) -> None:
    assert source_of(replace(sales, **ROLES[source])) == source


def test_what_succeeds_when_a_run_goes_on_takes_the_place_of_its_failure(
    tmp_path: Path, sales: Dataset, described: MetaFeatures
) -> None:
    journal = Journal(tmp_path / "journal.sqlite", sales, described, folds=5, seed=0)
    late = Evaluation(configuration=KNN, status=Status.TIMEOUT)
    for found in (late, Evaluation(configuration=KNN, status=Status.OK, scores={"r2": (0.5,) * 5}), late):
        journal.add(found)
    journal.close()
    with MetaBase.open(tmp_path / "journal.sqlite") as store:
        assert [run.status for run in store.runs("sales")] == [Status.OK]


def test_runs_on_other_folds_of_one_table_are_never_in_one_row(
    tmp_path: Path, sales: Dataset, described: MetaFeatures
) -> None:
    personal = tmp_path / "personal.sqlite"
    shuffled = write(tmp_path / "1.sqlite", sales, described, {"knn": 0.9})
    forward = replace(sales, times=np.arange(80))
    ordered = write(tmp_path / "2.sqlite", forward, described, {"knn": 0.4, "ridge": 0.5})
    assert learn(shuffled, personal) == learn(ordered, personal)  # one table
    with MetaBase.open(personal) as store:
        assert store.n_runs() == 3
        matrices = read_matrices(store, [Task.REGRESSION])
    assert [protocol.source for protocol in matrices.protocols] == ["fit by time"]
    known = dict(zip([c.algorithm for c in matrices.configurations], matrices.scores[0, 0], strict=True))
    assert known == pytest.approx({"knn": 0.4, "ridge": 0.5})


def test_a_journal_knows_its_target(tmp_path: Path, sales: Dataset, described: MetaFeatures) -> None:
    path = write(tmp_path / "1.sqlite", sales, described, {"knn": 0.9})
    with MetaBase.open(path) as store:
        assert store.dataset("sales").target == "earned"  # type: ignore[union-attr]

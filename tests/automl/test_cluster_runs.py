"""Whole runs on a cluster: what they find, and what is left when the cluster is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.datasets import load_iris

from automl_meta.automl.listener import Listener
from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import RunResult, run
from automl_meta.datasets import Dataset, dataset_from_arrays
from automl_meta.evaluation import Evaluation
from automl_meta.execution import Executor, LocalExecutor

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

from execution.small_cluster import SmallCluster  # noqa: E402 - it needs Dask

CHEAP = ("logistic_regression", "gaussian_nb", "knn", "decision_tree", "lda")


@pytest.fixture(scope="module")
def iris() -> Dataset:
    X, y = load_iris(return_X_y=True, as_frame=True)
    return dataset_from_arrays(X, y, task="auto")


def fit(dataset: Dataset, executor: Executor, evaluations: int, listener: Listener | None = None) -> RunResult:
    options = RunOptions(
        time_budget=None, max_evaluations=evaluations, include=CHEAP, search="random", memory_limit=2000
    )
    return run(dataset, options, executor=executor, listener=listener)


def test_cluster_and_local_processes_find_the_same_model(tmp_path: Path, iris: Dataset) -> None:
    with LocalExecutor(2) as executor:
        local = fit(iris, executor, 6)
    with SmallCluster(tmp_path) as cluster, cluster.executor() as executor:
        there = fit(iris, executor, 6)
    known = [[(e.configuration.id, e.scores) for e in result.evaluations] for result in (local, there)]
    assert known[0] == known[1]
    assert there.plan.members == local.plan.members
    assert there.plan.weights == local.plan.weights
    predictions = [result.model.predict_proba(iris.X)[0] for result in (local, there)]
    assert (predictions[0] == predictions[1]).all()


class OnEvaluation(Listener):
    """Calls a function once, after the second evaluation."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self.seen = 0

    def evaluated(self, evaluation: Evaluation) -> None:
        self.seen += 1
        if self.seen == 2:
            self._act()


def test_lost_scheduler_ends_the_run_with_the_best_so_far(tmp_path: Path, iris: Dataset) -> None:
    with SmallCluster(tmp_path) as cluster, cluster.executor() as executor:
        listener = OnEvaluation(cluster.kill_scheduler)
        result = fit(iris, executor, 10_000, listener)
        assert "the connection to the Dask scheduler" in result.stopped
        assert len(result.evaluations) == listener.seen
        assert result.plan.members
        assert len(result.model.predict(iris.X)[0]) == len(iris.X)


def test_loss_of_all_workers_ends_the_run_with_the_best_so_far(tmp_path: Path, iris: Dataset) -> None:
    with SmallCluster(tmp_path) as cluster, cluster.executor(patience=2.0) as executor:

        def kill_workers() -> None:
            for number in range(len(cluster.workers)):
                cluster.kill_worker(number)

        result = fit(iris, executor, 10_000, OnEvaluation(kill_workers))
        assert "there was no worker" in result.stopped
        assert result.plan.members

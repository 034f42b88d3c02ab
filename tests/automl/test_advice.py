import numpy as np
import pytest

from automl_meta.automl.advice import seek_advice
from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Task
from automl_meta.datasets.making import dataset_from_arrays
from automl_meta.evaluation import default_metric, resolve_metric
from automl_meta.metalearning.memory import note_on
from automl_meta.tuning.budget import Budget, Clock


def test_a_table_is_described_as_those_of_the_meta_base_whatever_the_seed_of_the_run() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(12_000, 3))  # more rows than are looked at, so that some are drawn
    dataset = dataset_from_arrays(X, X[:, 0] + random.normal(size=len(X)), task=Task.REGRESSION)
    advice = []
    for seed in (0, 1):
        options = RunOptions(time_budget=None, max_evaluations=1, seed=seed)
        clock = Clock(Budget(seconds=None, evaluations=1))
        advice.append(seek_advice(dataset, default_metric(Task.REGRESSION), options, clock))
    np.testing.assert_equal(advice[0].metafeatures.to_dict(), advice[1].metafeatures.to_dict())


@pytest.mark.parametrize(("asked", "used"), [("f1_weighted", "f1_macro"), ("roc_auc", "roc_auc")])
def test_advice_says_by_which_metric_it_is(asked: str, used: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(100, 3))
    dataset = dataset_from_arrays(X, (X[:, 0] > 0).astype(int), task=Task.BINARY)
    clock = Clock(Budget(seconds=None, evaluations=1))
    options = RunOptions(time_budget=None, max_evaluations=1)
    advice = seek_advice(dataset, resolve_metric(asked, Task.BINARY), options, clock).ranked(clock)
    assert {pick.metric for pick in advice.recommendations} == {used}
    assert advice.note == note_on(asked, used)
    assert bool(advice.note) == (asked != used)

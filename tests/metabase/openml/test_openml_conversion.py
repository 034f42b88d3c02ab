"""What of a run's scores is kept."""

import pytest
from setups_of_sklearn import PLAIN_SVC

from automl_meta.datasets.task import Task
from automl_meta.metabase.openml.conversion import LABELS_ONLY, Converter, Row
from automl_meta.metabase.openml.formats import Evaluation, TaskDescription
from automl_meta.metabase.openml.measures import measures_for
from automl_meta.metabase.openml.translation import Parameter, Setup
from automl_meta.metabase.records import DatasetRecord

TASK = TaskDescription(
    task_id=1, kind=1, dataset_id=2, target="y", procedure="crossvalidation", repeats=1, folds=10, percentage=0
)
RECORD = DatasetRecord(name="d", task=Task.BINARY, n_rows=1000, n_columns=20, n_classes=2)
SVC, LINEAR, SMO = "sklearn.svm._classes.SVC", "sklearn.svm._classes.LinearSVC", "weka.SMO_PolyKernel"
WITHOUT_PROBABILITIES = [(SVC, PLAIN_SVC), (LINEAR, {"C": "0.5"}), (SMO, {"C": "12.0"})]
WITH_PROBABILITIES = [(SVC, PLAIN_SVC | {"probability": "true"}), (SMO, {"C": "12.0", "M": "true"})]
Flow = tuple[str, dict[str, str]]


def converted(measures: tuple[str, ...], *flows: Flow) -> tuple[Converter, list[Row]]:
    """Return what becomes of a run of each flow that has a value of each measure."""
    setups = {
        number: Setup(number, number, f"{name}(1)", tuple(Parameter(name, *pair) for pair in values.items()))
        for number, (name, values) in enumerate(flows)
    }
    lists = {
        measure: {
            10 + number: Evaluation(10 + number, 1, number, number, setup.flow_name, measure, 0.75, 0, None)
            for number, setup in setups.items()
        }
        for measure in measures
    }
    converter = Converter(TASK, RECORD, setups)
    return converter, converter.convert(lists, measures_for(measures, classification=True))


BOTH = ("area_under_roc_curve", "predictive_accuracy")


@pytest.mark.parametrize("flow", WITHOUT_PROBABILITIES, ids=lambda flow: flow[0])
def test_an_area_under_the_curve_of_labels_is_not_kept(flow: Flow) -> None:
    _, (row,) = converted(BOTH, flow)
    assert row.run.scores == {"accuracy": (0.75,)}
    converter, rows = converted(BOTH[:1], flow)
    assert (rows, converter.counts.untranslatable) == ([], {LABELS_ONLY: 1})


@pytest.mark.parametrize("flow", WITH_PROBABILITIES, ids=lambda flow: flow[0])
def test_an_area_under_the_curve_of_probabilities_is_kept(flow: Flow) -> None:
    _, (row,) = converted(BOTH, flow)
    assert row.run.scores == {"roc_auc": (0.75,), "accuracy": (0.75,)}


def test_of_two_runs_of_a_configuration_that_with_more_scores_is_kept() -> None:
    converter, (row,) = converted(BOTH, WITHOUT_PROBABILITIES[0], WITH_PROBABILITIES[0])
    assert set(row.run.scores) == {"roc_auc", "accuracy"}
    assert [source.run_id for source in row.sources] == [10, 11]
    assert converter.counts.repeated == 1

from dataclasses import replace

import numpy as np
import pytest
from small_ensembles import shop_table, three_candidates

from automl_meta.automl.run import run
from automl_meta.datasets import Task, make_dataset

DECIDED = {"threshold": {"metric": "f1"}, "costs": {"metric": "accuracy", "cost": "fp=1,fn=8"}}


@pytest.fixture(scope="module", params=DECIDED)
def report(request: pytest.FixtureRequest) -> dict:
    table = shop_table(Task.BINARY, 300)
    table = table[(table["target"] == "no") | (np.arange(300) % 3 == 0)]  # "yes" is rare: thresholds move
    options = three_candidates(Task.BINARY, "knn")
    return run(make_dataset(table, "target"), replace(options, **DECIDED[request.param])).model.report


def metrics_of(report: dict) -> dict[str, float]:
    return {row["metric"]: row["score"] for row in report["metrics"]}


def test_probabilities_are_scored_as_such_whatever_is_decided_by(report: dict) -> None:
    found = metrics_of(report)
    assert -0.6 < found["neg_log_loss"] < 0
    assert -0.25 < found["neg_brier_score"] < 0
    assert found["roc_auc"] > 0.8


def test_metrics_of_classes_agree_with_the_confusion_matrix(report: dict) -> None:
    matrix = np.array(report["diagnosis"]["confusion"]["matrix"])
    assert metrics_of(report)["accuracy"] == pytest.approx(np.trace(matrix) / matrix.sum())


def test_curves_calibration_and_slices_are_of_probabilities(report: dict) -> None:
    (curve,) = report["diagnosis"]["curves"]
    assert np.mean(curve["roc"]["y"]) == pytest.approx(metrics_of(report)["roc_auc"], abs=0.02)
    assert report["diagnosis"]["calibration"]["error"] < 0.2
    assert report["inspection"]["mean_loss"] == pytest.approx(-metrics_of(report)["neg_log_loss"], abs=0.1)

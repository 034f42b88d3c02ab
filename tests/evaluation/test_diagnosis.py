import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import auc, confusion_matrix, precision_recall_fscore_support, roc_auc_score

from automl_meta.evaluation.diagnosis import REST, diagnose_classes, diagnose_numbers


def made(n_rows: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.integers(0, n_classes, n_rows)
    logits = random.normal(size=(n_rows, n_classes)) + 1.5 * (y[:, None] == np.arange(n_classes))
    probabilities = np.exp(logits)
    return y, probabilities / probabilities.sum(axis=1, keepdims=True)


@settings(deadline=None, max_examples=25)
@given(n_rows=st.integers(30, 300), n_classes=st.integers(2, 6), seed=st.integers(0, 99))
def test_counts_agree_with_scikit_learn(n_rows: int, n_classes: int, seed: int) -> None:
    y, probabilities = made(n_rows, n_classes, seed)
    told = diagnose_classes(y, probabilities, [f"c{code}" for code in range(n_classes)])
    predicted = probabilities.argmax(axis=1)
    labels = list(range(n_classes))
    assert told["confusion"]["matrix"] == confusion_matrix(y, predicted, labels=labels).tolist()
    expected = precision_recall_fscore_support(y, predicted, labels=labels, zero_division=np.nan)
    for position, name in enumerate(("precision", "recall", "f1")):
        ours = [np.nan if row[name] is None else row[name] for row in told["per_class"]]
        known = ~np.isnan(ours)
        np.testing.assert_allclose(np.array(ours)[known], expected[position][known])
    assert sum(row["rows"] for row in told["calibration"]["bins"]) == n_rows
    assert 0 <= told["calibration"]["error"] <= 1


def test_curves_have_the_area_that_they_should() -> None:
    y, probabilities = made(4_000, 2, 1)
    (curve,) = diagnose_classes(y, probabilities, ["no", "yes"])["curves"]
    area = auc(curve["roc"]["x"], curve["roc"]["y"])
    assert area == pytest.approx(roc_auc_score(y, probabilities[:, 1]), abs=0.01)
    precision = curve["precision_recall"]["y"]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(precision))
    assert precision[-1] == pytest.approx(y.mean(), abs=0.02)


def test_probabilities_that_are_right_are_called_calibrated() -> None:
    random = np.random.default_rng(0)
    said = random.random(20_000)
    y = (random.random(20_000) < said).astype(np.int64)
    right = diagnose_classes(y, np.column_stack([1 - said, said]), [False, True])
    wrong = diagnose_classes(y, np.column_stack([1 - said**3, said**3]), [False, True])
    assert right["calibration"]["error"] < 0.02
    assert wrong["calibration"]["error"] > 0.1


def test_decided_classes_count_where_they_are_not_the_most_probable() -> None:
    y, probabilities = made(100, 2, 0)
    told = diagnose_classes(y, probabilities, ["a", "b"], decided=np.ones(100, dtype=np.int64))
    assert np.array(told["confusion"]["matrix"])[:, 0].sum() == 0


def test_many_classes_are_told_together_and_none_is_lost() -> None:
    y, probabilities = made(2_000, 100, 0)
    told = diagnose_classes(y, probabilities, [f"c{code}" for code in range(100)])
    assert told["confusion"]["labels"][-1] == REST
    assert len(told["confusion"]["labels"]) == 20
    assert np.sum(told["confusion"]["matrix"]) == 2_000
    assert len(told["per_class"]) == 100
    assert len(json.dumps(told, allow_nan=False)) < 60_000


def test_a_class_that_never_comes_is_undefined_and_not_an_error() -> None:
    y, probabilities = made(50, 3, 0)
    told = diagnose_classes(np.minimum(y, 1), probabilities, ["a", "b", "never"])
    assert told["per_class"][2]["recall"] is None
    assert {curve["class"] for curve in told["curves"]} == {"a", "b"}


@settings(deadline=None, max_examples=25)
@given(n_rows=st.integers(2, 2_000), seed=st.integers(0, 99))
def test_residuals_are_told_in_bounded_size(n_rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    y = random.normal(size=n_rows) * 1e6
    told = diagnose_numbers(y, y - random.normal(size=n_rows))
    assert sum(told["histogram"]["counts"]) == n_rows
    assert len(told["truth"]) == len(told["predicted"]) == min(n_rows, 600)
    quantiles = list(told["quantiles"].values())
    assert quantiles == sorted(quantiles)
    assert told["rows"] == n_rows


def test_rows_count_by_their_weights_in_all_but_the_confusion_matrix() -> None:
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 200)
    probabilities = random.dirichlet(np.ones(3), 200)
    times = random.integers(0, 4, 200)
    repeated = np.repeat(np.arange(200), times)
    weighed = diagnose_classes(y, probabilities, list("abc"), weights=times.astype(float))
    told = diagnose_classes(y[repeated], probabilities[repeated], list("abc"))
    assert np.sum(weighed["confusion"]["matrix"]) == 200
    assert weighed["calibration"]["error"] == pytest.approx(told["calibration"]["error"])
    for one, other in zip(weighed["per_class"], told["per_class"], strict=True):
        assert {**one, "rows": 0} == pytest.approx({**other, "rows": 0})
    for one, other in zip(weighed["curves"], told["curves"], strict=True):
        assert one["share"] == pytest.approx(other["share"])
        np.testing.assert_allclose(one["roc"]["y"], other["roc"]["y"], atol=1e-6)

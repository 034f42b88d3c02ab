"""The layers that are wrapped around other libraries' estimators."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.svm import SVC, LinearSVC

from automl_meta.pipelines.build import normalised
from automl_meta.pipelines.context import Accepted
from automl_meta.pipelines.estimators.calibrated import CalibratedMargins
from automl_meta.pipelines.estimators.coded_target import BoundedRegressor, CodedClassifier
from automl_meta.pipelines.estimators.forest import Forest
from automl_meta.pipelines.estimators.gaussian_process import SmallGaussianProcess
from automl_meta.pipelines.estimators.neighbours import Neighbours
from automl_meta.pipelines.estimators.quadratic import ShrunkQuadratic
from automl_meta.pipelines.estimators.smoothing import SmoothedTree
from automl_meta.pipelines.estimators.subset import OnSubset, sample_rows
from automl_meta.pipelines.estimators.target_transforms import TargetTransform

TARGETS = arrays.arrays(
    np.float64, st.integers(2, 40), elements=st.floats(-1e9, 1e9, allow_subnormal=False).map(lambda x: round(x, 3))
).filter(lambda y: np.ptp(y) > 0)
KINDS = ("none", "log", "quantile", "power")


def test_probabilities_of_absent_classes_are_zero_in_code_order() -> None:
    X, y = load_iris(return_X_y=True)
    rows = y != 1
    model = CodedClassifier(LogisticRegression(max_iter=500), n_classes=4).fit(X[rows], y[rows])
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (150, 4)
    np.testing.assert_array_equal(probabilities[:, [1, 3]], 0.0)
    assert set(model.predict(X[rows])) == {0, 2}
    assert (model.predict(X[rows]) == y[rows]).mean() > 0.95


def test_warnings_go_to_the_log_and_not_to_the_user(caplog: pytest.LogCaptureFixture) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    caplog.set_level("DEBUG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CodedClassifier(LogisticRegression(max_iter=2), n_classes=2).fit(X, y)
    assert "LogisticRegression" in caplog.text


@given(TARGETS, st.sampled_from(KINDS))
def test_target_transforms_lead_back(y: np.ndarray, kind: str) -> None:
    transform = TargetTransform(kind).fit(y)
    forward = transform.forward(y)
    assert np.isfinite(forward).all()
    np.testing.assert_allclose(transform.backward(forward), y, atol=1e-3 * np.ptp(y))


@given(TARGETS, st.sampled_from(KINDS), st.floats(-1e6, 1e6))
def test_predictions_stay_finite_and_near_the_training_targets(y: np.ndarray, kind: str, slope: float) -> None:
    X = np.arange(float(len(y)))[:, None]
    model = BoundedRegressor(LinearRegression(), kind).fit(X, y)
    predictions = model.predict(np.array([[-slope], [slope], [0.5], [1e9]]))
    assert np.isfinite(predictions).all()
    reach = 0.5 * np.ptp(y) * (1 + 1e-9)
    assert predictions.min() >= y.min() - reach
    assert predictions.max() <= y.max() + reach


@pytest.mark.parametrize(
    ("accepted", "targets", "lowest"),
    [
        ("all", [0.0, 2.0, 4.0], -2.0),
        ("nonnegative", [0.0, 2.0, 4.0], 0.0),
        ("nonnegative", [-1.0, 2.0, 4.0], -3.5),
        ("nonnegative", [3.0, 3.5, 4.0], 2.5),
        ("positive", [0.0, 2.0, 4.0], 0.002),
        ("positive", [1e-6, 2.0, 4.0], 1e-6),
        ("positive", [0.0, 0.0, 0.0], 0.001),
        ("positive", [3.0, 3.0, 3.0], 3.0),
    ],
)
def test_what_a_metric_does_not_accept_is_not_predicted(
    accepted: Accepted, targets: list[float], lowest: float
) -> None:
    X = np.arange(3.0)[:, None]
    model = BoundedRegressor(LinearRegression(), accepted=accepted).fit(X, np.array(targets))
    assert model.predict(np.array([[-1e9]]))[0] == pytest.approx(lowest)


def test_log_makes_a_skewed_target_linear() -> None:
    x = np.linspace(0, 5, 200)[:, None]
    y = np.exp(2 * x[:, 0])
    plain = BoundedRegressor(LinearRegression()).fit(x, y).score(x, y)
    assert BoundedRegressor(LinearRegression(), "log").fit(x, y).score(x, y) > plain


@given(arrays.arrays(np.float64, (5, 3), elements=st.floats(-0.5, 1.5)))
def test_normalised_rows_are_probabilities(given_rows: np.ndarray) -> None:
    rows = normalised(given_rows)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1.0)


def test_forest_grown_in_steps_is_the_forest_grown_at_once() -> None:
    X, y = load_iris(return_X_y=True)
    settings = {"class_weight": "balanced", "max_features": 0.5}
    at_once = Forest("random_forest", settings, classify=True, n_trees=50, seed=3).fit(X, y)
    in_steps = Forest("random_forest", settings, classify=True, n_trees=50, seed=3, max_seconds=600).fit(X, y)
    np.testing.assert_array_equal(at_once.predict_proba(X), in_steps.predict_proba(X))
    reference = RandomForestClassifier(50, random_state=3, **settings).fit(X, y)
    votes = (50 * reference.predict_proba(X) + 1 / 3) / 51
    np.testing.assert_allclose(at_once.predict_proba(X), votes, atol=1e-12)


def test_forest_without_time_has_a_few_trees() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = Forest("extra_trees", {}, classify=False, n_trees=200, max_seconds=0.0).fit(X, y)
    assert 1 <= len(model.forest_.estimators_) < 200


@pytest.mark.parametrize("loader", [load_breast_cancer, load_iris])
def test_calibrated_margins_are_nearly_as_good_as_a_model_of_probabilities(loader: object) -> None:
    X, y = loader(return_X_y=True)  # type: ignore[operator]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    train, held = np.arange(len(y)) % 3 > 0, np.arange(len(y)) % 3 == 0
    calibrated = CalibratedMargins(LinearSVC(C=0.1)).fit(X[train], y[train])
    reference = LogisticRegression().fit(X[train], y[train])
    loss = log_loss(y[held], calibrated.predict_proba(X[held]))
    assert loss < 1.8 * log_loss(y[held], reference.predict_proba(X[held])) + 0.02


@pytest.mark.parametrize("rare", [1, 2])
def test_margins_are_calibrated_with_one_or_two_rows_of_a_class(rare: int) -> None:
    X, y = load_iris(return_X_y=True)
    kept = np.concatenate([np.arange(100), np.arange(100, 100 + rare)])
    model = CalibratedMargins(SVC()).fit(X[kept], y[kept])
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (model.predict(X[:100]) == y[:100]).mean() > 0.9


def test_sampled_rows_keep_every_class_and_the_shares() -> None:
    y = np.array([0] * 900 + [1] * 99 + [2])
    rows = sample_rows(y, 100, 0, classify=True)
    counts = np.bincount(y[rows])
    assert counts.sum() == 100
    assert counts[2] == 1
    assert 85 <= counts[0] <= 92
    np.testing.assert_array_equal(rows, sample_rows(y, 100, 0, classify=True))
    np.testing.assert_array_equal(sample_rows(y, 5000, 0, classify=True), np.arange(1000))


def test_kernel_machine_on_a_sample_is_fitted_to_no_more_rows() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = OnSubset(CalibratedMargins(SVC()), max_rows=100, classify=True, relative_gamma=1.0).fit(X, y)
    assert model.model_.estimator_.shape_fit_ == (100, 30)
    assert model.model_.estimator_.gamma == pytest.approx(1 / 30)
    assert (model.predict(X) == y).mean() > 0.9


def test_quadratic_discriminant_agrees_with_scikit_learn_where_rows_abound() -> None:
    X, y = load_iris(return_X_y=True)
    own = ShrunkQuadratic(reg_param=1e-4).fit(X, y)
    assert (own.predict(X) == QuadraticDiscriminantAnalysis().fit(X, y).predict(X)).mean() > 0.97


def test_quadratic_discriminant_bears_a_class_of_one_row() -> None:
    X, y = load_iris(return_X_y=True)
    model = ShrunkQuadratic().fit(X[:101], y[:101])
    probabilities = model.predict_proba(X[:101])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert probabilities[100].argmax() == 2


@pytest.mark.parametrize(
    "model",
    [
        SmoothedTree(min_samples_leaf=1),
        Neighbours(1, "uniform", 2, classify=True),
        Forest("extra_trees", {}, classify=True, n_trees=5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_counted_probabilities_are_never_0_and_keep_the_order_of_classes(model: object) -> None:
    X, y = load_iris(return_X_y=True)
    probabilities = model.fit(X, y).predict_proba(X)  # type: ignore[attr-defined]
    assert probabilities.min() > 0.0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (probabilities.argmax(axis=1) == y).all()


def test_neighbours_make_do_with_fewer_rows_than_asked_for() -> None:
    model = Neighbours(10, "uniform", 2, classify=False).fit(
        np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 2.0])
    )
    np.testing.assert_allclose(model.predict(np.array([[5.0]])), [1.0])


@pytest.mark.filterwarnings("ignore:The optimal value:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kernel", ["rbf", "matern52", "matern12"])
def test_gaussian_process_learns_a_curve(kernel: str) -> None:
    x = np.linspace(-2, 2, 60)[:, None]
    y = np.sin(2 * x[:, 0])
    model = SmallGaussianProcess(kernel, classify=False).fit(x[::2], y[::2])
    assert np.abs(model.predict(x) - y).max() < 0.2

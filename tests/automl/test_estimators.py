import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from automl_meta import AutoMLClassifier, AutoMLRegressor
from automl_meta.errors import InputError

QUICK = {"time_budget": None, "max_evaluations": 2, "top_k": 2, "folds": 2, "n_jobs": 0}

# What scikit-learn checks and these estimators do otherwise, and why.
FOLDS = "a row that is there twice falls into other folds than one that counts twice"
EXCEPTIONS = {
    "AutoMLClassifier": {
        "check_sample_weight_equivalence_on_dense_data": FOLDS,
    },
    "AutoMLRegressor": {"check_sample_weight_equivalence_on_dense_data": FOLDS},
}


def expected_failures(estimator: object) -> dict[str, str]:
    return EXCEPTIONS[type(estimator).__name__]


@parametrize_with_checks(
    [
        AutoMLClassifier(include=("logistic_regression",), **QUICK),
        AutoMLRegressor(include=("ridge",), **QUICK),
    ],
    expected_failed_checks=expected_failures,
)
def test_estimator_keeps_scikit_learns_promises(estimator, check) -> None:  # type: ignore[no-untyped-def]
    check(estimator)
    assert estimator is not None


def test_classifier_takes_strings_dates_and_blanks_and_gives_labels_back() -> None:
    rng = np.random.default_rng(0)
    n = 80
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "shop": rng.choice(["north", "south", None], n),
            "day": pd.date_range("2021-03-01", periods=n),
        }
    )
    y = np.where((X["shop"] == "north") | (X["size"] > 1), "buys", "leaves")
    model = AutoMLClassifier(include=("lightgbm", "logistic_regression"), **QUICK).fit(X, y)
    assert model.classes_.tolist() == ["buys", "leaves"]
    assert model.feature_names_in_.tolist() == ["size", "shop", "day"]
    assert set(model.predict(X.head())) <= {"buys", "leaves"}
    assert model.predict_proba(X).shape == (n, 2)
    assert np.allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.8
    assert 0.5 < model.score_ <= 1


@pytest.mark.slow
def test_both_work_inside_cross_val_score() -> None:
    wine, diabetes = load_wine(return_X_y=True), load_diabetes(return_X_y=True)
    classifier = AutoMLClassifier(include=("lda",), **QUICK)
    assert cross_val_score(classifier, *wine, cv=3).mean() > 0.9
    assert cross_val_score(AutoMLRegressor(include=("ridge",), **QUICK), *diabetes, cv=3).mean() > 0.4


def test_clone_is_unfitted_and_has_the_same_parameters() -> None:
    model = AutoMLClassifier(metric="log_loss", exclude=("knn",), random_state=3)
    copy = clone(model.set_params(top_k=4))
    assert copy.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(np.zeros((2, 2)))


def test_same_random_state_gives_the_same_model() -> None:
    X, y = load_wine(return_X_y=True)
    first, second = (AutoMLClassifier(include=("knn", "lda"), random_state=7, **QUICK).fit(X, y) for _ in range(2))
    assert np.array_equal(first.predict_proba(X), second.predict_proba(X))
    assert first.score_ == second.score_


@pytest.mark.parametrize(
    "options",
    [{"search": "guess"}, {"ensemble": "blend"}, {"time_budget": 0.0}, {"include": ("nothing",)}, {"metric": "r2"}],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    X, y = load_wine(return_X_y=True)
    with pytest.raises(InputError):
        AutoMLClassifier(**{**QUICK, **options}).fit(X, y)


def labelled(*labels: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Return a table in which each label has 20 rows of its own place."""
    codes = np.repeat(np.arange(len(labels)), 20)
    X = np.random.default_rng(0).normal(size=(len(codes), 2)) + 5 * codes[:, None]
    return X, np.array(labels, dtype=object)[codes]


def classified(X: np.ndarray, y: np.ndarray, **given) -> AutoMLClassifier:
    return AutoMLClassifier(include=("logistic_regression",), **QUICK).fit(X, y, **given)


@pytest.mark.parametrize("labels", [("NA", "no", "yes"), ("no", "no ", "yes"), (" ", "?"), ("07", "7"), ("b", "a")])
def test_labels_are_taken_as_they_are_written(labels: tuple[str, ...]) -> None:
    X, y = labelled(*labels)
    for given in (y, y.astype(str), y.tolist()):
        model = classified(X, given)
        assert model.classes_.tolist() == sorted(labels)
        assert model.predict_proba(X).shape == (len(X), len(labels))
        assert model.score(X, y) > 0.9


@pytest.mark.parametrize("missing", [None, np.nan])
def test_rows_without_a_label_are_left_out(missing: float | None) -> None:
    X, y = labelled("a", "NA", missing)
    assert classified(X, y).classes_.tolist() == ["NA", "a"]


def test_a_class_whose_rows_do_not_count_is_not_one() -> None:
    X, y = labelled("a", "b", "c")
    model = classified(X, y, sample_weight=(y != "b").astype(float))
    assert model.classes_.tolist() == ["a", "c"]
    assert model.predict_proba(X).shape == (60, 2)


@pytest.mark.parametrize("names", [["b", "a", "constant"], [0, 1, 2]])
def test_columns_of_an_array_are_those_of_the_table_by_position(names: list) -> None:
    X, y = load_diabetes(return_X_y=True)
    frame = pd.DataFrame(X[:, [2, 8, 0]], columns=names).assign(**{"constant": 1.0} if "constant" in names else {})
    model = AutoMLRegressor(include=("ridge",), **QUICK).fit(frame, y)
    expected = model.predict(frame)
    if "b" in names:
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            assert model.predict(frame.to_numpy()).tolist() == expected.tolist()
    else:
        assert model.predict(frame.to_numpy()).tolist() == expected.tolist()
        assert model.predict(frame[[2, 0, 1]]).tolist() == expected.tolist()


def test_a_table_may_stand_for_the_array_that_was_fitted() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = AutoMLRegressor(include=("ridge",), **QUICK).fit(X, y)
    assert model.predict(pd.DataFrame(X)).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3), np.int64(3)])
@pytest.mark.parametrize("n_jobs", [-1, -1000])
def test_seeds_and_jobs_are_what_scikit_learn_takes(random_state, n_jobs: int) -> None:
    options = AutoMLRegressor(random_state=random_state, n_jobs=n_jobs)._options()
    assert 0 <= options.seed < 2**31
    assert options.workers >= 1


def test_a_random_state_in_the_same_state_gives_the_same_seed() -> None:
    first, second = (AutoMLRegressor(random_state=np.random.RandomState(3))._options().seed for _ in range(2))
    assert first == second

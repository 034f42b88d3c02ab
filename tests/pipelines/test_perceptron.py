"""The perceptron: right gradients, honest stopping, and no table that makes it fail."""

import warnings

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, r2_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithms.perceptron import Perceptron
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators import perceptron_training
from automl_meta.pipelines.estimators.perceptron import PerceptronClassifier, PerceptronRegressor
from automl_meta.pipelines.estimators.perceptron_inputs import PerceptronInputs, inner_folds
from automl_meta.pipelines.estimators.perceptron_network import ACTIVATIONS, Layout, backward, forward
from automl_meta.pipelines.estimators.perceptron_training import (
    CrossEntropy,
    Plan,
    Rows,
    SquaredError,
    schedule,
    train,
)

EMBEDDINGS = ("none", "piecewise", "periodic")


def _scaled(loader):
    X, y = loader(return_X_y=True)
    return train_test_split(StandardScaler().fit_transform(X), y, test_size=0.4, random_state=0)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_periodic", [0, 2])
@pytest.mark.parametrize("objective", [CrossEntropy(), SquaredError()], ids=["entropy", "squares"])
def test_gradient_is_that_of_finite_differences(activation, n_periodic, objective) -> None:
    rng = np.random.default_rng(0)
    layout = Layout(n_inputs=4, hidden=(5, 3), n_outputs=3, n_periodic=n_periodic, activation=activation)
    theta = layout.initial(2, rng).astype(np.float64)
    theta += 0.3 * rng.standard_normal(theta.shape)
    x, weights = rng.standard_normal((2, 7, 4)), rng.uniform(0.5, 1.5, (2, 7))
    targets = np.eye(3)[rng.integers(0, 3, (2, 7))]

    def loss(parameters):
        outputs, _ = forward(layout.views(parameters), x, layout)
        means = objective.losses(outputs, targets, weights) * weights.mean(axis=1)
        return means / 2 if isinstance(objective, SquaredError) else means

    outputs, trace = forward(layout.views(theta), x, layout)
    gradient = np.full_like(theta, np.nan)
    backward(layout.views(theta), trace, objective.slope(outputs, targets, weights), layout.views(gradient), layout)
    numeric = np.empty_like(theta)
    for position in range(layout.n_parameters):
        step = np.zeros_like(theta)
        step[:, position] = 1e-6
        numeric[:, position] = (loss(theta + step) - loss(theta - step)) / 2e-6
    np.testing.assert_allclose(gradient, numeric, atol=2e-6, rtol=1e-4)


def test_dropout_keeps_the_expected_signal() -> None:
    rng = np.random.default_rng(0)
    layout = Layout(n_inputs=3, hidden=(4000,), n_outputs=1)
    views = layout.views(layout.initial(1, rng))
    views["weight1"][:] = 1.0 / 4000
    x = rng.standard_normal((1, 5, 3)).astype(np.float32)
    whole, _ = forward(views, x, layout)
    dropped, trace = forward(views, x, layout, dropout=0.5, rng=rng)
    assert 0.45 < (trace.inputs[1] == 0).mean() - (forward(views, x, layout)[1].inputs[1] == 0).mean() / 2 < 0.55
    np.testing.assert_allclose(dropped, whole, atol=0.1)


def test_schedule_rises_stays_and_falls_to_zero() -> None:
    rates = [schedule(progress) for progress in np.linspace(0, 1, 101)]
    assert rates[0] < 0.1
    assert rates[20] == rates[50] == 1.0
    assert np.all(np.diff(rates[50:]) <= 0)
    assert rates[-1] == pytest.approx(0.0)


@given(
    strata=st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array),
    n_folds=st.integers(2, 9),
    seed=st.integers(0, 9),
)
def test_inner_folds_share_each_stratum_evenly(strata, n_folds, seed) -> None:
    folds = inner_folds(strata, n_folds, np.random.default_rng(seed))
    for rows in (np.ones(len(strata), bool), *(strata == stratum for stratum in np.unique(strata))):
        sizes = np.bincount(folds[rows], minlength=n_folds)
        assert sizes.max() - sizes.min() <= 1


@given(
    # Columns come scaled: values closer than 1e-6 are one to the encoding.
    values=st.lists(st.integers(-(10**6), 10**6).map(lambda i: i / 2000), min_size=3, max_size=40).map(np.array),
    n_bins=st.integers(3, 12),
)
@settings(deadline=None)
def test_pieces_rise_with_the_value_and_sum_to_its_place(values, n_bins) -> None:
    inputs = PerceptronInputs("piecewise", n_bins).fit(values[:, None])
    encoded = inputs.transform(np.sort(values)[:, None]) + inputs.centre_
    pieces = encoded[:, 1:]
    assert pieces.shape[1] <= n_bins
    assert np.isfinite(encoded).all()
    assert ((pieces >= -1e-6) & (pieces <= 1 + 1e-6)).all()
    assert (np.diff(pieces, axis=0) >= -1e-5).all()
    # A piece begins only where the one before is full.
    assert (np.minimum(pieces[:, 1:], 1 - pieces[:, :-1]) <= 1e-5).all()


def test_embeddings_are_left_out_of_wide_tables() -> None:
    X = np.random.default_rng(0).standard_normal((20, 2000))
    for embedding in EMBEDDINGS:
        inputs = PerceptronInputs(embedding).fit(X)
        assert inputs.transform(X).shape == (20, 2000)
        assert inputs.n_periodic_ == 0


def test_pieces_are_fewer_where_rows_are_many(monkeypatch) -> None:
    X = np.random.default_rng(0).standard_normal((100, 2))
    monkeypatch.setattr("automl_meta.pipelines.estimators.perceptron_inputs.MOST_CELLS", 100 * 2 * 4)
    assert PerceptronInputs("piecewise", 8).fit(X).transform(X).shape == (100, 2 + 2 * 4)


def _problem(n_rows=60):
    rng = np.random.default_rng(3)
    layout = Layout(n_inputs=3, hidden=(16,), n_outputs=2, activation="relu")
    X = rng.standard_normal((n_rows, 3)).astype(np.float32)
    codes = rng.integers(0, 2, n_rows)  # nothing to learn
    rows = Rows(X, np.eye(2, dtype=np.float32)[codes], np.ones(n_rows, dtype=np.float32))
    return layout, rows, inner_folds(codes, 3, rng) == np.arange(3)[:, None], rng


def _plan(**changes):
    values = {"learning_rate": 0.04, "weight_decay": 0.0, "dropout": 0.0, "batch_size": 16, "epochs": 100}
    return Plan(**(values | {"patience": 200, "max_seconds": None} | changes))


def test_members_keep_their_best_weights_on_the_rows_they_hold_out() -> None:
    layout, rows, held_out, rng = _problem()
    start = layout.initial(3, rng)
    found, _ = train(start.copy(), layout, rows, held_out, CrossEntropy(), _plan(), rng)
    last, _ = train(start.copy(), layout, rows, np.zeros_like(held_out), CrossEntropy(), _plan(), rng)

    def losses(theta):
        outputs, _ = forward(layout.views(theta), rows.X[None], layout)
        return [
            CrossEntropy().losses(outputs[m : m + 1, out], rows.targets[None, out], rows.weights[None, out])[0]
            for m, out in enumerate(held_out)
        ]

    at_start = losses(start)
    assert np.all(np.array(losses(found)) <= at_start)
    assert not np.array_equal(found, last)


def test_more_members_than_rows_still_learn() -> None:
    X = np.linspace(-1, 1, 30)[:, None]
    assert PerceptronRegressor(n_members=40).fit(X, X[:, 0]).score(X, X[:, 0]) > 0.9


def test_training_ends_when_no_member_improves() -> None:
    layout, rows, held_out, rng = _problem()
    _, epochs = train(layout.initial(3, rng), layout, rows, held_out, CrossEntropy(), _plan(patience=3), rng)
    assert epochs < 50


def test_huge_work_means_fewer_epochs(monkeypatch) -> None:
    layout, rows, held_out, rng = _problem()
    monkeypatch.setattr(perceptron_training, "MOST_WORK", 1.0)
    _, epochs = train(layout.initial(3, rng), layout, rows, held_out, CrossEntropy(), _plan(), rng)
    assert epochs == perceptron_training.FEWEST_EPOCHS


def test_a_sample_judges_where_rows_are_many(monkeypatch) -> None:
    layout, rows, held_out, rng = _problem()
    judged = []

    class Watched(CrossEntropy):
        def losses(self, outputs, targets, weights):
            judged.append(weights.shape)
            return super().losses(outputs, targets, weights)

    monkeypatch.setattr(perceptron_training, "MOST_JUDGING", 5)
    train(layout.initial(3, rng), layout, rows, held_out, Watched(), _plan(epochs=1), rng)
    assert set(judged) == {(3, 5)}


def _judged_rows(monkeypatch, sizes, *, grouped=True):
    """Return, by member, how many rows it held out, and the weights of those that it was judged on."""
    found = {}

    class Watched(perceptron_training._Training):
        def __init__(self, theta, layout, rows, held_out, *rest):
            super().__init__(theta, layout, rows, held_out, *rest)
            found["held_out"] = [set(np.flatnonzero(out)) for out in held_out]
            found["judged"] = [
                list(chosen[weights > 0]) for chosen, weights in zip(self.judging, self.judging_weights, strict=True)
            ]

    monkeypatch.setattr(perceptron_training, "_Training", Watched)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    X = np.random.default_rng(0).standard_normal((len(groups), 2))
    PerceptronRegressor(epochs=1, patience=1).fit(X, X[:, 0], groups=groups if grouped else None)
    return found["held_out"], found["judged"]


@pytest.mark.parametrize("sizes", [(30,) * 6, (40,) * 4, (100, 10), (56, 56, 56, 56, 56, 56, 56, 4, 4), (30,) * 20])
def test_each_member_is_judged_on_all_rows_of_the_groups_that_it_holds_out(monkeypatch, sizes) -> None:
    held_out, judged = _judged_rows(monkeypatch, sizes)
    assert len(held_out) == 8
    assert all(held_out)
    for own, rows in zip(held_out, judged, strict=True):
        assert sorted(rows) == sorted(own)


def test_where_all_rows_are_of_one_group_members_are_judged_on_what_they_train_on(monkeypatch) -> None:
    held_out, judged = _judged_rows(monkeypatch, (50,))
    assert not any(held_out)
    assert all(len(rows) == 50 for rows in judged)


@pytest.mark.parametrize("n_rows", [61, 64])
def test_rows_that_stand_alone_are_judged_on_equally_many_without_padding(monkeypatch, n_rows) -> None:
    """Stored runs were made so."""
    held_out, judged = _judged_rows(monkeypatch, (1,) * n_rows, grouped=False)
    assert {len(rows) for rows in judged} == {min(map(len, held_out))} == {n_rows // 8}
    assert all(rows == sorted(own)[: len(rows)] for rows, own in zip(judged, held_out, strict=True))


def test_without_time_the_shares_of_the_classes_are_predicted() -> None:
    X, y = load_iris(return_X_y=True)
    rows = np.r_[0:50, 50:80, 100:120]
    model = PerceptronClassifier(max_seconds=0.0, embedding="none").fit(X[rows], y[rows])
    np.testing.assert_allclose(model.predict_proba(X), np.tile([0.5, 0.3, 0.2], (150, 1)), atol=1e-4)


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_classes_are_learned(embedding) -> None:
    train_X, test_X, train_y, test_y = _scaled(load_breast_cancer)
    model = PerceptronClassifier(embedding=embedding).fit(train_X, train_y)
    assert model.score(test_X, test_y) > 0.95
    assert log_loss(test_y, model.predict_proba(test_X)) < 0.15


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_numbers_are_learned_as_well_as_the_noise_allows(embedding) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (600, 3))
    y = 1000 + 50 * (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]) + rng.normal(0, 5, 600)
    model = PerceptronRegressor(embedding=embedding).fit(X[:400], y[:400])
    assert r2_score(y[400:], model.predict(X[400:])) > 0.9


def test_where_a_linear_model_is_best_the_network_is_not_far_behind() -> None:
    train_X, test_X, train_y, test_y = _scaled(load_diabetes)
    linear = LinearRegression().fit(train_X, train_y).score(test_X, test_y)
    assert PerceptronRegressor().fit(train_X, train_y).score(test_X, test_y) > linear - 0.03


def test_predictions_stay_within_the_training_targets() -> None:
    X = np.linspace(-1, 1, 80)[:, None]
    model = PerceptronRegressor().fit(X, X[:, 0] * 3)
    predicted = model.predict(np.array([[-100.0], [100.0]]))
    assert np.all((predicted >= -3.00001) & (predicted <= 3.00001))


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_same_seed_gives_the_same_predictions_whatever_the_threads(embedding) -> None:
    X, y = load_iris(return_X_y=True)
    model = PerceptronClassifier(embedding=embedding, epochs=5)
    with threadpool_limits(limits=1):
        first = clone(model).fit(X, y).predict_proba(X)
    with threadpool_limits(limits=2):
        again = clone(model).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(first, again)
    other = clone(model).set_params(random_state=1).fit(X, y).predict_proba(X)
    assert not np.array_equal(first, other)


def test_labels_may_be_anything_and_keep_their_order() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["c", "a", "b"])[y]
    model = PerceptronClassifier(epochs=10).fit(X - X.mean(axis=0), names)
    assert list(model.classes_) == ["a", "b", "c"]
    assert (model.predict(X - X.mean(axis=0)) == names).mean() > 0.9


def test_balanced_classes_find_more_of_the_rare_one() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(800) < 0.08).astype(int)
    X = rng.standard_normal((800, 3)) + y[:, None] * 0.9
    plain = PerceptronClassifier().fit(X[:500], y[:500]).predict(X[500:])
    balanced = PerceptronClassifier(class_weight="balanced").fit(X[:500], y[:500]).predict(X[500:])
    assert recall_score(y[500:], balanced) > recall_score(y[500:], plain) + 0.2


def test_rows_without_weight_do_not_count() -> None:
    train_X, test_X, train_y, test_y = _scaled(load_breast_cancer)
    wrong = np.arange(len(train_y)) % 2 == 0
    labels = np.where(wrong, 1 - train_y, train_y)
    model = PerceptronClassifier().fit(train_X, labels, sample_weight=np.where(wrong, 0.0, 1.0))
    assert model.score(test_X, test_y) > 0.9


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [np.nan, 1.0, 1.0]])
def test_impossible_weights_are_refused(weights) -> None:
    with pytest.raises(ValueError, match="sample_weight"):
        PerceptronRegressor().fit(np.eye(3), np.arange(3.0), sample_weight=weights)


@pytest.mark.parametrize("learning_rate", [1e3, 1e9])
@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_weights_that_run_away_are_not_kept(learning_rate, embedding) -> None:
    X, y = load_diabetes(return_X_y=True)
    X = X[:100] * 1e8
    settings = {"learning_rate": learning_rate, "embedding": embedding, "epochs": 5, "patience": 5}
    assert np.isfinite(PerceptronRegressor(**settings).fit(X, y[:100]).predict(X)).all()
    few = slice(0, 12)  # too few rows to hold any out
    assert np.isfinite(PerceptronRegressor(**settings).fit(X[few], y[few]).predict(X)).all()


def _table(n_rows, n_columns, n_classes):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns))
    X[:, 0] = np.where(rng.random(n_rows) < 0.8, 0.0, X[:, 0])  # mostly one value
    X[:, -1] = 1.0 if n_columns > 1 else X[:, -1]  # constant
    return X, np.arange(n_rows) % n_classes


NASTY = {
    "five rows": _table(5, 3, 2),
    "one row a class": _table(6, 3, 6),
    "one column": _table(50, 1, 3),
    "thirty classes": _table(90, 4, 30),
    "two thousand columns": _table(40, 2000, 2),
    "only constants": (np.ones((30, 2)), np.arange(30) % 2),
    "a class with one row": (_table(40, 3, 2)[0], np.r_[np.zeros(39, int), 1]),
    "huge and tiny numbers": (_table(40, 3, 2)[0] * [1e30, 1e-30, 1.0], np.arange(40) % 2),
}


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("case", NASTY)
def test_nasty_tables_give_finite_predictions_without_a_warning(case, embedding) -> None:
    X, y = NASTY[case]
    settings = {"embedding": embedding, "epochs": 3, "patience": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probabilities = PerceptronClassifier(**settings).fit(X, y).predict_proba(X)
        numbers = PerceptronRegressor(**settings).fit(X, y * 1e6 + 1e9).predict(X)
    assert probabilities.shape == (len(X), len(np.unique(y)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("kind", [PerceptronClassifier, PerceptronRegressor])
def test_model_survives_a_file_without_pickle(kind, embedding) -> None:
    X, y = load_iris(return_X_y=True)
    model = kind(embedding=embedding, epochs=3).fit(X, y)
    content = skops.io.dumps(model)
    untrusted = skops.io.get_untrusted_types(data=content)
    assert all(name.startswith("automl_meta.pipelines.estimators.perceptron") for name in untrusted)
    again = skops.io.loads(content, trusted=untrusted)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_parts_of_a_long_table_are_predicted_alike(monkeypatch) -> None:
    X, y = load_iris(return_X_y=True)
    model = PerceptronClassifier(epochs=3).fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr("automl_meta.pipelines.estimators.perceptron.NUMBERS_AT_ONCE", 7 * 5 * 64)
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=1e-5)


@pytest.mark.parametrize("task", Task)
def test_every_sampled_configuration_can_be_fitted(task) -> None:
    algorithm = Perceptron()
    space = algorithm.space(task)
    assert 8 <= len(space) <= 12
    space.seed(0)
    X, y = load_iris(return_X_y=True)
    if task is Task.BINARY:
        X, y = X[:100], y[:100]
    context = FitContext(task=task, n_classes=len(np.unique(y)) if task.is_classification else 0, max_seconds=0.1)
    picks = [{**algorithm.default(task).hyperparameters, **pick} for pick in algorithm.expert_picks(task)]
    for values in (*picks, *map(dict, space.sample_configuration(6))):
        model = algorithm.estimator(values, context).fit(X, y)
        assert np.isfinite(model.predict(X).astype(float)).all()
        assert algorithm.preprocessing(values, task).numeric == values["scaling"]


def test_interactions_are_found_that_a_linear_model_misses() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    linear = LogisticRegression().fit(X[:300], y[:300]).score(X[300:], y[300:])
    assert PerceptronClassifier().fit(X[:300], y[:300]).score(X[300:], y[300:]) > linear + 0.25

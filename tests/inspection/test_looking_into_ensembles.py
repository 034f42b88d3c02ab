import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_ensembles import made

from automl_meta.datasets import Task, make_dataset
from automl_meta.datasets.levels import NEW_LEVEL
from automl_meta.datasets.profile import as_numbers, profile_of
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.ensembling.deadline import Deadline
from automl_meta.evaluation import make_folds, resolve_metric
from automl_meta.inspection import OutOfFoldEnsemble, explain_rows, inspect_ensemble
from automl_meta.inspection.association import correlation_ratios
from automl_meta.inspection.background import draw_background
from automl_meta.inspection.importance import permutation_importances
from automl_meta.inspection.slices import ANYWAY, worst_slices
from automl_meta.persistence.model import json_ready

TASKS = pytest.mark.parametrize("task", list(Task))


@TASKS
def test_rows_are_predicted_by_the_models_that_did_not_see_them(task: Task) -> None:
    one = made(task)
    predicted = one.out_of_fold.predict(one.dataset.X, one.out_of_fold.fold_of)
    everything = one.predictor.predict_proba if task.is_classification else one.predictor.predict
    seen = one.metric.score(one.dataset.y, everything(one.dataset.X))
    unseen = one.metric.score(one.dataset.y, predicted)
    assert unseen == pytest.approx(one.plan.optimistic_score, abs=0.1)
    assert seen > unseen


def test_a_refitted_member_is_said_to_have_seen_the_rows() -> None:
    one = made(Task.BINARY)
    folds = make_folds(one.dataset, 3, 0)
    assert one.out_of_fold.is_honest
    members = [member[:1] for member in one.predictor.members]
    refitted = EnsemblePredictor(**{**one.predictor.get_params(deep=False), "members": members})
    ensemble = OutOfFoldEnsemble(refitted, folds)
    assert not ensemble.is_honest
    np.testing.assert_array_equal(
        ensemble.predict(one.dataset.X, ensemble.fold_of), refitted.predict_proba(one.dataset.X)
    )


def test_a_second_layer_is_said_to_have_heard_of_the_rows_and_is_looked_into() -> None:
    one = made(Task.BINARY)
    bag = one.predictor.members[0]
    layers = {"members": [bag, bag], "inputs": [[], [0]], "combiner": WeightedAverage(np.array([0.0, 1.0]))}
    layered = EnsemblePredictor(**{**one.predictor.get_params(deep=False), **layers})
    ensemble = OutOfFoldEnsemble(layered, make_folds(one.dataset, 3, 0))
    told = inspect_ensemble(ensemble, one.dataset, one.profile, one.plan, one.metric)
    assert told["honest"] is False
    assert told["importances"]


@TASKS
def test_columns_that_make_the_target_matter_most(task: Task) -> None:
    one = made(task)
    told = inspect_ensemble(one.out_of_fold, one.dataset, one.profile, one.plan, one.metric)
    order = [entry["column"] for entry in told["importances"]]
    assert set(order[:2]) == {"amount", "colour"}
    assert {entry["column"] for entry in told["dependences"]} >= {"amount", "colour"}
    assert json.loads(json.dumps(json_ready(told), allow_nan=False))["importance_rows"] == 240


def test_importances_for_a_metric_of_classes_are_of_the_classes_that_are_decided_for() -> None:
    one = made(Task.BINARY)
    always_second = EnsemblePredictor(**{**one.predictor.get_params(deep=False), "decision": np.array([0.0, 1.0])})
    ensemble = OutOfFoldEnsemble(always_second, make_folds(one.dataset, 3, 0))
    for name, matters in (("accuracy", False), ("roc_auc", True)):
        metric = resolve_metric(name, Task.BINARY)
        found = permutation_importances(ensemble, one.dataset, ensemble.rows, ["amount", "colour"], metric)
        assert all((importance.drop > 0) == matters for importance in found)


@TASKS
def test_partial_dependence_follows_the_target(task: Task) -> None:
    one = made(task)
    told = inspect_ensemble(one.out_of_fold, one.dataset, one.profile, one.plan, one.metric)
    by_column = {entry["column"]: entry for entry in told["dependences"]}
    colours = dict(zip(by_column["colour"]["points"], by_column["colour"]["curves"][0]["mean"], strict=True))
    of = by_column["colour"]["curves"][0]["of"]
    assert (colours["red"] > colours["blue"]) == (of != "low")


@TASKS
def test_contributions_add_up_to_the_prediction(task: Task) -> None:
    one = made(task)
    X = one.dataset.X[:12]
    explained = explain_rows(one.predictor, X, one.dataset.schema, one.profile, columns=["amount", "colour"])
    assert list(explained.contributions) == ["amount", "colour", "(other columns)"]
    total = explained.base + explained.contributions.sum(axis=1).to_numpy()
    if task is Task.REGRESSION:
        assert explained.of is None
        expected = one.predictor.predict(X)
    else:
        expected = one.predictor.predict_proba(X)[np.arange(12), explained.of]
    np.testing.assert_allclose(total, expected, atol=1e-6)
    sizes = explained.contributions.abs().mean()
    assert sizes["amount"] > sizes["(other columns)"]


@TASKS
def test_contributions_of_new_levels_add_up_to_the_prediction(task: Task) -> None:
    one = made(task)
    X = one.dataset.X[:12].assign(colour=pd.Categorical([NEW_LEVEL] * 12, dtype=one.dataset.X["colour"].dtype))
    explained = explain_rows(one.predictor, X, one.dataset.schema, one.profile, columns=["colour"])
    total = explained.base + explained.contributions.sum(axis=1).to_numpy()
    whole = one.predictor.predict_proba(X) if one.predictor.n_classes else one.predictor.predict(X)[:, None]
    of = np.zeros(12, dtype=np.intp) if explained.of is None else explained.of
    np.testing.assert_allclose(total, whole[np.arange(12), of], atol=1e-6)


def test_contributions_do_not_depend_on_the_rows_beside() -> None:
    one = made(Task.REGRESSION)
    whole = explain_rows(one.predictor, one.dataset.X[:6], one.dataset.schema, one.profile)
    again = explain_rows(one.predictor, one.dataset.X[:6], one.dataset.schema, one.profile)
    np.testing.assert_array_equal(whole.contributions, again.contributions)


@TASKS
def test_background_is_canonical_and_looks_like_the_table(task: Task) -> None:
    one = made(task)
    drawn = draw_background(one.dataset.schema, one.profile, 3_000, np.random.default_rng(0))
    assert list(drawn) == list(one.dataset.X)
    for name in ("colour", "member", "amount", "day"):
        assert drawn[name].dtype == one.dataset.X[name].dtype
    assert drawn["note"].isna().all()
    assert drawn["amount"].mean() == pytest.approx(one.dataset.X["amount"].mean(), abs=0.1)
    assert drawn["amount"].isna().mean() == pytest.approx(one.dataset.X["amount"].isna().mean(), abs=0.02)
    assert drawn["member"].mean() == pytest.approx(one.dataset.X["member"].mean(), abs=0.05)
    shares = drawn["colour"].value_counts(normalize=True)
    assert shares["red"] == pytest.approx((one.dataset.X["colour"] == "red").mean(), abs=0.05)


def test_correlation_ratio_is_small_for_noise_and_large_for_what_makes_the_target() -> None:
    one = made(Task.REGRESSION)
    ratios = dict(zip(one.dataset.X.columns, correlation_ratios(one.dataset, one.profile), strict=True))
    assert ratios["amount"] > 0.2
    assert ratios["noise"] < 0.05


def test_a_slice_that_is_worse_is_found_and_noise_is_not() -> None:
    one = made(Task.REGRESSION)
    random = np.random.default_rng(3)
    noise = random.exponential(size=one.dataset.n_rows)
    assert worst_slices(one.dataset, one.profile, noise) == ([], len(one.profile.columns))
    red = (one.dataset.X["colour"] == "red").to_numpy()
    ((worst, *_), _) = worst_slices(one.dataset, one.profile, noise + 2.0 * red)
    assert (worst.column, worst.values, worst.rows) == ("colour", "red", int(red.sum()))
    assert worst.loss > worst.others


def test_groups_that_are_harder_than_others_make_no_slice_by_chance() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 25)
    columns = {f"x{number}": random.normal(size=40)[groups] for number in range(10)}
    dataset = make_dataset(pd.DataFrame(columns).assign(y=random.normal(size=1000)), "y")
    profile = profile_of(dataset)
    hard = random.exponential(size=40)
    losses = hard[groups] * random.exponential(size=1000)
    grouped = replace(dataset, groups=groups)
    assert worst_slices(dataset, profile, losses)[0]
    assert worst_slices(grouped, profile, losses)[0] == []
    low = dataset.X["x3"].to_numpy() < np.quantile(columns["x3"], 0.25)
    found = worst_slices(grouped, profile, losses + 5.0 * low)[0]
    assert found[0].column == "x3"


def test_rows_count_in_slices_as_often_as_their_weights_say() -> None:
    one = made(Task.REGRESSION)
    random = np.random.default_rng(3)
    times = random.integers(1, 4, one.dataset.n_rows)
    losses = random.exponential(size=one.dataset.n_rows) + 2.0 * (one.dataset.X["colour"] == "red").to_numpy()
    weighed = replace(one.dataset, weights=times.astype(float))
    ((worst, *_), _) = worst_slices(weighed, one.profile, losses)
    repeated = np.repeat(np.arange(one.dataset.n_rows), times)
    ((same, *_), _) = worst_slices(one.dataset.take(repeated), one.profile, losses[repeated])
    assert (worst.column, worst.values) == (same.column, same.values) == ("colour", "red")
    assert worst.loss == pytest.approx(same.loss)
    assert worst.others == pytest.approx(same.others)
    assert worst.p_value > same.p_value  # repeating rows does not make more of them


@pytest.mark.parametrize("name", ["colour", "member", "amount", "day"])
def test_a_slice_says_what_its_rows_show(name: str) -> None:
    one = made(Task.REGRESSION)
    column = next(column for column in one.profile.columns if column.name == name)
    values = one.dataset.X[name]
    if name == "colour":
        inside, text = values == "red", "red"
    elif name == "member":
        inside, text = values == 1, "true"
    else:
        numbers = as_numbers(values, column.role)
        inside, text = pd.Series(numbers <= np.quantile(column.quantiles, 0.25, method="nearest")), "from "
    losses = np.random.default_rng(3).exponential(size=one.dataset.n_rows) + 3.0 * inside.to_numpy(dtype=bool)
    slices, _ = worst_slices(one.dataset, one.profile, losses)
    worst = next(found for found in slices if found.column == name)
    mask = inside.to_numpy(dtype=bool)
    assert worst.values.startswith(text)
    assert worst.rows == mask.sum()
    assert worst.loss == pytest.approx(losses[mask].mean())
    assert worst.others == pytest.approx(losses[~mask].mean())


def test_without_time_only_the_first_columns_are_cut_into_slices() -> None:
    one = made(Task.REGRESSION)
    many = replace(one.profile, columns=one.profile.columns * 30)
    losses = np.random.default_rng(3).exponential(size=one.dataset.n_rows)
    assert worst_slices(one.dataset, many, losses)[1] == len(many.columns)
    assert worst_slices(one.dataset, many, losses, deadline=Deadline.after(-1.0))[1] == ANYWAY


def test_little_time_leaves_out_what_takes_long_and_keeps_the_slices() -> None:
    one = made(Task.BINARY)
    told = inspect_ensemble(one.out_of_fold, one.dataset, one.profile, one.plan, one.metric, seconds=0.0)
    assert told["importances"] == told["dependences"] == []
    assert told["mean_loss"] > 0


def test_a_fold_model_takes_a_part_of_its_bags_time_and_all_of_a_refitted_members() -> None:
    one = made(Task.BINARY)
    slow = replace(one.plan, member_seconds=(8.0 / len(one.plan.members),) * len(one.plan.members))
    told = {
        refitted: inspect_ensemble(
            one.out_of_fold, one.dataset, one.profile, replace(slow, refitted=refitted), one.metric, seconds=100.0
        )
        for refitted in ((), slow.members)
    }
    assert told[()]["importances"]
    assert not told[slow.members]["importances"]

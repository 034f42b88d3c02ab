from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.distilling import distill, labelled_rows
from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import Dataset, RowColumns, make_dataset
from automl_meta.datasets.fingerprint import fingerprint
from automl_meta.datasets.levels import NEW_LEVEL
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.errors import InputError

OPTIONS = RunOptions(
    time_budget=None, max_evaluations=2, jobs=0, include=("ridge", "decision_tree"), metric="r2", refit="bag"
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Columns that tell the groups, whose levels are noise; rows without a target, and rows that do not count."""
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(30), 10)
    columns = random.normal(size=(30, 3))[group] + 0.1 * random.normal(size=(300, 3))
    return pd.DataFrame(columns, columns=list("abc")).assign(
        g=[f"g{i}" for i in group],
        t=np.arange(300) // 3,
        w=np.where(np.arange(300) % 10 == 0, 0.0, 1.0 + np.arange(300) % 3),
        y=np.where(np.arange(300) % 7 == 0, np.nan, random.normal(size=30)[group]),
    )


def fitted_and_read(frame: pd.DataFrame, rows: RowColumns) -> tuple[Dataset, Dataset]:
    dataset = make_dataset(frame, "y", rows=rows)
    return dataset, labelled_rows(frame, dataset.schema, "data", time=rows.time)


@pytest.mark.parametrize(
    "rows",
    [RowColumns(), RowColumns(groups="g", weight="w"), RowColumns(time="t", weight="w"), RowColumns(groups="g")],
)
def test_rows_are_those_that_the_ensemble_was_fitted_to(frame: pd.DataFrame, rows: RowColumns) -> None:
    dataset, read = fitted_and_read(frame, rows)
    assert fingerprint(read) == fingerprint(dataset)
    for name in ("groups", "times", "weights"):
        assert np.array_equal(getattr(read, name), getattr(dataset, name))


def test_a_small_model_is_scored_on_groups_that_it_has_not_seen(frame: pd.DataFrame) -> None:
    dataset, read = fitted_and_read(frame, RowColumns(groups="g", weight="w"))
    model = run(dataset, OPTIONS).model
    small = distill(model, read)
    assert small.honest
    assert small.model.manifest["ensemble"]["score"] < 0.1  # levels of new groups cannot be known
    assert small.teacher_score == pytest.approx(model.manifest["ensemble"]["score"], abs=0.3)


def test_a_score_that_may_be_too_good_is_stored_with_that_doubt(frame: pd.DataFrame) -> None:
    dataset, read = fitted_and_read(frame, RowColumns(time="t"))
    small = distill(run(dataset, OPTIONS).model, read, "ridge")
    assert not small.honest
    assert "may have seen" in small.model.manifest["ensemble"]["doubt"]


def test_a_second_layer_has_heard_of_the_folds_that_it_is_scored_on(frame: pd.DataFrame) -> None:
    dataset, read = fitted_and_read(frame, RowColumns())
    model = run(dataset, OPTIONS).model
    assert distill(model, read, "ridge").honest
    bag = model.predictor.members[0]
    layers = {"members": [bag, bag], "inputs": [[], [0]], "combiner": WeightedAverage(np.array([0.0, 1.0]))}
    predictor = EnsemblePredictor(**{**model.predictor.get_params(deep=False), **layers})
    small = distill(replace(model, predictor=predictor), read, "ridge")
    assert not small.honest
    assert "may have seen" in small.model.manifest["ensemble"]["doubt"]


def test_a_small_model_decides_by_the_costs_that_its_ensemble_decides_by() -> None:
    random = np.random.default_rng(3)
    columns = random.normal(size=(240, 2))
    late = np.where(columns[:, 0] + random.normal(size=240) > 0, "yes", "no")
    frame = pd.DataFrame(columns, columns=list("ab")).assign(y=late)
    linear = ("logistic_regression", "lda")
    options = replace(OPTIONS, include=linear, metric="accuracy", cost="fn=30", repeats=1)
    model = run(make_dataset(frame, "y"), options).model
    small = distill(model, labelled_rows(frame, model.schema, "data"), "logistic_regression")
    told = small.model.manifest["ensemble"]
    assert told["decision"] == [[0, 1], [30, 0]]
    assert told["cost"] < told["undecided_cost"]
    labels, _ = small.model.predict(frame)
    assert np.mean(labels == "yes") > 0.85
    for score in (small.score, small.teacher_score, told["score"]):  # not of the most probable class
        assert score == pytest.approx(np.mean(late == "yes"), abs=0.1)


def test_weights_may_be_absent_and_groups_may_not(frame: pd.DataFrame) -> None:
    schema = make_dataset(frame, "y", rows=RowColumns(groups="g", weight="w")).schema
    assert labelled_rows(frame.drop(columns="w"), schema, "data").weights is None
    with pytest.raises(InputError, match="lacks 1 of the columns"):
        labelled_rows(frame.drop(columns="g"), schema, "data")


def test_rows_with_levels_that_the_model_does_not_know_can_be_learned_from(frame: pd.DataFrame) -> None:
    towns = np.random.default_rng(2).choice(["Ulm", "Bern", "Graz"], len(frame))
    model = run(make_dataset(frame.assign(town=towns).drop(columns=["g", "t", "w"]), "y"), OPTIONS).model
    other = frame.assign(town=np.where(towns == "Graz", "Rome", towns))
    read = labelled_rows(other, model.schema, "other")
    assert (read.X["town"] == NEW_LEVEL).sum() == ((towns == "Graz") & frame["y"].notna()).sum()
    for algorithm in ("lightgbm", "ridge", "decision_tree"):
        small = distill(model, read, algorithm).model
        assert small.profile is not None
        assert NEW_LEVEL not in next(column for column in small.profile.columns if column.name == "town").levels
        predicted, check = small.predict(other)
        assert np.isfinite(predicted).all()
        assert check.unseen == {"town": {"Rome": int((towns == "Graz").sum())}}

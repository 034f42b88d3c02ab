from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.combining import Combining, load_pickle
from automl_meta.automl.distilling import distill
from automl_meta.automl.late_fits import LateFits
from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import Dataset, make_dataset, read_dataset
from automl_meta.datasets.row_columns import RowColumns
from automl_meta.errors import InputError
from automl_meta.evaluation import make_folds, resolve_metric
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.execution import InlineExecutor
from automl_meta.persistence import load_model, make_model, save_model
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.tuning.budget import Budget, Clock
from automl_meta.tuning.tuner import TunerLimits

QUICK = {
    "time_budget": None,
    "max_evaluations": 3,
    "jobs": 0,
    "include": ("logistic_regression", "lda", "gaussian_nb"),
}


@pytest.fixture(scope="module")
def cancer() -> Dataset:
    return read_dataset("sklearn:breast_cancer").take(np.arange(0, 569, 2))


def members_of(dataset: Dataset, **options) -> tuple[list[int], object]:
    result = run(dataset, RunOptions(**QUICK, **options))
    return [len(member) for member in result.model.predictor.members], result.plan


def test_members_are_bags_or_one_model_as_asked(cancer: Dataset) -> None:
    sizes, plan = members_of(cancer, refit="bag")
    assert set(sizes) == {5}
    assert plan.refitted == ()
    sizes, plan = members_of(cancer, refit="refit")
    assert set(sizes) == {1}
    assert plan.refitted == plan.members
    assert all(entry["refitted"] for entry in plan.to_dict()["members"])


def test_a_limit_on_predicting_leaves_one_model_of_the_fastest(cancer: Dataset) -> None:
    sizes, plan = members_of(cancer, predict_limit=1e-6)
    assert sizes == [1]
    assert len(plan.members) == 1
    assert "nothing that was tried keeps to 1e-06 s for 1,000 rows" in plan.reason
    assert "keeps to" not in members_of(cancer, predict_limit=1000)[1].reason


def test_costs_decide_the_class(cancer: Dataset) -> None:
    result = run(cancer, RunOptions(**QUICK, cost="malignant:benign=50"))
    plain = run(cancer, RunOptions(**QUICK))
    assert result.plan.cost <= result.plan.undecided_cost
    code = cancer.schema.classes.index("malignant")
    alarms = (result.model.predictor.predict(cancer.X) == code).sum()
    assert alarms > (plain.model.predictor.predict(cancer.X) == code).sum()


def test_costs_of_numbers_make_no_sense() -> None:
    dataset = read_dataset("sklearn:diabetes")
    with pytest.raises(InputError, match="target holds numbers"):
        run(dataset, RunOptions(time_budget=None, max_evaluations=1, jobs=0, cost="fp=1"))


def test_a_second_layer_that_helps_is_kept_and_survives_its_file(cancer: Dataset, tmp_path: Path) -> None:
    # a tree and a naive model leave much to be learned by one that sees their predictions beside the columns
    options = RunOptions(**{**QUICK, "include": ("decision_tree", "gaussian_nb", "logistic_regression")})
    combining, weak = combining_of(cancer, options, ("decision_tree", "gaussian_nb"), tmp_path)
    plan, predictor = combining.combine(weak, hurry=False)
    first = {estimate.kind: estimate.score for estimate in plan.comparison}
    assert first["layers"] > first["stack"]
    assert plan.kind == "layers"
    assert max(plan.layers) == 2
    assert all(below < position for position, fed in enumerate(plan.inputs) for below in fed)
    probabilities = predictor.predict_proba(cancer.X)
    assert np.array_equal(probabilities, predictor.predict_proba(cancer.X, threads=2))
    assert resolve_metric("roc_auc", cancer.task).score(cancer.y, probabilities) > plan.score - 0.01
    save_model(tmp_path / "m.automl", make_model(dataset=cancer, predictor=predictor, plan=plan))
    again = load_model(tmp_path / "m.automl")
    assert np.allclose(again.predictor.predict_proba(cancer.X), probabilities, atol=1e-6)


@pytest.mark.slow
def test_a_second_layer_finds_nothing_in_noise(tmp_path: Path) -> None:
    above = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        table = pd.DataFrame(random.normal(size=(240, 4)), columns=list("abcd"))
        table["y"] = random.choice(["no", "yes"], 240)
        folder = tmp_path / str(seed)
        folder.mkdir()
        names = ("logistic_regression", "gaussian_nb", "decision_tree")
        combining, weak = combining_of(make_dataset(table, "y"), RunOptions(**QUICK), names, folder)
        plan, _ = combining.combine(weak, hurry=False)
        layers = next(estimate for estimate in plan.comparison if estimate.kind == "layers")
        above.append((layers.score - 0.5) / plan.error)
    assert max(above) < 3
    assert np.mean(above) < 2 / np.sqrt(5)


def combining_of(dataset: Dataset, options: RunOptions, names: tuple[str, ...], folder: Path):
    """Return what combines, as after a search, and the evaluations of the defaults of some algorithms."""
    folds = make_folds(dataset, 4, 0)
    weak = [
        cross_validate(default_configuration(name, dataset.task), dataset, folds, seed=0, models_folder=folder)
        for name in names
    ]
    fits = LateFits(
        dataset=dataset,
        metric=resolve_metric("roc_auc", dataset.task),
        folds=folds,
        seed=options.seed,
        executor=InlineExecutor(),
        limits=TunerLimits(memory_mb=1000.0),
        folder=folder,
    )
    clock = Clock(Budget(evaluations=len(names)))
    return Combining(fits=fits, options=replace(options, ensemble="stack"), clock=clock, startup=1.0), weak


def test_a_small_model_learns_from_the_ensemble_and_says_what_it_loses(cancer: Dataset, tmp_path: Path) -> None:
    model = run(cancer, RunOptions(**QUICK, refit="bag")).model
    small = distill(model, cancer, "logistic_regression")
    assert small.honest
    assert small.teacher_score == pytest.approx(model.manifest["ensemble"]["score"], abs=0.02)
    assert small.difference == pytest.approx(small.score - small.teacher_score)
    assert [len(member) for member in small.model.predictor.members] == [1]
    save_model(tmp_path / "small.automl", small.model)
    probabilities = load_model(tmp_path / "small.automl").predictor.predict_proba(cancer.X)
    assert resolve_metric("roc_auc", cancer.task).score(cancer.y, probabilities) > 0.95


def test_a_small_model_of_other_rows_is_not_called_honest(cancer: Dataset) -> None:
    model = run(cancer, RunOptions(**QUICK)).model
    assert not distill(model, cancer.take(np.arange(200)), "gaussian_nb").honest


def test_numbers_are_distilled_too() -> None:
    dataset = read_dataset("sklearn:diabetes")
    quick = {**QUICK, "include": ("ridge", "decision_tree")}
    small = distill(run(dataset, RunOptions(**quick)).model, dataset, "ridge")
    assert small.score > -60
    lower, upper = small.model.predictor.predict_interval(dataset.X)
    assert 0.8 < np.mean((dataset.y >= lower) & (dataset.y <= upper)) < 0.99


def test_what_there_is_no_time_to_save_is_left_out_of_bags(cancer: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Combining, "_is_late_for", lambda self, models: True)
    assert set(members_of(cancer, refit="bag")[0]) == {1}


def test_of_forests_that_there_is_no_time_to_refit_as_many_trees_are_kept_as_one_has(
    cancer: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl_meta.ensembling.refitting.FOREST_BAG", 0)
    monkeypatch.setattr(Combining, "_refit", lambda self, wanted, members: {})
    combining, evaluations = combining_of(cancer, RunOptions(**QUICK), ("extra_trees",), tmp_path)
    _, predictor = combining.combine(evaluations, hurry=False)
    (bag,) = predictor.members
    assert [len(model["model"].estimator_.forest_.estimators_) for model in bag] == [75] * 4
    whole = [load_pickle(path) for path in evaluations[0].models]
    assert [len(model["model"].estimator_.forest_.estimators_) for model in whole] == [300] * 4
    few, many = (np.mean([m.predict_proba(cancer.X) for m in models], axis=0) for models in (bag, whole))
    assert np.abs(few - many).max() < 0.12
    assert few[few > 0].min() == pytest.approx(many[many > 0].min(), rel=0.5)  # as sure as the whole


@pytest.mark.parametrize("rows", [RowColumns(time="t"), RowColumns(groups="t")])
def test_what_one_period_or_group_has_of_its_own_is_not_scored(rows: RowColumns) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=200), "t": np.repeat([1, 2], 100)})
    frame["y"] = frame["a"] + 10 * (frame["t"] == 2)
    options = RunOptions(time_budget=None, max_evaluations=2, jobs=0, folds=2, include=("ridge", "knn"))
    plan = run(make_dataset(frame, "y", rows=rows), options).plan
    assert plan.kind in ("best", "greedy")
    assert plan.score < -5

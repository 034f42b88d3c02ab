"""An exported ONNX graph predicts what the model does; what has no converter is refused by name."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_ensembles import shop_table, three_candidates

from automl_meta.automl.run import run
from automl_meta.cli import main
from automl_meta.datasets import Dataset, Task, features_from, make_dataset
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.calibration import Isotonic, Temperature
from automl_meta.ensembling.combiners import LinearStack, LogOddsStack, WeightedAverage
from automl_meta.errors import MissingExtraError
from automl_meta.persistence import FittedModel, load_model, save_model
from automl_meta.persistence.exporting import ExportError, write_onnx
from automl_meta.persistence.exporting.to_onnx.checking import TOLERANCE, largest_difference, runtime_inputs
from automl_meta.persistence.exporting.to_onnx.ensemble import onnx_graph
from automl_meta.persistence.probe import make_probe
from automl_meta.pipelines.build import build_pipeline, fit_pipeline
from automl_meta.pipelines.catalogue import catalogue
from automl_meta.pipelines.configuration import Configuration, Value
from automl_meta.pipelines.context import FitContext

runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("onnx", reason="the extra onnx is not installed")

REFUSED = {"catboost", "xgboost", "perceptron", "gaussian_process", "knn", "svm"}
TASKS = pytest.mark.parametrize("task", list(Task))


def plain_table(task: Task, n_rows: int = 240) -> pd.DataFrame:
    """Return numbers, categories, Booleans, gaps, a rare level and an infinite cell; no dates and no text."""
    random = np.random.default_rng(3)
    table = shop_table(task, n_rows).drop(columns=["day", "note"])
    table["town"] = [f"town {number}" for number in random.integers(0, 40, n_rows)]
    table.loc[3, "colour"] = "mauve"
    table.loc[random.random(n_rows) < 0.1, "colour"] = None
    table.loc[5, "noise"] = np.inf
    return table


@cache
def plain_dataset(task: Task) -> Dataset:
    return make_dataset(plain_table(task), "target", task=task, name="shop")


@cache
def fitted(task: Task, algorithm: str, **values: Value) -> EnsemblePredictor:
    data = plain_dataset(task)
    default = catalogue(task)[algorithm].default(task)
    configuration = Configuration(algorithm, {**default.hyperparameters, **values})
    context = FitContext(task=task, n_classes=data.n_classes, seed=0)
    pipeline = fit_pipeline(build_pipeline(configuration, data.schema, context), data.X, data.y)
    return EnsemblePredictor(str(task), data.n_classes, [[pipeline]], WeightedAverage(np.ones(1)))


def difference(task: Task, predictor: EnsemblePredictor) -> float:
    schema = plain_dataset(task).schema
    content = onnx_graph(schema, predictor, ["a member"] * len(predictor.members)).SerializeToString()
    return largest_difference(content, schema, predictor, make_probe(schema, predictor))


def together(task: Task, names: Sequence[str], **settings: object) -> EnsemblePredictor:
    one = fitted(task, names[0])
    members = [fitted(task, name).members[0] for name in names]
    return EnsemblePredictor(one.task, one.n_classes, members, **settings)  # type: ignore[arg-type]


@TASKS
def test_the_catalogue_is_exported_but_what_is_refused_by_name(task: Task) -> None:
    for algorithm in sorted(catalogue(task).keys() - REFUSED):
        assert difference(task, fitted(task, algorithm)) <= TOLERANCE, algorithm
    with pytest.raises(ExportError, match=r"a member cannot be written .*Neighbours.* Try"):
        onnx_graph(plain_dataset(task).schema, fitted(task, "knn"), ["a member"])


@TASKS
@pytest.mark.parametrize("scaling", ["standard", "quantile", "robust_smooth"])
@pytest.mark.parametrize("categorical", ["onehot", "target"])
def test_every_preparation_of_columns_is_exported(task: Task, scaling: str, categorical: str) -> None:
    linear = "logistic_regression" if task.is_classification else "ridge"
    for missing in ("indicator", "median"):
        predictor = fitted(task, linear, scaling=scaling, categorical=categorical, missing=missing)
        assert difference(task, predictor) < 1e-9


@TASKS
@pytest.mark.parametrize("algorithm", ["lightgbm", "hist_gradient_boosting"])
def test_boosters_split_categories_by_sets(task: Task, algorithm: str) -> None:
    predictor = fitted(task, algorithm, categorical="native")
    assert difference(task, predictor) <= TOLERANCE


@pytest.mark.parametrize("transform", ["log", "power", "quantile"])
def test_transformed_targets_are_undone(transform: str) -> None:
    for algorithm in ("ridge", "elastic_net"):
        predictor = fitted(Task.REGRESSION, algorithm, target_transform=transform)
        assert difference(Task.REGRESSION, predictor) < 1e-9


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_stacks_calibrations_and_decisions_are_exported(task: Task) -> None:
    n_classes = plain_dataset(task).n_classes
    names = ("logistic_regression", "decision_tree")
    stack = LogOddsStack(np.array([0.7, 0.6]), np.linspace(-0.2, 0.3, n_classes))
    average = WeightedAverage(np.array([0.3, 0.7]))
    n_curves = 1 if n_classes == 2 else n_classes
    knots = np.array([0.1, 0.4, 0.8])
    curves = Isotonic([knots] * n_curves, [np.array([0.01, 0.5, 0.99])] * n_curves)
    for combiner, calibration in ((stack, None), (average, Temperature(1.7)), (average, curves)):
        assert difference(task, together(task, names, combiner=combiner, calibration=calibration)) < 1e-6


def test_a_stack_of_numbers_is_exported() -> None:
    stack = LinearStack(np.array([0.7, -0.2]), 0.5)
    assert difference(Task.REGRESSION, together(Task.REGRESSION, ("ridge", "decision_tree"), combiner=stack)) < 1e-6


@cache
def fitted_model(task: Task) -> FittedModel:
    return run(plain_dataset(task), three_candidates(task, "dummy")).model


@TASKS
def test_a_saved_model_is_exported_and_predicts_rows_with_unknown_levels(
    task: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(tmp_path / "shop.automl", fitted_model(task))
    with pytest.raises(SystemExit) as ended:
        main(["export", str(tmp_path / "shop.automl"), "--format", "onnx"])
    assert ended.value.code == 0
    assert "predictions differ by" in " ".join(capsys.readouterr().out.split())
    model = load_model(tmp_path / "shop.automl")
    rows = plain_table(task, 60).assign(town="nowhere")
    session = runtime.InferenceSession(str(tmp_path / "shop.onnx"))
    outputs = session.run(None, runtime_inputs(model.schema, features_from(rows, model.schema)[0]))
    predicted = model.predict(rows)[0]
    if task is Task.REGRESSION:
        np.testing.assert_allclose(outputs[0], predicted, atol=1e-5)
    else:
        assert outputs[0].tolist() == predicted.tolist()
        np.testing.assert_allclose(outputs[1], model.predict_proba(rows)[0], atol=1e-5)
    assert session.get_inputs()[0].name == "amount"
    assert not list(tmp_path.glob("*.tmp"))


def test_the_best_member_stands_alone(tmp_path: Path) -> None:
    model = fitted_model(Task.REGRESSION)
    names, largest = write_onnx(tmp_path / "best.onnx", model, members="best")
    ids = [entry["id"] for entry in model.manifest["ensemble"]["members"]]
    best = next(row["id"] for row in model.manifest["leaderboard"] if row["id"] in ids)
    assert largest <= TOLERANCE
    assert best in names[0]
    X = plain_dataset(Task.REGRESSION).X
    outputs = runtime.InferenceSession(str(tmp_path / "best.onnx")).run(None, runtime_inputs(model.schema, X))
    np.testing.assert_allclose(outputs[0], model.predictor.member_predictions(X)[ids.index(best)], atol=1e-5)


def test_the_best_that_can_be_written_stands_for_those_that_cannot(tmp_path: Path) -> None:
    data = plain_dataset(Task.BINARY)
    both = together(Task.BINARY, ("knn", "decision_tree"), combiner=WeightedAverage(np.array([0.9, 0.1])))
    manifest = {
        "leaderboard": [{"id": "first", "algorithm": "knn"}, {"id": "second", "algorithm": "decision_tree"}],
        "ensemble": {"members": [{"id": "first"}, {"id": "second"}]},
    }
    model = FittedModel(manifest=manifest, schema=data.schema, predictor=both, probe=make_probe(data.schema, both))
    with pytest.raises(ExportError, match=r"knn \(first\) cannot be written"):
        write_onnx(tmp_path / "x.onnx", model)
    assert write_onnx(tmp_path / "x.onnx", model, members="best")[0] == ["decision_tree (second)"]


def test_dates_and_texts_are_refused_by_name_and_nothing_is_written(tmp_path: Path) -> None:
    schema = make_dataset(shop_table(Task.BINARY), "target").schema
    with pytest.raises(ExportError, match=r"'day' \(date\), 'note' \(text\).*--format python"):
        write_onnx(tmp_path / "x.onnx", replace(fitted_model(Task.BINARY), schema=schema))
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_predicts_something_else_is_refused() -> None:
    schema, tree = plain_dataset(Task.BINARY).schema, fitted(Task.BINARY, "decision_tree")
    other = onnx_graph(schema, fitted(Task.BINARY, "lda"), ["lda"]).SerializeToString()
    with pytest.raises(ExportError, match=r"does not predict what the model does: a difference of 0\.\d+"):
        largest_difference(other, schema, tree, make_probe(schema, tree))


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str, package: str | None = None) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    model = fitted_model(Task.BINARY)
    monkeypatch.setattr("automl_meta.optional.importlib.import_module", missing)
    with pytest.raises(MissingExtraError, match=r"pip install 'automl-meta\[onnx\]'"):
        write_onnx(tmp_path / "x.onnx", model)

"""A made-up OpenML: tables, tasks, setups and runs, and what a meta-base made of them has to hold.

What is expected is written down while the setups are spelled, from our hyperparameters to the source's spelling. It
does not pass through the translation that it judges.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from automl_meta.datasets.task import Task
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration, Value

FOLDS = 10
SUITE = 99
CLASSIFICATION_MEASURES = ("area_under_roc_curve", "predictive_accuracy")
REGRESSION_MEASURES = ("root_mean_squared_error",)
NO_TRANSLATION = "none"


@dataclass
class WorldDataset:
    dataset_id: int
    name: str
    frame: pd.DataFrame
    task: Task
    has_parquet: bool

    @property
    def n_features(self) -> int:
        return self.frame.shape[1] - 1


@dataclass
class WorldTask:
    task_id: int
    dataset: WorldDataset

    @property
    def is_classification(self) -> bool:
        return self.dataset.task.is_classification

    @property
    def measures(self) -> tuple[str, ...]:
        return CLASSIFICATION_MEASURES if self.is_classification else REGRESSION_MEASURES


@dataclass
class WorldSetup:
    """A spelled setup, and what it means on a dataset; `meaning` gives None where nothing can say it."""

    setup_id: int
    flow_id: int
    flow_name: str
    parameters: list[dict[str, str]]
    grade: str
    meaning: Callable[[WorldDataset], Configuration | None]


@dataclass
class WorldRun:
    run_id: int
    task: WorldTask
    setup: WorldSetup
    uploader: int
    upload_time: str
    values: dict[str, float | None]
    engines: tuple[int, ...] = (1,)


@dataclass
class ExpectedRow:
    scores: dict[str, float]
    grade: str
    run_ids: set[int] = field(default_factory=set)


@dataclass
class World:
    datasets: dict[int, WorldDataset]
    tasks: dict[int, WorldTask]
    runs: list[WorldRun]

    def expected(self) -> dict[int, dict[str, ExpectedRow]]:
        """Return the rows of each task by the configuration's id."""
        rows: dict[int, dict[str, ExpectedRow]] = defaultdict(dict)
        for run in sorted(self.runs, key=lambda run: run.run_id):
            scores = {name: value for name, value in run.values.items() if value is not None}
            configuration = run.setup.meaning(run.task.dataset)
            if not scores or configuration is None:
                continue
            known = rows[run.task.task_id].get(configuration.id)
            if known is None:
                known = rows[run.task.task_id][configuration.id] = ExpectedRow(scores, run.setup.grade)
            elif known.grade != "exact" and run.setup.grade == "exact":
                known.scores, known.grade = scores, "exact"
            known.run_ids.add(run.run_id)
        return rows


def configured(algorithm: str, task: Task, **values: Value) -> Configuration:
    default = default_configuration(algorithm, task)
    return Configuration(algorithm, {**default.hyperparameters, **values}, default.version)


def make_world(n_tasks: int = 30, n_runs: int = 5000, seed: int = 0) -> World:
    random = np.random.default_rng(seed)
    datasets = {2 + 3 * i: make_dataset(2 + 3 * i, i, random) for i in range(n_tasks)}
    tasks = {100 + d.dataset_id: WorldTask(100 + d.dataset_id, d) for d in datasets.values()}
    setups = {True: make_setups(True, random, 0), False: make_setups(False, random, 5000)}
    runs = []
    for number in range(n_runs):
        task = list(tasks.values())[number % n_tasks]
        choice = setups[task.is_classification]
        runs.append(make_run(7 * number + 11, task, choice[int(random.integers(len(choice)))], random))
    return World(datasets, tasks, runs)


def make_run(run_id: int, task: WorldTask, setup: WorldSetup, random: np.random.Generator) -> WorldRun:
    quality = 0.6 + 0.3 * ((setup.setup_id * 37) % 101) / 101
    values: dict[str, float | None] = {}
    for measure in task.measures:
        score = quality + 0.05 * float(random.standard_normal())
        value = min(max(score, 0.01), 0.999) if task.is_classification else 10 * (1.5 - score)
        values[measure] = None if random.random() < 0.04 else round(value, 6)
    engines = (1, 2) if random.random() < 0.05 else (1,)
    time = f"20{int(random.integers(14, 24))}-0{int(random.integers(1, 10))}-17 10:1{run_id % 10}:00"
    return WorldRun(run_id, task, setup, int(random.integers(1, 9)), time, values, engines)


def make_dataset(dataset_id: int, position: int, random: np.random.Generator) -> WorldDataset:
    n_rows, n_numeric = int(random.integers(60, 110)), int(random.integers(3, 6))
    columns: dict[str, object] = {f"x{i}": np.round(random.normal(size=n_rows) * 10**i, 4) for i in range(n_numeric)}
    columns["colour"] = pd.Categorical(random.choice(["red", "green", "deep blue"], n_rows))
    columns["size"] = pd.Categorical(random.choice(["s", "m", "l"], n_rows))
    frame = pd.DataFrame(columns)
    signal = frame["x0"].to_numpy() + (frame["colour"] == "red").to_numpy() + 0.5 * random.normal(size=n_rows)
    if position % 3 == 2:
        task, target = Task.REGRESSION, np.round(signal, 4)
        frame["class"] = target
    else:
        task = Task.MULTICLASS if position % 5 == 0 else Task.BINARY
        edges = np.quantile(signal, [0.5] if task is Task.BINARY else [0.3, 0.6])
        names = np.array(["no", "yes", "maybe"])
        frame["class"] = pd.Categorical(names[np.searchsorted(edges, signal)])
    frame.loc[random.random(n_rows) < 0.1, "x1"] = np.nan
    return WorldDataset(dataset_id, f"table-{position}", frame, task, has_parquet=position % 2 == 1)


# Spelling setups


def parameter(component: str, version: int, name: str, value: str, default: str = "") -> dict[str, str]:
    return {
        "flow_name": component,
        "full_name": f"{component}({version})_{name}",
        "parameter_name": name,
        "data_type": "",
        "default_value": default,
        "value": value,
    }


def sklearn_parameters(flows: dict[str, dict[str, object]]) -> list[dict[str, str]]:
    return [
        parameter(component, 3, name, json.dumps(value))
        for component, values in flows.items()
        for name, value in values.items()
    ]


def make_setups(classification: bool, random: np.random.Generator, first: int) -> list[WorldSetup]:
    makers = CLASSIFIERS if classification else REGRESSORS
    setups = []
    for number in range(160):
        maker = makers[number % len(makers)]
        flow_name, parameters, grade, meaning = maker(random)
        flow_id = int(hashlib.sha256(flow_name.encode()).hexdigest()[:5], 16)
        setups.append(WorldSetup(first + number + 1, flow_id, flow_name, parameters, grade, meaning))
    return setups


Spelled = tuple[str, list[dict[str, str]], str, Callable[[WorldDataset], Configuration | None]]


def sklearn_forest(random: np.random.Generator, classification: bool = True) -> Spelled:
    kind = "Classifier" if classification else "Regressor"
    imputer, encoder = "sklearn.impute._base.SimpleImputer", "sklearn.preprocessing._encoders.OneHotEncoder"
    forest = f"sklearn.ensemble._forest.RandomForest{kind}"
    name = f"sklearn.pipeline.Pipeline(imputer={imputer},onehotencoder={encoder},estimator={forest})"
    share = round(float(random.uniform(0.1, 1.0)), 3)
    leaf, bootstrap = int(random.integers(1, 20)), bool(random.random() < 0.5)
    own: dict[str, object] = {
        "n_estimators": 300,
        "max_features": share,
        "min_samples_leaf": leaf,
        "min_samples_split": 2,
        "bootstrap": bootstrap,
        "max_depth": None,
        "max_leaf_nodes": None,
        "criterion": "squared_error",
        "random_state": 1,
    }
    values: dict[str, Value] = {
        "categorical": "onehot",
        "max_features": share,
        "min_samples_leaf": leaf,
        "bootstrap": "yes" if bootstrap else "no",
    }
    if classification:
        own["criterion"] = values["criterion"] = str(random.choice(["gini", "entropy"]))
        own["class_weight"] = None
    parameters = sklearn_parameters(
        {
            "sklearn.pipeline.Pipeline": {"steps": [marked("imputer"), marked("onehotencoder"), marked("estimator")]},
            imputer: {"strategy": "median", "add_indicator": False},
            encoder: {"handle_unknown": "ignore"},
            forest: own,
        }
    )
    return f"{name}(4)", parameters, "exact", lambda d: configured("random_forest", d.task, **values)


def marked(step: str) -> dict[str, object]:
    value = {"key": step, "step_name": step}
    return {"oml-python:serialized_object": "component_reference", "value": value}


def sklearn_logistic(random: np.random.Generator) -> Spelled:
    imputer, encoder = "sklearn.preprocessing.imputation.Imputer", "sklearn.preprocessing.data.OneHotEncoder"
    scaler, model = "sklearn.preprocessing.data.StandardScaler", "sklearn.linear_model.logistic.LogisticRegression"
    name = f"sklearn.pipeline.Pipeline(imputation={imputer},onehot={encoder},scale={scaler},classifier={model})"
    strength = round(float(10 ** random.uniform(-3, 1.5)), 5)
    parameters = sklearn_parameters(
        {
            imputer: {"strategy": "median", "axis": 0, "missing_values": "NaN"},
            encoder: {"categorical_features": "all", "sparse": True},
            scaler: {"with_mean": False, "with_std": True},
            model: {"C": strength, "penalty": "l2", "fit_intercept": True, "solver": "lbfgs", "class_weight": None},
        }
    )
    return f"{name}(1)", parameters, "exact", lambda d: configured("logistic_regression", d.task, C=strength)


def sklearn_neighbours(random: np.random.Generator, classification: bool = True) -> Spelled:
    kind = "Classifier" if classification else "Regressor"
    scaler, encoder = "sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._encoders.OneHotEncoder"
    model = f"sklearn.neighbors._classification.KNeighbors{kind}"
    columns = "sklearn.compose._column_transformer.ColumnTransformer"
    name = f"sklearn.pipeline.Pipeline(prepare={columns}(numeric={scaler},nominal={encoder}),model={model})"
    k, power = int(random.integers(1, 60)), int(random.integers(1, 3))
    weights = str(random.choice(["uniform", "distance"]))
    own = {"n_neighbors": k, "weights": weights, "p": power, "metric": "minkowski"}
    parameters = sklearn_parameters({scaler: {"with_std": True}, encoder: {}, model: dict(own)})
    return (
        f"{name}(2)",
        parameters,
        "exact",
        lambda d: configured("knn", d.task, n_neighbors=k, weights=weights, p=str(power)),
    )


def mlr_ranger(random: np.random.Generator, classification: bool = True) -> Spelled:
    flow = f"mlr.{'classif' if classification else 'regr'}.ranger"
    mtry, leaf = int(random.integers(1, 6)), int(random.integers(1, 12))
    spelled = {"mtry": str(mtry), "num.trees": "500", "min.node.size": str(2 * leaf), "replace": "TRUE"}
    parameters = [parameter(flow, 9, name, value) for name, value in spelled.items()]

    def meaning(dataset: WorldDataset) -> Configuration:
        share = mtry / dataset.n_features
        return configured("random_forest", dataset.task, max_features=share, min_samples_leaf=leaf)

    return f"{flow}(9)", parameters, "approximate", meaning


def mlr_glmnet(random: np.random.Generator) -> Spelled:
    strength, mixing = float(f"{10 ** random.uniform(-3, 0):.6g}"), round(float(random.uniform(0.1, 1.0)), 3)
    spelled = {"alpha": str(mixing), "lambda": str(strength)}
    parameters = [parameter("mlr.classif.glmnet", 5, name, value) for name, value in spelled.items()]

    def meaning(dataset: WorldDataset) -> Configuration:
        n_training = len(dataset.frame) * (FOLDS - 1) // FOLDS
        return configured(
            "logistic_regression",
            dataset.task,
            C=1 / (n_training * strength),
            penalty="elasticnet",
            l1_ratio=mixing,
        )

    return "mlr.classif.glmnet(5)", parameters, "approximate", meaning


def mlr_svm(random: np.random.Generator) -> Spelled:
    cost, gamma = float(f"{10 ** random.uniform(-1, 2):.5g}"), float(f"{10 ** random.uniform(-2, -0.5):.5g}")
    spelled = {"cost": str(cost), "gamma": str(gamma), "kernel": '"radial"'}
    parameters = [parameter("mlr.classif.svm", 6, name, value) for name, value in spelled.items()]
    return (
        "mlr.classif.svm(6)",
        parameters,
        "approximate",
        lambda d: configured("svm", d.task, C=cost, gamma=gamma * d.n_features),
    )


def weka_j48(random: np.random.Generator) -> Spelled:
    leaf = int(random.integers(1, 40))
    spelled = {"M": str(leaf), "U": "true"}
    parameters = [parameter("weka.J48", 1, name, value) for name, value in spelled.items()]
    values: dict[str, Value] = {
        "criterion": "entropy",
        "max_depth": 20,
        "ccp_alpha": 1e-6,
        "min_samples_leaf": leaf,
    }
    return "weka.J48(1)", parameters, "approximate", lambda d: configured("decision_tree", d.task, **values)


def weka_neighbours(random: np.random.Generator) -> Spelled:
    k = int(random.integers(1, 60))
    search = 'weka.core.neighboursearch.LinearNNSearch -A "weka.core.ManhattanDistance -R first-last"'
    spelled = {"K": str(k), "W": "0", "I": "true", "A": search}
    parameters = [parameter("weka.IBk", 4, name, value) for name, value in spelled.items()]
    return (
        "weka.IBk(4)",
        parameters,
        "approximate",
        lambda d: configured("knn", d.task, n_neighbors=k, weights="distance", p="1"),
    )


def ridge(random: np.random.Generator) -> Spelled:
    scaler, encoder = "sklearn.preprocessing._data.StandardScaler", "sklearn.preprocessing._encoders.OneHotEncoder"
    model = "sklearn.linear_model._ridge.Ridge"
    alpha = round(float(10 ** random.uniform(-2, 3)), 4)
    parameters = sklearn_parameters({scaler: {}, encoder: {}, model: {"alpha": alpha, "fit_intercept": True}})
    name = f"sklearn.pipeline.Pipeline(onehot={encoder},scale={scaler},model={model})(7)"
    return name, parameters, "exact", lambda d: configured("ridge", d.task, alpha=alpha)


def searched(random: np.random.Generator) -> Spelled:
    forest = "sklearn.ensemble.forest.RandomForestClassifier"
    name = f"sklearn.model_selection._search.RandomizedSearchCV(estimator={forest})(2)"
    grid = {"max_features": {"oml-python:serialized_object": "rv_frozen", "value": {"dist": "scipy.stats.uniform"}}}
    parameters = sklearn_parameters(
        {"sklearn.model_selection._search.RandomizedSearchCV": {"param_distributions": grid}, forest: {"n_jobs": 1}}
    )
    return name, parameters, NO_TRANSLATION, lambda d: None


def bagged(random: np.random.Generator) -> Spelled:
    parameters = [parameter("weka.REPTree", 2, "M", str(int(random.integers(1, 9))))]
    return "weka.Bagging_REPTree(1)", parameters, NO_TRANSLATION, lambda d: None


def boosted(random: np.random.Generator) -> Spelled:
    model = "sklearn.ensemble.gradient_boosting.GradientBoostingRegressor"
    parameters = sklearn_parameters({model: {"n_estimators": int(random.integers(50, 500))}})
    return f"{model}(5)", parameters, NO_TRANSLATION, lambda d: None


CLASSIFIERS = (
    sklearn_forest,
    sklearn_logistic,
    sklearn_neighbours,
    mlr_ranger,
    mlr_glmnet,
    mlr_svm,
    weka_j48,
    weka_neighbours,
    searched,
    bagged,
)
REGRESSORS = (
    lambda random: sklearn_forest(random, classification=False),
    lambda random: sklearn_neighbours(random, classification=False),
    lambda random: mlr_ranger(random, classification=False),
    ridge,
    boosted,
)


def qualities_of(dataset: WorldDataset) -> dict[str, float | None]:
    """Return what the server says of a table; -1 and None where it did not compute something."""
    frame = dataset.frame
    numeric = sum(kind.kind == "f" for kind in frame.dtypes if hasattr(kind, "kind"))
    found: dict[str, float | None] = {
        "NumberOfInstances": float(len(frame)),
        "NumberOfFeatures": float(frame.shape[1]),
        "NumberOfNumericFeatures": float(numeric),
        "NumberOfSymbolicFeatures": float(frame.shape[1] - numeric),
        "NumberOfMissingValues": float(frame.isna().sum().sum()),
        "NumberOfClasses": 0.0,
        "MeanKurtosisOfNumericAtts": -1.0,
        "MeanSkewnessOfNumericAtts": None,
    }
    if dataset.task.is_classification:
        shares = frame["class"].value_counts(normalize=True)
        found |= {
            "NumberOfClasses": float(frame["class"].nunique()),
            "MajorityClassPercentage": 100 * float(shares.max()),
            "MinorityClassPercentage": 100 * float(shares.min()),
            "ClassEntropy": -sum(share * math.log2(share) for share in shares),
        }
    return found

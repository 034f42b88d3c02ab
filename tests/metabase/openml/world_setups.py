"""Setups as OpenML spells them, and what they mean here.

What is expected is written down while the setups are spelled, from our hyperparameters to the source's spelling. It
does not pass through the translation that it judges.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from world_tables import FOLDS, WorldDataset

from automl_meta.datasets.task import Task
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.configuration import Configuration, Value

Spelled = tuple[str, list[dict[str, str]], str, Callable[[WorldDataset], Configuration | None]]
NO_TRANSLATION = "none"


@dataclass
class WorldSetup:
    """A spelled setup, and what it means on a dataset; `meaning` gives None where nothing can say it."""

    setup_id: int
    flow_id: int
    flow_name: str
    parameters: list[dict[str, str]]
    grade: str
    meaning: Callable[[WorldDataset], Configuration | None]


def configured(algorithm: str, task: Task, **values: Value) -> Configuration:
    default = default_configuration(algorithm, task)
    return Configuration(algorithm, {**default.hyperparameters, **values}, default.version)


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


def make_setups(classification: bool, random: np.random.Generator, first: int) -> list[WorldSetup]:
    makers = CLASSIFIERS if classification else REGRESSORS
    setups = []
    for number in range(160):
        maker = makers[number % len(makers)]
        flow_name, parameters, grade, meaning = maker(random)
        flow_id = int(hashlib.sha256(flow_name.encode()).hexdigest()[:5], 16)
        setups.append(WorldSetup(first + number + 1, flow_id, flow_name, parameters, grade, meaning))
    return setups

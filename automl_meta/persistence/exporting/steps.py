"""How a configuration is written in the words of scikit-learn and LightGBM alone.

What the catalogue's own estimators add (smoothing of probabilities, training that stops in time, encodings of nearly
unique levels) is left out, so a script's scores are close to a model's, not the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from automl_meta.persistence.exporting.code import Code, call, literal

Values = Mapping[str, Any]

_HIST = ("learning_rate", "max_leaf_nodes", "min_samples_leaf", "l2_regularization", "max_features")
N_TREES = 300
MOST_ROUNDS = 2000


def preprocessing_of(algorithm: str, values: Values) -> dict[str, Any]:
    """Return the arguments of the script's ``columns`` for a configuration: scale, impute, categories, reduce."""
    missing = str(values.get("missing", "median"))
    if algorithm in ("lightgbm", "hist_gradient_boosting"):
        missing = "native"
    return {
        "scale": str(values.get("scaling", "none")),
        "missing": missing,
        "categories": str(values.get("categorical", "ordinal")),
        "reduce": str(values.get("reduction", "pca" if algorithm == "qda" else "none")),
    }


def estimator_of(
    algorithm: str, values: Values, *, classify: bool, seed: int, rounds: int | None, n_categories: int = 0
) -> Code | None:
    """Return a Python expression for the estimator, or None if it cannot be said without other packages.

    Parameters
    ----------
    rounds : int, optional
        That a booster was trained for; estimated from the learning rate if not known.
    n_categories : int
        Columns, the first ones, that a booster is to read as categories.

    Raises
    ------
    ExportError
        If a hyperparameter is no literal.
    """
    if algorithm in _BOOSTERS:
        expression = _BOOSTERS[algorithm](values, classify, seed, rounds, list(range(n_categories)) or None)
    elif algorithm in _WRITERS:
        expression = Code(_WRITERS[algorithm](values, classify, seed, rounds))
    else:
        return None
    if classify or algorithm == "dummy":
        return expression
    transform = str(values.get("target_transform", "none"))
    return Code(f"TransformedTargetRegressor({expression}, transformer={_TARGETS[transform]})")


_TARGETS = {
    "none": "StandardScaler()",
    "log": "make_pipeline(ShiftedLog(), StandardScaler())",
    "power": "PowerTransformer()",
    "quantile": 'QuantileTransformer(output_distribution="normal")',
}


def _balanced(values: Values) -> str | None:
    return "balanced" if values.get("class_weight") == "balanced" else None


def _forest(kind: str) -> Callable[..., str]:
    def write(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
        shared = {
            "n_estimators": N_TREES,
            "max_features": values["max_features"],
            "min_samples_leaf": values["min_samples_leaf"],
            "max_leaf_nodes": values.get("leaf_nodes"),
            "bootstrap": values["bootstrap"] == "yes",
            "random_state": seed,
        }
        if not classify:
            return call(f"{kind}Regressor", **shared)
        return call(f"{kind}Classifier", criterion=values["criterion"], class_weight=_balanced(values), **shared)

    return write


def _tree(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    names = ("max_depth", "min_samples_leaf", "ccp_alpha", "criterion")
    settings = {name: values[name] for name in names if name in values}
    if not classify:
        return call("DecisionTreeRegressor", **settings, random_state=seed)
    return call("DecisionTreeClassifier", **settings, class_weight=_balanced(values), random_state=seed)


def _lightgbm(values: Values, classify: bool, seed: int, rounds: int | None, categories: list[int] | None) -> Code:
    names = {
        "learning_rate": "learning_rate",
        "num_leaves": "num_leaves",
        "min_data_in_leaf": "min_child_samples",
        "feature_fraction": "colsample_bytree",
        "bagging_fraction": "subsample",
        "lambda_l1": "reg_alpha",
        "lambda_l2": "reg_lambda",
        "cat_smooth": "cat_smooth",
        "cat_l2": "cat_l2",
        "max_cat_to_onehot": "max_cat_to_onehot",
        "min_data_per_group": "min_data_per_group",
    }
    settings = {new: values[old] for old, new in names.items() if old in values}
    settings |= {
        "n_estimators": rounds or min(MOST_ROUNDS, round(6 / float(values["learning_rate"]))),
        "subsample_freq": 1,
        "extra_trees": values.get("kind") == "extra_trees",
        "linear_tree": values.get("kind") == "linear_tree",
        "random_state": seed,
        "verbose": -1,
        "categorical_feature": categories,
    }
    if not classify:
        return call("LGBMRegressor", **settings)
    return call("LGBMClassifier", class_weight=_balanced(values), **settings)


def _hist(values: Values, classify: bool, seed: int, rounds: int | None, categories: list[int] | None) -> Code:
    settings = {name: values[name] for name in _HIST if name in values}
    settings |= {"max_iter": rounds or min(500, round(6 / float(values["learning_rate"]))), "early_stopping": False}
    settings |= {"random_state": seed, "categorical_features": categories}
    if not classify:
        return call("HistGradientBoostingRegressor", **settings)
    return call("HistGradientBoostingClassifier", class_weight=_balanced(values), **settings)


def _logistic(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    settings = {"C": values["C"], "class_weight": _balanced(values), "random_state": seed}
    if values["penalty"] == "l2":
        return call("LogisticRegression", max_iter=300, **settings)
    return call(
        "LogisticRegression",
        penalty="elasticnet",
        solver="saga",
        l1_ratio=values["l1_ratio"],
        max_iter=200,
        **settings,
    )


def _knn(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    kind = "KNeighborsClassifier" if classify else "KNeighborsRegressor"
    return call(kind, n_neighbors=int(values["n_neighbors"]), weights=str(values["weights"]), p=int(values["p"]))


def _svm(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    widened = f"FunctionTransformer(np.multiply, kw_args={literal({'x2': float(values['gamma']) ** 0.5})})"
    if classify:
        machine = call("SVC", C=values["C"], gamma="auto", class_weight=_balanced(values))
        return f"make_pipeline({widened}, {_calibrated(machine)})"
    return f"make_pipeline({widened}, {call('SVR', C=values['C'], gamma='auto', epsilon=values['epsilon'])})"


def _linear_svm(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    if classify:
        machine = call("LinearSVC", C=values["C"], class_weight=_balanced(values), random_state=seed)
        return _calibrated(machine)
    loss = "squared_epsilon_insensitive"
    return call("LinearSVR", C=values["C"], epsilon=values["epsilon"], loss=loss, dual="auto", random_state=seed)


def _calibrated(machine: str) -> str:
    return f"CalibratedClassifierCV({machine}, cv=3, ensemble=False)"


def _bayes(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return _calibrated(call("GaussianNB", var_smoothing=float(values["var_smoothing"])))


def _qda(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return _calibrated(call("QuadraticDiscriminantAnalysis", reg_param=float(values["reg_param"])))


def _lda(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return call("LinearDiscriminantAnalysis", solver="lsqr", shrinkage=values.get("shrinkage_factor", "auto"))


def _ridge(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return call("Ridge", alpha=values["alpha"])


def _elastic_net(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return call("ElasticNet", alpha=values["alpha"], l1_ratio=values["l1_ratio"], random_state=seed)


def _bayesian_ridge(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return "BayesianRidge()"


def _dummy(values: Values, classify: bool, seed: int, rounds: int | None) -> str:
    return 'DummyClassifier(strategy="prior")' if classify else "DummyRegressor()"


_BOOSTERS: dict[str, Callable[[Values, bool, int, int | None, list[int] | None], Code]] = {
    "lightgbm": _lightgbm,
    "hist_gradient_boosting": _hist,
}
_WRITERS: dict[str, Callable[[Values, bool, int, int | None], str]] = {
    "random_forest": _forest("RandomForest"),
    "extra_trees": _forest("ExtraTrees"),
    "decision_tree": _tree,
    "logistic_regression": _logistic,
    "knn": _knn,
    "svm": _svm,
    "linear_svm": _linear_svm,
    "gaussian_nb": _bayes,
    "qda": _qda,
    "lda": _lda,
    "ridge": _ridge,
    "elastic_net": _elastic_net,
    "bayesian_ridge": _bayesian_ridge,
    "dummy": _dummy,
}

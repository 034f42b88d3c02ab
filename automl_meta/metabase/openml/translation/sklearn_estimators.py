"""Estimators with scikit-learn's interface, one rule each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_meta.metabase.openml.translation.draft import Draft, UntranslatableError
from automl_meta.metabase.openml.translation.given import Given
from automl_meta.metabase.openml.translation.setups import Problem, number

OWN_ROUNDS = "the number of rounds is lost: ours is found by early stopping"
LEAST_ROUNDS = 30


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may need besides the parameters."""

    draft: Draft
    problem: Problem
    scaled: bool  # whether columns were


Rule = Callable[[Given, Context], None]


def share_of_features(value: Any, problem: Problem, *, root: bool) -> float:
    """Return the features that a split may choose from as a share.

    Parameters
    ----------
    value
        As scikit-learn takes it: a word, None, a count or a share.
    root : bool
        Whether "auto" is the square root, as it is for classification.
    """
    n_features = max(problem.n_features, 1)
    words = {"sqrt": n_features**0.5, "log2": max(np.log2(n_features), 1.0), None: n_features}
    words["auto"] = words["sqrt"] if root else n_features
    if isinstance(value, str | None) and value in words:
        return float(min(max(int(words[value]), 1) / n_features, 1.0))
    if isinstance(value, int) and not isinstance(value, bool):
        return min(value / n_features, 1.0)
    return number(value)


def _forest(given: Given, context: Context) -> None:
    draft, problem = context.draft, context.problem
    given.trees("n_estimators", 100)
    default = "sqrt" if problem.task.is_classification else 1.0
    share = share_of_features(given.value("max_features", default), problem, root=problem.task.is_classification)
    draft.set("max_features", share)
    leaf = _leaf(given, context)
    _split(given, leaf)
    _criterion(given, context)
    _leaf_nodes(given, draft)
    depth = given.value("max_depth", None)
    if depth is not None and number(depth) < 20:
        raise UntranslatableError(f"max_depth of {given.what} has no equivalent")
    draft.set("bootstrap", "yes" if given.flag("bootstrap", draft.algorithm == "random_forest") else "no")
    for name in ("min_weight_fraction_leaf", "min_impurity_decrease", "ccp_alpha"):
        given.expect(name, 0.0)
    given.expect("max_samples", None)
    given.weight()


def _leaf(given: Given, context: Context) -> float:
    leaf = given.number("min_samples_leaf", 1)
    if 0 < leaf < 1:
        context.draft.lose("a leaf's share of the rows is a number of rows")
        leaf = float(np.ceil(leaf * context.problem.n_rows))
    context.draft.set("min_samples_leaf", leaf)
    return leaf


def _split(given: Given, leaf: float) -> None:
    """Check the rows that a split needs: up to twice a leaf's they say nothing."""
    split = given.number("min_samples_split", 2)
    if split > max(2 * leaf, 2) or split < 1:
        if split > 20 or split < 1:
            raise UntranslatableError(f"min_samples_split of {given.what} has no equivalent")
        given.draft.lose("min_samples_split is lost")


def _criterion(given: Given, context: Context) -> None:
    if not context.problem.task.is_classification:
        given.expect("criterion", "squared_error", "mse", "friedman_mse")
        return
    criterion = given.text("criterion", "gini")
    context.draft.set("criterion", "entropy" if criterion == "log_loss" else criterion)


def _leaf_nodes(given: Given, draft: Draft) -> None:
    nodes = given.value("max_leaf_nodes", None)
    if nodes is not None:
        draft.set("max_leaf_nodes", "limited")
        draft.set("leaf_nodes", number(nodes))


def _tree(given: Given, context: Context) -> None:
    draft = context.draft
    depth = given.value("max_depth", None)
    draft.set("max_depth", float("inf") if depth is None else number(depth))
    _split(given, _leaf(given, context))
    _criterion(given, context)
    draft.set("ccp_alpha", given.number("ccp_alpha", 0.0, newer=True))
    given.expect("splitter", "best")
    given.expect("max_features", None)
    given.expect("max_leaf_nodes", None)
    for name in ("min_weight_fraction_leaf", "min_impurity_decrease"):
        given.expect(name, 0.0)
    given.weight()


def _logistic(given: Given, context: Context) -> None:
    draft = context.draft
    draft.set("C", given.number("C", 1.0))
    given.expect("fit_intercept", True)
    penalty = given.text("penalty", "l2")
    ratio = given.value("l1_ratio", None, newer=True) or 0.0
    if penalty == "deprecated":  # since 1.8 the ratio alone says it
        penalty = "elasticnet" if number(ratio) > 0 else "l2"
    if penalty == "l2" or (penalty == "elasticnet" and number(ratio) == 0):
        draft.set("penalty", "l2")
    elif penalty in ("l1", "elasticnet"):
        draft.set("penalty", "elasticnet")
        draft.set("l1_ratio", 1.0 if penalty == "l1" else number(ratio))
    else:
        raise UntranslatableError("logistic regression without a penalty has no equivalent")
    several = context.problem.n_classes > 2
    multi = given.text("multi_class", "auto", newer=True)
    if several and (multi == "ovr" or given.text("solver", "lbfgs") == "liblinear"):
        draft.lose("one class against the rest; ours is multinomial")
    given.weight()


def _svm_name(values: Mapping[str, Any]) -> str:
    return "linear_svm" if values.get("kernel") == "linear" else "svm"


def _svc(given: Given, context: Context) -> None:
    draft, n_features = context.draft, max(context.problem.n_features, 1)
    draft.set("C", given.number("C", 1.0))
    kernel = given.text("kernel", "rbf")
    if kernel not in ("rbf", "linear"):
        raise UntranslatableError(f"the {kernel} kernel has no equivalent")
    if kernel == "linear":
        draft.lose("the hinge loss is squared")
    else:
        gamma = given.value("gamma", "scale")
        if gamma in ("auto", "auto_deprecated", 0, 0.0):
            draft.set("gamma", 1.0)
        elif gamma == "scale":  # one over columns and their variance: that of scaled columns is 1
            draft.set("gamma", 1.0)
            if not context.scaled:
                draft.lose("gamma is relative to the columns' variance")
        else:
            draft.set("gamma", number(gamma) * n_features)
            draft.lose("gamma is relative to the columns before encoding")
    draft.labels_only = not given.flag("probability", False)
    given.weight()


def _linear_svc(given: Given, context: Context) -> None:
    context.draft.set("C", given.number("C", 1.0))
    given.expect("penalty", "l2")
    given.expect("fit_intercept", True)
    if given.text("loss", "squared_hinge") != "squared_hinge":
        context.draft.lose("the hinge loss is squared")
    context.draft.labels_only = True
    given.weight()


def _in_units_of_target(given: Given, context: Context) -> None:
    raise UntranslatableError(f"{given.what} has a parameter in units of the target")


def _neighbours(given: Given, context: Context) -> None:
    draft = context.draft
    draft.set("n_neighbors", given.number("n_neighbors", 5))
    draft.set("weights", given.text("weights", "uniform"))
    metric = given.text("metric", "minkowski")
    powers = {"euclidean": 2.0, "l2": 2.0, "manhattan": 1.0, "l1": 1.0, "cityblock": 1.0}
    if metric != "minkowski" and metric not in powers:
        raise UntranslatableError(f"the {metric} metric has no equivalent")
    power = powers.get(metric) or given.number("p", 2)
    draft.set("p", f"{power:g}")


def _bayes(given: Given, context: Context) -> None:
    given.expect("priors", None)
    context.draft.set("var_smoothing", given.number("var_smoothing", 1e-9, newer=True))
    context.draft.lose("probabilities are calibrated")


def _lda(given: Given, context: Context) -> None:
    draft = context.draft
    given.expect("priors", None)
    solver, shrinkage = given.text("solver", "svd"), given.value("shrinkage", None)
    if shrinkage == "auto" and solver != "svd":
        draft.set("shrinkage", "auto")
        return
    draft.set("shrinkage", "fixed")
    draft.set("shrinkage_factor", 0.0 if solver == "svd" or shrinkage is None else number(shrinkage))


def _qda(given: Given, context: Context) -> None:
    given.expect("priors", None)
    context.draft.set("reg_param", given.number("reg_param", 0.0))
    context.draft.lose("probabilities are calibrated")


def _ridge(given: Given, context: Context) -> None:
    context.draft.set("alpha", given.number("alpha", 1.0))
    given.expect("fit_intercept", True)


def _bayesian_ridge(given: Given, context: Context) -> None:
    given.expect("fit_intercept", True)
    for name in ("alpha_1", "alpha_2", "lambda_1", "lambda_2"):
        given.drop(name, 1e-6)


def _dummy(given: Given, context: Context) -> None:
    if context.problem.task.is_classification:
        strategy = given.text("strategy", "prior")
        if strategy not in ("prior", "most_frequent"):
            raise UntranslatableError(f"DummyClassifier with strategy {strategy}")
        if strategy == "most_frequent":
            context.draft.lose("probabilities are the classes' shares")
    else:
        given.expect("strategy", "mean")


def _hist_boosting(given: Given, context: Context) -> None:
    draft = context.draft
    defaults = {"learning_rate": 0.1, "max_leaf_nodes": 31, "min_samples_leaf": 20, "l2_regularization": 0.0}
    given.same({name: name for name in defaults}, defaults)
    draft.set("max_features", given.number("max_features", 1.0, newer=True))
    given.expect("max_depth", None)
    given.drop("max_bins", 255, 256)
    _rounds(given, "max_iter", 100)
    given.weight()


def _xgboost(given: Given, context: Context) -> None:
    draft = context.draft
    given.expect("booster", "gbtree", None)
    defaults = {
        **{"learning_rate": 0.3, "max_depth": 6, "min_child_weight": 1, "subsample": 1, "colsample_bylevel": 1},
        **{"reg_alpha": 0, "reg_lambda": 1},
    }
    given = given.without(None)  # since XGBoost 1.0 None is the library's default
    given.same({name: name for name in defaults}, defaults)
    draft.set("colsample_bynode", given.number("colsample_bynode", 1, newer=True))
    given.drop("colsample_bytree", 1)
    given.drop("gamma", 0)
    given.expect("scale_pos_weight", 1)
    _rounds(given, "n_estimators", 100)


def _lightgbm(given: Given, context: Context) -> None:
    given.expect("boosting_type", "gbdt")
    given.expect("class_weight", None)
    pairs = {
        "learning_rate": "learning_rate",
        "num_leaves": "num_leaves",
        "min_child_samples": "min_data_in_leaf",
        "colsample_bytree": "feature_fraction",
        "reg_alpha": "lambda_l1",
        "reg_lambda": "lambda_l2",
    }
    defaults = {"learning_rate": 0.1, "num_leaves": 31, "min_child_samples": 20, "colsample_bytree": 1.0}
    given.same(pairs, {**defaults, "reg_alpha": 0.0, "reg_lambda": 0.0})
    bagged = given.number("subsample_freq", 0) > 0
    context.draft.set("bagging_fraction", given.number("subsample", 1.0) if bagged else 1.0)
    given.expect("max_depth", -1)
    _rounds(given, "n_estimators", 100)


def _catboost(given: Given, context: Context) -> None:
    draft = context.draft
    if "learning_rate" not in given:
        raise UntranslatableError("CatBoost's own learning rate is not known")
    for name, default in (("learning_rate", 0.03), ("depth", 6), ("l2_leaf_reg", 3), ("random_strength", 1)):
        draft.set(name, given.number(name, default, newer=True))
    _rounds(given, "iterations", 1000)


def _perceptron(given: Given, context: Context) -> None:
    layers = given.value("hidden_layer_sizes", [100])
    sizes = layers if isinstance(layers, list) else [layers]
    set_layers(context.draft, [number(size) for size in sizes])
    given.expect("activation", "relu", "tanh", "logistic")


def set_layers(draft: Draft, sizes: list[float]) -> None:
    """Set depth and width of a network; all else of it is lost.

    Raises
    ------
    UntranslatableError
        If its layers differ.
    """
    if not sizes or len(set(sizes)) != 1:
        raise UntranslatableError("a network whose layers differ has no equivalent")
    draft.set("depth", len(sizes))
    draft.set("width", sizes[0])
    draft.lose("ours is an ensemble of networks with its own optimiser")


def _rounds(given: Given, name: str, default: float) -> None:
    rounds = given.number(name, default)
    if rounds < LEAST_ROUNDS:
        raise UntranslatableError(f"{given.what} with fewer than {LEAST_ROUNDS} rounds")
    given.draft.lose(OWN_ROUNDS)


# Class to algorithm, or to a function of the parameters that names it, and the rule.
ESTIMATORS: dict[str, tuple[str | Callable[[Mapping[str, Any]], str], Rule]] = {
    **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), ("random_forest", _forest)),
    **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor"), ("extra_trees", _forest)),
    **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor"), ("decision_tree", _tree)),
    "LogisticRegression": ("logistic_regression", _logistic),
    "SVC": (_svm_name, _svc),
    "LinearSVC": ("linear_svm", _linear_svc),
    "SVR": ("svm", _in_units_of_target),
    "LinearSVR": ("linear_svm", _in_units_of_target),
    **dict.fromkeys(("ElasticNet", "Lasso"), ("elastic_net", _in_units_of_target)),
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor"), ("knn", _neighbours)),
    "GaussianNB": ("gaussian_nb", _bayes),
    **dict.fromkeys(("LinearDiscriminantAnalysis", "LDA"), ("lda", _lda)),
    **dict.fromkeys(("QuadraticDiscriminantAnalysis", "QDA"), ("qda", _qda)),
    "Ridge": ("ridge", _ridge),
    "BayesianRidge": ("bayesian_ridge", _bayesian_ridge),
    **dict.fromkeys(("DummyClassifier", "DummyRegressor"), ("dummy", _dummy)),
    **dict.fromkeys(
        ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
        ("hist_gradient_boosting", _hist_boosting),
    ),
    **dict.fromkeys(("XGBClassifier", "XGBRegressor"), ("xgboost", _xgboost)),
    **dict.fromkeys(("LGBMClassifier", "LGBMRegressor"), ("lightgbm", _lightgbm)),
    **dict.fromkeys(("CatBoostClassifier", "CatBoostRegressor"), ("catboost", _catboost)),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), ("perceptron", _perceptron)),
}

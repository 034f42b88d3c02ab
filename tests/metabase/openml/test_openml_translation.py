"""Setups in the spelling of the formats, written by hand, and what they mean here."""

import json
from typing import Any

import pytest

from automl_meta.datasets.task import Task
from automl_meta.metabase.openml.translation import (
    Grade,
    Parameter,
    Problem,
    Setup,
    Translation,
    UntranslatableError,
    translate,
)
from automl_meta.pipelines.algorithm import FitContext
from automl_meta.pipelines.catalogue import find_algorithm, search_space
from automl_meta.pipelines.cube import encode

BINARY = Problem(task=Task.BINARY, n_rows=900, n_features=20, n_classes=2)
SEVERAL = Problem(task=Task.MULTICLASS, n_rows=900, n_features=20, n_classes=4)
NUMBERS = Problem(task=Task.REGRESSION, n_rows=900, n_features=20)

Flow = dict[str, dict[str, str]]  # component to parameters as the server spells them


def setup(name: str, flow: Flow) -> Setup:
    parameters = [Parameter(part, key, value) for part, values in flow.items() for key, value in values.items()]
    return Setup(1, 1, name, tuple(parameters))


def meaning(name: str, flow: Flow, problem: Problem = BINARY) -> Translation:
    return translate(setup(name, flow), problem)


# scikit-learn, old spelling (0.18 to 0.21: public module paths, JSON values, Imputer) and new

OLD_FOREST = "sklearn.ensemble.forest.RandomForestClassifier"
NEW_FOREST = "sklearn.ensemble._forest.RandomForestClassifier"
OLD_IMPUTER = "sklearn.preprocessing.imputation.Imputer"
NEW_IMPUTER = "sklearn.impute._base.SimpleImputer"
OLD_HOT, NEW_HOT = "sklearn.preprocessing.data.OneHotEncoder", "sklearn.preprocessing._encoders.OneHotEncoder"
OLD_SCALER, NEW_SCALER = "sklearn.preprocessing.data.StandardScaler", "sklearn.preprocessing._data.StandardScaler"
FOREST = {
    "bootstrap": "true",
    "class_weight": "null",
    "criterion": '"gini"',
    "max_depth": "null",
    "max_features": '"auto"',
    "max_leaf_nodes": "null",
    "min_impurity_split": "1e-07",
    "min_samples_leaf": "1",
    "min_samples_split": "2",
    "min_weight_fraction_leaf": "0.0",
    "n_estimators": "300",
    "n_jobs": "1",
    "oob_score": "false",
    "random_state": "6826",
    "verbose": "0",
    "warm_start": "false",
}
PLAIN_SVC = {"C": "1.0", "gamma": '"auto"', "kernel": '"rbf"', "class_weight": "null", "degree": "3"}
LOGISTIC = {
    "C": "1.0",
    "class_weight": "null",
    "dual": "false",
    "fit_intercept": "true",
    "penalty": '"l2"',
    "solver": '"lbfgs"',
}
MEDIAN = {"strategy": '"median"', "missing_values": '"NaN"', "axis": "0", "copy": "true"}
STEPS = {
    "steps": '[{"oml-python:serialized_object": "component_reference", "value": '
    '{"key": "imputer", "step_name": "imputer"}}, '
    '{"oml-python:serialized_object": "component_reference", "value": {"key": "clf", "step_name": "clf"}}]'
}


def pipeline(**parts: str) -> str:
    return f"sklearn.pipeline.Pipeline({','.join(f'{step}={part}' for step, part in parts.items())})(1)"


EXACT: dict[str, tuple[str, Flow, Problem, str, dict[str, Any]]] = {
    "forest alone, 0.18": (
        f"{OLD_FOREST}(33)",
        {OLD_FOREST: FOREST},
        BINARY,
        "random_forest",
        {"max_features": 0.2, "min_samples_leaf": 1, "bootstrap": "yes", "categorical": "ordinal"},
    ),
    "forest in a pipeline, 0.18": (
        pipeline(imputer=OLD_IMPUTER, onehot=OLD_HOT, clf=OLD_FOREST),
        {
            "sklearn.pipeline.Pipeline": STEPS,
            OLD_IMPUTER: MEDIAN,
            OLD_HOT: {"categorical_features": '"all"'},
            OLD_FOREST: FOREST | {"max_features": "0.35", "min_samples_leaf": "7", "criterion": '"entropy"'},
        },
        BINARY,
        "random_forest",
        {"max_features": 0.35, "min_samples_leaf": 7, "criterion": "entropy", "categorical": "onehot"},
    ),
    "forest in a pipeline, 1.4": (
        pipeline(imputer=NEW_IMPUTER, onehot=NEW_HOT, clf=NEW_FOREST),
        {
            NEW_IMPUTER: {"strategy": '"median"', "add_indicator": "true"},
            NEW_HOT: {"handle_unknown": '"ignore"'},
            NEW_FOREST: {**FOREST, "max_features": '"sqrt"', "ccp_alpha": "0.0", "max_samples": "null"},
        },
        BINARY,
        "random_forest",
        {"max_features": 0.2, "missing": "indicator", "categorical": "onehot"},
    ),
    "forest with limited leaves and weights": (
        f"{NEW_FOREST}(2)",
        {NEW_FOREST: FOREST | {"max_leaf_nodes": "50", "class_weight": '"balanced"', "bootstrap": "false"}},
        BINARY,
        "random_forest",
        {"max_leaf_nodes": "limited", "leaf_nodes": 50, "class_weight": "balanced", "bootstrap": "no"},
    ),
    "forest by log2 and log loss": (
        f"{NEW_FOREST}(2)",
        {NEW_FOREST: FOREST | {"max_features": '"log2"', "criterion": '"log_loss"'}},
        SEVERAL,
        "random_forest",
        {"max_features": 0.2, "criterion": "entropy"},
    ),
    "forest for numbers": (
        "sklearn.ensemble._forest.RandomForestRegressor(1)",
        {"sklearn.ensemble._forest.RandomForestRegressor": FOREST | {"criterion": '"mse"', "max_features": "5"}},
        NUMBERS,
        "random_forest",
        {"max_features": 0.25},
    ),
    "extra trees, Python's spelling": (
        "sklearn.ensemble.forest.ExtraTreesClassifier(2)",
        {
            "sklearn.ensemble.forest.ExtraTreesClassifier": {
                name: {"null": "None", "true": "True", "false": "False"}.get(value, value)
                for name, value in (FOREST | {"bootstrap": "false", "criterion": "gini"}).items()
            }
        },
        BINARY,
        "extra_trees",
        {"bootstrap": "no", "max_features": 0.2},
    ),
    "logistic regression, 0.19": (
        pipeline(
            imp=OLD_IMPUTER, hot=OLD_HOT, scale=OLD_SCALER, lr="sklearn.linear_model.logistic.LogisticRegression"
        ),
        {OLD_IMPUTER: MEDIAN, "sklearn.linear_model.logistic.LogisticRegression": LOGISTIC | {"C": "0.03"}},
        BINARY,
        "logistic_regression",
        {"C": 0.03, "penalty": "l2", "scaling": "standard", "categorical": "onehot"},
    ),
    "elastic net, 1.3": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, lr="sklearn.linear_model._logistic.LogisticRegression"),
        {
            "sklearn.linear_model._logistic.LogisticRegression": LOGISTIC
            | {"penalty": '"elasticnet"', "l1_ratio": "0.3", "solver": '"saga"'}
        },
        SEVERAL,
        "logistic_regression",
        {"penalty": "elasticnet", "l1_ratio": 0.3},
    ),
    "lasso penalty": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, lr="sklearn.linear_model._logistic.LogisticRegression"),
        {"sklearn.linear_model._logistic.LogisticRegression": LOGISTIC | {"penalty": '"l1"'}},
        BINARY,
        "logistic_regression",
        {"penalty": "elasticnet", "l1_ratio": 1.0},
    ),
    "support vectors, gamma auto": (
        pipeline(hot=OLD_HOT, scale=OLD_SCALER, svc="sklearn.svm.classes.SVC"),
        {"sklearn.svm.classes.SVC": PLAIN_SVC | {"C": "100"}},
        BINARY,
        "svm",
        {"C": 100, "gamma": 1.0},
    ),
    "support vectors, gamma scale": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, svc="sklearn.svm._classes.SVC"),
        {"sklearn.svm._classes.SVC": PLAIN_SVC | {"gamma": '"scale"', "class_weight": '"balanced"'}},
        BINARY,
        "svm",
        {"gamma": 1.0, "class_weight": "balanced"},
    ),
    "linear support vectors": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, svc="sklearn.svm._classes.LinearSVC"),
        {"sklearn.svm._classes.LinearSVC": {"C": "0.5", "loss": '"squared_hinge"', "penalty": '"l2"'}},
        BINARY,
        "linear_svm",
        {"C": 0.5},
    ),
    "neighbours": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, knn="sklearn.neighbors._classification.KNeighborsClassifier"),
        {
            "sklearn.neighbors._classification.KNeighborsClassifier": {
                "n_neighbors": "17",
                "weights": '"distance"',
                "p": "1",
                "metric": '"minkowski"',
            }
        },
        BINARY,
        "knn",
        {"n_neighbors": 17, "weights": "distance", "p": "1"},
    ),
    "neighbours behind a column transformer in nested pipelines": (
        "sklearn.pipeline.Pipeline(prepare=sklearn.compose._column_transformer.ColumnTransformer("
        f"num=sklearn.pipeline.Pipeline(imputer={NEW_IMPUTER},scaler=sklearn.preprocessing._data.QuantileTransformer),"
        f"cat={NEW_HOT}),knn=sklearn.neighbors._regression.KNeighborsRegressor)(3)",
        {
            NEW_IMPUTER: {"strategy": '"median"'},
            "sklearn.preprocessing._data.QuantileTransformer": {"output_distribution": '"normal"'},
            "sklearn.neighbors._regression.KNeighborsRegressor": {
                "n_neighbors": "3",
                "weights": '"uniform"',
                "metric": '"manhattan"',
            },
        },
        NUMBERS,
        "knn",
        {"scaling": "quantile", "n_neighbors": 3, "weights": "uniform", "p": "1"},
    ),
    "ridge": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, ridge="sklearn.linear_model._ridge.Ridge"),
        {"sklearn.linear_model._ridge.Ridge": {"alpha": "10.0", "fit_intercept": "true"}},
        NUMBERS,
        "ridge",
        {"alpha": 10.0},
    ),
    "discriminant with shrinkage": (
        pipeline(hot=NEW_HOT, scale=NEW_SCALER, lda="sklearn.discriminant_analysis.LinearDiscriminantAnalysis"),
        {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"shrinkage": '"auto"', "solver": '"lsqr"'}},
        SEVERAL,
        "lda",
        {"shrinkage": "auto"},
    ),
    "class shares": (
        "sklearn.dummy.DummyClassifier(1)",
        {"sklearn.dummy.DummyClassifier": {"strategy": '"prior"'}},
        BINARY,
        "dummy",
        {},
    ),
}

TREE = {
    "criterion": '"entropy"',
    "max_depth": "6",
    "min_samples_leaf": "4",
    "min_samples_split": "2",
    "splitter": '"best"',
    "max_features": "null",
    "max_leaf_nodes": "null",
    "class_weight": "null",
    "ccp_alpha": "0.001",
}
XGB = {
    "learning_rate": "0.1",
    "max_depth": "4",
    "min_child_weight": "2",
    "subsample": "0.8",
    "colsample_bylevel": "0.9",
    "colsample_bytree": "1",
    "reg_alpha": "0.5",
    "reg_lambda": "2",
    "n_estimators": "500",
    "booster": '"gbtree"',
    "gamma": "0",
}
POLY = "weka.classifiers.functions.supportVector.PolyKernel -E 1.0 -C 250007"
RBF = "weka.classifiers.functions.supportVector.RBFKernel -C 250007 -G 0.05"
LINEAR_SEARCH = 'weka.core.neighboursearch.LinearNNSearch -A "weka.core.EuclideanDistance -R first-last"'

APPROXIMATE: dict[str, tuple[str, Flow, Problem, str, dict[str, Any]]] = {
    "forest with few trees": (
        f"{OLD_FOREST}(1)",
        {OLD_FOREST: FOREST | {"n_estimators": "50"}},
        BINARY,
        "random_forest",
        {"max_features": 0.2},
    ),
    "forest with leaves by share": (
        f"{NEW_FOREST}(1)",
        {NEW_FOREST: FOREST | {"min_samples_leaf": "0.01"}},
        BINARY,
        "random_forest",
        {"min_samples_leaf": 9},
    ),
    "forest with a split that matters": (
        f"{NEW_FOREST}(1)",
        {NEW_FOREST: FOREST | {"min_samples_split": "12"}},
        BINARY,
        "random_forest",
        {"min_samples_leaf": 1},
    ),
    "forest after a mean imputer": (
        pipeline(imputer=OLD_IMPUTER, clf=OLD_FOREST),
        {OLD_IMPUTER: MEDIAN | {"strategy": '"mean"'}, OLD_FOREST: FOREST},
        BINARY,
        "random_forest",
        {"missing": "median"},
    ),
    "tree after one-hot encoding": (
        pipeline(hot=NEW_HOT, tree="sklearn.tree._classes.DecisionTreeClassifier"),
        {"sklearn.tree._classes.DecisionTreeClassifier": TREE},
        BINARY,
        "decision_tree",
        {"max_depth": 6, "min_samples_leaf": 4, "ccp_alpha": 0.001, "criterion": "entropy"},
    ),
    "tree without a limit, 0.18": (
        "sklearn.tree.tree.DecisionTreeClassifier(5)",
        {
            "sklearn.tree.tree.DecisionTreeClassifier": {
                name: value for name, value in (TREE | {"max_depth": "null"}).items() if name != "ccp_alpha"
            }
        },
        BINARY,
        "decision_tree",
        {"max_depth": 20, "ccp_alpha": 1e-6, "categorical": "ordinal"},
    ),
    "logistic regression without scaling": (
        "sklearn.linear_model.logistic.LogisticRegression(2)",
        {"sklearn.linear_model.logistic.LogisticRegression": LOGISTIC},
        BINARY,
        "logistic_regression",
        {"C": 1.0},
    ),
    "logistic regression, one class against the rest": (
        pipeline(hot=OLD_HOT, scale=OLD_SCALER, lr="sklearn.linear_model.logistic.LogisticRegression"),
        {"sklearn.linear_model.logistic.LogisticRegression": LOGISTIC | {"solver": '"liblinear"'}},
        SEVERAL,
        "logistic_regression",
        {"C": 1.0},
    ),
    "support vectors, gamma a number": (
        pipeline(hot=OLD_HOT, scale=OLD_SCALER, svc="sklearn.svm.classes.SVC"),
        {"sklearn.svm.classes.SVC": PLAIN_SVC | {"gamma": "0.05"}},
        BINARY,
        "svm",
        {"gamma": 1.0},
    ),
    "support vectors, linear kernel": (
        pipeline(hot=OLD_HOT, scale=OLD_SCALER, svc="sklearn.svm.classes.SVC"),
        {"sklearn.svm.classes.SVC": PLAIN_SVC | {"kernel": '"linear"', "C": "0.2"}},
        BINARY,
        "linear_svm",
        {"C": 0.2},
    ),
    "neighbours on columns scaled to a range": (
        pipeline(
            scale="sklearn.preprocessing.data.MinMaxScaler",
            knn="sklearn.neighbors.classification.KNeighborsClassifier",
        ),
        {"sklearn.neighbors.classification.KNeighborsClassifier": {"n_neighbors": "5", "p": "2"}},
        BINARY,
        "knn",
        {"n_neighbors": 5, "scaling": "standard", "weights": "uniform"},
    ),
    "naive Bayes, without parameters": (
        pipeline(scale=OLD_SCALER, nb="sklearn.naive_bayes.GaussianNB"),
        {"sklearn.naive_bayes.GaussianNB": {"priors": "null"}},
        BINARY,
        "gaussian_nb",
        {"var_smoothing": 1e-9},
    ),
    "discriminant without shrinkage": (
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis(1)",
        {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"solver": '"svd"', "shrinkage": "null"}},
        BINARY,
        "lda",
        {"shrinkage": "fixed", "shrinkage_factor": 1e-4},
    ),
    "histogram boosting": (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier(3)",
        {
            "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier": {
                "learning_rate": "0.05",
                "max_leaf_nodes": "63",
                "min_samples_leaf": "10",
                "l2_regularization": "0.0",
                "max_iter": "200",
                "max_depth": "null",
                "max_bins": "255",
            }
        },
        BINARY,
        "hist_gradient_boosting",
        {"learning_rate": 0.05, "max_leaf_nodes": 63, "max_features": 1.0, "l2_regularization": 1e-5},
    ),
    "XGBoost, old": (
        "xgboost.sklearn.XGBClassifier(1)",
        {"xgboost.sklearn.XGBClassifier": XGB},
        BINARY,
        "xgboost",
        {"learning_rate": 0.1, "max_depth": 4, "reg_alpha": 0.5, "reg_lambda": 2, "colsample_bynode": 1.0},
    ),
    "XGBoost, new, with None for its own defaults": (
        pipeline(impute=NEW_IMPUTER, xgb="xgboost.sklearn.XGBClassifier"),
        {"xgboost.sklearn.XGBClassifier": XGB | {"reg_alpha": "null", "gamma": "null", "booster": "null"}},
        BINARY,
        "xgboost",
        {"reg_alpha": 1e-4},
    ),
    "LightGBM": (
        "lightgbm.sklearn.LGBMRegressor(1)",
        {
            "lightgbm.sklearn.LGBMRegressor": {
                "boosting_type": '"gbdt"',
                "learning_rate": "0.05",
                "num_leaves": "31",
                "min_child_samples": "20",
                "colsample_bytree": "0.8",
                "subsample": "0.7",
                "subsample_freq": "0",
                "reg_alpha": "0.0",
                "reg_lambda": "1.0",
                "n_estimators": "300",
                "max_depth": "-1",
            }
        },
        NUMBERS,
        "lightgbm",
        {"num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.8, "bagging_fraction": 1.0},
    ),
    "network": (
        pipeline(scale=NEW_SCALER, mlp="sklearn.neural_network._multilayer_perceptron.MLPClassifier"),
        {
            "sklearn.neural_network._multilayer_perceptron.MLPClassifier": {
                "hidden_layer_sizes": "[64, 64]",
                "activation": '"relu"',
            }
        },
        BINARY,
        "perceptron",
        {"depth": 2, "width": 64},
    ),
    # mlr
    "ranger with R's defaults": (
        "mlr.classif.ranger(9)",
        {"mlr.classif.ranger": {}},
        BINARY,
        "random_forest",
        {"max_features": 0.2, "min_samples_leaf": 5, "bootstrap": "yes", "categorical": "ordinal"},
    ),
    "ranger of the random bot": (
        "mlr.classif.ranger(8)",
        {
            "mlr.classif.ranger": {
                "mtry": "5",
                "num.trees": "1234",
                "sample.fraction": "0.6321",
                "replace": "FALSE",
                "min.node.size": "8",
                "respect.unordered.factors": "TRUE",
            }
        },
        BINARY,
        "random_forest",
        {"max_features": 0.25, "min_samples_leaf": 4, "bootstrap": "yes", "categorical": "target"},
    ),
    "ranger that splits at random": (
        "mlr.classif.ranger(10)",
        {"mlr.classif.ranger": {"splitrule": '"extratrees"', "replace": "FALSE", "sample.fraction": "1"}},
        BINARY,
        "extra_trees",
        {"bootstrap": "no"},
    ),
    "ranger for numbers": (
        "mlr.regr.ranger(2)",
        {"mlr.regr.ranger": {"mtry": "10"}},
        NUMBERS,
        "random_forest",
        {"max_features": 0.5, "min_samples_leaf": 2},
    ),
    "ranger of mlr3": (
        "mlr3.classif.ranger(1)",
        {"mlr3.classif.ranger": {"classif.ranger.mtry": "10", "num.trees": "500"}},
        BINARY,
        "random_forest",
        {"max_features": 0.5},
    ),
    "randomForest, imputed": (
        "classif.randomForest.imputed(3)",
        {"classif.randomForest": {"ntree": "500", "mtry": "4", "nodesize": "3"}},
        BINARY,
        "random_forest",
        {"max_features": 0.2, "min_samples_leaf": 3},
    ),
    "glmnet": (
        "mlr.classif.glmnet(11)",
        {"mlr.classif.glmnet": {"alpha": "0.5", "lambda": "0.01"}},
        BINARY,
        "logistic_regression",
        {"C": 1 / 9, "penalty": "elasticnet", "l1_ratio": 0.5},
    ),
    "glmnet, ridge": (
        "mlr.classif.glmnet(4)",
        {"mlr.classif.glmnet": {"alpha": "0", "lambda": "1"}},
        BINARY,
        "logistic_regression",
        {"C": 1 / 900, "penalty": "l2"},
    ),
    "svm of e1071 with R's defaults": (
        "mlr.classif.svm(6)",
        {"mlr.classif.svm": {}},
        BINARY,
        "svm",
        {"C": 1.0, "gamma": 1.0},
    ),
    "svm of e1071, radial, R's quotes": (
        "mlr.classif.svm.imputed.dummied(2)",
        {"mlr.classif.svm": {"cost": "12.5", "gamma": "0.01", "kernel": '"radial"', "fitted": "FALSE"}},
        BINARY,
        "svm",
        {"C": 12.5, "gamma": 0.2},
    ),
    "svm of e1071, linear": (
        "mlr.classif.svm(6)",
        {"mlr.classif.svm": {"cost": "0.7", "kernel": "linear"}},
        BINARY,
        "linear_svm",
        {"C": 0.7},
    ),
    "rpart with R's defaults": (
        "mlr.classif.rpart(12)",
        {"mlr.classif.rpart": {}},
        BINARY,
        "decision_tree",
        {"min_samples_leaf": 7, "max_depth": 20, "ccp_alpha": 0.005, "criterion": "gini"},
    ),
    "rpart of the random bot": (
        "mlr.classif.rpart(2)",
        {"mlr.classif.rpart": {"cp": "0.002", "maxdepth": "9", "minbucket": "5", "minsplit": "30"}},
        SEVERAL,
        "decision_tree",
        {"min_samples_leaf": 5, "max_depth": 9, "ccp_alpha": 0.0015},
    ),
    "xgboost of the random bot": (
        "mlr.classif.xgboost(9)",
        {
            "mlr.classif.xgboost": {
                "nrounds": "2000",
                "eta": "0.02",
                "subsample": "0.7",
                "booster": '"gbtree"',
                "max_depth": "8",
                "min_child_weight": "3.5",
                "colsample_bytree": "0.6",
                "colsample_bylevel": "0.9",
                "lambda": "0.5",
                "alpha": "0.2",
            }
        },
        BINARY,
        "xgboost",
        {"learning_rate": 0.02, "max_depth": 8, "min_child_weight": 3.5, "reg_lambda": 0.5, "reg_alpha": 0.2},
    ),
    "kknn with R's defaults": (
        "mlr.classif.kknn(4)",
        {"mlr.classif.kknn": {}},
        BINARY,
        "knn",
        {"n_neighbors": 7, "p": "2", "weights": "distance"},
    ),
    "kknn, rectangular": (
        "mlr.regr.kknn(1)",
        {"mlr.regr.kknn": {"k": "21", "distance": "1", "kernel": "rectangular"}},
        NUMBERS,
        "knn",
        {"n_neighbors": 21, "p": "1", "weights": "uniform"},
    ),
    # Weka
    "J48, pruned": (
        "weka.J48(1)",
        {"weka.J48": {"C": "0.25", "M": "2"}},
        BINARY,
        "decision_tree",
        {"min_samples_leaf": 2, "max_depth": 20, "criterion": "entropy", "ccp_alpha": 1e-4},
    ),
    "J48, not pruned, options with hyphens": (
        "weka.classifiers.trees.J48(7)",
        {"weka.classifiers.trees.J48": {"-U": "true", "-M": "10", "-A": "false"}},
        BINARY,
        "decision_tree",
        {"min_samples_leaf": 10, "ccp_alpha": 1e-6},
    ),
    "IBk": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "9", "W": "0", "A": LINEAR_SEARCH}},
        BINARY,
        "knn",
        {"n_neighbors": 9, "weights": "uniform", "p": "2"},
    ),
    "IBk, weighted": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "1", "I": "true", "A": LINEAR_SEARCH.replace("Euclidean", "Manhattan")}},
        BINARY,
        "knn",
        {"n_neighbors": 1, "weights": "distance", "p": "1"},
    ),
    "RandomForest, Weka 3.7": (
        "weka.RandomForest(3)",
        {"weka.RandomForest": {"I": "200", "K": "0", "S": "1", "num-slots": "6"}},
        BINARY,
        "random_forest",
        {"max_features": 0.25, "min_samples_leaf": 1, "criterion": "entropy"},
    ),
    "RandomForest, Weka 3.9": (
        "weka.RandomForest(9)",
        {"weka.RandomForest": {"P": "100", "I": "100", "num-slots": "1", "K": "4", "M": "3.0", "V": "0.001"}},
        BINARY,
        "random_forest",
        {"max_features": 0.2, "min_samples_leaf": 3},
    ),
    "SMO, linear": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"C": "12.0", "N": "0", "K": POLY}},
        BINARY,
        "linear_svm",
        {"C": 1.0},
    ),
    "SMO, the kernel's options beside its own": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"C": "3.0", "N": "1", "E": "1.0"}, "weka.PolyKernel": {"C": "250007"}},
        BINARY,
        "linear_svm",
        {"C": 3.0},
    ),
    "SMO, radial": (
        "weka.SMO_RBFKernel(2)",
        {"weka.SMO_RBFKernel": {"C": "2.0", "N": "1", "K": RBF}},
        BINARY,
        "svm",
        {"C": 2.0, "gamma": 1.0},
    ),
    "MultilayerPerceptron": (
        "weka.MultilayerPerceptron(1)",
        {"weka.MultilayerPerceptron": {"L": "0.3", "M": "0.2", "N": "500", "H": "50,50"}},
        BINARY,
        "perceptron",
        {"depth": 2, "width": 50},
    ),
    "Logistic with Weka's tiny ridge": (
        "weka.Logistic(1)",
        {"weka.Logistic": {"R": "1.0E-8", "M": "-1"}},
        BINARY,
        "logistic_regression",
        {"C": 100.0, "penalty": "l2"},
    ),
    "Logistic, penalised": (
        "weka.Logistic(2)",
        {"weka.Logistic": {"R": "0.5"}},
        BINARY,
        "logistic_regression",
        {"C": 1.0},
    ),
    "NaiveBayes": ("weka.NaiveBayes(1)", {"weka.NaiveBayes": {}}, BINARY, "gaussian_nb", {}),
}

SEARCH = "sklearn.model_selection._search.RandomizedSearchCV"
GRID = json.dumps({"oml-python:serialized_object": "rv_frozen", "value": {"dist": "scipy.stats._distn.randint"}})
UNTRANSLATABLE: dict[str, tuple[str, Flow, Problem, str]] = {
    "random search, 0.19": (
        f"{SEARCH}(estimator={OLD_FOREST})(2)",
        {SEARCH: {"param_distributions": GRID, "n_iter": "50"}, OLD_FOREST: FOREST},
        BINARY,
        "searched inside",
    ),
    "grid search, 0.17": (
        f"sklearn.grid_search.GridSearchCV(estimator={pipeline(a=OLD_IMPUTER, b=OLD_FOREST)[:-3]})(1)",
        {OLD_FOREST: FOREST},
        BINARY,
        "searched inside",
    ),
    "a search inside a pipeline": (
        pipeline(imp=OLD_IMPUTER, search=f"{SEARCH}(estimator={OLD_FOREST})"),
        {OLD_FOREST: FOREST},
        BINARY,
        "searched inside",
    ),
    "a search inside a wrapper": (
        f"sklearn.multiclass.OneVsRestClassifier(estimator={SEARCH}(estimator={OLD_FOREST}))(1)",
        {},
        BINARY,
        "searched inside",
    ),
    "bagging": (
        "sklearn.ensemble.bagging.BaggingClassifier(base_estimator=sklearn.tree.tree.DecisionTreeClassifier)(1)",
        {},
        BINARY,
        "wrapped in BaggingClassifier",
    ),
    "boosting": (
        "sklearn.ensemble.weight_boosting.AdaBoostClassifier(1)",
        {},
        BINARY,
        "AdaBoostClassifier has no equivalent",
    ),
    "a projection before the model": (
        pipeline(pca="sklearn.decomposition.pca.PCA", clf=OLD_FOREST),
        {OLD_FOREST: FOREST},
        BINARY,
        "PCA has no equivalent",
    ),
    "ten trees": (f"{OLD_FOREST}(1)", {OLD_FOREST: FOREST | {"n_estimators": "10"}}, BINARY, "fewer than 30 trees"),
    "a shallow forest": (f"{OLD_FOREST}(1)", {OLD_FOREST: FOREST | {"max_depth": "3"}}, BINARY, "max_depth"),
    "leaves beyond the range": (
        f"{OLD_FOREST}(1)",
        {OLD_FOREST: FOREST | {"min_samples_leaf": "400"}},
        BINARY,
        "min_samples_leaf of random_forest is above 40",
    ),
    "weights by class": (
        f"{OLD_FOREST}(1)",
        {OLD_FOREST: FOREST | {"class_weight": '{"0": 1, "1": 5}'}},
        BINARY,
        "class_weight",
    ),
    "a polynomial kernel": (
        "sklearn.svm.classes.SVC(1)",
        {"sklearn.svm.classes.SVC": PLAIN_SVC | {"kernel": '"poly"'}},
        BINARY,
        "poly kernel",
    ),
    "C beyond the range": (
        "sklearn.svm.classes.SVC(1)",
        {"sklearn.svm.classes.SVC": PLAIN_SVC | {"C": "32768.0"}},
        BINARY,
        "C of svm is above 300",
    ),
    "epsilon in units of the target": ("sklearn.svm._classes.SVR(1)", {}, NUMBERS, "units of the target"),
    "a classifier for numbers": (
        "sklearn.linear_model._logistic.LogisticRegression(1)",
        {},
        NUMBERS,
        "not for regression",
    ),
    "no estimator": (pipeline(scale=NEW_SCALER), {}, BINARY, "no estimator"),
    "two estimators": (
        pipeline(a=NEW_FOREST, b="sklearn.linear_model._logistic.LogisticRegression"),
        {},
        BINARY,
        "several estimators",
    ),
    "a value that is no number": (
        f"{OLD_FOREST}(1)",
        {OLD_FOREST: FOREST | {"n_estimators": '"many"'}},
        BINARY,
        "n_estimators of RandomForestClassifier is not a number",
    ),
    "mlr, tuned": ("mlr.classif.ranger.tuned(1)", {}, BINARY, "searched inside"),
    "mlr, bagged": ("mlr.classif.rpart.bagged(1)", {}, BINARY, r"wrapped by mlr \(bagged\)"),
    "mlr, another learner": ("mlr.classif.gbm(2)", {}, BINARY, "mlr's gbm has no equivalent"),
    "mlr, boosting linear models": (
        "mlr.classif.xgboost(4)",
        {"mlr.classif.xgboost": {"booster": "gblinear", "nrounds": "500", "eta": "0.1"}},
        BINARY,
        "booster",
    ),
    "mlr, xgboost's single round": (
        "mlr.classif.xgboost(4)",
        {"mlr.classif.xgboost": {"eta": "0.1"}},
        BINARY,
        "fewer than 30 rounds",
    ),
    "mlr, lambda in units of the target": ("mlr.regr.glmnet(1)", {}, NUMBERS, "units of the target"),
    "mlr, small samples": (
        "mlr.classif.ranger(9)",
        {"mlr.classif.ranger": {"sample.fraction": "0.2"}},
        BINARY,
        "smaller sample",
    ),
    "Weka, bagged": ("weka.Bagging_REPTree(1)", {}, BINARY, r"wrapped by Weka \(Bagging\)"),
    "Weka, filtered": ("weka.FilteredClassifier_Discretize_J48(1)", {}, BINARY, "wrapped by Weka"),
    "Weka, another classifier": ("weka.JRip(1)", {}, BINARY, "Weka's JRip has no equivalent"),
    "Weka, ten trees": ("weka.RandomForest(1)", {"weka.RandomForest": {"I": "10"}}, BINARY, "fewer than 30 trees"),
    "Weka, trees not said": ("weka.RandomForest(1)", {}, BINARY, "without its number of trees"),
    "Weka, a quadratic kernel": (
        "weka.SMO_PolyKernel(1)",
        {"weka.SMO_PolyKernel": {"K": POLY.replace("-E 1.0", "-E 2.0")}},
        BINARY,
        "polynomial kernel",
    ),
    "Weka, neighbours chosen inside": (
        "weka.IBk(4)",
        {"weka.IBk": {"K": "9", "X": "true"}},
        BINARY,
        "X of Weka's IBk",
    ),
    "Weka, kernel density": ("weka.NaiveBayes(1)", {"weka.NaiveBayes": {"K": "true"}}, BINARY, "K of Weka's"),
    "another tool": ("moa.HoeffdingTree(1)", {}, BINARY, "flows of moa are not known"),
    "no name": ("", {}, BINARY, "not known"),
    "parentheses that do not match": ("sklearn.pipeline.Pipeline(a=sklearn.svm.SVC", {}, BINARY, "cannot be read"),
}


def check(case: tuple[str, Flow, Problem, str, dict[str, Any]]) -> Translation:
    name, flow, problem, algorithm, expected = case
    translation = meaning(name, flow, problem)
    configuration = translation.configuration
    assert configuration.algorithm == algorithm
    for key, value in expected.items():
        close = value if isinstance(value, str) else pytest.approx(value, rel=1e-5)
        assert configuration.hyperparameters[key] == close, key
    encode(search_space(algorithm, problem.task), configuration.hyperparameters)  # every value is in its range
    return translation


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_exact(case: tuple[str, Flow, Problem, str, dict[str, Any]]) -> None:
    translation = check(case)
    assert (translation.grade, translation.losses) == (Grade.EXACT, ())


@pytest.mark.parametrize("case", APPROXIMATE.values(), ids=APPROXIMATE)
def test_approximate_says_what_is_lost(case: tuple[str, Flow, Problem, str, dict[str, Any]]) -> None:
    translation = check(case)
    assert translation.grade is Grade.APPROXIMATE
    assert all(translation.losses)


@pytest.mark.parametrize("case", UNTRANSLATABLE.values(), ids=UNTRANSLATABLE)
def test_untranslatable_says_why(case: tuple[str, Flow, Problem, str]) -> None:
    name, flow, problem, reason = case
    with pytest.raises(UntranslatableError, match=reason):
        meaning(name, flow, problem)


def test_there_are_enough_cases_of_every_source() -> None:
    names = [case[0] for cases in (EXACT, APPROXIMATE, UNTRANSLATABLE) for case in cases.values()]
    assert len(names) >= 60
    for prefix, least in (("sklearn.", 25), ("mlr", 15), ("weka.", 15)):
        assert sum(name.startswith(prefix) for name in names) >= least


@pytest.mark.parametrize("case", [*EXACT.values(), *APPROXIMATE.values()], ids=[*EXACT, *APPROXIMATE])
def test_what_comes_out_can_be_built(case: tuple[str, Flow, Problem, str, dict[str, Any]]) -> None:
    name, flow, problem, algorithm, _ = case
    if algorithm in ("catboost", "xgboost"):
        pytest.importorskip(algorithm)
    configuration = meaning(name, flow, problem).configuration
    context = FitContext(task=problem.task, seed=0, n_classes=problem.n_classes)
    assert find_algorithm(algorithm).estimator(configuration.hyperparameters, context) is not None


def test_names_of_reasons_do_not_hold_values() -> None:
    """Reasons are counted: one for each value would make a list as long as the runs."""
    reasons = set()
    for count in ("2", "5", "10", "29"):
        with pytest.raises(UntranslatableError) as caught:
            meaning(f"{OLD_FOREST}(1)", {OLD_FOREST: FOREST | {"n_estimators": count}})
        reasons.add(str(caught.value))
    assert len(reasons) == 1

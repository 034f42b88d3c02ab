"""Setups of scikit-learn and of libraries that speak its language, from old and new versions, and what they mean."""

import json

from setup_problems import BINARY, NUMBERS, SEVERAL, Case, Refused

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
PLAIN_SVC = {
    "C": "1.0",
    "gamma": '"auto"',
    "kernel": '"rbf"',
    "class_weight": "null",
    "degree": "3",
    "probability": "false",
}
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
SEARCH = "sklearn.model_selection._search.RandomizedSearchCV"
GRID = json.dumps({"oml-python:serialized_object": "rv_frozen", "value": {"dist": "scipy.stats._distn.randint"}})


def pipeline(**parts: str) -> str:
    return f"sklearn.pipeline.Pipeline({','.join(f'{step}={part}' for step, part in parts.items())})(1)"


EXACT: dict[str, Case] = {
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

APPROXIMATE: dict[str, Case] = {
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
}

UNTRANSLATABLE: dict[str, Refused] = {
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
    "another tool": ("moa.HoeffdingTree(1)", {}, BINARY, "flows of moa are not known"),
    "no name": ("", {}, BINARY, "not known"),
    "parentheses that do not match": ("sklearn.pipeline.Pipeline(a=sklearn.svm.SVC", {}, BINARY, "cannot be read"),
}

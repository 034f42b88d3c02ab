"""Setups of mlr, from old and new versions, and what they mean."""

from setup_problems import BINARY, NUMBERS, SEVERAL, Case, Refused

APPROXIMATE: dict[str, Case] = {
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
}

UNTRANSLATABLE: dict[str, Refused] = {
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
}

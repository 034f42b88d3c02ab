"""LightGBM: leaf-wise gradient boosting on histograms."""

from collections.abc import Mapping

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.lightgbm import LightGBMBooster
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole

# Hyperparameters that LightGBM knows under the same name.
_SAME_NAME = (
    "learning_rate",
    "num_leaves",
    "min_data_in_leaf",
    "feature_fraction",
    "bagging_fraction",
    "lambda_l1",
    "lambda_l2",
    "cat_smooth",
    "cat_l2",
    "max_cat_to_onehot",
    "min_data_per_group",
)


class LightGBM(Algorithm):
    """Ke et al., 2017. Ranges from TabRepo and TabArena [1]_, AutoGluon and FLAML [2]_.

    Besides plain boosting, ``kind`` offers randomised splits (``extra_trees``) and linear models in the leaves.

    References
    ----------
    .. [1] Salinas and Erickson, "TabRepo", AutoML 2024; Erickson et al., "TabArena", NeurIPS 2025.
    .. [2] Wang et al., "FLAML", MLSys 2021.
    """

    name = "lightgbm"
    module = "lightgbm"
    anytime = True
    tunability = 4.0

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        extra = target_transform("log") if task is Task.REGRESSION else class_weight()
        return space_of(
            choice("kind", {"plain": 0.6, "extra_trees": 0.3, "linear_tree": 0.1}),
            choice("categorical", {"native": 0.6, "target": 0.2, "onehot": 0.2}),
            real("learning_rate", 0.01, 0.2, 0.04, log=True),
            whole("num_leaves", 3, 255, 16, log=True),
            whole("min_data_in_leaf", 1, 100, 8, log=True),
            real("feature_fraction", 0.3, 1.0, 0.6),
            real("bagging_fraction", 0.5, 1.0, 0.9),
            real("lambda_l1", 1e-5, 10.0, 1e-5, log=True),
            real("lambda_l2", 1e-5, 30.0, 1, log=True),
            real("cat_smooth", 0.1, 100.0, 3.0, log=True),
            real("cat_l2", 0.1, 100.0, 3.0, log=True),
            whole("max_cat_to_onehot", 2, 100, 8, log=True),
            whole("min_data_per_group", 2, 200, 5, log=True),
            extra,
            only_if={
                "cat_smooth": ("categorical", ["native"]),
                "cat_l2": ("categorical", ["native"]),
                "max_cat_to_onehot": ("categorical", ["native"]),
                "min_data_per_group": ("categorical", ["native"]),
            },
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks in the spirit of TabRepo's portfolio, where regularisation was at the library's defaults."""
        return (
            {
                "kind": "extra_trees",
                "learning_rate": 0.05,
                "num_leaves": 64,
                "min_data_in_leaf": 4,
                "feature_fraction": 0.9,
            },
            {"learning_rate": 0.03, "num_leaves": 128, "feature_fraction": 0.9, "min_data_in_leaf": 3},
            {"learning_rate": 0.014, "num_leaves": 16, "feature_fraction": 0.5, "min_data_in_leaf": 20},
            {"categorical": "target", "learning_rate": 0.03, "num_leaves": 15},
            {
                "kind": "extra_trees",
                "learning_rate": 0.05,
                "num_leaves": 20,
                "min_data_in_leaf": 40,
                "feature_fraction": 0.45,
            },
            {"learning_rate": 0.08, "num_leaves": 5, "min_data_in_leaf": 10, "feature_fraction": 0.5},
            {"kind": "linear_tree", "learning_rate": 0.05, "num_leaves": 8, "min_data_in_leaf": 20, "lambda_l2": 3.0},
            {"learning_rate": 0.05, "num_leaves": 90, "min_data_in_leaf": 56, "feature_fraction": 0.6},
        )

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Leave numbers alone; categories as the hyperparameter says."""
        return Preprocessing(missing="native", categorical=values["categorical"])  # type: ignore[arg-type]

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the booster."""
        kind = values["kind"]
        parameters = {name: values[name] for name in _SAME_NAME if name in values}
        parameters |= {"bagging_freq": 1, "extra_trees": kind == "extra_trees", "linear_tree": kind == "linear_tree"}
        return LightGBMBooster(
            parameters,
            classify=context.task.is_classification,
            rounds=2000,
            patience=40,
            class_weight=str(values.get("class_weight", "none")),
            seed=context.seed,
            threads=context.threads,
            max_seconds=context.max_seconds,
        )

"""XGBoost: regularised gradient boosting."""

from collections.abc import Mapping

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.xgboost import XGBoostBooster
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole

_SAME_NAME = (
    "learning_rate",
    "max_depth",
    "min_child_weight",
    "subsample",
    "colsample_bylevel",
    "colsample_bynode",
    "reg_alpha",
    "reg_lambda",
    "max_cat_to_onehot",
)


class XGBoost(Algorithm):
    """Chen and Guestrin, 2016. Ranges from TabRepo and TabArena [1]_.

    References
    ----------
    .. [1] Salinas and Erickson, "TabRepo", AutoML 2024; Erickson et al., "TabArena", NeurIPS 2025.
    """

    name = "xgboost"
    module = "xgboost"
    extra = "full"
    anytime = True
    tunability = 3.0

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        extra = target_transform("log") if task is Task.REGRESSION else class_weight()
        return space_of(
            choice("categorical", {"native": 0.5, "target": 0.25, "onehot": 0.25}),
            real("learning_rate", 0.01, 0.2, 0.05, log=True),
            whole("max_depth", 2, 10, 6),
            real("min_child_weight", 0.01, 20.0, 1.0, log=True),
            real("subsample", 0.5, 1.0, 0.9),
            real("colsample_bylevel", 0.5, 1.0, 0.9),
            real("colsample_bynode", 0.5, 1.0, 0.9),
            real("reg_alpha", 1e-4, 5.0, 1e-4, log=True),
            real("reg_lambda", 1e-3, 20.0, 1.0, log=True),
            whole("max_cat_to_onehot", 2, 100, 8, log=True),
            extra,
            only_if={"max_cat_to_onehot": ("categorical", ["native"])},
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks in the spirit of TabRepo's portfolio."""
        return (
            {
                "learning_rate": 0.018,
                "max_depth": 10,
                "min_child_weight": 0.6,
                "colsample_bynode": 0.7,
                "categorical": "onehot",
            },
            {
                "learning_rate": 0.09,
                "max_depth": 4,
                "min_child_weight": 1.4,
                "colsample_bynode": 0.55,
                "categorical": "target",
            },
            {"learning_rate": 0.06, "max_depth": 3, "min_child_weight": 3.0, "subsample": 0.7},
            {"learning_rate": 0.03, "max_depth": 8, "min_child_weight": 5.0, "subsample": 0.7, "reg_lambda": 5.0},
        )

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Leave numbers alone; categories as the hyperparameter says."""
        return Preprocessing(missing="native", categorical=values["categorical"])  # type: ignore[arg-type]

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the booster."""
        return XGBoostBooster(
            {name: values[name] for name in _SAME_NAME if name in values},
            classify=context.task.is_classification,
            rounds=1500,
            patience=40,
            class_weight=str(values.get("class_weight", "none")),
            seed=context.seed,
            threads=context.threads,
            max_seconds=context.max_seconds,
        )

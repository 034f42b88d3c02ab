"""CatBoost: symmetric trees and ordered statistics of categories."""

from collections.abc import Mapping

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.catboost import CatBoostBooster
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole


class CatBoost(Algorithm):
    """Prokhorenkova et al., 2018. Ranges from TabRepo and TabArena [1]_.

    References
    ----------
    .. [1] Salinas and Erickson, "TabRepo", AutoML 2024; Erickson et al., "TabArena", NeurIPS 2025.
    """

    name = "catboost"
    module = "catboost"
    extra = "full"
    anytime = True
    tunability = 1.2

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        extra = target_transform("log") if task is Task.REGRESSION else class_weight()
        return space_of(
            real("learning_rate", 0.02, 0.2, 0.07, log=True),
            whole("depth", 3, 8, 6),
            real("l2_leaf_reg", 0.1, 30.0, 3.0, log=True),
            real("random_strength", 0.1, 5.0, 1.0, log=True),
            real("rsm", 0.4, 1.0, 1.0),
            real("subsample", 0.5, 1.0, 0.8),
            whole("one_hot_max_size", 2, 100, 2, log=True),
            whole("max_ctr_complexity", 1, 4, 2),
            choice("grow_policy", {"SymmetricTree": 0.8, "Depthwise": 0.2}),
            extra,
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks in the spirit of TabRepo's portfolio."""
        return (
            {"learning_rate": 0.09, "depth": 4, "l2_leaf_reg": 2.0},
            {"learning_rate": 0.05, "depth": 8, "l2_leaf_reg": 4.0, "rsm": 0.6},
            {
                "learning_rate": 0.08,
                "depth": 6,
                "one_hot_max_size": 20,
                "max_ctr_complexity": 1,
                "grow_policy": "Depthwise",
            },
            {"learning_rate": 0.12, "depth": 3, "l2_leaf_reg": 1.0},
        )

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Leave everything to CatBoost."""
        return Preprocessing(missing="native", categorical="native")

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the booster."""
        parameters = {
            name: value for name, value in values.items() if name not in ("class_weight", "target_transform")
        }
        parameters |= {"bootstrap_type": "MVS", "boosting_type": "Plain"}
        return CatBoostBooster(
            parameters,
            classify=context.task.is_classification,
            rounds=1000,
            patience=30,
            class_weight=str(values.get("class_weight", "none")),
            seed=context.seed,
            threads=context.threads,
            max_seconds=context.max_seconds,
        )

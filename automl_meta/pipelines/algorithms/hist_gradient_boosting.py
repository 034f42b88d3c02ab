"""Histogram gradient boosting of scikit-learn."""

from collections.abc import Mapping

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.hist_boosting import HistBooster
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole

_SAME_NAME = ("learning_rate", "max_leaf_nodes", "min_samples_leaf", "l2_regularization", "max_features")


class HistGradientBoosting(Algorithm):
    """scikit-learn's relative of LightGBM. Ranges from auto-sklearn [1]_, widened.

    References
    ----------
    .. [1] Feurer et al., "Auto-sklearn 2.0", JMLR 2022.
    """

    name = "hist_gradient_boosting"
    anytime = True
    tunability = 1.0

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        extra = target_transform("log") if task is Task.REGRESSION else class_weight()
        return space_of(
            choice("categorical", {"native": 0.6, "target": 0.4}),
            real("learning_rate", 0.01, 0.3, 0.06, log=True),
            whole("max_leaf_nodes", 3, 255, 31, log=True),
            whole("min_samples_leaf", 1, 100, 20, log=True),
            real("l2_regularization", 1e-5, 30.0, 0.1, log=True),
            real("max_features", 0.3, 1.0, 0.7),
            extra,
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return a shallow and a deep pick."""
        return (
            {"learning_rate": 0.08, "max_leaf_nodes": 6, "min_samples_leaf": 10, "max_features": 0.5},
            {"learning_rate": 0.03, "max_leaf_nodes": 100, "min_samples_leaf": 5, "l2_regularization": 5.0},
        )

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Leave numbers alone; categories as the hyperparameter says."""
        return Preprocessing(missing="native", categorical=values["categorical"])  # type: ignore[arg-type]

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the booster."""
        return HistBooster(
            {name: values[name] for name in _SAME_NAME},
            classify=context.task.is_classification,
            rounds=500,
            patience=20,
            class_weight=str(values.get("class_weight", "none")),
            seed=context.seed,
            max_seconds=context.max_seconds,
        )

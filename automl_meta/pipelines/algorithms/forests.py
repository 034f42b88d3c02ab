"""Averages of randomised trees."""

from collections.abc import Mapping
from typing import Any

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.forest import Forest
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole

N_TREES = 300  # as AutoGluon has it


class _Forest(Algorithm):
    """What random forests and extra trees share. Ranges from TabRepo, AutoGluon and auto-sklearn [1]_.

    References
    ----------
    .. [1] Salinas and Erickson, "TabRepo", AutoML 2024; Feurer et al., "Auto-sklearn 2.0", JMLR 2022.
    """

    kind: str
    anytime = True
    tunability = 2.0

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        regression = task is Task.REGRESSION
        shared = (
            choice("categorical", {"ordinal": 0.4, "onehot": 0.3, "target": 0.3}, default=self._categorical),
            real("max_features", 0.05, 1.0, self._max_features(task), log=True),
            whole("min_samples_leaf", 1, 40, 1, log=True),
            choice("max_leaf_nodes", {"none": 0.7, "limited": 0.3}),
            whole("leaf_nodes", 20, 2000, 200, log=True),
            choice("bootstrap", {"yes": 0.5, "no": 0.5}, default="yes" if self.kind == "random_forest" else "no"),
            choice("missing", {"median": 0.6, "indicator": 0.4}),
        )
        only_if: dict[str, tuple[str, list[str]]] = {"leaf_nodes": ("max_leaf_nodes", ["limited"])}
        if regression:
            return space_of(*shared, target_transform("log"), only_if=only_if)
        criterion = choice("criterion", {"gini": 0.6, "entropy": 0.4})
        return space_of(*shared, criterion, class_weight(), only_if=only_if)

    _categorical = "ordinal"

    def _max_features(self, task: Task) -> float:
        return 0.5 if task is Task.REGRESSION else 0.3

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Impute; no scaling, trees do not care."""
        return Preprocessing(missing=values["missing"], categorical=values["categorical"])  # type: ignore[arg-type]

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the forest."""
        settings: dict[str, Any] = {
            "max_features": values["max_features"],
            "min_samples_leaf": values["min_samples_leaf"],
            "max_leaf_nodes": values.get("leaf_nodes"),
            "bootstrap": values["bootstrap"] == "yes",
        }
        if context.task.is_classification:
            balanced = values["class_weight"] == "balanced"
            settings |= {"criterion": values["criterion"], "class_weight": "balanced" if balanced else None}
        return Forest(
            self.kind,
            settings,
            classify=context.task.is_classification,
            n_trees=N_TREES,
            seed=context.seed,
            threads=context.threads,
            max_seconds=context.max_seconds,
        )


class RandomForest(_Forest):
    """Random forest; Breiman, 2001."""

    name = "random_forest"
    kind = "random_forest"

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks as in TabRepo's and AutoGluon's portfolios."""
        criterion = {} if task is Task.REGRESSION else {"criterion": "entropy"}
        return (
            {"max_features": 0.75, "min_samples_leaf": 4, "categorical": "target"},
            {"max_features": 1.0, "min_samples_leaf": 3, **criterion},
            {"max_features": 0.1, "min_samples_leaf": 1, "categorical": "onehot", **criterion},
        )


class ExtraTrees(_Forest):
    """Extremely randomised trees; Geurts et al., 2006."""

    name = "extra_trees"
    kind = "extra_trees"

    def _max_features(self, task: Task) -> float:
        return 0.7 if task is Task.REGRESSION else 0.4

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks as in TabRepo's and AutoGluon's portfolios."""
        criterion = {} if task is Task.REGRESSION else {"criterion": "entropy"}
        return (
            {"max_features": 1.0, "min_samples_leaf": 2, "categorical": "target", **criterion},
            {"max_features": 0.1, "min_samples_leaf": 1, "categorical": "onehot", **criterion},
            {"max_features": 0.75, "min_samples_leaf": 8},
        )

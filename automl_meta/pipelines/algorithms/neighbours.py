"""The nearest training rows."""

from collections.abc import Mapping

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.algorithms.linear import TRANSFORMS, reduction
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.neighbours import Neighbours
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, space_of, target_transform, whole


class NearestNeighbours(Algorithm):
    """Cover and Hart, 1967. Range as in auto-sklearn and TabRepo."""

    name = "knn"
    rows_growth = 2.0  # every row that is predicted is compared with every training row
    tunability = 0.8

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        extra = [target_transform(*TRANSFORMS)] if task is Task.REGRESSION else []
        return space_of(
            choice("scaling", {"standard": 0.4, "quantile": 0.4, "robust_smooth": 0.2}),
            choice("categorical", {"onehot": 0.5, "target": 0.5}),
            reduction(),
            whole("n_neighbors", 1, 100, 10, log=True),
            choice("weights", {"distance": 0.6, "uniform": 0.4}),
            choice("p", {"2": 0.5, "1": 0.5}),
            *extra,
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return a smooth pick on ranks."""
        return ({"scaling": "quantile", "categorical": "target", "n_neighbors": 30, "p": "1"},)

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Return the choices of the hyperparameters."""
        return Preprocessing(
            numeric=values["scaling"],  # type: ignore[arg-type]
            categorical=values["categorical"],  # type: ignore[arg-type]
            reduction=values["reduction"],  # type: ignore[arg-type]
        )

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the model."""
        return Neighbours(
            n_neighbors=int(str(values["n_neighbors"])),
            weights=str(values["weights"]),
            p=int(str(values["p"])),
            classify=context.task.is_classification,
            threads=context.threads,
        )

"""What the catalogue knows of an algorithm, and what an estimator is built for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.configuration import Configuration, Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.preprocessing import Preprocessing

__all__ = ["Algorithm", "FitContext"]


class Algorithm(ABC):
    """An entry of the catalogue. One file of `pipelines/algorithms/` holds one algorithm, or one close family."""

    name: ClassVar[str]
    version: ClassVar[int] = 1  # raise it when the same hyperparameters come to mean something else
    tasks: ClassVar[frozenset[Task]] = frozenset(Task)
    module: ClassVar[str] = "sklearn"  # the package that it needs
    extra: ClassVar[str | None] = None  # the extra of automl-meta that brings the package
    anytime: ClassVar[bool] = False  # whether a fit keeps to its time, with what it has learned until then
    rows_growth: ClassVar[float] = 0.8  # seconds grow at least with this power of the rows, in large tables
    tunability: ClassVar[float] = 1.0  # its share of sampled configurations: how much tuning it matters

    @abstractmethod
    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space, whose default is the algorithm's default configuration."""

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return complete or partial hyperparameters worth trying after the default, best first."""
        return ()

    @abstractmethod
    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Return how the columns are prepared under the hyperparameters `values`."""

    @abstractmethod
    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return an unfitted scikit-learn estimator for what `preprocessing` produces."""

    def default(self, task: Task) -> Configuration:
        """Return the default configuration."""
        return Configuration(self.name, dict(self.space(task).get_default_configuration()), self.version)

"""The datasets that the hand-written setups are translated for."""

from typing import Any

from automl_meta.datasets.task import Task
from automl_meta.metabase.openml.translation import Problem

BINARY = Problem(task=Task.BINARY, n_rows=900, n_features=20, n_classes=2)
SEVERAL = Problem(task=Task.MULTICLASS, n_rows=900, n_features=20, n_classes=4)
NUMBERS = Problem(task=Task.REGRESSION, n_rows=900, n_features=20)

Flow = dict[str, dict[str, str]]  # component to parameters as the server spells them
Case = tuple[str, Flow, Problem, str, dict[str, Any]]  # flow's name, parameters, dataset; algorithm, hyperparameters
Refused = tuple[str, Flow, Problem, str]  # flow's name, parameters, dataset; the reason

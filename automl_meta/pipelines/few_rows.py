"""Configurations that hold where rows are few, and how they are expected to stand.

What the meta-base says of tables with hundreds of rows and more misleads here: it prefers what has enough rows to
learn from. These were chosen, and how they stand was measured, on tables cut to 1, 3, 5 and 10 rows a class, or to 6,
12, 30 and 60 rows with numbers to predict; see docs/tiny_tables.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.task import Task
from automl_meta.pipelines.candidates import completed
from automl_meta.pipelines.configuration import Configuration, Value

LEAST_NUMBERS = 10  # rows of a regression up to which it is like one row a class


@dataclass(frozen=True, slots=True)
class Pick:
    """A configuration for few rows.

    Attributes
    ----------
    algorithm : str
    changes : mapping
        What differs from its defaults.
    one : float or None
        How it stands among the picks, in deviations, with one row a class, or at most ten rows of numbers; None where
        it cannot be fitted.
    several : float
        The same with more rows.
    """

    algorithm: str
    changes: Mapping[str, Value]
    one: float | None
    several: float


FOR_CLASSES = (
    Pick("extra_trees", {}, 0.6, 0.7),
    Pick("random_forest", {}, -0.3, 0.6),
    Pick("lda", {}, None, 0.4),
    Pick("logistic_regression", {}, -0.2, 0.2),
    Pick("logistic_regression", {"scaling": "quantile"}, 0.2, 0.1),
    Pick("svm", {"C": 10.0, "gamma": 0.3, "scaling": "quantile"}, -0.2, 0.1),
    Pick("knn", {"n_neighbors": 3, "p": "1", "scaling": "quantile"}, 0.3, -0.1),
    Pick("knn", {"n_neighbors": 1, "p": "1", "scaling": "quantile"}, 0.3, -0.5),
)
FOR_NUMBERS = (
    Pick("ridge", {"alpha": 10.0}, 0.3, 0.4),
    Pick("bayesian_ridge", {"scaling": "quantile"}, 0.3, 0.4),
    Pick("gaussian_process", {}, -0.4, 0.4),
    Pick("random_forest", {}, 0.3, 0.3),
    Pick("ridge", {"alpha": 10.0, "target_transform": "log"}, 0.2, 0.2),
    Pick("extra_trees", {}, 0.1, 0.2),
    Pick("linear_svm", {}, 0.4, 0.2),
    Pick("svm", {"C": 10.0, "gamma": 0.1}, 0.4, 0.0),
    Pick("dummy", {}, -0.9, -1.8),
)


def few_rows_configurations(dataset: Dataset) -> list[Configuration]:
    """Return the configurations for a table of at most 60 rows, that of which most is expected first.

    All of them are of scikit-learn, which is always installed.
    """
    task = dataset.task
    configurations = {c.id: c for c in (completed(pick.algorithm, pick.changes, task) for pick in _picks(task))}
    standings = few_rows_standings(dataset)
    return [configurations[name] for name in sorted(standings, key=lambda name: -standings[name])]


def few_rows_standings(dataset: Dataset) -> dict[str, float]:
    """Return by id how the configurations for few rows are expected to stand on a table."""
    if dataset.task.is_classification:
        is_least = bool(np.bincount(dataset.y.astype(np.int64)).max() == 1)
    else:
        is_least = dataset.n_rows <= LEAST_NUMBERS
    standings = {}
    for pick in _picks(dataset.task):
        standing = pick.one if is_least else pick.several
        if standing is not None:
            standings[completed(pick.algorithm, pick.changes, dataset.task).id] = standing
    return standings


def _picks(task: Task) -> tuple[Pick, ...]:
    return FOR_CLASSES if task.is_classification else FOR_NUMBERS

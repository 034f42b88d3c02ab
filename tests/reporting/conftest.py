from collections.abc import Callable

import pytest
from small_ensembles import shop_table

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import Task, make_dataset
from automl_meta.persistence import FittedModel

QUICK = RunOptions(
    time_budget=None, max_evaluations=3, top_k=3, jobs=0, include=("decision_tree", "knn", "gaussian_nb", "ridge")
)


@pytest.fixture(scope="session")
def fitted_model() -> Callable[[Task], FittedModel]:
    """Return a function that fits each task once."""
    known: dict[Task, FittedModel] = {}

    def fit(task: Task) -> FittedModel:
        if task not in known:
            include = tuple(n for n in QUICK.include if n != ("ridge" if task.is_classification else "gaussian_nb"))
            options = RunOptions(**{name: getattr(QUICK, name) for name in QUICK.__slots__} | {"include": include})
            dataset = make_dataset(shop_table(task), "target", task=task, name="shop")
            known[task] = run(dataset, options, command="automl-meta fit shop.csv").model
        return known[task]

    return fit

"""The list of all algorithms.

To add one, write its class in a file of `pipelines/algorithms/` and put it into `_ALGORITHMS`; see
`docs/adding_an_algorithm.md`.
"""

from functools import cache

from ConfigSpace import ConfigurationSpace

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.optional import is_installed
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.algorithms.bayes import GaussianNaiveBayes
from automl_meta.pipelines.algorithms.catboost import CatBoost
from automl_meta.pipelines.algorithms.discriminant import LinearDiscriminant, QuadraticDiscriminant
from automl_meta.pipelines.algorithms.dummy import Dummy
from automl_meta.pipelines.algorithms.forests import ExtraTrees, RandomForest
from automl_meta.pipelines.algorithms.gaussian_process import GaussianProcess
from automl_meta.pipelines.algorithms.hist_gradient_boosting import HistGradientBoosting
from automl_meta.pipelines.algorithms.lightgbm import LightGBM
from automl_meta.pipelines.algorithms.linear import BayesianRidge, ElasticNet, LogisticRegression, Ridge
from automl_meta.pipelines.algorithms.neighbours import NearestNeighbours
from automl_meta.pipelines.algorithms.perceptron import Perceptron
from automl_meta.pipelines.algorithms.svm import KernelSVM, LinearSVM
from automl_meta.pipelines.algorithms.trees import DecisionTree
from automl_meta.pipelines.algorithms.xgboost import XGBoost
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.cube import is_active

# In the order in which their defaults are worth trying when nothing is known: strong and cheap first.
_ALGORITHMS: tuple[Algorithm, ...] = (
    CatBoost(),
    LightGBM(),
    Perceptron(),
    ExtraTrees(),
    XGBoost(),
    RandomForest(),
    HistGradientBoosting(),
    LogisticRegression(),
    Ridge(),
    KernelSVM(),
    LinearDiscriminant(),
    NearestNeighbours(),
    ElasticNet(),
    BayesianRidge(),
    LinearSVM(),
    QuadraticDiscriminant(),
    GaussianProcess(),
    GaussianNaiveBayes(),
    DecisionTree(),
    Dummy(),
)
_BY_NAME = {algorithm.name: algorithm for algorithm in _ALGORITHMS}


class UnknownAlgorithmError(InputError):
    """No algorithm of the catalogue has this name, or it does not know this kind of task."""


def catalogue(task: Task, *, installed_only: bool = True) -> dict[str, Algorithm]:
    """Return the algorithms for `task` by name, strong and cheap ones first.

    Parameters
    ----------
    installed_only : bool
        Leave out those whose package is not installed.
    """
    return {
        algorithm.name: algorithm
        for algorithm in _ALGORITHMS
        if task in algorithm.tasks and (not installed_only or is_installed(algorithm.module))
    }


def find_algorithm(name: str, task: Task | None = None) -> Algorithm:
    """Return the algorithm called `name`, installed or not.

    Raises
    ------
    UnknownAlgorithmError
        If there is none, or it is not for `task`.
    """
    algorithm = _BY_NAME.get(name)
    if algorithm is None:
        raise UnknownAlgorithmError(f"no algorithm is called {name!r}. Known are: {', '.join(_BY_NAME)}")
    if task is not None and task not in algorithm.tasks:
        known = ", ".join(catalogue(task, installed_only=False))
        raise UnknownAlgorithmError(f"{name} is not for {task} tasks. Try one of: {known}")
    return algorithm


@cache
def search_space(name: str, task: Task) -> ConfigurationSpace:
    """Return the search space of the algorithm `name`, built once; not to be changed or sampled from directly.

    Raises
    ------
    UnknownAlgorithmError
        If there is no such algorithm for `task`.
    """
    return find_algorithm(name, task).space(task)


def is_in_catalogue(configuration: Configuration, task: Task) -> bool:
    """Return whether `configuration` can be run for `task`, installed or not, and still means what it did.

    Its algorithm is there in its version, and its hyperparameters are all the active ones, each in its range.
    """
    algorithm, values = _BY_NAME.get(configuration.algorithm), configuration.hyperparameters
    if algorithm is None or task not in algorithm.tasks or algorithm.version != configuration.version:
        return False
    space = search_space(algorithm.name, task)
    if not all(name in space and space[name].legal_value(value) for name, value in values.items()):
        return False
    return set(values) == {name for name in space if is_active(space, name, values)}


@cache
def default_configuration(name: str, task: Task) -> Configuration:
    """Return the default configuration of the algorithm `name`.

    Raises
    ------
    UnknownAlgorithmError
        If there is no such algorithm for `task`.
    """
    algorithm = find_algorithm(name, task)
    values = dict(search_space(name, task).get_default_configuration())
    return Configuration(name, values, algorithm.version)

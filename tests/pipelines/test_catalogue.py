import pytest
from ConfigSpace import Configuration as SpaceConfiguration

from automl_meta.datasets import Task
from automl_meta.errors import MissingExtraError
from automl_meta.pipelines import catalogue as catalogue_module
from automl_meta.pipelines.candidates import expert_configurations
from automl_meta.pipelines.catalogue import (
    UnknownAlgorithmError,
    catalogue,
    default_configuration,
    find_algorithm,
    is_in_catalogue,
    search_space,
)
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.estimators.catboost import CatBoostBooster

CLASSIFIERS = (
    "logistic_regression lda qda gaussian_nb knn linear_svm svm decision_tree random_forest extra_trees "
    "hist_gradient_boosting lightgbm catboost xgboost perceptron gaussian_process dummy"
).split()
REGRESSORS = (
    "ridge elastic_net bayesian_ridge knn linear_svm svm decision_tree random_forest extra_trees "
    "hist_gradient_boosting lightgbm catboost xgboost perceptron gaussian_process dummy"
).split()
EVERY = [(name, task) for task in Task for name in catalogue(task, installed_only=False)]


@pytest.mark.parametrize("task", [Task.BINARY, Task.MULTICLASS])
def test_catalogue_has_the_classifiers(task: Task) -> None:
    assert set(catalogue(task, installed_only=False)) == set(CLASSIFIERS)


def test_catalogue_has_the_regressors() -> None:
    assert set(catalogue(Task.REGRESSION, installed_only=False)) == set(REGRESSORS)


def test_what_is_not_installed_is_listed_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "is_installed", lambda module: module not in ("catboost", "xgboost"))
    missing = set(catalogue(Task.BINARY, installed_only=False)) - set(catalogue(Task.BINARY))
    assert missing == {"catboost", "xgboost"}


def test_unknown_algorithm_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(UnknownAlgorithmError, match="lightgbm"):
        find_algorithm("lightbgm")


def test_algorithm_for_another_task_is_an_error_that_lists_alternatives() -> None:
    with pytest.raises(UnknownAlgorithmError, match="logistic_regression"):
        find_algorithm("ridge", Task.BINARY)


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_default_and_expert_picks_are_legal_in_their_space(name: str, task: Task) -> None:
    space = search_space(name, task)
    for configuration in (default_configuration(name, task), *expert_configurations(name, task)):
        SpaceConfiguration(space, values=dict(configuration.hyperparameters)).check_valid_configuration()


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_default_is_the_algorithm_s_own(name: str, task: Task) -> None:
    assert default_configuration(name, task) == find_algorithm(name).default(task)


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "catboost", None)
    booster = CatBoostBooster({"learning_rate": 0.1, "rsm": 1.0}, classify=False)
    with pytest.raises(MissingExtraError, match=r"automl-meta\[full\]"):
        booster.fit(__import__("numpy").arange(20.0)[:, None], __import__("numpy").arange(20.0))


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_defaults_and_expert_picks_are_in_the_catalogue(name: str, task: Task) -> None:
    for configuration in (default_configuration(name, task), *expert_configurations(name, task)):
        assert is_in_catalogue(configuration, task)


FOREST = default_configuration("random_forest", Task.BINARY)
STRANGERS = {
    "algorithm": Configuration("my_algo", {}),
    "version": Configuration("random_forest", FOREST.hyperparameters, FOREST.version + 1),
    "name": Configuration("random_forest", {**FOREST.hyperparameters, "bogus": 1}, FOREST.version),
    "value": Configuration("random_forest", {**FOREST.hyperparameters, "criterion": "luck"}, FOREST.version),
    "range": Configuration("random_forest", {**FOREST.hyperparameters, "max_features": 7.0}, FOREST.version),
    "kind": Configuration("random_forest", {**FOREST.hyperparameters, "max_features": "many"}, FOREST.version),
    "inactive": Configuration("random_forest", {**FOREST.hyperparameters, "leaf_nodes": 50}, FOREST.version),
    "incomplete": Configuration("random_forest", {}, FOREST.version),
    "task": default_configuration("ridge", Task.REGRESSION),
}


@pytest.mark.parametrize("what", STRANGERS)
def test_what_cannot_be_run_as_it_was_is_not_in_the_catalogue(what: str) -> None:
    assert is_in_catalogue(FOREST, Task.BINARY)
    assert not is_in_catalogue(STRANGERS[what], Task.BINARY)

"""Setups in the spelling of the formats, written by hand in `setups_of_*`, and what they mean here."""

import pytest
import setups_of_mlr
import setups_of_sklearn
import setups_of_weka
from setup_problems import BINARY, Case, Flow, Refused
from setups_of_sklearn import FOREST, OLD_FOREST

from automl_meta.metabase.openml.translation import (
    Grade,
    Parameter,
    Problem,
    Setup,
    Translation,
    UntranslatableError,
    translate,
)
from automl_meta.pipelines.algorithm import FitContext
from automl_meta.pipelines.catalogue import find_algorithm, search_space
from automl_meta.pipelines.cube import encode

EXACT = setups_of_sklearn.EXACT  # only there can anything be
APPROXIMATE = setups_of_sklearn.APPROXIMATE | setups_of_mlr.APPROXIMATE | setups_of_weka.APPROXIMATE
UNTRANSLATABLE = setups_of_sklearn.UNTRANSLATABLE | setups_of_mlr.UNTRANSLATABLE | setups_of_weka.UNTRANSLATABLE


def setup(name: str, flow: Flow) -> Setup:
    parameters = [Parameter(part, key, value) for part, values in flow.items() for key, value in values.items()]
    return Setup(1, 1, name, tuple(parameters))


def meaning(name: str, flow: Flow, problem: Problem = BINARY) -> Translation:
    return translate(setup(name, flow), problem)


def check(case: Case) -> Translation:
    name, flow, problem, algorithm, expected = case
    translation = meaning(name, flow, problem)
    configuration = translation.configuration
    assert configuration.algorithm == algorithm
    for key, value in expected.items():
        close = value if isinstance(value, str) else pytest.approx(value, rel=1e-5)
        assert configuration.hyperparameters[key] == close, key
    encode(search_space(algorithm, problem.task), configuration.hyperparameters)  # every value is in its range
    return translation


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT)
def test_exact(case: Case) -> None:
    translation = check(case)
    assert (translation.grade, translation.losses) == (Grade.EXACT, ())


@pytest.mark.parametrize("case", APPROXIMATE.values(), ids=APPROXIMATE)
def test_approximate_says_what_is_lost(case: Case) -> None:
    translation = check(case)
    assert translation.grade is Grade.APPROXIMATE
    assert all(translation.losses)


@pytest.mark.parametrize("case", UNTRANSLATABLE.values(), ids=UNTRANSLATABLE)
def test_untranslatable_says_why(case: Refused) -> None:
    name, flow, problem, reason = case
    with pytest.raises(UntranslatableError, match=reason):
        meaning(name, flow, problem)


def test_there_are_enough_cases_of_every_source() -> None:
    names = [case[0] for cases in (EXACT, APPROXIMATE, UNTRANSLATABLE) for case in cases.values()]
    assert len(names) >= 60
    for prefix, least in (("sklearn.", 25), ("mlr", 15), ("weka.", 15)):
        assert sum(name.startswith(prefix) for name in names) >= least


@pytest.mark.parametrize("case", [*EXACT.values(), *APPROXIMATE.values()], ids=[*EXACT, *APPROXIMATE])
def test_what_comes_out_can_be_built(case: Case) -> None:
    name, flow, problem, algorithm, _ = case
    if algorithm in ("catboost", "xgboost"):
        pytest.importorskip(algorithm)
    configuration = meaning(name, flow, problem).configuration
    context = FitContext(task=problem.task, seed=0, n_classes=problem.n_classes)
    assert find_algorithm(algorithm).estimator(configuration.hyperparameters, context) is not None


def test_names_of_reasons_do_not_hold_values() -> None:
    """Reasons are counted: one for each value would make a list as long as the runs."""
    reasons = set()
    for count in ("2", "5", "10", "29"):
        with pytest.raises(UntranslatableError) as caught:
            meaning(f"{OLD_FOREST}(1)", {OLD_FOREST: FOREST | {"n_estimators": count}})
        reasons.add(str(caught.value))
    assert len(reasons) == 1

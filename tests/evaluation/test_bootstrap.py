import numpy as np
import pytest

from automl_meta.datasets import Task
from automl_meta.evaluation import resolve_metric
from automl_meta.evaluation.bootstrap import bootstrap_intervals

ERROR = resolve_metric("mae", Task.REGRESSION)


def interval(y: np.ndarray, **options: np.ndarray) -> tuple[float, float]:
    return bootstrap_intervals([ERROR], y, np.zeros(len(y)), **options)[ERROR.name]


def test_intervals_follow_the_weights() -> None:
    y = np.repeat([0.0, 1.0], 50)
    assert interval(y, weights=np.repeat([1.0, 0.0], 50)) == (0.0, 0.0)
    assert interval(y)[0] < -0.3


def test_rows_that_are_repeated_within_their_groups_say_nothing_more() -> None:
    y = np.random.default_rng(0).normal(size=30)
    once, shuffled = interval(y), np.random.default_rng(1).permutation(30 * 9)
    repeated = interval(np.repeat(y, 9)[shuffled], groups=np.repeat(np.arange(30), 9)[shuffled])
    assert repeated == pytest.approx(once)
    lower, upper = interval(np.repeat(y, 9))
    assert upper - lower < (once[1] - once[0]) / 2


def test_rows_that_are_groups_of_their_own_are_as_good_as_no_groups() -> None:
    y = np.random.default_rng(0).normal(size=50)
    assert interval(y, groups=np.arange(50)) == interval(y)


def test_one_group_says_nothing_of_others() -> None:
    assert np.isnan(interval(np.arange(9.0), groups=np.zeros(9, dtype=int))).all()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from automl_meta.ensembling.few_rows import AVERAGED, beliefs, likely_best, reliability, weights_of
from automl_meta.ensembling.few_rows_doubt import doubt_in_words, share_interval, spread_interval
from automl_meta.ensembling.greedy import Limits


def merits_of(skills: list[float], n_rows: int, noise: float, seed: int = 0) -> np.ndarray:
    """Return merits whose rows differ in difficulty far more than the candidates differ in skill."""
    rng = np.random.default_rng(seed)
    difficulty = 10 * rng.normal(size=n_rows)
    return np.array(skills)[:, None] + difficulty + noise * rng.normal(size=(len(skills), n_rows))


def test_reliability_is_the_share_of_the_variance_that_is_not_error() -> None:
    # Skills of variance 1; errors of variance 40 in 40 rows: half of the variance of the means is error.
    found = [
        reliability(merits_of(list(np.random.default_rng(seed).normal(size=30)), 40, np.sqrt(40), seed))
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)


def test_scores_that_are_all_luck_leave_the_expected_order() -> None:
    prior = np.array([0.7, 0.1, 0.4, -0.2, -0.5])
    orders = [np.argsort(-beliefs(merits_of([0.0] * 5, 12, 1.0, seed), prior, shared=2.5)) for seed in range(40)]
    assert np.mean([order[0] == 0 for order in orders]) > 0.75


def test_scores_that_are_sure_overrule_what_was_expected() -> None:
    believed = beliefs(merits_of([0.0, 1.0, 3.0], 40, 0.1), np.array([1.0, 0.0, -1.0]), shared=2.5)
    assert np.argsort(-believed).tolist() == [2, 1, 0]


def test_without_rows_the_prior_is_all_that_is_believed() -> None:
    believed = beliefs(np.empty((3, 0)), np.array([0.0, 2.0, 1.0]))
    assert np.argsort(-believed).tolist() == [1, 2, 0]


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.integers(1, 8))
def test_the_average_is_of_few_and_heaviest_of_the_likely_best(believed: list[float], most: int) -> None:
    values = np.array(believed)
    members = likely_best(values, Limits(most), np.zeros(len(values)))
    weights = weights_of(values[members])
    assert 1 <= len(members) <= min(most, AVERAGED, len(values))
    assert values[members[0]] == values.max()
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights) <= 0).all()
    assert weights.min() >= 0.0099 * weights.max()


@pytest.mark.parametrize(("hits", "n_rows"), [(10, 12), (0, 6), (6, 6), (25, 60)])
def test_interval_of_a_share_is_wilsons(hits: int, n_rows: int) -> None:
    expected = binomtest(hits, n_rows).proportion_ci(0.95, method="wilson")
    assert share_interval(hits, n_rows) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_interval_of_a_spread_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(2000):
        low, high = spread_interval(float(np.sqrt(np.mean(rng.normal(0, 3, 8) ** 2))), 8)
        held.append(low <= 3 <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_doubt_is_said_of_few_rows_alone() -> None:
    y = np.arange(12) % 2
    said = doubt_in_words(y, np.eye(2)[np.r_[1 - y[:2], y[2:]]])
    assert said.startswith("12 rows are few: 10 of them were predicted rightly")
    assert "from 55% to 95%" in said
    numbers = doubt_in_words(np.arange(6.0), np.arange(6.0) + 2)
    assert "predictions were off by 2 out of fold" in numbers
    assert doubt_in_words(np.arange(61) % 2, np.full((61, 2), 0.5)) == ""

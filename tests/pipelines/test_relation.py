import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import f_oneway

from automl_meta.pipelines.encoders.relation import explained_by_groups, explained_by_numbers, f_statistics


def test_groups_explain_as_much_as_their_f_statistic_says() -> None:
    rng = np.random.default_rng(0)
    groups, targets = rng.integers(0, 4, 50), rng.normal(size=(50, 3))
    statistics = f_oneway(*(targets[groups == group] for group in range(4))).statistic
    epsilon_squared = 1 - 49 / (46 + 3 * statistics)
    np.testing.assert_allclose(explained_by_groups(groups, targets), epsilon_squared)


def test_numbers_and_groups_agree_on_two_classes() -> None:
    rng = np.random.default_rng(0)
    y, values = rng.integers(0, 2, 50), rng.normal(size=(50, 3))
    np.testing.assert_allclose(explained_by_numbers(values, y, n_classes=2), explained_by_groups(y, values))


def test_numbers_explain_a_target_by_their_correlation_less_chance() -> None:
    rng = np.random.default_rng(0)
    values, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    squared = np.corrcoef(values.T, y)[-1, :-1] ** 2
    np.testing.assert_allclose(explained_by_numbers(values, y, n_classes=0), 1 - (1 - squared) * 49 / 48)


@pytest.mark.parametrize("n_groups", [2, 10, 100])
def test_groups_drawn_at_random_explain_nothing_on_average(n_groups: int) -> None:
    rng = np.random.default_rng(0)
    groups, targets = rng.integers(0, n_groups, 200), rng.normal(size=(200, 1000))
    assert abs(explained_by_groups(groups, targets).mean()) < 0.01


@pytest.mark.filterwarnings("error")
@given(scale=st.sampled_from([1e-300, 1e-3, 1.0, 1e150, 1e300]), n_classes=st.sampled_from([0, 2]))
def test_the_unit_of_a_number_does_not_matter(scale: float, n_classes: int) -> None:
    rng = np.random.default_rng(0)
    values, y = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    expected = f_statistics(values, y, is_classification=n_classes > 0)
    np.testing.assert_allclose(f_statistics(values * scale, y, is_classification=n_classes > 0), expected)


@pytest.mark.filterwarnings("error")
def test_nothing_is_explained_where_nothing_varies_or_each_row_is_alone() -> None:
    constant, varying = np.full((6, 1), 2.5), np.arange(6.0)[:, None]
    y = np.array([0, 1, 0, 1, 0, 1])
    assert explained_by_numbers(constant, y, n_classes=2) == -np.inf
    assert explained_by_numbers(varying, np.zeros(6), n_classes=0) == -np.inf
    assert explained_by_groups(y, constant) == -np.inf
    assert explained_by_groups(np.arange(6), varying) == -np.inf

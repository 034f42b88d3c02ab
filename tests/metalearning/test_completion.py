import numpy as np
import pytest
from numpy.typing import NDArray
from worlds import world

from automl_meta.metalearning.completion import complete
from automl_meta.metalearning.standings import learn_standings


def whole_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return standings of 60 datasets without gaps, and the configurations' vectors."""
    experience = world(60, 24)
    return learn_standings(experience).standings, experience.vectors


def gaps_at_random(table: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    return np.where(np.random.default_rng(0).random(table.shape) < share, np.nan, table)


def test_gaps_are_filled_better_than_by_means() -> None:
    whole, vectors = whole_table()
    gappy = gaps_at_random(whole, 0.3)
    gaps = np.isnan(gappy)
    by_mean = np.broadcast_to(np.nanmean(gappy, axis=0), whole.shape)
    filled = complete(gappy, vectors).table
    assert np.abs(filled - whole)[gaps].mean() < 0.7 * np.abs(by_mean - whole)[gaps].mean()


@pytest.mark.parametrize(("n_run", "left"), [(15, 0.6), (30, 0.5)])
def test_a_configuration_run_on_one_kind_of_dataset_only_keeps_its_mean(n_run: int, left: float) -> None:
    whole, vectors = whole_table()
    elsewhere = np.argsort(world(60, 24).metafeatures[:, 0])[n_run:]
    by_mean, by_completion = [], []
    for column in range(whole.shape[1]):
        gappy = whole.copy()
        gappy[elsewhere, column] = np.nan
        truth = whole[:, column].mean()
        by_mean.append(np.nanmean(gappy[:, column]) - truth)
        by_completion.append(complete(gappy, vectors).table[:, column].mean() - truth)
    assert np.abs(by_completion).mean() < left * np.abs(by_mean).mean()


def test_what_was_never_measured_is_filled_from_its_likes() -> None:
    whole, vectors = whole_table()
    twins, twin_vectors = np.column_stack([whole, whole[:, 0]]), np.vstack([vectors, vectors[:1]])
    twins[:, -1] = np.nan
    filled = complete(twins, twin_vectors).table[:, -1]
    assert np.corrcoef(filled, whole[:, 0])[0, 1] > 0.75


def test_variances_say_how_wrong_the_estimates_are() -> None:
    whole, vectors = whole_table()
    gappy = gaps_at_random(whole, 0.3)
    gaps = np.isnan(gappy)
    completion = complete(gappy, vectors)
    assert (completion.variances[~gaps] == 0.0).all()
    squares = (completion.table - whole)[gaps] ** 2
    assert completion.variances[gaps].mean() == pytest.approx(squares.mean(), rel=0.5)


def test_variances_grow_where_less_is_known_of_a_dataset() -> None:
    whole, vectors = whole_table()
    gappy = whole.copy()
    gappy[0, 3:] = np.nan
    gappy[1, 20:] = np.nan
    variances = complete(gappy, vectors).variances
    assert variances[0, 20:].mean() > 1.5 * variances[1, 20:].mean()


def test_what_is_known_stays_as_it_is() -> None:
    whole, vectors = whole_table()
    np.testing.assert_array_equal(complete(whole, vectors).table, whole)
    gappy = gaps_at_random(whole, 0.6)
    known = np.isfinite(gappy)
    np.testing.assert_array_equal(complete(gappy, vectors).table[known], whole[known])


def test_an_empty_table_is_left_alone() -> None:
    assert complete(np.zeros((0, 5)), np.zeros((5, 2))).table.shape == (0, 5)
    assert complete(np.full((2, 5), np.nan), np.zeros((5, 2))).table == pytest.approx(0.0)


@pytest.mark.parametrize("shape", [(1, 6), (2, 3), (6, 1), (3, 40)])
def test_the_smallest_tables_are_filled_too(shape: tuple[int, int]) -> None:
    table = np.random.default_rng(1).random(shape)
    table[0, 0] = np.nan
    completion = complete(table, np.random.default_rng(2).random((shape[1], 2)))
    assert np.isfinite(completion.table).all()
    assert (completion.variances >= 0.0).all()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from worlds import world

from automl_meta.metalearning.standings import learn_standings, place, standings

SCORES = arrays(np.float64, (4, 6), elements=st.integers(-50, 50).map(float) | st.just(float("nan")))


@given(SCORES)
def test_best_stands_at_one_and_worst_at_zero(scores: np.ndarray) -> None:
    table = standings(scores, np.zeros(scores.shape, dtype=bool))
    for row, raw in zip(table, scores, strict=True):
        known = np.isfinite(raw)
        if known.any() and np.nanmin(raw) < np.nanmax(raw):
            assert np.nanmin(row) == 0.0
            assert np.nanmax(row) == 1.0
            assert (np.isfinite(row) == known).all()
        else:
            assert np.isnan(row).all()


@given(SCORES, st.integers(1, 9), st.integers(-9, 9))
def test_scale_does_not_matter(scores: np.ndarray, scale: int, offset: int) -> None:
    never = np.zeros(scores.shape, dtype=bool)
    np.testing.assert_allclose(standings(scores * scale + offset, never), standings(scores, never), atol=1e-12)


def test_a_failure_stands_at_the_bottom() -> None:
    table = standings(np.array([[3.0, np.nan, 1.0, np.nan]]), np.array([[False, True, False, False]]))
    np.testing.assert_array_equal(table, [[1.0, 0.0, 0.0, np.nan]])


def test_what_is_known_keeps_its_order_and_distances() -> None:
    experience = world(missing=0.4, failing=0.1)
    raw = standings(experience.scores, experience.failed)
    knowledge = learn_standings(experience)
    assert np.isfinite(knowledge.standings).all()
    for row in range(len(raw)):
        scored = np.isfinite(experience.scores[row])
        assert np.corrcoef(knowledge.standings[row, scored], raw[row, scored])[0, 1] == pytest.approx(1.0)


def test_datasets_on_which_everything_was_run_keep_their_worst_and_best() -> None:
    experience = world(failing=0.1)
    knowledge = learn_standings(experience)
    np.testing.assert_array_equal(knowledge.standings, standings(experience.scores, experience.failed))
    assert not knowledge.variances.any()


def only_the_best(n_datasets: int, n_best: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return the standings of datasets on which everything was run, and the same when only the best ran on some."""
    whole = standings(world(60).scores, np.zeros((60, 24), dtype=bool))
    usually_best = np.argsort(-whole.mean(axis=0))[:n_best]
    scores = whole.copy()
    scores[:n_datasets] = np.nan
    scores[:n_datasets, usually_best] = whole[:n_datasets, usually_best]
    return whole, standings(scores, np.zeros(scores.shape, dtype=bool))


def test_the_worst_of_good_runs_does_not_stand_at_zero() -> None:
    whole, table = only_the_best(20)
    known = np.isfinite(table[:20])
    placed, ranges = place(table, np.zeros(table.shape, dtype=bool))
    truth = whole[:20][known]
    assert np.nanmin(table[:20]) == 0.0
    assert np.nanmin(placed[:20]) > 0.1
    assert abs(placed[:20][known].mean() - truth.mean()) < 0.3 * abs(table[:20][known].mean() - truth.mean())
    np.testing.assert_array_equal(placed[20:], whole[20:])
    np.testing.assert_allclose(ranges, np.column_stack([np.nanmin(placed, axis=1), np.nanmax(placed, axis=1)]))


def test_a_failure_stays_at_the_bottom_wherever_the_others_are_placed() -> None:
    _, table = only_the_best(20)
    failed = np.zeros(table.shape, dtype=bool)
    failed[0, np.flatnonzero(np.isnan(table[0]))[0]] = True
    table[failed] = 0.0
    placed = place(table, failed).table
    assert placed[failed] == pytest.approx(0.0)
    assert np.sort(placed[0][np.isfinite(placed[0])])[1] > 0.1


def test_a_configuration_of_ones_own_moves_no_dataset() -> None:
    # What only one dataset knows, however much of it, says nothing of where the rest stands there.
    _, table = only_the_best(1)
    own = np.full((60, 30), np.nan)
    own[0] = np.linspace(0.5, 1.0, 30)
    never = np.zeros((60, 54), dtype=bool)
    placed = place(np.hstack([table, own]), never).table
    np.testing.assert_allclose(placed[:, :24], place(table, never[:, :24]).table)


def test_a_dataset_whose_scores_say_nothing_is_left_out() -> None:
    experience = world(6, 5)
    scores = experience.scores.copy()
    scores[2] = 0.5
    scores[4] = np.nan
    from dataclasses import replace

    assert learn_standings(replace(experience, scores=scores)).datasets == ("d00", "d01", "d03", "d05")

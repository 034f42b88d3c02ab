from dataclasses import replace

import numpy as np
import pytest
from worlds import world

from automl_meta.metabase.experience import Experience
from automl_meta.metalearning.seconds import Effort, SecondsModel
from automl_meta.pipelines.encoders.screening import KEPT_COLUMNS


def timed_world() -> Experience:
    """Return times that grow with rows and columns, by powers that differ between configurations."""
    random = np.random.default_rng(0)
    experience = world(60, 12)
    rows, columns = random.uniform(5, 9, 60), random.uniform(1, 5, 60)
    powers = 1 + 0.3 * np.arange(12) / 12
    logs = -8 + 0.2 * np.arange(12) + rows[:, None] * powers + 0.8 * columns[:, None]
    return replace(
        experience,
        metafeature_names=("log_nr_inst", "log_nr_attr", "nr_class"),
        metafeatures=np.column_stack([rows, columns, np.full(60, 2.0)]),
        seconds=np.exp(logs + 0.1 * random.normal(size=logs.shape)),
        vectors=np.arange(12.0)[:, None],
    )


def test_times_of_an_unknown_dataset_are_predicted() -> None:
    experience = timed_world()
    model = SecondsModel().fit(experience.take(np.arange(1, 60)))
    belief = model.predict(experience.metafeatures[0])
    assert np.abs(np.log(belief.expected / experience.seconds[0])).max() < 0.5


def test_what_ran_so_far_calibrates_the_machine() -> None:
    experience = timed_world()
    model = SecondsModel().fit(experience.take(np.arange(1, 60)))
    slow = 5 * experience.seconds[0]
    before = model.predict(experience.metafeatures[0])
    after = model.predict(experience.metafeatures[0], {0: slow[0], 3: slow[3], 5: float("nan")})
    others = [1, 2, 4, 6, 7, 8]
    assert np.abs(np.log(after.expected / slow))[others].mean() < 0.3
    assert np.abs(np.log(before.expected / slow))[others].mean() > 1.0
    assert (after.factor < before.factor).all()


def test_a_configuration_that_was_never_timed_takes_as_long_as_its_likes() -> None:
    experience = timed_world()
    seconds = experience.seconds.copy()
    seconds[:, 6] = np.nan
    belief = SecondsModel().fit(replace(experience, seconds=seconds)).predict(experience.metafeatures[0])
    true = experience.seconds[0]
    assert true[2] < belief.expected[6] < true[11]
    assert belief.factor[6] > belief.factor[5]


@pytest.mark.parametrize("n_datasets", [0, 1])
def test_little_or_no_experience_gives_finite_times(n_datasets: int) -> None:
    experience = timed_world().take(np.arange(n_datasets))
    belief = SecondsModel().fit(experience).predict(np.full(3, np.nan), {2: 1.0})
    assert np.isfinite(belief.expected).all()
    assert (belief.factor >= 1).all()


def test_metafeatures_without_sizes_are_no_obstacle() -> None:
    belief = SecondsModel().fit(world()).predict(np.zeros(7))
    assert np.isfinite(belief.expected).all()


def test_beyond_the_widest_table_time_grows_at_least_as_the_columns_do() -> None:
    model = SecondsModel().fit(timed_world())
    widest = np.array([8.0, float(timed_world().metafeatures[:, 1].max()), 2.0])
    five_times = widest + np.array([0.0, np.log(5), 0.0])
    at_the_edge, beyond = model.predict(widest), model.predict(five_times)
    assert (beyond.expected >= 4.99 * at_the_edge.expected).all()
    assert (beyond.factor > at_the_edge.factor).all()


def test_time_follows_the_rows_that_were_trained_on_not_those_of_the_table() -> None:
    experience = timed_world()
    rows = np.exp(experience.metafeatures[:, 0])
    larger = experience.metafeatures + np.array([2.0, 0.0, 0.0])  # tables of which a seventh was used
    capped = replace(experience, metafeatures=larger, training_rows=rows, fits=np.full(60, 3.0))
    model = SecondsModel().fit(capped.take(np.arange(1, 60)))
    belief = model.predict(larger[0], effort=Effort(fits=3, training_rows=rows[0]))
    assert np.abs(np.log(belief.expected / experience.seconds[0])).max() < 0.5


def test_seconds_are_those_of_all_fits() -> None:
    model = SecondsModel().fit(timed_world())
    one, ten = (model.predict(np.array([7.0, 3.0, 2.0]), effort=Effort(fits=n, training_rows=900)) for n in (1, 10))
    np.testing.assert_allclose(ten.expected, 10 * one.expected)
    calibrated = model.predict(np.array([7.0, 3.0, 2.0]), {0: 5.0}, effort=Effort(fits=10, training_rows=900))
    assert abs(np.log(calibrated.expected[0] / 5.0)) < abs(np.log(ten.expected[0] / 5.0))


def test_beyond_the_longest_table_time_grows_with_the_rows() -> None:
    experience = timed_world()
    fixed = replace(experience, seconds=np.ones_like(experience.seconds))  # nothing to be seen of growth
    model = SecondsModel().fit(fixed)
    longest = np.array([float(experience.metafeatures[:, 0].max()), 3.0, 2.0])
    at_the_edge, beyond = (model.predict(longest + np.array([more, 0.0, 0.0])) for more in (0.0, np.log(10)))
    assert (beyond.expected > 6 * at_the_edge.expected).all()
    assert (beyond.factor > at_the_edge.factor).all()


def test_what_grows_faster_is_expected_to_beyond_the_longest_table() -> None:
    experience = timed_world()
    growth = np.where(np.arange(12) == 3, 2.0, 0.8)
    model = SecondsModel().fit(replace(experience, seconds=np.ones_like(experience.seconds)), growth)
    longest = np.array([float(experience.metafeatures[:, 0].max()), 3.0, 2.0])
    at_the_edge, beyond = (model.predict(longest + np.array([more, 0.0, 0.0])) for more in (0.0, np.log(10)))
    times_as_long = beyond.expected / at_the_edge.expected
    assert times_as_long[3] == pytest.approx(100, rel=0.1)
    assert (np.delete(times_as_long, 3) < 10).all()


def test_effort_is_that_of_the_folds() -> None:
    folds = [(range(80), range(20)), (range(90), range(10))]
    assert Effort.of(folds, 100) == Effort(fits=2, training_rows=85.0)
    assert Effort.of([], 7) == Effort(fits=1, training_rows=7)


def test_columns_that_no_algorithm_looks_at_take_no_time() -> None:
    model = SecondsModel().fit(timed_world())
    looked_at, wide = (model.predict(np.array([8.0, np.log(n), 2.0])) for n in (KEPT_COLUMNS, 20 * KEPT_COLUMNS))
    np.testing.assert_array_equal(wide.expected, looked_at.expected)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.datasets import read_dataset
from automl_meta.evaluation import make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.partial import FULL, Fidelity, Race, subsample
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.catalogue import default_configuration


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=80),
    st.floats(0.01, 1.0),
    st.floats(0.01, 1.0),
    st.integers(0, 5),
)
def test_smaller_subsample_is_part_of_a_larger_one_and_has_every_class(
    labels: list[int], one: float, other: float, seed: int
) -> None:
    strata = np.array(labels, dtype=np.int64)
    rows = np.arange(len(strata))[::2]
    small, large = (subsample(rows, strata, share, seed) for share in sorted((one, other)))
    assert set(small) <= set(large) <= set(rows)
    assert set(strata[small]) == set(strata[rows])
    assert (np.diff(small) > 0).all()


def test_race_is_lost_by_who_is_clearly_behind_in_the_same_folds_only() -> None:
    race = Race(metric="r2", pace=(0.9, 0.5, 0.7), deviation=0.05)
    assert race.is_lost([0.7])
    assert race.is_lost([0.8, 0.38])
    assert not race.is_lost([0.8])
    assert not race.is_lost([0.95, 0.3])  # far behind in one fold, ahead in another
    assert not race.is_lost([])
    assert not race.is_lost([0.0, 0.0, 0.0])  # it has been run: nothing is saved by giving up


def test_race_is_run_in_the_folds_in_which_both_have_a_score() -> None:
    undefined = float("nan")
    race = Race(metric="roc_auc", pace=(0.9, undefined, 0.7, 0.8), deviation=0.05)
    assert race.is_lost([0.7, undefined])
    assert race.is_lost([0.8, undefined, 0.58])
    assert not race.is_lost([0.8, undefined])
    assert not race.is_lost([undefined, undefined])


@pytest.fixture(scope="module")
def wine() -> tuple:
    dataset = read_dataset("sklearn:wine")
    return dataset, make_folds(dataset, 4, 0), default_configuration("lda", dataset.task)


def test_candidate_that_falls_behind_leaves_its_scores_and_nothing_else(wine: tuple, tmp_path) -> None:
    dataset, folds, configuration = wine
    race = Race(metric="neg_log_loss", pace=(1.0, 1.0, 1.0, 1.0), deviation=1.0)  # nobody reaches a pace of one
    lost = Race(metric="neg_log_loss", pace=(10.0, 10.0, 10.0, 10.0), deviation=1.0)
    whole = cross_validate(configuration, dataset, folds, seed=0, models_folder=tmp_path, race=race)
    assert whole.status is Status.OK
    assert len(list(tmp_path.iterdir())) == 4
    for path in whole.models:
        path.unlink()
    given_up = cross_validate(configuration, dataset, folds, seed=0, models_folder=tmp_path, race=lost)
    assert given_up.status is Status.CANCELLED
    assert given_up.error == "clearly behind after 1 of 4 folds"
    assert given_up.scores["neg_log_loss"] == whole.scores["neg_log_loss"][:1]
    assert given_up.predictions is None
    assert not list(tmp_path.iterdir())


def test_first_look_uses_fewer_rows_and_folds_and_says_so(wine: tuple, tmp_path) -> None:
    dataset, folds, configuration = wine
    look = Fidelity(rows=0.5, folds=1)
    first = cross_validate(configuration, dataset, folds, seed=0, models_folder=tmp_path, fidelity=look)
    assert (first.status, first.fidelity, len(first.scores["accuracy"])) == (Status.CANCELLED, look, 1)
    assert first.error == "a first look: 1 fold, 50% of the rows"
    assert not list(tmp_path.iterdir())
    again = cross_validate(configuration, dataset, folds, seed=0, fidelity=look)
    assert again.scores == first.scores
    whole = cross_validate(configuration, dataset, folds, seed=0)
    assert whole.fidelity is FULL
    assert whole.scores["neg_log_loss"][0] != first.scores["neg_log_loss"][0]


def test_fewer_training_rows_with_all_folds_leave_no_row_without_a_prediction(wine: tuple, tmp_path) -> None:
    dataset, folds, configuration = wine
    fidelity = Fidelity(rows=0.5)
    found = cross_validate(configuration, dataset, folds, seed=0, models_folder=tmp_path, fidelity=fidelity)
    assert found.status is Status.OK
    assert len(found.models) == 4
    assert np.isfinite(found.predictions).all()
    whole = cross_validate(configuration, dataset, folds, seed=0)
    assert (found.predictions != whole.predictions).any()


def test_fit_to_fewer_rows_leaves_the_models_of_the_whole_evaluation_alone(wine: tuple, tmp_path) -> None:
    dataset, folds, configuration = wine
    whole, part = (
        cross_validate(configuration, dataset, folds, seed=0, models_folder=tmp_path, fidelity=fidelity)
        for fidelity in (FULL, Fidelity(rows=0.5))
    )
    assert len(set(whole.models) | set(part.models)) == 2 * len(folds)

import math

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.search import effort_of
from automl_meta.automl.validation import fits_in_time, folds_of_run, scheme_in_words, scheme_of_run
from automl_meta.datasets import Dataset, Task, make_dataset
from automl_meta.errors import InputError
from automl_meta.evaluation import FoldScheme
from automl_meta.evaluation.folds import HOLD_OUT
from automl_meta.metabase import metabase_paths
from automl_meta.metafeatures import extract_dataset
from automl_meta.metalearning import Advisor, Effort, forgetful, remember
from automl_meta.tuning.strategies.growing import growing_rungs


def table(n_rows: int) -> Dataset:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(n_rows, 3)), columns=list("abc"))
    return make_dataset(frame.assign(y=np.where(frame["a"] + random.normal(size=n_rows) > 0, "yes", "no")), "y")


def test_there_is_time_for_as_many_fits_as_promising_picks_take() -> None:
    dataset = table(3_000)
    described = extract_dataset(dataset, time_limit=1.0).to_dict()
    advisor = Advisor(remember(metabase_paths(None), Task.BINARY, "roc_auc"), described)
    fits = fits_in_time(advisor, dataset, 60.0)
    advisor.expect(Effort(fits=1, training_rows=3_000 * (1 - 1 / HOLD_OUT)))
    seconds = [pick.seconds for pick in advisor.recommendations()]
    assert 60.0 / max(seconds) <= fits <= 60.0 / min(seconds)
    assert fits_in_time(advisor, dataset, 6.0) == pytest.approx(fits / 10)


def test_who_knows_no_seconds_changes_no_folds() -> None:
    dataset = table(300)
    fits = fits_in_time(Advisor(forgetful(Task.BINARY, "roc_auc"), {}), dataset, 1.0)
    assert fits == math.inf
    assert scheme_of_run(dataset, RunOptions(), fits) == scheme_of_run(dataset, RunOptions())


def test_what_is_asked_for_is_done_however_little_time_there_is() -> None:
    options = RunOptions(folds=4, repeats=2)
    assert scheme_of_run(table(300), options, 1.0) == (4, 2)
    assert len(folds_of_run(table(300), options)) == 8
    assert len(folds_of_run(table(300), RunOptions(), FoldScheme(3))) == 3


@pytest.mark.parametrize(
    ("scheme", "usual", "words"),
    [
        (
            FoldScheme(1),
            FoldScheme(5),
            "a hold-out instead of 5: otherwise few candidates would end in time (--folds 5)",
        ),
        (FoldScheme(5), FoldScheme(5, 2), "5 folds instead of 5, 2 times over: .* (--folds 5 --repeats 2)"),
    ],
)
def test_fewer_folds_are_told_with_how_to_have_the_usual_ones(
    scheme: FoldScheme, usual: FoldScheme, words: str
) -> None:
    told = scheme_in_words(scheme, usual)
    first, _, last = words.partition(".*")
    assert told.startswith(first)
    assert told.endswith(last)


def test_the_first_evaluation_of_a_large_table_is_a_look_at_a_sample() -> None:
    large, small = table(200_000), table(3_000)
    options = RunOptions()
    folds = folds_of_run(large, options)
    rung = growing_rungs(160_000)[0]
    assert effort_of(options, large, folds) == Effort(fits=1, training_rows=rung.rows * len(folds[0][0]))
    counted = RunOptions(time_budget=None, max_evaluations=3)
    assert effort_of(counted, large, folds) == Effort(fits=1, training_rows=len(folds[0][0]))
    assert effort_of(options, small, folds_of_run(small, options)) == Effort(fits=5, training_rows=2_400)


@pytest.mark.parametrize("seed", [2**63, -(2**63)])
def test_seeds_that_a_meta_base_cannot_keep_are_refused_at_once(seed: int) -> None:
    with pytest.raises(InputError, match="seed must be between"):
        RunOptions(seed=seed)

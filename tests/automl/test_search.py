import logging

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.options import RunOptions, Search
from automl_meta.automl.search import make_strategy, samples_in_words
from automl_meta.automl.validation import folds_of_run
from automl_meta.datasets import Dataset, Task, make_dataset
from automl_meta.metalearning import Advisor, forgetful
from automl_meta.tuning.strategies.growing import FEWEST_ROWS
from automl_meta.tuning.strategies.protocol import Strategy


def table(n_rows: int) -> Dataset:
    return make_dataset(pd.DataFrame({"a": np.arange(n_rows) / 7, "y": np.arange(n_rows) % 2}), "y")


def strategy_for(n_rows: int, options: RunOptions) -> tuple[Strategy, str, int]:
    """Return the strategy, what is said of its samples, and the training rows of a fold."""
    dataset = table(n_rows)
    folds = folds_of_run(dataset, options)
    advisor = Advisor(forgetful(Task.BINARY, "roc_auc"), {})
    return make_strategy(options, dataset, "roc_auc", advisor, folds), samples_in_words(folds), len(folds[0][0])


def test_the_size_of_the_first_sample_is_the_one_that_is_told() -> None:
    strategy, words, training_rows = strategy_for(200_000, RunOptions())
    proposal = strategy.ask(60.0)
    assert proposal is not None
    rows = round(proposal.fidelity.rows * training_rows)
    assert f"samples of {rows:,} rows and more" in words
    assert rows >= FEWEST_ROWS


@pytest.mark.parametrize(
    ("n_rows", "search", "said"),
    [
        (300, "random", ""),
        (300, "grid", ""),
        (300, "none", ""),
        (300, "halving", "--search halving tries 3 ranked picks"),
        (300, "meta", "--search meta tries no ranked picks"),
        (300, "uniform", "--search uniform tries no ranked picks"),
        (50, "random", "of 50 rows a short list is tried"),
    ],
)
def test_a_number_of_picks_that_has_no_effect_is_said(
    n_rows: int, search: Search, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        strategy_for(n_rows, RunOptions(search=search, top_k=5))
    assert [record.getMessage().startswith(f"--top-k 5 has no effect: {said}") for record in caplog.records] == (
        [True] if said else []
    )


@pytest.mark.parametrize("search", ["halving", "meta", "uniform"])
def test_nothing_is_said_of_picks_that_nobody_asked_for(search: Search, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        strategy_for(300, RunOptions(search=search))
    assert caplog.records == []

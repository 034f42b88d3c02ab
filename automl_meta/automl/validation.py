"""Which rows validate which in a run."""

import math

import numpy as np

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.errors import InputError
from automl_meta.evaluation import FoldScheme, Metric, make_folds, suitable_scheme
from automl_meta.evaluation.folds import HOLD_OUT, Fold
from automl_meta.evaluation.metrics import MetricError
from automl_meta.metalearning import Advisor, Effort

PROMISING = 5  # of the picks, those that are expected to stand best


def scheme_of_run(dataset: Dataset, options: RunOptions, fits: float = math.inf) -> FoldScheme:
    """Return how the rows of a run are split: as the options ask for, else what suits the table.

    Parameters
    ----------
    fits : float
        For how many fits there is time.

    Raises
    ------
    InputError
        If forward splits are to be repeated.
    """
    if dataset.times is not None and options.repeats not in (None, 1):
        raise InputError("--repeats: rows in the order of time can be split in one way only. Leave it out.")
    return suitable_scheme(dataset, n_folds=options.folds, repeats=options.repeats, fits=fits)


def folds_of_run(dataset: Dataset, options: RunOptions, scheme: FoldScheme | None = None) -> list[Fold]:
    """Return the folds of a run; there are none where the rows are too few to hold any out.

    Raises
    ------
    InputError
        If forward splits are to be repeated.
    """
    n_folds, repeats = scheme or scheme_of_run(dataset, options)
    return make_folds(dataset, n_folds, options.seed, repeats=repeats)


def fits_in_time(advisor: Advisor, dataset: Dataset, core_seconds: float) -> float:
    """Return for how many fits of what is promising there is time; infinite where that is not known."""
    advisor.expect(Effort(fits=1, training_rows=dataset.n_rows * (1 - 1 / HOLD_OUT)))
    picks = sorted(advisor.recommendations(), key=lambda pick: -pick.standing)
    seconds = [pick.seconds for pick in picks[:PROMISING]]
    expected = float(np.median(seconds)) if seconds else math.nan
    return core_seconds / expected if expected > 0 else math.inf


def scheme_in_words(scheme: FoldScheme, usual: FoldScheme) -> str:
    """Return what people should know of folds that are fewer than usual."""
    asked = f"--folds {usual.n_folds}" + (f" --repeats {usual.repeats}" if usual.repeats > 1 else "")
    made = "a hold-out" if scheme.n_folds == 1 else f"{scheme.n_folds} folds"
    often = f", {usual.repeats} times over" if usual.repeats > 1 else ""
    return f"{made} instead of {usual.n_folds}{often}: otherwise few candidates would end in time ({asked})"


def check_weights(dataset: Dataset, metric: Metric) -> None:
    """Check that the metric is defined for rows that count differently, if they do.

    Raises
    ------
    MetricError
        If it is not.
    """
    if dataset.weights is not None and not metric.weighted:
        raise MetricError(
            f"--metric {metric.name} is not defined for weighted rows. Leave out --sample-weight, or it."
        )

"""Which rows validate which in a run."""

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.errors import InputError
from automl_meta.evaluation import Metric, default_n_folds, suitable_folds
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.metrics import MetricError


def folds_of_run(dataset: Dataset, options: RunOptions) -> list[Fold]:
    """Return the folds of a run: what the options ask for, else what suits the table.

    There are none where the rows are too few to hold any out.

    Raises
    ------
    InputError
        If forward splits are to be repeated.
    """
    if dataset.times is not None and options.repeats not in (None, 1):
        raise InputError("--repeats: rows in the order of time can be split in one way only. Leave it out.")
    return suitable_folds(dataset, options.seed, n_folds=options.folds, repeats=options.repeats)


def n_folds_of_run(dataset: Dataset, options: RunOptions) -> int:
    """Return into how many folds the rows are to be split: what the options ask for, else what suits the table."""
    return options.folds or default_n_folds(dataset.n_rows, len(dataset.schema.features))


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

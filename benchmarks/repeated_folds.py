"""How much better repeated folds choose among the catalogue's defaults where rows are few.

    AUTOML_META_DATASETS=... python benchmarks/repeated_folds.py

Of each table some rows are cross-validated and the rest is a hold-out. The default that is best over one, two or
three repeats of five folds is judged by its score on the hold-out: its regret is how far that is below the best
default's, in per cent of the range from the worst to the best (NaN where they are the same).
"""

import os
from itertools import combinations
from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from automl_meta.datasets import Dataset, read_dataset
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.metrics import Metric
from automl_meta.pipelines.build import build_pipeline, predict
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.catalogue import catalogue
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.context import FitContext
from automl_meta.seeding import generator

TABLES = "banana aer_hmda bank_customer_churn aer_nmes1988 ecdat_wages cardata_wells".split()
FOLDS, REPEATS = 5, 3


def defaults(dataset: Dataset, exclude: tuple[str, ...]) -> list[Configuration]:
    """Return the defaults of the installed algorithms."""
    names = [name for name in catalogue(dataset.task) if name not in exclude]
    everything = candidate_configurations(dataset.task, 30)
    first = {configuration.algorithm: configuration for configuration in reversed(everything)}
    return [first[name] for name in names]


def holdout_score(configuration: Configuration, train: Dataset, test: Dataset, metric: Metric) -> float:
    """Return the score on `test` of the configuration fitted to `train`."""
    context = FitContext(task=train.task, n_classes=train.n_classes)
    pipeline = build_pipeline(configuration, train.schema, context).fit(train.X, train.y)
    return metric.score(test.y, predict(pipeline, test.X, test.task, test.n_classes))


def regrets(estimates: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[int, float]:
    """Return the mean regret by number of repeats, over all ways to choose so many of them.

    Parameters
    ----------
    estimates : array of shape (n_configurations, REPEATS)
    truth : array of shape (n_configurations,)
    """
    lost = 100 * (truth.max() - truth) / (truth.max() - truth.min())
    return {
        n: float(
            np.mean(
                [lost[estimates[:, list(some)].mean(axis=1).argmax()] for some in combinations(range(REPEATS), n)]
            )
        )
        for n in range(1, REPEATS + 1)
    }


@click.command()
@click.option("--rows", "sizes", type=int, multiple=True, default=(150, 400, 800), show_default=True)
@click.option("--draws", type=int, default=1, show_default=True, help="Samples of each table.")
@click.option("--exclude", multiple=True, help="Algorithm to leave out; repeatable.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("repeated_folds.csv"), show_default=True)
def main(sizes: tuple[int, ...], draws: int, exclude: tuple[str, ...], output: Path) -> None:
    """Measure, write the table as it grows, and print the means."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    rows: list[dict[str, object]] = []
    for draw in range(draws):
        for n_rows in sizes:
            for name in TABLES:
                dataset = read_dataset(folder / index.loc[name, "path"], index.loc[name, "target"])
                order = generator(draw, name).permutation(dataset.n_rows)
                train, test = dataset.take(np.sort(order[:n_rows])), dataset.take(np.sort(order[n_rows:]))
                found = measure(train, test, exclude, draw)
                rows.append({"table": name, "rows": n_rows, "draw": draw, **found})
                pd.DataFrame(rows).to_csv(output, index=False)
                click.echo(rows[-1])
    click.echo(pd.DataFrame(rows).groupby("rows")[[f"repeats {n}" for n in range(1, REPEATS + 1)]].mean().round(1))


def measure(train: Dataset, test: Dataset, exclude: tuple[str, ...], seed: int) -> dict[str, float]:
    """Return the regrets on one sample of one table."""
    metric = default_metric(train.task)
    folds = make_folds(train, FOLDS, seed, repeats=REPEATS)
    estimates, truth = [], []
    with threadpool_limits(1):
        for configuration in defaults(train, exclude):
            scores = cross_validate(configuration, train, folds, seed=seed).scores[metric.name]
            estimates.append(np.reshape(scores, (REPEATS, FOLDS)).mean(axis=1))
            truth.append(holdout_score(configuration, train, test, metric))
    return {f"repeats {n}": value for n, value in regrets(np.array(estimates), np.array(truth)).items()}


if __name__ == "__main__":
    main()

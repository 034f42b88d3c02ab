"""How much of the regret that the benchmark reports is noise of the scores? From the folds of every run.

    python benchmarks/score_noise.py

A score is the mean of a few folds, and "the best configuration known" the largest of many such means: on a table of
random targets it is best by luck, and no method can find it. For every dataset, the *reliability* is the share of the
variance over configurations that is not explained by how much a configuration's scores differ between folds (the
fold's own level aside). What a method would reach that knew the truth, and tried the truly best configurations in
order, is simulated: scores with the spread that reliability leaves them, plus noise with the covariance over
configurations that the folds show.

Printed are the mean normalised regrets of that method, of the default one, and of random search after as many
evaluations as the default one is to save it, by reliability; ten parts of families are left out in turn.
"""

import click
import numpy as np
from numpy.typing import NDArray

from automl_meta.cli.benchmark import experiences
from automl_meta.metabase import MetaBase, default_path
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.loo import Curves, evaluate, random_search
from automl_meta.seeding import generator

GOALS = ((1, 1), (5, 30), (10, 60))  # evaluations, and those of random search that they are compared with
METRICS = ("roc_auc", "neg_log_loss", "neg_root_mean_squared_error")
DRAWS = 200
CLASSES = ((0.0, 0.8), (0.8, 0.95), (0.95, 1.01), (0.8, 1.01), (0.0, 1.01))


@click.command()
@click.option("--folds", default=10, show_default=True, help="Parts of families that are left out in turn.")
def main(folds: int) -> None:
    """Print regrets by how reliable the scores of a dataset are."""
    with MetaBase.open(default_path(), "ro") as store:
        for title, experience, metric in experiences([default_path()], "all", METRICS, ()):
            ours = evaluate(Combined, experience, n_evaluations=max(GOALS)[0], n_folds=folds)
            chance = random_search(experience, n_evaluations=GOALS[-1][1])
            tables = [fold_scores(store, dataset, metric) for dataset in ours.datasets]
            reliability = np.array([reliability_of(table) for table in tables])
            truth = np.array([regret_of_the_truth(table) for table in tables])
            print(f"\n{title}, {metric}; mean normalised regret in per cent\n")
            heads = [f"knowing the truth, k={few} | default, k={few} | random, k={many}" for few, many in GOALS]
            print(f"| reliability | datasets | {' | '.join(heads)} |")
            print("| --- | ---: | " + " | ".join(["---: | ---: | ---:"] * len(GOALS)) + " |")
            for low, high in CLASSES:
                here = (reliability >= low) & (reliability < high)
                print(f"| {low:g} to {min(high, 1.0):g} | {here.sum()} | {cells(here, truth, ours, chance)} |")


def fold_scores(store: MetaBase, dataset: str, metric: str) -> NDArray[np.float64]:
    """Return the scores of the capped runs that succeeded, of shape (n_folds, n_configurations)."""
    runs = [run for run in store.runs(dataset) if metric in run.scores]
    rows = min(run.protocol.rows for run in runs)
    folds = [run.scores[metric] for run in runs if run.protocol.rows == rows]
    table = np.array(folds, dtype=np.float64).T
    return table[:, np.isfinite(table).all(axis=0)]


def residuals(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what neither the configuration nor the fold explains, of shape (n_folds, n_configurations)."""
    rest = table - table.mean(axis=0)
    return np.asarray(rest - rest.mean(axis=1, keepdims=True))


def reliability_of(table: NDArray[np.float64]) -> float:
    """Return the share of the variance of the mean scores that is not noise."""
    n_folds, n_configurations = table.shape
    noise = (residuals(table) ** 2).sum() / ((n_folds - 1) * n_configurations) / n_folds
    variance = table.mean(axis=0).var(ddof=1)
    return float(max(0.0, 1.0 - noise / variance)) if variance > 0 else 0.0


def regret_of_the_truth(table: NDArray[np.float64]) -> list[float]:
    """Return the expected normalised regrets, after as many evaluations as `GOALS` say, of who knows the means."""
    n_folds = len(table)
    means, rest = table.mean(axis=0), residuals(table)
    true = means.mean() + np.sqrt(reliability_of(table)) * (means - means.mean())
    weights = generator(0, "noise").normal(size=(DRAWS, n_folds)) / np.sqrt(n_folds * (n_folds - 1))
    seen = (true + weights @ rest)[:, np.argsort(-true)]
    best = seen.max(axis=1)
    spread = np.where(best > seen.min(axis=1), best - seen.min(axis=1), 1.0)
    return [float(((best - seen[:, :few].max(axis=1)) / spread).mean()) for few, _ in GOALS]


def cells(here: NDArray[np.bool_], truth: NDArray[np.float64], ours: Curves, chance: Curves) -> str:
    """Return the regrets over the datasets of `here`, as cells of a table."""
    known, curve, luck = (table[here].mean(axis=0) for table in (truth, ours.regret, chance.regret))
    found = [(known[goal], curve[few - 1], luck[many - 1]) for goal, (few, many) in enumerate(GOALS)]
    return " | ".join(f"{100 * regret:.1f}" for three in found for regret in three)


if __name__ == "__main__":
    main()

"""How much of the regret that the benchmark reports is noise of the scores? From the folds of every run.

    python benchmarks/score_noise.py

A score is the mean of a few folds, and "the best configuration known" the largest of many such means: on a table of
random targets it is best by luck, and no method can find it. For every dataset, the *reliability* is the share of the
variance over configurations that is not explained by how much a configuration's scores differ between folds (the
fold's own level aside). The regret of the truly best configuration is simulated: scores with the spread that
reliability leaves them, plus noise with the covariance over configurations that the folds show.

Then the default method against random search, ten parts of families left out in turn, by reliability.
"""

import click
import numpy as np
from numpy.typing import NDArray

from automl_meta.cli.benchmark import experiences
from automl_meta.metabase import MetaBase, default_path
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.loo import Curves, evaluate, random_search
from automl_meta.seeding import generator

STEPS = (1, 3, 5, 10)
DRAWS = 200
CLASSES = ((0.0, 0.8), (0.8, 0.95), (0.95, 1.01), (0.8, 1.01), (0.0, 1.01))


@click.command()
@click.option("--folds", default=10, show_default=True, help="Parts of families that are left out in turn.")
def main(folds: int) -> None:
    """Print regrets by how reliable the scores of a dataset are."""
    with MetaBase.open(default_path(), "ro") as store:
        for title, experience, metric in experiences([default_path()], "all", (), ()):
            ours = evaluate(Combined, experience, n_evaluations=max(STEPS), n_folds=folds)
            chance = random_search(experience)
            tables = [fold_scores(store, dataset, metric) for dataset in ours.datasets]
            reliability = np.array([reliability_of(table) for table in tables])
            floor = np.array([regret_of_the_best(table) for table in tables])
            print(f"\n{title}, {metric}; mean normalised regret in per cent\n")
            print("| reliability | datasets | truly best | k=1 | random's | ratio | random needs for k=1, 3, 5, 10 |")
            print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
            for low, high in CLASSES:
                here = (reliability >= low) & (reliability < high)
                print(line(f"{low:g} to {min(high, 1.0):g}", here, floor, ours, chance))


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


def regret_of_the_best(table: NDArray[np.float64]) -> float:
    """Return the expected normalised regret of the configuration that is best without noise."""
    n_folds = len(table)
    means, rest = table.mean(axis=0), residuals(table)
    true = means.mean() + np.sqrt(reliability_of(table)) * (means - means.mean())
    weights = generator(0, "noise").normal(size=(DRAWS, n_folds)) / np.sqrt(n_folds * (n_folds - 1))
    seen = true + weights @ rest
    spread = seen.max(axis=1) - seen.min(axis=1)
    return float(((seen.max(axis=1) - seen[:, true.argmax()]) / np.where(spread > 0, spread, 1.0)).mean())


def line(title: str, here: NDArray[np.bool_], floor: NDArray[np.float64], ours: Curves, chance: Curves) -> str:
    """Return one row of the table, over the datasets of `here`."""
    curve, luck = ours.regret[here].mean(axis=0), chance.regret[here].mean(axis=0)
    needs = ", ".join(str(int(np.argmax(luck <= curve[step - 1])) + 1) for step in STEPS)
    return (
        f"| {title} | {here.sum()} | {100 * floor[here].mean():.1f} | {100 * curve[0]:.1f} | {100 * luck[0]:.1f} "
        f"| {100 * curve[0] / luck[0]:.0f} % | {needs} |"
    )


if __name__ == "__main__":
    main()

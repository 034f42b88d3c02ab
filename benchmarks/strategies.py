"""Which way to search is best: the best out-of-fold score over time, by strategy, dataset and seed.

    AUTOML_META_DATASETS=... python benchmarks/strategies.py --output strategies.csv --plot docs/strategies.svg

Every strategy gets the same folds (what the first of them was given), workers and budget; the meta-base forgets each
dataset. Scores are put on one scale for each dataset: 0 is the worst that any strategy had at the first moment, 1 the
best at the last. What the output has already is not measured again.
"""

import os
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

from automl_meta.automl.listener import Listener
from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import read_dataset
from automl_meta.evaluation import Evaluation, FoldScheme, default_metric
from automl_meta.execution.protocol import Status
from automl_meta.metabase import MetaBase, default_path

# Varied in kind of task, rows, columns, strings and missing cells; none is simulated.
DATASETS = (
    "tic_tac_toe",
    "cylinder_bands",
    "custdata_health_ins",
    "online_food_orders",
    "mammography",
    "soybean",
    "vehicle",
    "dplyr_storms",
    "bayesrules_coffee_ratings",
    "aer_houseprices",
    "ecdat_wages",
    "electricity_price_ie",
)
STRATEGIES = ("random", "grid", "halving", "meta", "none", "uniform")
MOMENTS = (5, 10, 20, 30, 45, 60, 100, 150, 200, 300)


class Course(Listener):
    """Notes the best score over time."""

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.started = time.monotonic()
        self.points: list[tuple[float, float]] = []

    def evaluated(self, evaluation: Evaluation) -> None:
        """Note a better score."""
        if evaluation.status is Status.OK:
            self.points.append((time.monotonic() - self.started, evaluation.score(self.metric)))

    def best_at(self, moment: float) -> float:
        """Return the best score until `moment`; NaN before the first."""
        return max((score for seconds, score in self.points if seconds <= moment), default=float("nan"))


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("strategies.csv"), show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Where the curves are drawn (SVG or PNG).")
@click.option("--time-budget", type=float, default=60.0, show_default=True)
@click.option("--seeds", type=int, default=3, show_default=True)
@click.option("--strategy", "strategies", multiple=True, default=STRATEGIES)
@click.option("--dataset", "names", multiple=True, default=DATASETS)
@click.option("--jobs", type=int, help="Workers. [default: one a core]")
def main(
    output: Path,
    plot: Path | None,
    time_budget: float,
    seeds: int,
    strategies: tuple[str, ...],
    names: tuple[str, ...],
    jobs: int | None,
) -> None:
    """Measure what is missing in the output, print the summary and draw it."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    with MetaBase.open(default_path(), "ro") as store:
        known = {record.family for record in store.datasets()}
    columns = ["dataset", "strategy", "seed", "folds", "repeats"]
    done = pd.read_csv(output) if output.exists() else pd.DataFrame(columns=columns)
    keys = set(zip(done["dataset"], done["strategy"], done["seed"], strict=True))
    schemes = {row.dataset: FoldScheme(int(row.folds), int(row.repeats)) for row in done.itertuples()}
    for seed in range(seeds):
        for name in names:
            entry = index.loc[name]
            dataset = read_dataset(folder / entry["path"], entry["target"], task=entry["task"])
            for strategy in strategies:
                if (name, strategy, seed) in keys:
                    continue
                scheme = schemes.get(name)
                options = RunOptions(
                    time_budget=time_budget,
                    search=strategy,  # type: ignore[arg-type]
                    ensemble="best",
                    seed=seed,
                    jobs=jobs,
                    folds=scheme.n_folds if scheme else None,
                    repeats=scheme.repeats if scheme else None,
                    patience=False,
                    forget=(entry["family"],) if entry["family"] in known else (),
                )
                course = Course(default_metric(dataset.task).name)
                result = run(dataset, options, listener=course)
                schemes.setdefault(name, result.scheme)
                rows = pd.DataFrame(
                    {
                        "dataset": name,
                        "strategy": strategy,
                        "seed": seed,
                        "folds": result.scheme.n_folds,
                        "repeats": result.scheme.repeats,
                        "seconds": [moment for moment in MOMENTS if moment <= time_budget],
                        "score": [course.best_at(moment) for moment in MOMENTS if moment <= time_budget],
                        "evaluations": len(course.points),
                    }
                )
                rows.to_csv(output, mode="a", index=False, header=not output.exists())
                click.echo(
                    f"{name}, seed {seed}, {strategy}: {course.best_at(time_budget):.5g}, {len(course.points)}"
                )
    scaled = on_one_scale(pd.read_csv(output))
    table = scaled.pivot_table(index="strategy", columns="seconds", values="scaled", aggfunc="mean")
    click.echo(table.round(3).to_string())
    if plot is not None:
        draw(scaled, plot)


def on_one_scale(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the column ``scaled``; a strategy without a score yet stands at 0."""
    groups = rows.groupby("dataset")["score"]
    low, high = groups.transform("min"), groups.transform("max")
    return rows.assign(scaled=((rows["score"] - low) / (high - low)).where(high > low, 1.0).fillna(0.0))


def draw(scaled: pd.DataFrame, path: Path) -> None:
    """Draw the mean over datasets and seeds with its standard error over datasets."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for strategy, group in scaled.groupby("strategy"):
        by_dataset = group.pivot_table(index="dataset", columns="seconds", values="scaled", aggfunc="mean")
        mean, error = by_dataset.mean(), by_dataset.std() / np.sqrt(len(by_dataset))
        axes.plot(mean.index, mean, label=strategy)
        axes.fill_between(mean.index, mean - error, mean + error, alpha=0.12)
    axes.set(xscale="log", xlabel="seconds", ylabel="best out-of-fold score, scaled")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()

"""What changes when experiments are made on 10,000 rows instead of 2,000? From the meta-base, which has both.

    python benchmarks/row_cap.py

For the datasets that were run under both protocols, and the configurations that are known under both: how alike their
ranks are, what the best one of 2,000 rows loses on 10,000, and which algorithms stand better there (0 is the worst on
a dataset, 1 the best). Then: is the new dataset's first pick, and the best of three and five, better on 10,000 rows
when the larger runs take the place of the smaller ones in what is learned from? Families are left out, eight parts.
"""

from collections import defaultdict
from dataclasses import replace

import click
import numpy as np
from scipy.stats import spearmanr

from automl_meta.datasets import Task
from automl_meta.metabase import Experience, MetaBase, Protocol, default_path, read_matrices
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.loo import splits
from automl_meta.metalearning.standings import standings
from automl_meta.pipelines.vectors import vectorize

SMALL, LARGE = (Protocol(rows=rows, folds=3, seed=0, source="build") for rows in (2_000, 10_000))
KINDS = (
    ("classification", (Task.BINARY, Task.MULTICLASS), "neg_log_loss"),
    ("regression", (Task.REGRESSION,), "neg_root_mean_squared_error"),
)
PICKS = 5


@click.command()
@click.option("--least", default=16, show_default=True, help="Runs on 10,000 rows that a dataset must have.")
def main(least: int) -> None:
    """Print what the cap changes."""
    with MetaBase.open(default_path(), "ro") as store:
        for title, tasks, metric in KINDS:
            small = read_matrices(store, tasks, protocol=SMALL)
            vectors = vectorize(small.configurations, tasks[0])
            large = read_matrices(
                store, tasks, protocol=LARGE, configurations=small.configurations, min_runs=least
            ).experience(metric, vectors)
            print(f"{title}: {len(large.datasets)} datasets")
            known = small.experience(metric, vectors)
            algorithms = [configuration.algorithm for configuration in small.configurations]
            print_ranks(known, large, algorithms)
            print_regrets("learned from 2,000 rows", known, large)
            print_regrets("learned from 10,000 rows where known", with_rows_of(known, large), large)


def print_ranks(small: Experience, large: Experience, algorithms: list[str]) -> None:
    """Print how alike ranks are, what the best loses, and which algorithms stand better with more rows."""
    alike, lost, moves = [], [], defaultdict(list)
    for row, name in enumerate(large.datasets):
        pair = np.stack([small.scores[small.datasets.index(name)], large.scores[row]])
        both = np.flatnonzero(np.isfinite(pair).all(axis=0))
        places = standings(pair[:, both], np.zeros((2, len(both)), dtype=bool))
        alike.append(spearmanr(*places).statistic)
        lost.append(1.0 - places[1, places[0].argmax()])
        for column, move in zip(both, places[1] - places[0], strict=True):
            moves[algorithms[column]].append(move)
    print(f"  rank correlation, median: {np.median(alike):.2f}")
    print(f"  regret on 10,000 rows of the best on 2,000: {np.mean(lost):.1%}")
    for name, values in sorted(moves.items(), key=lambda item: np.mean(item[1])):
        print(f"    {name:24s} {np.mean(values):+.3f}")


def with_rows_of(small: Experience, large: Experience) -> Experience:
    """Return `small` with the rows of those datasets that `large` has too."""
    rows = [small.datasets.index(name) for name in large.datasets]
    changed = {name: getattr(small, name).copy() for name in ("scores", "failed", "seconds", "training_rows")}
    for name, values in changed.items():
        values[rows] = getattr(large, name)
    return replace(small, **changed)


def print_regrets(title: str, learned: Experience, asked: Experience) -> None:
    """Print the mean regret, on the datasets of `asked`, of what is proposed by a model that has not seen them."""
    regrets, places = [], standings(asked.scores, asked.failed)
    for split in splits(learned, 8):
        names = [learned.datasets[row] for row in split.held_out if learned.datasets[row] in asked.datasets]
        model = Combined().fit(split.training) if names else None
        for name in names:
            row = asked.datasets.index(name)
            known = np.isfinite(asked.scores[row])
            observed: dict[int, float] = {}
            for _ in range(PICKS):
                assert model is not None
                pick = model.propose(asked.metafeatures[row], observed, known)
                observed[pick] = float(asked.scores[row, pick])
            regrets.append(1.0 - np.maximum.accumulate(places[row, list(observed)]))
    means = np.mean(regrets, axis=0)
    print(f"  regret, {title}: first pick {means[0]:.1%}, best of three {means[2]:.1%}, of five {means[4]:.1%}")


if __name__ == "__main__":
    main()

"""How much room should a stack leave for mistakes that were not seen? On two thirds of the rows, scored on the rest.

    AUTOML_META_DATASETS=FOLDER python benchmarks/stack_sharpness.py

One short search a dataset (at most 2,000 of its rows); the eight best candidates' out-of-fold predictions are stacked
on two thirds of the rows, twelve times drawn, as if from none to one row that is wrong had been seen besides. Printed
are the log loss on the other third for none, how the others change it, and the mean over datasets.
"""

import os
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.automl.run_folder import RunFolder
from automl_meta.automl.validation import folds_of_run
from automl_meta.datasets import make_dataset
from automl_meta.ensembling import stacking
from automl_meta.ensembling.library import Library, make_library
from automl_meta.evaluation import resolve_metric
from automl_meta.seeding import generator

# From nearly separable to noisy.
DATASETS = (
    "mice_protein stat2data_hawks kr_vs_kp optdigits dermatology young_people_survey soybean ecdat_car "
    "qsar_biodegradation cylinder_bands tic_tac_toe vehicle wilt student_portuguese_pass yeast spambase"
).split()
UNSEEN = (1e-9, 0.1, 0.3, 0.5, 1.0)
ROWS, MEMBERS, DRAWS = 2_000, 8, 12


@click.command()
@click.option("--seconds", default=22.0, show_default=True, help="Time for each search.")
@click.option("--dataset", "names", multiple=True, default=DATASETS, help="Repeatable.")
def main(seconds: float, names: tuple[str, ...]) -> None:
    """Print how the log loss changes with what is assumed of rows that were not seen."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    changes = []
    for name in names:
        table = pd.read_csv(folder / index.loc[name, "path"])
        table = table.sample(min(ROWS, len(table)), random_state=0).reset_index(drop=True)
        losses = held_out_losses(searched(table, index.loc[name], seconds))
        changes.append(np.log(losses / losses[0]))
        print(f"{name:28s} {losses[0]:.4f} {' '.join(f'{change:+.1%}' for change in changes[-1][1:])}", flush=True)
    print(f"{'mean of the changes':35s} {' '.join(f'{change:+.1%}' for change in np.mean(changes, axis=0)[1:])}")


def searched(table: pd.DataFrame, entry: pd.Series, seconds: float) -> Library:
    """Return the best candidates of a short search, scored by log loss."""
    dataset = make_dataset(table, entry["target"], task=entry["task"])
    options = RunOptions(time_budget=seconds, patience=False)
    with tempfile.TemporaryDirectory() as scratch:
        result = run(dataset, options, started=time.monotonic(), folder=RunFolder.create(Path(scratch) / "run"))
        metric = resolve_metric("neg_log_loss", dataset.task)
        folds = folds_of_run(dataset, options)
        library = make_library(result.evaluations, dataset.y, dataset.task, metric, folds)
    return library.only(range(min(MEMBERS, library.size)))


def held_out_losses(library: Library) -> np.ndarray:
    """Return the mean log loss on the rows that the second layer has not seen, for each of `UNSEEN`."""
    losses = np.zeros(len(UNSEEN))
    n_rows = len(library.y)
    for draw in range(DRAWS):
        order = generator(draw, "rows").permutation(n_rows)
        seen, other = (library.take(np.sort(part)) for part in np.split(order, [2 * n_rows // 3]))
        for position, unseen in enumerate(UNSEEN):
            stacking.UNSEEN = unseen
            combined = stacking.fit_second_layer(seen).combine(list(other.predictions))
            losses[position] -= other.metric.score(other.y, combined) / DRAWS
    return losses


if __name__ == "__main__":
    main()

"""What boosters learn in little time: with the steps that were asked for, and with steps that suit the time.

    AUTOML_META_DATASETS=FOLDER python benchmarks/short_fits.py

Each algorithm's default configuration is fitted to 70 % of a real table, with one thread and so many seconds, and
scored on the rest by the task's default metric (higher is better); once with its learning rate as it is, once with
larger steps where the time is short of enough of them, as `fit` does it.
"""

import argparse
import csv
import os
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from automl_meta.datasets import Dataset, Task, read_dataset
from automl_meta.evaluation import default_metric
from automl_meta.evaluation.all_rows import fit_to_all_rows
from automl_meta.pipelines.build import predict
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.estimators import hurry

DATASETS = ("weight_lifting_har", "statlog_landsat_satellite", "bank_customer_churn", "cpu_act", "king_county_houses")
ALGORITHMS = ("lightgbm", "xgboost", "catboost", "hist_gradient_boosting")
SECONDS = (0.5, 1.5, 4.0)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="*", default=list(DATASETS))
    parser.add_argument("--seconds", nargs="*", type=float, default=list(SECONDS))
    arguments = parser.parse_args()
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    with (folder / "index.csv").open() as file:
        index = {row["name"]: row for row in csv.DictReader(file)}
    heads = [f"{seconds:g} s, {how}" for seconds in arguments.seconds for how in ("asked for", "larger")]
    print("| dataset | algorithm |", " | ".join(heads), "|")
    print("| --- | --- |", " ---: |" * len(heads), sep="")
    for name in arguments.datasets:
        entry = index[name]
        dataset = read_dataset(folder / entry["path"], entry["target"], task=entry["task"])
        stratify = dataset.y if dataset.task.is_classification else None
        train, test = train_test_split(np.arange(dataset.n_rows), test_size=0.3, random_state=0, stratify=stratify)
        for algorithm in ALGORITHMS:
            scores = [
                scored(dataset, train, test, algorithm, seconds, largest)
                for seconds in arguments.seconds
                for largest in (0.0, hurry.LARGEST)
            ]
            print(f"| {name} | {algorithm} |", " | ".join(f"{score:.5g}" for score in scores), "|", flush=True)


def scored(
    dataset: Dataset, train: np.ndarray, test: np.ndarray, algorithm: str, seconds: float, largest: float
) -> float:
    """Return the score of one fit; with `largest` 0, no step is larger than what was asked for."""
    usual = hurry.LARGEST
    hurry.LARGEST = largest
    try:
        configuration = default_configuration(algorithm, Task(dataset.task))
        model = fit_to_all_rows(configuration, dataset.take(train), seed=0, max_seconds=seconds)
    finally:
        hurry.LARGEST = usual
    rest = dataset.take(test)
    return float(default_metric(dataset.task).score(rest.y, predict(model, rest.X, dataset.task, dataset.n_classes)))


if __name__ == "__main__":
    main()

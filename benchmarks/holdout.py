"""Fit on 70 % of real datasets through the command line, and score on the other 30 %.

    AUTOML_META_DATASETS=... python benchmarks/holdout.py --time-budget 30

For each dataset: `automl-meta fit` on the training file, with the dataset's whole family forgotten by the meta-base;
`automl-meta predict` in a new process; the default metric of the task on the held-out rows, beside scikit-learn's
`HistGradientBoosting` at its defaults with ordinal-encoded categories on the same rows.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from automl_meta.datasets import Task
from automl_meta.evaluation import default_metric
from automl_meta.metabase import MetaBase, default_path

# Chosen before anything was measured: all-categorical, missing cells, strings and blanks, 2 to 20 classes, wide.
DATASETS = (
    "tic_tac_toe",
    "bayesrules_hotel_bookings",
    "cylinder_bands",
    "custdata_health_ins",
    "soybean",
    "micro_mass_pure_spectra",
    "dplyr_storms",
    "bayesrules_coffee_ratings",
    "wish_summer_products",
    "aer_houseprices",
)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-budget", type=float, default=30.0)
    parser.add_argument("--datasets", nargs="*", default=list(DATASETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit-option", action="append", default=[], help="passed on to `fit`, e.g. --search=grid")
    arguments = parser.parse_args()
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    with (folder / "index.csv").open() as file:
        index = {row["name"]: row for row in csv.DictReader(file)}
    print(
        "dataset,metric,ours,hist_gradient_boosting,out_of_fold,out_of_fold_error,wall_seconds,evaluations,failed,kind"
    )
    wins = 0
    for name in arguments.datasets:
        row = compare(folder, index[name], arguments)
        wins += row[2] > row[3]
        print(",".join(f"{value:.5g}" if isinstance(value, float) else str(value) for value in row), flush=True)
    print(f"better than HistGradientBoosting on {wins} of {len(arguments.datasets)}")


def compare(folder: Path, entry: dict[str, str], arguments: argparse.Namespace) -> tuple[object, ...]:
    """Return one row of the table."""
    table = pd.read_csv(folder / entry["path"])
    target, task = entry["target"], Task(entry["task"])
    strata = table[target] if task.is_classification else None
    train, test = train_test_split(table, test_size=0.3, random_state=arguments.seed, stratify=strata)
    with tempfile.TemporaryDirectory() as scratch:
        ours, document, seconds = fit_and_predict(Path(scratch), train, test, entry, arguments)
    y, classes = codes(table[target], train[target], test[target], task)
    metric = default_metric(task)
    theirs = hist_gradient_boosting(train.drop(columns=target), y[0], test.drop(columns=target), task, len(classes))
    failed = sum(line["status"] not in ("ok", "cancelled") for line in document["leaderboard"])
    return (
        entry["name"],
        metric.name,
        metric.score(y[1], in_order(ours, target, classes, task)),
        metric.score(y[1], theirs),
        document["score"],
        document["score_error"],
        seconds,
        document["evaluations"],
        failed,
        document["ensemble"]["kind"],
    )


def fit_and_predict(
    scratch: Path, train: pd.DataFrame, test: pd.DataFrame, entry: dict[str, str], arguments: argparse.Namespace
) -> tuple[pd.DataFrame, dict[str, object], float]:
    """Return the predictions that a new process made, the document that `fit` printed, and its wall seconds."""
    train.to_csv(scratch / "train.csv", index=False)
    test.drop(columns=entry["target"]).to_csv(scratch / "test.csv", index=False)
    command = [sys.executable, "-m", "automl_meta", "fit", "train.csv", "--target", entry["target"], "--json"]
    command += ["--task", entry["task"], "--time-budget", str(arguments.time_budget), "--output", "model.automl"]
    command += ["--seed", str(arguments.seed), *arguments.fit_option]
    if entry["family"] in known_families():
        command += ["--forget", entry["family"]]
    start = time.perf_counter()
    fitted = finished(command, scratch)
    seconds = time.perf_counter() - start
    command = [sys.executable, "-m", "automl_meta", "predict", "model.automl", "test.csv", "-o", "predictions.csv"]
    if entry["task"] != "regression":
        command.append("--proba")
    finished(command, scratch)
    return pd.read_csv(scratch / "predictions.csv"), json.loads(fitted.stdout), seconds


def finished(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `command` in `folder`; where it fails, end with what it said."""
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {process.stderr}")
    return process


def known_families() -> set[str]:
    """Return the families that the meta-base would have to forget."""
    with MetaBase.open(default_path(), "ro") as store:
        return {record.family for record in store.datasets()}


def codes(
    whole: pd.Series, train: pd.Series, test: pd.Series, task: Task
) -> tuple[tuple[np.ndarray, np.ndarray], list[str]]:
    """Return the targets of both parts as codes (or numbers), and the classes as text."""
    if not task.is_classification:
        return (train.to_numpy(float), test.to_numpy(float)), []
    labels = pd.Index(sorted(whole.unique()))
    return (labels.get_indexer(train), labels.get_indexer(test)), [str(label) for label in labels]


def in_order(predictions: pd.DataFrame, target: str, classes: list[str], task: Task) -> np.ndarray:
    """Return numbers, or probabilities in the order of the codes."""
    if not task.is_classification:
        return predictions[target].to_numpy(float)
    return predictions[[f"{target}={label}" for label in classes]].to_numpy(float)


def hist_gradient_boosting(
    X: pd.DataFrame, y: np.ndarray, X_test: pd.DataFrame, task: Task, n_classes: int
) -> np.ndarray:
    """Return what the default model predicts for `X_test`."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    prepare = make_column_transformer(
        (encoder, make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    if not task.is_classification:
        return make_pipeline(prepare, HistGradientBoostingRegressor(random_state=0)).fit(X, y).predict(X_test)
    model = make_pipeline(prepare, HistGradientBoostingClassifier(random_state=0)).fit(X, y)
    probabilities = np.zeros((len(X_test), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(X_test)
    return probabilities


if __name__ == "__main__":
    main()

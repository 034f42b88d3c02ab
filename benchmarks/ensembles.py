"""What ensembles are worth: 20 real datasets, 70 % to fit, 30 % to score.

    AUTOML_META_DATASETS=... python benchmarks/ensembles.py --time-budget 60 --output ensembles.csv
    python benchmarks/ensembles.py --output ensembles.csv --summary

One fit a dataset, its whole family forgotten by the meta-base. The default ensemble, `greedy` and `stack` alone, the
single candidate that was best out of fold and the plain average of the five best are all made of that fit's
candidates, each a bag of its fold models; the best single is also fitted anew to all rows of the 70 %. A row is
written as each dataset ends, and datasets that have a row are passed over.
"""

import argparse
import csv
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import RunResult, run
from automl_meta.automl.run_folder import RunFolder
from automl_meta.automl.validation import folds_of_run
from automl_meta.datasets import Task, make_dataset, target_from
from automl_meta.datasets.features import features_from
from automl_meta.ensembling import EnsembleOptions, EnsemblePlan, plan_ensemble
from automl_meta.evaluation import Evaluation
from automl_meta.evaluation.bootstrap import bootstrap_intervals
from automl_meta.metabase import MetaBase, default_path
from automl_meta.persistence import save_model
from automl_meta.pipelines.build import build_pipeline, predict
from automl_meta.pipelines.context import FitContext

# Chosen before anything was measured: 7 of two classes, 6 of several, 7 of numbers; 400 to 10,000 rows, 5 to 149
# columns; all numeric, mostly categorical, with many missing cells, with rare classes. None is simulated.
DATASETS = (
    "aer_psid1976",
    "fivethirtyeight_dem_candidates",
    "young_people_survey",
    "openintro_reddit_finance",
    "nasa_kc1",
    "wilt",
    "bank_customer_churn",
    "vehicle",
    "cmc",
    "yeast",
    "ecdat_car",
    "optdigits",
    "openintro_yrbss",
    "islr_credit",
    "modeldata_concrete",
    "wooldridge_htv",
    "mosaicdata_saratogahouses",
    "abalone",
    "world_bank_co2",
    "metro_traffic_volume",
)
COLUMNS = (
    "dataset",
    "metric",
    "default",
    "kind",
    "layers",
    "members",
    "best_single",
    "best_single_refit",
    "average_of_five",
    "greedy",
    "stack",
    "reported",
    "reported_error",
    "fitted",
    "test_error",
    "best_single_noise",
    "coverage",
    "predict_seconds",
    "megabytes",
    "seconds",
    "evaluations",
)
ROWS_TO_PREDICT = 10_000


def main() -> None:
    """Run the benchmark, or sum it up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-budget", type=float, default=60.0)
    parser.add_argument("--datasets", nargs="*", default=list(DATASETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("ensembles.csv"))
    parser.add_argument("--summary", action="store_true", help="only sum up what --output holds")
    arguments = parser.parse_args()
    if not arguments.summary:
        measure(arguments)
    summarise(pd.read_csv(arguments.output))


def measure(arguments: argparse.Namespace) -> None:
    """Append a row for each dataset that has none yet."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    done = set(pd.read_csv(arguments.output)["dataset"]) if arguments.output.exists() else set()
    for name in arguments.datasets:
        if name in done:
            continue
        entry = index.loc[name]
        row = {"dataset": name, **compare(pd.read_csv(folder / entry["path"]), entry, arguments)}
        is_new = not arguments.output.exists()
        with arguments.output.open("a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if is_new:
                writer.writeheader()
            writer.writerow(
                {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}
            )


def compare(table: pd.DataFrame, entry: pd.Series, arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit once, and score all that can be made of the candidates."""
    target, task = entry["target"], Task(entry["task"])
    strata = table[target] if task.is_classification else None
    train, test = train_test_split(table, test_size=0.3, random_state=arguments.seed, stratify=strata)
    with tempfile.TemporaryDirectory() as scratch:
        started = time.monotonic()
        dataset = make_dataset(train.reset_index(drop=True), target, task=task.value)
        forget = (entry["family"],) if entry["family"] in known_families() else ()
        options = RunOptions(time_budget=arguments.time_budget, seed=arguments.seed, forget=forget)
        result = run(dataset, options, started=started, folder=RunFolder.create(Path(scratch) / "run"))
        save_model(Path(scratch) / "model.automl", result.model)
        seconds = time.monotonic() - started
        size = (Path(scratch) / "model.automl").stat().st_size / 1e6
        return {**scores(result, test), "seconds": seconds, "megabytes": size}


def scores(result: RunResult, test: pd.DataFrame) -> dict[str, Any]:
    """Return the row's entries that come from predicting."""
    dataset, metric, plan = result.dataset, result.metric, result.plan
    y = target_from(test, dataset.schema)
    X, _ = features_from(test, dataset.schema)
    predictions = _predictions(result, X)
    ordered = sorted(
        (e for e in result.evaluations if e.predictions is not None), key=lambda e: -e.score(metric.name)
    )
    default = _of_model(result, test)
    best = predictions(ordered[0].configuration.id)
    five = np.mean([predictions(e.configuration.id) for e in ordered[:5]], axis=0)
    alone = {kind: _combined(_plan(result, kind), predictions) for kind in ("greedy", "stack")}
    return {
        "metric": metric.name,
        "default": metric.score(y, default),
        "kind": plan.kind,
        "layers": max(plan.layers),
        "members": len(plan.members),
        "best_single": metric.score(y, best),
        "best_single_refit": metric.score(y, _refitted(result, ordered[0], X)),
        "average_of_five": metric.score(y, five),
        **{kind: metric.score(y, combined) for kind, combined in alone.items()},
        "reported": plan.score,
        "reported_error": plan.error,
        "fitted": plan.optimistic_score,
        "test_error": _spread(metric, y, default),
        "best_single_noise": _difference_noise(metric, y, default, best),
        "coverage": "" if dataset.task.is_classification else _coverage(result, test, y),
        "predict_seconds": _seconds_to_predict(result, test),
        "evaluations": len(result.evaluations),
    }


def _of_model(result: RunResult, test: pd.DataFrame) -> np.ndarray:
    of_classes = result.dataset.task.is_classification
    return (result.model.predict_proba if of_classes else result.model.predict)(test)[0]


def _plan(result: RunResult, kind: str) -> EnsemblePlan:
    dataset = result.dataset
    folds = folds_of_run(dataset, RunOptions(seed=result.model.manifest["seed"]))
    options = EnsembleOptions(kind=kind)
    return plan_ensemble(result.evaluations, dataset.y, dataset.task, result.metric, folds, options=options)


def _predictions(result: RunResult, X: pd.DataFrame) -> Callable[[str], np.ndarray]:
    """Return a function from a configuration's id to what the bag of its fold models predicts."""
    dataset = result.dataset
    models = {e.configuration.id: e.models for e in result.evaluations}

    @cache
    def of(name: str) -> np.ndarray:
        bag = [pickle.loads(path.read_bytes()) for path in models[name]]  # written by this run's own workers
        return np.mean([predict(model, X, dataset.task, dataset.n_classes) for model in bag], axis=0)

    return of


def _combined(plan: EnsemblePlan, predictions: Callable[[str], np.ndarray]) -> np.ndarray:
    combined = plan.combiner.combine([predictions(member) for member in plan.members])
    return combined if plan.calibration is None else plan.calibration.apply(combined)


def _refitted(result: RunResult, best: Evaluation, X: pd.DataFrame) -> np.ndarray:
    dataset = result.dataset
    context = FitContext(task=dataset.task, n_classes=dataset.n_classes, seed=0)
    pipeline = build_pipeline(best.configuration, dataset.schema, context).fit(dataset.X, dataset.y)
    return predict(pipeline, X, dataset.task, dataset.n_classes)


def _spread(metric: Any, y: np.ndarray, prediction: np.ndarray) -> float:
    """Return the standard error of the score on these rows, from a bootstrap interval of 95 %."""
    lower, upper = bootstrap_intervals([metric], y, prediction)[metric.name]
    return (upper - lower) / (2 * 1.96)


def _difference_noise(metric: Any, y: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Return the standard error of the difference between two predictions' scores, over resampled rows."""
    random = np.random.default_rng(0)
    draws = (random.integers(0, len(y), len(y)) for _ in range(200))
    return float(np.nanstd([metric.score(y[rows], one[rows]) - metric.score(y[rows], other[rows]) for rows in draws]))


def _coverage(result: RunResult, test: pd.DataFrame, y: np.ndarray) -> float:
    lower, upper, _ = result.model.predict_interval(test, 0.9)
    return float(np.mean((y >= lower) & (y <= upper)))


def _seconds_to_predict(result: RunResult, test: pd.DataFrame) -> float:
    rows = np.resize(np.arange(len(test)), ROWS_TO_PREDICT)
    table = test.iloc[rows].reset_index(drop=True)
    start = time.perf_counter()
    result.model.predict(table)
    return time.perf_counter() - start


@cache
def known_families() -> frozenset[str]:
    """Return the families that the meta-base would have to forget."""
    with MetaBase.open(default_path(), "ro") as store:
        return frozenset(record.family for record in store.datasets())


def summarise(table: pd.DataFrame) -> None:
    """Print the table, and how often what is promised holds."""
    shown: Sequence[str] = [name for name in COLUMNS if name in table]
    print(table[shown].to_string(index=False, float_format=lambda value: f"{value:.5g}"))
    n = len(table)
    gap = (table["reported"] - table["default"]).abs()
    both = np.hypot(table["reported_error"], table["test_error"])
    covered = table["coverage"].dropna()
    print(f"\nbetter than the best single: {(table['default'] > table['best_single']).sum()} of {n}")
    print(f"better than the average of five: {(table['default'] > table['average_of_five']).sum()} of {n}")
    worse = table["best_single"] - table["default"] > 2 * table["best_single_noise"]
    print(f"worse than the best single by more than 2 standard errors of the difference: {worse.sum()} of {n}")
    print(f"reported within 2 of its errors: {(gap <= 2 * table['reported_error']).sum()} of {n}")
    print(f"reported within 2 errors of the difference: {(gap <= 2 * both).sum()} of {n}")
    for kind in ("greedy", "stack"):
        print(f"{kind} alone, better than the best single: {(table[kind] > table['best_single']).sum()} of {n}")
    refit = (table["best_single_refit"] > table["best_single"]).sum()
    print(f"best single fitted to all rows, better than the bag of its fold models: {refit} of {n}")
    if len(covered):
        print(f"coverage of 90 % intervals: {covered.mean():.3f} on average of {len(covered)}")
    slowest = table["predict_seconds"].max()
    print(f"10,000 rows: {table['predict_seconds'].median():.2f} s at the median, {slowest:.2f} s at most")


if __name__ == "__main__":
    main()

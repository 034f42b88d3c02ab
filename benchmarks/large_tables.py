"""Fits large and wide tables through the command line and scores them on rows that they have not seen.

    python benchmarks/large_tables.py FOLDER [--only long|wide|broad] [--time-budget 120]

Makes the tables in FOLDER if they are not there (long is 300 MB of CSV), fits each, and prints seconds, peak memory
of the whole run and the score beside that of scikit-learn's `HistGradientBoosting` at its defaults,
fitted on 100,000 of the same rows.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

BASELINE_ROWS = 100_000
TEST_ROWS = 50_000
PIECE = 100_000  # rows that are made at a time
TARGET = "outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table to make."""

    rows: int
    numbers: int
    categories: int = 0


SHAPES = {
    "long": Shape(rows=1_000_000, numbers=24, categories=6),
    "broad": Shape(rows=200_000, numbers=200),
    "wide": Shape(rows=2_000, numbers=5_000),
}


def make_rows(shape: Shape, n_rows: int, seed: int) -> pd.DataFrame:
    """Return rows of a table with two classes that depend on a few columns, alone and together.

    Numbers are normal, some skewed; categories have 5 to 3,000 levels with an effect each. Every seed has the same
    truth.
    """
    random, truth = np.random.default_rng(seed), np.random.default_rng(0)
    numbers = random.standard_normal((n_rows, shape.numbers)).astype(np.float32)
    signal = np.zeros(n_rows)
    informative = min(15, shape.numbers)
    for position in range(informative):
        own, other = numbers[:, position], numbers[:, (position + 1) % informative]
        signal += truth.normal() * own + 0.6 * truth.normal() * np.sin(2.5 * own) * other
        signal += 0.4 * truth.normal() * (own * other > 0.5)
    columns: dict[str, NDArray[np.generic] | pd.Categorical] = {}
    for position in range(shape.numbers):
        values = np.exp(numbers[:, position]) if position % 5 == 4 else numbers[:, position]
        columns[f"number_{position}"] = np.round(values.astype(np.float64), 5)
    for position in range(shape.categories):
        levels = (5, 12, 40, 200, 1000, 3000)[position % 6]
        codes = np.minimum(random.geometric(4 / levels, n_rows) - 1, levels - 1)
        signal += truth.normal(0, 0.8, levels)[codes]
        columns[f"category_{position}"] = np.char.add("level_", codes.astype(str))
    noise = random.logistic(0, 1.5, n_rows)
    columns[TARGET] = np.where(signal + noise > 0, "yes", "no")
    return pd.DataFrame(columns)


def write_table(shape: Shape, path: Path) -> None:
    """Write a table piece by piece."""
    temporary = path.with_suffix(".part")
    writer = None
    for number in range(-(-shape.rows // PIECE)):
        rows = min(PIECE, shape.rows - number * PIECE)
        piece = pa.Table.from_pandas(make_rows(shape, rows, seed=number + 1), preserve_index=False)
        writer = writer or pyarrow.csv.CSVWriter(temporary, piece.schema)
        writer.write_table(piece)
    if writer is not None:
        writer.close()
    temporary.rename(path)


class PeakMemory(threading.Thread):
    """Watches the memory of a process and all that it started, in MiB; what is shared counts once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.peak = 0.0

    def run(self) -> None:
        """Look until the process is gone."""
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            total = 0.0
            try:
                for process in (self._process, *self._process.children(recursive=True)):
                    try:
                        total += process.memory_full_info().pss
                    except psutil.Error:
                        continue
            except psutil.Error:
                return
            self.peak = max(self.peak, total / 2**20)
            time.sleep(0.5)


def baseline(train: pd.DataFrame, test: pd.DataFrame) -> tuple[float, float]:
    """Return the score of gradient boosting on a sample of the rows, and the seconds of its fit."""
    sample = train.sample(min(BASELINE_ROWS, len(train)), random_state=0)
    texts = [name for name in sample.columns if name != TARGET and not pd.api.types.is_numeric_dtype(sample[name])]
    codes = {name: pd.Index(sample[name].value_counts().index[:254]) for name in texts}

    def features(frame: pd.DataFrame) -> pd.DataFrame:
        coded = {name: codes[name].get_indexer(frame[name]) for name in texts}
        return frame.drop(columns=TARGET).assign(**coded)

    started = time.perf_counter()
    model = HistGradientBoostingClassifier(categorical_features=texts or None, random_state=0)
    model.fit(features(sample), sample[TARGET])
    seconds = time.perf_counter() - started
    probabilities = model.predict_proba(features(test))[:, list(model.classes_).index("yes")]
    return float(roc_auc_score(test[TARGET] == "yes", probabilities)), seconds


def fit(table: Path, budget: float, more: list[str]) -> dict[str, object]:
    """Fit a table and return the run's JSON document with its wall-clock seconds and peak memory."""
    model = table.with_suffix(".automl")
    command = [sys.executable, "-m", "automl_meta", "fit", str(table), "--target", TARGET, "--json"]
    command += ["--time-budget", str(budget), "-o", str(model), *more]
    started = time.perf_counter()
    log = table.with_suffix(".log")
    with log.open("w") as messages:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages, text=True)
        memory = PeakMemory(process.pid)
        memory.start()
        output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(log.read_text()[-2000:])
    return {**json.loads(output), "wall": time.perf_counter() - started, "peak_mb": memory.peak}


def score(table: Path, test: pd.DataFrame) -> float:
    """Return the ROC AUC of a table's model on other rows."""
    from automl_meta.persistence import load_model

    model = load_model(table.with_suffix(".automl"))
    probabilities, _ = model.predict_proba(test.drop(columns=TARGET))
    return float(
        roc_auc_score(test[TARGET] == "yes", probabilities[:, list(model.schema.classes or ()).index("yes")])
    )


def main() -> None:
    """Make, fit, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=SHAPES, action="append")
    parser.add_argument("--time-budget", type=float, default=120.0)
    parser.add_argument("--make-only", action="store_true", help="make the tables and stop")
    parser.add_argument("more", nargs="*", help="further arguments of fit, after --")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.only or SHAPES:
        shape, table = SHAPES[name], given.folder / f"{name}.csv"
        if not table.exists():
            write_table(shape, table)
        print(f"{name}: {shape.rows} rows, {table.stat().st_size / 1e6:.0f} MB", flush=True)
        if given.make_only:
            continue
        result = fit(table, given.time_budget, given.more)
        print(json.dumps({key: result[key] for key in ("wall", "peak_mb", "timings") if key in result}), flush=True)
        test = make_rows(shape, TEST_ROWS, seed=10_000)
        base, seconds = baseline(pd.read_csv(table), test)
        print(f"{name}: automl-meta {score(table, test):.5f}, HistGradientBoosting {base:.5f} in {seconds:.1f} s")


if __name__ == "__main__":
    main()

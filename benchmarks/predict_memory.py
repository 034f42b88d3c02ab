"""How much memory predicting a large CSV takes beyond the model: fits a small model, writes a table, measures peaks.

python benchmarks/predict_memory.py --rows 1000000
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROWS_AT_ONCE = 100_000
LOAD = "import sys; from automl_meta.persistence import load_model; load_model(sys.argv[1])"


def table(n_rows: int, seed: int) -> pd.DataFrame:
    """Return numbers, categories, a date, a flag and a short text; the target follows the first number."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {f"number_{i}": random.normal(size=n_rows).round(5) for i in range(12)}
    columns |= {f"level_{i}": random.choice(["red", "green", "blue", "grey"], n_rows) for i in range(4)}
    days = random.integers(0, 2000, n_rows)
    columns["day"] = (np.datetime64("2019-01-01") + days).astype(str)
    columns["flag"] = random.choice(["yes", "no"], n_rows)
    columns["price"] = [f"${value:,.2f}" for value in random.gamma(2, 800, n_rows)]
    hidden = np.asarray(columns["number_0"]) + (columns["level_0"] == np.array("red"))
    columns["target"] = np.where(hidden + random.normal(size=n_rows) > 0.3, "yes", "no")
    return pd.DataFrame(columns)


def write(path: Path, n_rows: int) -> None:
    """Write a table of any length in bounded memory."""
    for start in range(0, n_rows, ROWS_AT_ONCE):
        part = table(min(ROWS_AT_ONCE, n_rows - start), start)
        part.to_csv(path, mode="a" if start else "w", header=not start, index=False)


def peak_of(*command: str) -> tuple[float, float]:
    """Run a command; return the peak of its memory in MiB, and its seconds."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20), time.monotonic() - started


def main() -> None:
    """Print the peaks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--include", default="lightgbm,hist_gradient_boosting")
    rows = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "train.csv", 5_000)
        write(folder / "large.csv", rows.rows)
        model = str(folder / "model.automl")
        fit = ["-m", "automl_meta", "fit", str(folder / "train.csv"), "--max-evaluations", "2", "--top-k", "2"]
        peak_of(*fit, "--include", rows.include, "--quiet", "-o", model)
        loaded, _ = peak_of("-c", LOAD, model)
        predicting = ["-m", "automl_meta", "predict", model, str(folder / "large.csv"), "--proba"]
        peak, seconds = peak_of(*predicting, "-o", str(folder / "predictions.csv"))
        size = (folder / "large.csv").stat().st_size / 2**20
        print(f"{rows.rows:,} rows, {size:.0f} MiB of CSV: {seconds:.0f} s")
        print(f"peak {peak:.0f} MiB; with the model loaded alone {loaded:.0f} MiB: {peak - loaded:.0f} MiB beyond it")


if __name__ == "__main__":
    main()

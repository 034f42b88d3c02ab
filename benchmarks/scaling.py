"""How the cost of each stage grows with rows and columns.

    python benchmarks/scaling.py [--plot docs/scaling.svg] [--rows 1000 10000] [--columns 10 100]

For 1,000 to 1,000,000 rows and 10 to 1,000 columns (not both at their largest) each stage runs in a process of its
own, and its seconds and peak memory are printed: reading the CSV, understanding the columns, the meta-features, one
look at a sample, one whole fit of LightGBM on all rows, predicting, and writing the dataset for the workers. The
exponent that fits the growth with rows is printed for each stage: 1 is linear, 1.08 is n log n. LightGBM stops when
it no longer learns, and more rows have more to teach: fitting and predicting are also given per boosting round.
"""

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

ROWS = (1_000, 10_000, 100_000, 1_000_000)
COLUMNS = (10, 100, 1_000)
MOST_CELLS = 2e8  # the corner beyond is left out
LOOK_ROWS = 20_000
STAGES = ("read", "understand", "meta-features", "send", "look", "fit", "predict")
BY_ROUND = ("fit", "predict")  # of boosting


def write_table(rows: int, columns: int, path: Path) -> None:
    """Write a table whose target depends on five of its columns."""
    random = np.random.default_rng(0)
    writer = None
    for start in range(0, rows, 50_000):
        values = random.standard_normal((min(50_000, rows - start), columns)).round(4)
        signal = values[:, :5] @ np.array([1.0, -1.0, 0.5, 0.5, -0.5]) + values[:, 0] * values[:, 1]
        frame = pd.DataFrame(values, columns=[f"x{position}" for position in range(columns)])
        frame["target"] = np.where(signal + random.standard_normal(len(values)) > 0, "yes", "no")
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pyarrow.csv.CSVWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measure(path: Path) -> dict[str, tuple[float, float]]:
    """Return the seconds of each stage, and the peak memory of the process at its end in MiB."""
    from automl_meta.datasets.making import make_dataset
    from automl_meta.datasets.reading import read_table
    from automl_meta.evaluation.cross_validation import cross_validate
    from automl_meta.evaluation.folds import make_folds
    from automl_meta.evaluation.partial import Fidelity
    from automl_meta.metafeatures import extract_dataset
    from automl_meta.pipelines.build import build_pipeline, predict
    from automl_meta.pipelines.catalogue import default_configuration
    from automl_meta.pipelines.context import FitContext

    figures: dict[str, tuple[float, float]] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        value = work()
        figures[stage] = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return value

    frame = timed("read", lambda: read_table(path))
    dataset = timed("understand", lambda: make_dataset(frame, "target"))
    timed("meta-features", lambda: extract_dataset(dataset, time_limit=None))
    timed("send", lambda: len(pickle.dumps(dataset, protocol=5)))
    configuration = default_configuration("lightgbm", dataset.task)
    folds = make_folds(dataset, 1, 0)
    share = min(1.0, LOOK_ROWS / len(folds[0][0]))
    timed(
        "look", lambda: cross_validate(configuration, dataset, folds, seed=0, fidelity=Fidelity(rows=share, folds=1))
    )
    context = FitContext(task=dataset.task, n_classes=dataset.n_classes, seed=0, threads=1)
    pipeline = build_pipeline(configuration, dataset.schema, context)
    timed("fit", lambda: pipeline.fit(dataset.X, dataset.y))
    timed("predict", lambda: predict(pipeline, dataset.X, dataset.task, dataset.n_classes))
    for stage in BY_ROUND:
        seconds, memory = figures[stage]
        figures[f"{stage} by round"] = seconds / pipeline[-1].estimator_.rounds_, memory
    return figures


def exponent(rows: list[int], seconds: list[float]) -> float:
    """Return the slope of log seconds over log rows between the two largest tables; 1 is linear."""
    return float(np.log(seconds[-1] / seconds[-2]) / np.log(rows[-1] / rows[-2]))


def measure_all(folder: Path, sizes: tuple[Sequence[int], Sequence[int]]) -> list[dict[str, Any]]:
    """Return the figures of all numbers of rows with all of columns, each measured in a process of its own."""
    results = []
    for columns in sizes[1]:
        for rows in sizes[0]:
            if rows * columns > MOST_CELLS:
                continue
            path = folder / "table.csv"
            write_table(rows, columns, path)
            command = [sys.executable, __file__, "--measure", str(path)]
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            results.append({"rows": rows, "columns": columns, "figures": json.loads(output)})
            print(json.dumps(results[-1]), flush=True)
    return results


def table_of(results: list[dict[str, Any]]) -> str:
    """Return the figures as a table in Markdown, with the exponents below."""
    by_round = tuple(f"{stage} by round" for stage in BY_ROUND)
    stages = (*STAGES, *by_round)
    titles = (*STAGES, *(f"{stage}, ms" for stage in by_round))
    lines = ["| rows | columns | " + " | ".join(titles) + " | peak MiB |", "| ---: " * (len(stages) + 3) + "|"]
    for result in results:
        figures = result["figures"]
        cells = [_short(figures[stage][0]) for stage in STAGES]
        cells += [_short(1000 * figures[stage][0]) for stage in by_round]
        peak = max(figure[1] for figure in figures.values())
        lines.append(f"| {result['rows']:,} | {result['columns']:,} | {' | '.join(cells)} | {peak:.0f} |")
    for columns, own in _by_columns(results):
        rows = [result["rows"] for result in own]
        if len(rows) < 2:
            continue
        slopes = [f"{exponent(rows, [r['figures'][stage][0] for r in own]):.2f}" for stage in stages]
        lines.append(f"| exponent | {columns:,} | {' | '.join(slopes)} | |")
    return "\n".join(lines)


def _short(number: float) -> str:
    return f"{number:.2f}" if number < 10 else f"{number:.0f}"


def _by_columns(results: list[dict[str, Any]]) -> list[tuple[int, list[dict[str, Any]]]]:
    columns = sorted({result["columns"] for result in results})
    return [(count, [result for result in results if result["columns"] == count]) for count in columns]


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Draw seconds over rows, a panel for each number of columns."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "scaling"
    groups = _by_columns(results)
    figure, grid = pyplot.subplots(
        1, len(groups), figsize=(1 + 3.4 * len(groups), 3.8), sharey=True, squeeze=False, layout="constrained"
    )
    panels = grid[0]
    for (columns, own), axes in zip(groups, panels, strict=True):
        for stage in STAGES:
            axes.plot([r["rows"] for r in own], [r["figures"][stage][0] for r in own], marker="o", ms=3, label=stage)
        axes.set(xscale="log", yscale="log", xlabel="rows", title=f"{columns:,} columns")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("seconds, one core")
    panels[-1].legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--columns", type=int, nargs="+", default=COLUMNS)
    parser.add_argument("--folder", type=Path, help="for the tables; up to 1 GB")
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.measure)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        results = measure_all(Path(folder), (given.rows, given.columns))
    print(table_of(results))
    if given.plot:
        plot(results, given.plot)


if __name__ == "__main__":
    main()

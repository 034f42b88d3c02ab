"""Same data, same time, same cores: who predicts better?

    AUTOML_META_DATASETS=... python benchmarks/peers/harness.py run --budget 60 --output peers60.csv
    python benchmarks/peers/harness.py table peers60.csv --plot docs/peers60.svg

Each tool lives in an environment of its own, which the first run makes from the package registry under `--home`.
Every run is a process of its own, one at a time: the same training and test files (70/30, stratified), metric (ROC
AUC, log loss, RMSE), budget, cores and seed; one function scores all. The meta-base forgets each dataset. Results
are appended to the output, and what is there is not measured again, unless it failed: then the last row counts. H2O
needs Java.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import psutil
from sklearn.model_selection import train_test_split
from standings import describe, draw
from tables import DATASETS
from tools import ABLATIONS, TOOLS, Tool

from automl_meta.datasets import Task
from automl_meta.evaluation import default_metric
from automl_meta.metabase import MetaBase, default_path

HERE = Path(__file__).parent
PATIENCE = 3.0  # budgets after which a run that has not ended is killed
COLUMNS = (
    *("dataset", "task", "tool", "budget", "seed", "metric", "score", "fit_seconds", "predict_seconds"),
    *("peak_memory_mb", "error"),
)


@click.group()
def cli() -> None:
    """Compare AutoML tools."""


@cli.command()
@click.option("--output", type=click.Path(path_type=Path), required=True)
@click.option("--budget", type=float, default=60.0, show_default=True)
@click.option("--tool", "names", multiple=True, help=f"One of: {', '.join(TOOLS)}. [default: all]")
@click.option("--ablations", is_flag=True, help="This project alone, without one of its parts at a time.")
@click.option("--dataset", "tables", multiple=True, default=DATASETS)
@click.option("--seeds", type=int, default=1, show_default=True)
@click.option("--cores", type=int, default=2, show_default=True)
@click.option("--home", type=click.Path(path_type=Path), default=Path.home() / ".cache" / "automl-meta-peers")
def run(
    output: Path,
    budget: float,
    names: tuple[str, ...],
    ablations: bool,
    tables: tuple[str, ...],
    seeds: int,
    cores: int,
    home: Path,
) -> None:
    """Measure what is missing in the output."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    entries = [(TOOLS[name], name, []) for name in names or TOOLS]
    if ablations:
        entries = [(TOOLS["automl-meta"], name, options) for name, options in ABLATIONS.items()]
    pythons = {tool.environment: python_of(tool, home) for tool, _, _ in entries}
    if not output.exists():
        output.write_text(",".join(COLUMNS) + "\n")
    done = measured(output)
    for seed in range(seeds):
        for name in tables:
            wanted = [entry for entry in entries if (name, entry[1], seed, budget) not in done]
            if not wanted:
                continue
            with tempfile.TemporaryDirectory() as scratch:
                job = prepare(folder, index.loc[name], Path(scratch), seed)
                for tool, label, options in wanted:
                    job |= {"budget": budget, "cores": cores, "options": options}
                    row = {"dataset": name, "tool": label, "budget": budget, "seed": seed} | measure(
                        tool, pythons[tool.environment], job, Path(scratch)
                    )
                    with output.open("a", newline="") as file:
                        csv.writer(file).writerow([row.get(column, "") for column in COLUMNS])
                    click.echo(f"{name}, {label}: {row.get('score')} in {row.get('fit_seconds')} s {row['error']}")


@cli.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True)
@click.option("--plot", type=click.Path(path_type=Path), help="Where the ranks are drawn (SVG or PNG).")
def table(results: tuple[Path, ...], plot: Path | None) -> None:
    """Print the tables, and draw them."""
    rows = pd.concat([pd.read_csv(path) for path in results])
    click.echo(describe(rows))
    if plot is not None:
        draw(rows, plot)


def measured(results: Path) -> set[tuple[str, str, int, float]]:
    """Return dataset, tool, seed and budget of each run in `results` that did not fail."""
    with results.open(newline="") as file:
        errors = {
            (row["dataset"], row["tool"], int(row["seed"]), float(row["budget"])): row["error"]
            for row in csv.DictReader(file)
        }
    return {run for run, error in errors.items() if not error}


def python_of(tool: Tool, home: Path) -> Path:
    """Return the Python of the tool's environment, which is made if it is not there."""
    if not tool.packages:
        return Path(sys.executable)
    folder = home / tool.environment
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        click.echo(f"installing {', '.join(tool.packages)}")
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *tool.packages], check=True)
        frozen = subprocess.run([python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
        (folder / "complete").write_text(frozen)
    return python


def prepare(folder: Path, entry: pd.Series, scratch: Path, seed: int) -> dict[str, Any]:
    """Write the training and the test file, and return the job that all tools get."""
    frame = pd.read_csv(folder / entry["path"])
    task = Task(entry["task"])
    y = frame.pop(entry["target"])
    n_classes = 0
    if task.is_classification:
        codes, labels = pd.factorize(y.astype(str), sort=True)
        n_classes = len(labels)
        y = pd.Series([f"c{code}" for code in codes])
    positions = np.arange(len(frame))
    train, test = train_test_split(positions, test_size=0.3, random_state=seed, stratify=y if n_classes else None)
    frame.iloc[train].assign(target=y.to_numpy()[train]).to_csv(scratch / "train.csv", index=False)
    frame.iloc[test].to_csv(scratch / "test.csv", index=False)
    with MetaBase.open(default_path(), "ro") as store:
        known = {record.family for record in store.datasets()}
    return {
        "task": task,
        "classes": n_classes,
        "seed": seed,
        "truth": y.to_numpy()[test],
        "forget": ["--forget", entry["family"]] if entry["family"] in known else [],
    }


def measure(tool: Tool, python: Path, job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    """Run one tool on one job, and return what came of it."""
    output = scratch / f"{tool.name.replace(' ', '-')}.csv"
    for leftover in (output, output.with_suffix(".json")):
        leftover.unlink(missing_ok=True)
    command = [str(python), str(HERE / "runners" / f"{tool.runner}.py")]
    for name, value in (
        *(("train", scratch / "train.csv"), ("test", scratch / "test.csv"), ("output", output)),
        *((key, job[key]) for key in ("task", "budget", "cores", "seed", "classes")),
        ("variant", tool.variant),
    ):
        command.append(f"--{name}={value}")
    if not tool.packages:
        command += [f"--option={option}" for option in (*job["forget"], *job["options"])]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(job["cores"]))
    process = subprocess.Popen(
        command, env=os.environ | threads, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    watch = MemoryWatch(process.pid)
    try:
        printed, _ = process.communicate(timeout=PATIENCE * job["budget"] + 120)
    except subprocess.TimeoutExpired:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        printed = "killed: it did not end"
    row: dict[str, Any] = {"task": job["task"], "peak_memory_mb": watch.end(), "error": ""}
    metric = default_metric(job["task"])
    row["metric"] = metric.name
    if process.returncode or not output.with_suffix(".json").exists():
        return row | {"error": " ".join(printed.split())[-300:]}
    seconds = json.loads(output.with_suffix(".json").read_text())
    return row | {
        "score": score(pd.read_csv(output), job),
        "fit_seconds": seconds["fit"],
        "predict_seconds": seconds["predict"],
    }


def score(predictions: pd.DataFrame, job: dict[str, Any]) -> float:
    """Return the task's default metric, higher is better; the same function for all tools."""
    metric = default_metric(job["task"])
    values = predictions.to_numpy(dtype=np.float64)
    if not job["classes"]:
        return float(metric.score(job["truth"].astype(np.float64), values[:, 0]))
    codes = np.array([int(label[1:]) for label in job["truth"]])
    values = np.clip(values, 1e-15, 1.0)
    return float(metric.score(codes, values / values.sum(axis=1, keepdims=True)))


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of memory that a process is to blame for: its proportional set size, else its resident set."""
    memory = process.memory_full_info()
    return int(getattr(memory, "pss", memory.rss))


class MemoryWatch:
    """Follows the memory of a process and its children; where the system tells, pages they share count once."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(0.25):
            try:
                parent = psutil.Process(self._pid)
                family = [parent, *parent.children(recursive=True)]
                self._peak = max(self._peak, sum(map(memory_of, family)) / 2**20)
            except psutil.NoSuchProcess:
                time.sleep(0.05)

    def end(self) -> float:
        """Return the peak in MiB."""
        self._over.set()
        self._thread.join()
        return round(self._peak)


if __name__ == "__main__":
    cli()

"""What every runner is given and gives back; only the standard library and, at the end, pandas are needed."""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TARGET = "target"


def given() -> argparse.Namespace:
    """Return the job: train, test, task, budget, cores, seed, variant, output, options."""
    parser = argparse.ArgumentParser()
    for name in ("--train", "--test", "--output"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--task", choices=["binary", "multiclass", "regression"], required=True)
    parser.add_argument("--budget", type=float, required=True)
    for name in ("--cores", "--seed", "--classes"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--variant", default="")
    parser.add_argument("--option", action="append", default=[])
    return parser.parse_args()


def class_names(job: argparse.Namespace) -> list[str]:
    """Return the labels as they stand in the training file."""
    return [f"c{code}" for code in range(job.classes)]


def metric(job: argparse.Namespace, *, binary: str, multiclass: str, regression: str) -> str:
    """Return the tool's word for the task's metric: ROC AUC, log loss, RMSE."""
    return {"binary": binary, "multiclass": multiclass, "regression": regression}[job.task]


def finish(job: argparse.Namespace, fit: "Callable[[pd.DataFrame], Any]", predict: Callable[[Any, Any], Any]) -> None:
    """Fit, predict and write the predictions: a column a class in the order of `class_names`, or one of numbers."""
    import pandas as pd

    started = process_start()
    train, test = pd.read_csv(job.train), pd.read_csv(job.test)
    model = fit(train)
    fitted = time.time()
    predictions = pd.DataFrame(predict(model, test))
    predictions.to_csv(job.output, index=False)
    seconds = {"fit": round(fitted - started, 2), "predict": round(time.time() - fitted, 2)}
    job.output.with_suffix(".json").write_text(json.dumps(seconds))


def process_start() -> float:
    """Return when this process began, in seconds since 1970."""
    ticks = float(Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - up + ticks / os.sysconf("SC_CLK_TCK")

"""Stand-ins for reading and evaluating, quick and in part ill-behaved, that run in real workers."""

import ctypes
import hashlib
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd

from automl_meta.datasets import Task, make_dataset
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Shared, Status
from automl_meta.metabase.experiments import Measured, Prepared, Problem
from automl_meta.metabase.records import DatasetRecord, Protocol, Run
from automl_meta.metabase.sources import DatasetSource
from automl_meta.pipelines.configuration import Configuration

METRICS = ("neg_root_mean_squared_error", "r2")
PROTOCOL = Protocol(rows=100, folds=3, seed=0, source="build")


def source(name: str, **changes: object) -> DatasetSource:
    values = {"task": Task.REGRESSION, "n_rows": 50, "n_columns": 1, "family": name, "location": name}
    return DatasetSource(name=name, **(values | changes))  # type: ignore[arg-type]


def configurations(n: int, *, log: Path | None = None, seconds: float = 0.0) -> list[Configuration]:
    return [
        Configuration("quick", {"number": number, "log": str(log or ""), "seconds": seconds}) for number in range(n)
    ]


def record(name: str, **changes: object) -> DatasetRecord:
    values = {"task": Task.REGRESSION, "n_rows": 50, "n_columns": 1, "n_classes": 0, "family": name}
    return DatasetRecord(name=name, **(values | changes))  # type: ignore[arg-type]


def run(dataset: str, configuration: Configuration, **changes: object) -> Run:
    values: dict[str, object] = {
        "protocol": PROTOCOL,
        "status": Status.OK,
        "scores": scores(dataset, configuration),
        "fit_seconds": 0.5,
        "predict_seconds": 0.25,
        "cpu_seconds": 0.5,
        "peak_memory_mb": 10.0,
        "n_rows": 50,
        "created": 1_700_000_000,
        "versions": {"numpy": "2.0"},
    }
    return Run(dataset=dataset, configuration=configuration, **(values | changes))  # type: ignore[arg-type]


def scores(dataset: str, configuration: Configuration) -> dict[str, tuple[float, ...]]:
    digest = hashlib.sha256(f"{dataset}/{configuration.id}".encode()).digest()
    folds = tuple(float(np.float32(byte / 256)) for byte in digest[:3])
    return {"neg_root_mean_squared_error": tuple(-value for value in folds), "r2": folds}


def killed(path: Path, target: Path) -> Path:
    """Copy a store that is being written to `target`, as it would be left by a kill, and return that."""
    for ending in ("", "-wal"):
        shutil.copy(path.with_name(path.name + ending), target.with_name(target.name + ending))
    return target


def prepare(source: DatasetSource, protocol: Protocol) -> Prepared:
    frame = pd.DataFrame({"x": np.arange(50.0) ** 1.5, "y": np.arange(50.0) ** 0.5})
    dataset = make_dataset(frame, "y", task="regression", name=source.name)
    return Prepared(record=record(source.name), problem=Problem(dataset=dataset, folds=[], seed=protocol.seed))


def measure(problem: Shared, configuration: Configuration, max_seconds: float | None) -> Measured:
    dataset: str = problem.get().dataset.name
    values = configuration.hyperparameters
    if values.get("log"):
        with Path(str(values["log"])).open("a") as file:
            file.write(f"{dataset} {configuration.id}\n")
    time.sleep(float(values.get("seconds") or 0.0))
    misbehave(configuration.algorithm)
    evaluation = Evaluation(
        configuration=configuration,
        status=Status.OK,
        scores=scores(dataset, configuration),
        fit_seconds=0.1,
        predict_seconds=0.1,
    )
    return Measured(evaluation=evaluation, cpu_seconds=0.1)


def misbehave(how: str) -> None:
    if how == "raises":
        raise ValueError("this one raises")
    if how == "hangs":
        ctypes.PyDLL(None).sleep(1000)
    if how == "eats":
        held = []
        while True:
            held.append(os.urandom(1024) * 8192)
    if how == "exits":
        os._exit(3)

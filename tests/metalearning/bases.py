"""A small meta-base in a file, for what reads one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from automl_meta.datasets import Task, dataset_from_arrays
from automl_meta.execution.protocol import Status
from automl_meta.metabase import DatasetRecord, MetaBase, MetaFeatureRecord, Protocol, Run
from automl_meta.metafeatures import extract_dataset
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.configuration import Configuration

METRICS = {Task.BINARY: "roc_auc", Task.REGRESSION: "neg_root_mean_squared_error"}


def write_metabase(
    path: Path, *, tasks: Sequence[Task] = (Task.BINARY, Task.REGRESSION), n_datasets: int = 12, n_columns: int = 25
) -> Path:
    """Write a meta-base in which even datasets like the first candidate best, odd ones the last."""
    protocol = Protocol(rows=500, folds=3)
    with MetaBase.open(path, "w") as store:
        for task in tasks:
            candidates = candidate_configurations(task, n_columns)
            for number in range(n_datasets):
                _add_dataset(store, task, number, candidates, protocol)
    return path


def write_twin(base: Path, path: Path) -> str:
    """Write what is known of the dataset binary5 to another meta-base, under the name that is returned."""
    name = "learned-c0ffee"
    with MetaBase.open(base) as store, MetaBase.open(path, "w") as target:
        record = store.dataset("binary5")
        assert record is not None
        target.add_dataset(replace(record, name=name, family=name))
        target.set_metafeatures(name, store.metafeatures()["binary5"])
        for run in store.runs("binary5"):
            target.add_run(replace(run, dataset=name))
    return name


def table_like(number: int, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return features and target; even and odd ones differ in what meta-features see."""
    random = np.random.default_rng(number)
    X = random.normal(size=(60 + 5 * number, 3 if number % 2 else 9))
    signal = X[:, 0] + 0.5 * random.normal(size=len(X))
    return X, (signal > 0).astype(int) if task is Task.BINARY else signal


def _add_dataset(
    store: MetaBase, task: Task, number: int, candidates: Sequence[Configuration], protocol: Protocol
) -> None:
    name = f"{task.value}{number}"
    dataset = dataset_from_arrays(*table_like(number, task), task=task, name=name)
    store.add_dataset(
        DatasetRecord(
            name=name,
            task=task,
            n_rows=dataset.n_rows,
            n_columns=dataset.X.shape[1],
            n_classes=dataset.n_classes,
            family=f"family{number // 2 if number < 2 else number}",
        )
    )
    found = extract_dataset(dataset, groups=("general", "statistical"))
    names = tuple(found.values)
    store.set_metafeatures(name, MetaFeatureRecord(names=names, values=found.as_vector(names), extractor="test"))
    quality = np.linspace(0.9, 0.6, len(candidates))[:: -1 if number % 2 else 1]
    for position, configuration in enumerate(candidates):
        store.add_run(
            Run(
                dataset=name,
                configuration=configuration,
                protocol=protocol,
                status=Status.OK,
                scores={METRICS[task]: (float(quality[position]) + 0.001 * number,) * 3},
                fit_seconds=0.1 * (1 + position),
            )
        )

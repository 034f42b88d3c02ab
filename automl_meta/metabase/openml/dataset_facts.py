"""What the meta-base keeps of an OpenML dataset: its record and its meta-features."""

import json

import numpy as np

from automl_meta.datasets import read_dataset
from automl_meta.errors import InputError
from automl_meta.metabase.experiments import extractor_version, metafeatures_of
from automl_meta.metabase.openml.archive import Archive, file_digest
from automl_meta.metabase.openml.conversion import is_classification, task_kind
from automl_meta.metabase.openml.formats import DatasetDescription, TaskDescription, read_qualities
from automl_meta.metabase.openml.qualities import metafeatures_from
from automl_meta.metabase.records import DatasetRecord, MetaFeatureRecord
from automl_meta.metafeatures import metafeature_names

ORIGIN = "OpenML"
Facts = tuple[DatasetRecord, MetaFeatureRecord]


def facts_from_table(archive: Archive, task: TaskDescription, dataset: DatasetDescription) -> Facts:
    """Return what our own reader and extractor say of the table.

    Raises
    ------
    InputError
        If nothing can be learned from the table.
    NotCachedError, UnavailableError
        As `Archive.table`.
    """
    file = archive.table(dataset)
    digest = file_digest(file)
    kind = "classification" if is_classification(task) else "regression"
    table = read_dataset(file, task.target, task=kind, ignore=dataset.ignored)  # type: ignore[arg-type]
    record = _record(
        task,
        dataset,
        n_rows=table.n_rows,
        n_columns=len(table.schema.columns),
        n_classes=table.n_classes,
        checksum=digest,
    )
    names = metafeature_names(table.task)
    path = f"metafeatures/{digest}/{task.target}/{extractor_version(names)}"
    kept = archive.get(path, _read_values) if archive.has(path) else None
    if kept is None:
        kept = {name: float(value) for name, value in zip(names, metafeatures_of(table).values, strict=True)}
        archive.keep(path, json.dumps(kept).encode())
    values = np.array([kept[name] for name in names], dtype=np.float64)
    return record, MetaFeatureRecord(names=names, values=values, extractor=extractor_version(names))


def facts_from_qualities(archive: Archive, task: TaskDescription, dataset: DatasetDescription) -> Facts:
    """Return what OpenML's qualities say, without the table.

    Raises
    ------
    InputError
        If they do not say how large it is.
    NotCachedError, RefusedError, UnavailableError
        As `Archive.get`.
    """
    qualities = archive.get(f"data/qualities/{dataset.dataset_id}", read_qualities) or {}
    needed = ["NumberOfInstances", "NumberOfFeatures", *(["NumberOfClasses"] if is_classification(task) else [])]
    missing = [name for name in needed if qualities.get(name, 0.0) < 1]
    if missing:
        raise InputError(f"OpenML has not computed {' and '.join(missing)} of dataset {dataset.dataset_id}.")
    record = _record(
        task,
        dataset,
        n_rows=int(qualities["NumberOfInstances"]),
        n_columns=int(qualities["NumberOfFeatures"]) - 1 - len(dataset.ignored),
        n_classes=int(qualities["NumberOfClasses"]) if is_classification(task) else 0,
    )
    return record, metafeatures_from(qualities)


def _record(
    task: TaskDescription,
    dataset: DatasetDescription,
    *,
    n_rows: int,
    n_columns: int,
    n_classes: int,
    checksum: str = "",
) -> DatasetRecord:
    other_target = f"_{task.target}" if dataset.default_target not in ("", task.target) else ""
    return DatasetRecord(
        name=f"openml_{dataset.dataset_id}_{dataset.name}{other_target}",
        task=task_kind(task, n_classes),
        family=dataset.name,  # its versions share rows
        n_rows=n_rows,
        n_columns=n_columns,
        n_classes=n_classes,
        target=task.target,
        origin=f"{ORIGIN} dataset {dataset.dataset_id}, version {dataset.version}",
        licence=dataset.licence,
        openml_id=dataset.dataset_id,
        checksum=checksum,
    )


def _read_values(body: bytes) -> dict[str, float]:
    values: dict[str, float] = json.loads(body)
    return values

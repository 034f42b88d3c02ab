"""Experiments that somebody else has made, from tables.

The table of runs has a row for each metric of each run, and these columns:

============== ===========================================================================================
dataset        name
algorithm      as the importer calls it; only what the catalogue has can be recommended
hyperparameters JSON object; all that the catalogue's algorithm has, for what is to be recommended
metric         a scikit-learn scorer's name; higher is better
score          number; empty for a run that failed
seconds        of the whole run; may be empty
============== ===========================================================================================

and may have these: task (binary, multiclass or regression), version, rows, folds, seed, source, status, error, fold
(a row for each fold then), fold_scores (numbers separated by spaces), fit_seconds, predict_seconds, cpu_seconds,
peak_memory_mb, n_rows, created. What `export` writes can be imported. Scores count only where the status is ok.

A table of datasets may say more of them: name, task, family, simulated, n_rows, n_columns, n_classes, target, origin,
licence, openml_id; those without runs are taken too. A table of meta-features has the column dataset and one for each
meta-feature.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets import read_dataset
from automl_meta.datasets.task import Task
from automl_meta.errors import InputError, quoted
from automl_meta.execution.protocol import Status
from automl_meta.metabase import scores
from automl_meta.metabase.experiments import describe_source, metafeatures_of
from automl_meta.metabase.records import MOST, DatasetRecord, MetaFeatureRecord, Protocol, Run
from automl_meta.metabase.sources import read_sources
from automl_meta.metabase.store import MetaBase
from automl_meta.pipelines.catalogue import is_in_catalogue
from automl_meta.pipelines.configuration import Configuration

NEEDED = ("dataset", "algorithm", "hyperparameters", "metric", "score", "seconds")
IMPORTED = "import"  # the extractor of meta-features that came as they are
MOST_SCORE = float(np.finfo(scores.DTYPE).max)


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import brought."""

    datasets: int = 0
    runs: int = 0
    known: int = 0  # runs that were there already
    foreign: int = 0  # runs of configurations that the catalogue does not have
    described: int = 0


@dataclass(slots=True)
class _RunRows:
    """The rows of one run."""

    line: int
    first: dict[str, Any]
    scores: dict[str, list[float]] = field(default_factory=dict)


@contextmanager
def store_to_fill(path: Path) -> Iterator[MetaBase]:
    """Open the store at `path` for writing; one that is made here is removed again if nothing comes of it."""
    is_new = not path.exists()
    try:
        with MetaBase.open(path, "w") as store:
            yield store
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise


def import_tables(
    store: MetaBase,
    runs: Path,
    *,
    datasets: Path | None = None,
    metafeatures: Path | None = None,
    data: Sequence[str] = (),
    source: str = "import",
) -> ImportReport:
    """Read tables of runs, datasets and meta-features (CSV or Parquet) into `store`, all or nothing.

    Parameters
    ----------
    data : sequence of str
        Index files, folders or tables of the datasets themselves: what is not known of them, meta-features too, is
        computed.
    source : str
        Name of the protocol's source where the table of runs says none.

    Raises
    ------
    InputError
        If a table cannot be read, or a row cannot be understood.
    """
    frame = _read(runs, NEEDED)
    report = ImportReport()
    with store.transaction():
        known = _given_datasets(datasets)
        for record in known.values():
            store.add_dataset(record)
        known |= _datasets_from_data(store, data, set(frame["dataset"]), report)
        tasks = {}
        for name, rows in frame.groupby("dataset", sort=False):
            record = known.get(str(name)) or store.dataset(str(name)) or _guessed(str(name), rows, runs)
            store.add_dataset(record)
            tasks[record.name] = record.task
            report.datasets += 1
        if data:
            _describe(store, data, set(known), report)
        if metafeatures is not None:
            report.described += _import_metafeatures(store, metafeatures)
        for run in _runs(frame, runs, source):
            added = store.add_run(run)
            report.runs += added
            report.known += not added
            report.foreign += not is_in_catalogue(run.configuration, tasks[run.dataset])
    return report


def _read(path: Path, needed: Iterable[str]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from error
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(f"{path}: has no column {' and no column '.join(map(repr, missing))}.")
    return frame


def _given_datasets(path: Path | None) -> dict[str, DatasetRecord]:
    if path is None:
        return {}
    records = []
    for number, row in enumerate(_rows(_read(path, ("name", "task"))), start=2):
        with _understanding(path, number):
            records.append(_dataset_record(row | {"name": str(row["name"])}, path))
    return {record.name: record for record in records}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows without their empty cells."""
    records: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    return [{str(key): value for key, value in row.items() if not pd.isna(value)} for row in records]


def _dataset_record(row: dict[str, Any], path: Path) -> DatasetRecord:
    try:
        return DatasetRecord(
            name=str(row["name"]),
            task=Task(row["task"]),
            n_rows=_integer(row.get("n_rows", 0)),
            n_columns=_integer(row.get("n_columns", 0)),
            n_classes=_integer(row.get("n_classes", 0)),
            family=str(row.get("family", row["name"])),
            simulated=bool(_integer(row.get("simulated", 0))),
            target=str(row.get("target", "")),
            origin=str(row.get("origin", "")),
            licence=str(row.get("licence", "")),
            openml_id=_integer(row["openml_id"]) if "openml_id" in row else None,
            checksum=str(row.get("checksum", "")),
        )
    except (ArithmeticError, KeyError, ValueError) as error:
        raise InputError(f"{path}: the dataset {row.get('name')!r} cannot be understood ({error}).") from error


def _datasets_from_data(
    store: MetaBase, data: Sequence[str], wanted: set[str], report: ImportReport
) -> dict[str, DatasetRecord]:
    records = {}
    for source in read_sources(data):
        if source.name in wanted:
            dataset = read_dataset(source.location, source.target, task=source.task.value if source.task else "auto")
            records[source.name] = describe_source(source, dataset)
    return records


def _describe(store: MetaBase, data: Sequence[str], wanted: set[str], report: ImportReport) -> None:
    for source in read_sources(data):
        if source.name in wanted:
            dataset = read_dataset(source.location, source.target, task=source.task.value if source.task else "auto")
            store.set_metafeatures(source.name, metafeatures_of(dataset))
            report.described += 1


def _guessed(name: str, rows: pd.DataFrame, path: Path) -> DatasetRecord:
    tasks = set(rows["task"].dropna()) if "task" in rows.columns else set()
    if len(tasks) != 1:
        raise InputError(
            f"{path}: the kind of task of {name!r} is not clear. "
            "Add a column task (binary, multiclass or regression), or a table with --datasets."
        )
    return _dataset_record({"name": name, "task": tasks.pop()}, path)


def _import_metafeatures(store: MetaBase, path: Path) -> int:
    frame = _read(path, ("dataset",))
    names = tuple(str(name) for name in frame.columns if name not in ("dataset", "extractor"))
    try:
        values = frame[list(names)].astype(np.float64).to_numpy()
    except ValueError as error:
        raise InputError(f"{path}: a meta-feature is not a number ({error}).") from error
    values = np.where(np.isfinite(values), values, np.nan)  # a store knows only what is defined
    extractors = frame["extractor"].fillna(IMPORTED) if "extractor" in frame.columns else [IMPORTED] * len(frame)
    for number, (dataset, extractor, row) in enumerate(
        zip(frame["dataset"], extractors, values, strict=True), start=2
    ):
        if pd.isna(dataset):
            raise InputError(f"{path}: line {number} cannot be understood: dataset is empty.")
        present = names if extractor == IMPORTED else tuple(n for n, v in zip(names, row, strict=True) if v == v)
        kept = row if extractor == IMPORTED else row[~np.isnan(row)]
        store.set_metafeatures(str(dataset), MetaFeatureRecord(names=present, values=kept, extractor=str(extractor)))
    return len(frame)


def _runs(frame: pd.DataFrame, path: Path, source: str) -> list[Run]:
    """Put the rows of each run together."""
    found: dict[tuple[str, str, Protocol], _RunRows] = {}
    for number, row in enumerate(_rows(frame), start=2):
        with _understanding(path, number):
            configuration = _configuration(row)
            protocol = Protocol(
                rows=_integer(row.get("rows", 0)),
                folds=_integer(row.get("folds", 0)),
                seed=_integer(row.get("seed", 0)),
                source=str(row.get("source", source)),
            )
            run = found.setdefault((str(row["dataset"]), configuration.id, protocol), _RunRows(number, row))
            run.first["configuration"] = configuration
            if "metric" in row:
                run.scores.setdefault(row["metric"], []).extend(_fold_scores(row))
    runs = []
    for (dataset, _, protocol), rows in found.items():
        with _understanding(path, rows.line):
            runs.append(_run(rows, dataset, protocol))
    return runs


@contextmanager
def _understanding(path: Path, line: int) -> Iterator[None]:
    """Turn what a cell that makes no sense raises into a message that says where it is."""
    try:
        yield
    except KeyError as error:
        raise InputError(f"{path}: line {line} cannot be understood: {error.args[0]} is empty.") from error
    except (ArithmeticError, TypeError, ValueError) as error:
        raise InputError(f"{path}: line {line} cannot be understood: {error}.") from error


def _configuration(row: dict[str, Any]) -> Configuration:
    try:
        values = json.loads(row["hyperparameters"])
    except ValueError as error:
        raise ValueError(f"its hyperparameters are no JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"its hyperparameters are {quoted(values)}, not a JSON object such as {{}}")
    return Configuration(str(row["algorithm"]), values, _integer(row.get("version", 1)))


def _fold_scores(row: dict[str, Any]) -> list[float]:
    texts = str(row["fold_scores"]).split() if "fold_scores" in row else [row["score"]] if "score" in row else []
    values = [float(text) for text in texts]
    if any(abs(value) > MOST_SCORE for value in values):
        raise ValueError(f"its {row['metric']} is infinite, or too large to be kept")
    return values


def _run(rows: _RunRows, dataset: str, protocol: Protocol) -> Run:
    row = rows.first
    found = {metric: tuple(values) for metric, values in rows.scores.items() if values}
    if len({len(values) for values in found.values()}) > 1:
        raise ValueError(f"{row['algorithm']} on {dataset!r} has different numbers of folds by metric")
    status = _status(row, not all(math.isnan(value) for values in found.values() for value in values))
    has_parts = "fit_seconds" in row
    return Run(
        dataset=dataset,
        configuration=row["configuration"],
        protocol=protocol,
        status=status,
        scores=found if status is Status.OK else {},  # of a part of the rows or the folds, they would mislead
        fit_seconds=_amount(row, "fit_seconds" if has_parts else "seconds", math.nan),
        predict_seconds=_amount(row, "predict_seconds", math.nan if has_parts else 0.0),
        cpu_seconds=_amount(row, "cpu_seconds", math.nan),
        peak_memory_mb=_amount(row, "peak_memory_mb", math.nan),
        n_rows=_integer(row.get("n_rows", 0)),
        error=str(row.get("error", "")),
        created=_integer(row.get("created", 0)),
    )


def _status(row: dict[str, Any], has_scores: bool) -> Status:
    said = row.get("status", Status.OK if has_scores else Status.FAILED)
    if said not in list(Status):
        raise ValueError(f"its status {quoted(said)} is none of {', '.join(Status)}")
    if said == Status.OK and not has_scores:
        raise ValueError("its status is ok, but it has no score")
    return Status(said)


def _amount(row: dict[str, Any], name: str, missing: float) -> float:
    """Return a time or a size."""
    try:
        value = float(row.get(name, missing))
    except ValueError as error:
        raise ValueError(f"its {name} are no number: {quoted(row[name])}") from error
    if value < 0 or math.isinf(value):
        raise ValueError(f"its {name} are {value}")
    return value


def _integer(value: Any) -> int:
    try:
        number = int(value)  # all digits of it, where a float would round
    except ValueError:
        number = int(float(value))
    if abs(number) > MOST:
        raise ValueError(f"{value} is too large")
    return number

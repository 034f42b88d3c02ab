"""A store as tables that anything can read."""

import csv
import gzip
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TextIO

from automl_meta.files import replacing
from automl_meta.metabase.records import Run
from automl_meta.metabase.store import MetaBase

Format = Literal["csv", "csv.gz", "parquet"]
Row = dict[str, Any]

BATCH = 20_000  # rows of a Parquet row group

RUN_COLUMNS = (
    "dataset",
    "task",
    "algorithm",
    "version",
    "hyperparameters",
    "configuration",
    "rows",
    "folds",
    "seed",
    "source",
    "status",
    "error",
    "metric",
    "score",
    "fold_scores",
    "seconds",
    "fit_seconds",
    "predict_seconds",
    "cpu_seconds",
    "peak_memory_mb",
    "n_rows",
    "created",
)


def export(store: MetaBase, folder: Path, kind: Format = "csv") -> list[Path]:
    """Write ``datasets``, ``metafeatures`` and ``runs`` into `folder`, which is made if it is not there.

    ``runs`` has a row for each metric of each run, with the mean over folds as ``score`` and the folds' own scores,
    separated by spaces, as ``fold_scores``; a run without scores has one row.

    Returns
    -------
    list of Path
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with store.snapshot():
        tables = {
            "datasets": (_dataset_columns(), _dataset_rows(store)),
            "metafeatures": _metafeatures(store),
            "runs": (RUN_COLUMNS, _run_rows(store)),
        }
        for name, (columns, rows) in tables.items():
            path = folder / f"{name}.{kind}"
            with replacing(path) as temporary:
                (_write_parquet if kind == "parquet" else _write_csv)(temporary, columns, rows, kind)
            paths.append(path)
    return paths


def _dataset_columns() -> tuple[str, ...]:
    return (
        "name",
        "task",
        "family",
        "simulated",
        "n_rows",
        "n_columns",
        "n_classes",
        "target",
        "origin",
        "licence",
        "openml_id",
        "checksum",
    )


def _dataset_rows(store: MetaBase) -> Iterator[Row]:
    for record in store.datasets():
        yield asdict(record) | {"task": record.task.value, "simulated": int(record.simulated)}


def _metafeatures(store: MetaBase) -> tuple[tuple[str, ...], Iterator[Row]]:
    records = store.metafeatures()
    names = dict.fromkeys(name for record in records.values() for name in record.names)

    def rows() -> Iterator[Row]:
        for dataset, record in records.items():
            values = dict(zip(record.names, map(_none_if_nan, record.values.tolist()), strict=True))
            yield {"dataset": dataset, "extractor": record.extractor, **values}

    return ("dataset", "extractor", *names), rows()


def _run_rows(store: MetaBase) -> Iterator[Row]:
    tasks = {record.name: record.task.value for record in store.datasets()}
    for run in store.runs():
        common = _common(run, tasks[run.dataset])
        for metric, values in run.scores.items():
            yield common | {
                "metric": metric,
                "score": _none_if_nan(run.score(metric)),
                "fold_scores": " ".join(f"{value:.9g}" for value in values),
            }
        if not run.scores:
            yield common


def _common(run: Run, task: str) -> Row:
    configuration, protocol = run.configuration, run.protocol
    return {
        "dataset": run.dataset,
        "task": task,
        "algorithm": configuration.algorithm,
        "version": configuration.version,
        "hyperparameters": json.dumps(dict(configuration.hyperparameters)),
        "configuration": configuration.id,
        "rows": protocol.rows,
        "folds": protocol.folds,
        "seed": protocol.seed,
        "source": protocol.source,
        "status": run.status.value,
        "error": run.error,
        "seconds": _none_if_nan(run.seconds),
        "fit_seconds": _none_if_nan(run.fit_seconds),
        "predict_seconds": _none_if_nan(run.predict_seconds),
        "cpu_seconds": _none_if_nan(run.cpu_seconds),
        "peak_memory_mb": _none_if_nan(run.peak_memory_mb),
        "n_rows": run.n_rows,
        "created": run.created,
    }


def _write_csv(path: Path, columns: tuple[str, ...], rows: Iterator[Row], kind: Format) -> None:
    with _text_file(path, kind) as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _text_file(path: Path, kind: Format) -> TextIO:
    if kind == "csv.gz":
        return gzip.open(path, "wt", encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _write_parquet(path: Path, columns: tuple[str, ...], rows: Iterator[Row], kind: Format) -> None:
    import pyarrow as pa  # heavy
    import pyarrow.parquet as pq

    fields = pa.schema([(name, _parquet_type(pa, name)) for name in columns])
    with pq.ParquetWriter(path, fields) as writer:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema=fields))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema=fields))


_TEXTS = frozenset(
    {
        *("dataset", "task", "algorithm", "hyperparameters", "configuration", "source", "status", "error", "metric"),
        *("fold_scores", "name", "family", "target", "origin", "licence", "checksum", "extractor"),
    }
)
_INTEGERS = frozenset(
    {
        *("version", "rows", "folds", "seed", "n_rows", "created", "simulated", "n_columns", "n_classes"),
        "openml_id",
    }
)


def _parquet_type(pa: Any, name: str) -> Any:
    if name in _TEXTS:
        return pa.string()
    return pa.int64() if name in _INTEGERS else pa.float64()


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value

"""The store of prior experiments: one SQLite file, also the journal of a run."""

import json
import math
import shlex
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.execution.protocol import Status
from automl_meta.metabase import scores
from automl_meta.metabase.connection import DamagedError, Mode, is_damage, open_connection, telling_damage
from automl_meta.metabase.dataset_rows import COLUMNS, filled_in
from automl_meta.metabase.keys import UNSEAL, Keys
from automl_meta.metabase.records import DatasetRecord, MetaFeatureRecord, Protocol, Run
from automl_meta.pipelines.configuration import Configuration

SELECT_RUNS = """
    SELECT dataset.name, run.configuration_id, run.protocol_id, run.status, run.metric_list_id, run.scores,
           run.fit_seconds, run.predict_seconds, run.cpu_seconds, run.peak_memory_mb, run.n_rows,
           error.text, origin.text, run.created, run.environment_id
    FROM run
    JOIN dataset ON dataset.id = run.dataset_id
    LEFT JOIN message AS error ON error.id = run.error_id
    LEFT JOIN message AS origin ON origin.id = run.origin_id
"""


class MetaBase:
    """An open store. Use `open`, and close it, or use it as a context manager.

    Every method that writes is one transaction: after it returns, the data survive a kill. Several processes may
    write to one file. One object belongs to one thread.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self.keys = Keys(connection, path)

    @classmethod
    def open(cls, path: str | Path, mode: Mode = "r") -> Self:
        """Open the store at `path`.

        Parameters
        ----------
        mode : {"r", "ro", "w"}
            ``"w"`` makes the file if it is missing, brings its schema up to date and writes. ``"r"`` reads a file
            that others may be writing. ``"ro"`` reads a file that nobody writes, also in a read-only folder.

        Raises
        ------
        InputError
            If there is no such file, it is not a meta-base of a known version, or some of it is in a log that cannot
            be read.
        """
        path = Path(path)
        return cls(open_connection(path, mode), path)

    def close(self) -> None:
        """Close the file; the last one who closes it leaves a single file behind."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self.close()
        if is_damage(error):
            raise DamagedError(str(self.path), str(error)) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written inside at once, or nothing of it."""
        if self.connection.in_transaction:  # part of a larger one
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.keys.refresh()
            yield
        except BaseException:
            self.keys.forget()  # some may have been given inside
            if self.connection.in_transaction:  # SQLite itself has ended it if the file is damaged
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read inside what is in the file at one moment, whatever others write meanwhile; not to be written in."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")

    # What the store says of itself

    def info(self) -> dict[str, str]:
        """Return what is known of the store: who made it, how, when."""
        return dict(self.connection.execute("SELECT key, value FROM info ORDER BY key"))

    def set_info(self, values: Mapping[str, str]) -> None:
        """Remember `values`, replacing those of the same keys."""
        with self.transaction():
            self.connection.executemany("INSERT OR REPLACE INTO info VALUES (?, ?)", values.items())

    def unseal(self) -> None:
        """Forget the digest: the contents are no longer what it was made of."""
        self.connection.execute(UNSEAL)

    # Datasets and meta-features

    def add_dataset(self, record: DatasetRecord) -> None:
        """Add a dataset; one that is there already stays, with what is newly known of it.

        What `record` does not say, a family of its own included, changes nothing.

        Raises
        ------
        InputError
            If a dataset of this name is there whose task, target, data or size were different.
        """
        with self.transaction():
            known = self._check_same(record, counted=True)
            self.connection.execute(
                f"""INSERT INTO dataset ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                {filled_in("excluded", "dataset")}""",
                (
                    record.name,
                    record.task.value,
                    record.family or record.name,
                    int(record.simulated),
                    record.n_rows,
                    record.n_columns,
                    record.n_classes,
                    record.target,
                    record.origin,
                    record.licence,
                    record.openml_id,
                    record.checksum,
                ),
            )
            if self.dataset(record.name) != known:
                self.unseal()

    def check_same(self, record: DatasetRecord) -> DatasetRecord | None:
        """Check that a dataset of this name, if there is one, may be the same, and return it.

        The table need not have been read: sizes, which may be what an index says, are looked at when it is added.

        Raises
        ------
        InputError
            If its task, target or data were different.
        """
        return self._check_same(record, counted=False)

    def _check_same(self, record: DatasetRecord, *, counted: bool) -> DatasetRecord | None:
        known = self.dataset(record.name)
        difference = record.difference(known, counted=counted) if known is not None else ""
        if difference:
            raise InputError(
                f"{self.path}: the dataset {record.name!r} is in the meta-base already, and {difference}. "
                f"Give it another name (--name), or try: {removal_command(record.name, self.path)}"
            )
        return known

    def dataset(self, name: str) -> DatasetRecord | None:
        """Return the dataset called `name`, if it is there."""
        return next(iter(self._datasets("WHERE name = ?", [name])), None)

    def datasets(self, *tasks: Task) -> list[DatasetRecord]:
        """Return the datasets of `tasks`, or all, by name."""
        marks = ", ".join("?" * len(tasks))
        where = f"WHERE task IN ({marks})" if tasks else ""
        return self._datasets(f"{where} ORDER BY name", [task.value for task in tasks])

    def _datasets(self, clause: str, parameters: list[Any]) -> list[DatasetRecord]:
        rows = self.connection.execute(
            f"""SELECT name, task, family, simulated, n_rows, n_columns, n_classes, target, origin, licence,
            openml_id, checksum FROM dataset {clause}""",
            parameters,
        )
        return [
            DatasetRecord(
                name=row[0],
                task=Task(row[1]),
                family=row[2],
                simulated=bool(row[3]),
                n_rows=row[4],
                n_columns=row[5],
                n_classes=row[6],
                target=row[7],
                origin=row[8],
                licence=row[9],
                openml_id=row[10],
                checksum=row[11],
            )
            for row in rows
        ]

    def remove_dataset(self, name: str) -> bool:
        """Remove a dataset with its runs and meta-features; return whether it was there."""
        with self.transaction():
            self.keys.forget()
            self.unseal()
            return self.connection.execute("DELETE FROM dataset WHERE name = ?", [name]).rowcount > 0

    def remove_configurations(self, *, algorithm: str | None = None, identity: str | None = None) -> int:
        """Remove configurations with their runs, by algorithm or by id; return how many there were."""
        with self.transaction():
            self.keys.forget()
            self.unseal()
            self.connection.execute(
                "CREATE TEMP TABLE doomed AS SELECT id FROM configuration WHERE algorithm = ? OR hash = ?",
                (algorithm, identity),
            )
            for table in ("run", "claim"):
                self.connection.execute(f"DELETE FROM {table} WHERE configuration_id IN (SELECT id FROM doomed)")
            removed = self.connection.execute(
                "DELETE FROM configuration WHERE id IN (SELECT id FROM doomed)"
            ).rowcount
            self.connection.execute("DROP TABLE doomed")
        return removed

    def vacuum(self) -> None:
        """Delete what only the removed runs referred to, error texts too, and give its room back to the system."""
        with self.transaction():
            self.keys.drop_unused()
            self.unseal()
        self.connection.execute("VACUUM")

    def set_metafeatures(self, dataset: str, record: MetaFeatureRecord) -> None:
        """Set the meta-features of `dataset`, replacing those that were there.

        Raises
        ------
        InputError
            If the dataset is not in the store.
        """
        with self.transaction():
            self.unseal()
            names = json.dumps(list(record.names))
            list_id = self.keys.text("metafeature_list", "names", names)
            blob = np.asarray(record.values, dtype="<f8").tobytes()
            self.connection.execute(
                "INSERT OR REPLACE INTO metafeatures VALUES (?, ?, ?, ?, ?)",
                (self.keys.dataset(dataset), list_id, record.extractor, record.seconds, blob),
            )

    def metafeatures(self) -> dict[str, MetaFeatureRecord]:
        """Return the meta-features of each dataset that has some, by the dataset's name."""
        lists = self.keys.lists("metafeature_list", "names")
        rows = self.connection.execute(
            """SELECT dataset.name, list_id, extractor, seconds, numbers FROM metafeatures
            JOIN dataset ON dataset.id = dataset_id ORDER BY dataset.name"""
        )
        return {
            name: MetaFeatureRecord(
                names=lists[list_id], values=np.frombuffer(blob, dtype="<f8"), extractor=extractor, seconds=seconds
            )
            for name, list_id, extractor, seconds, blob in rows
        }

    def extractors(self) -> dict[str, str]:
        """Return the version of the extractor that described each dataset, by the dataset's name."""
        return dict(
            self.connection.execute(
                "SELECT name, extractor FROM metafeatures JOIN dataset ON dataset.id = dataset_id"
            )
        )

    # Configurations

    def add_configurations(self, configurations: Iterable[Configuration]) -> None:
        """Add those that are not there yet."""
        with self.transaction():
            for configuration in configurations:
                self.keys.configuration(configuration)

    def configurations(self) -> list[Configuration]:
        """Return all configurations, in the order in which they came."""
        return list(self.keys.configurations().values())

    # Runs

    def add_run(self, run: Run, *, replace: bool = False) -> bool:
        """Add a run; return whether it was new.

        There is one run for each dataset, configuration and protocol: a second one is dropped, or with `replace`
        takes the first one's place.

        Raises
        ------
        InputError
            If the run's dataset is not in the store.
        """
        with self.transaction():
            key = (
                self.keys.dataset(run.dataset),
                self.keys.configuration(run.configuration),
                self.keys.protocol(run.protocol),
            )
            metrics = json.dumps(list(run.scores)) if run.scores else None
            values = (
                *key,
                run.status.value,
                run.n_rows,
                _none_if_nan(run.fit_seconds),
                _none_if_nan(run.predict_seconds),
                _none_if_nan(run.cpu_seconds),
                None if math.isnan(run.peak_memory_mb) else round(run.peak_memory_mb),
                run.created,
                self.keys.text("environment", "versions", json.dumps(dict(run.versions), sort_keys=True)),
                self.keys.text("message", "text", run.error) if run.error else None,
                self.keys.text("message", "text", run.origin) if run.origin else None,
                self.keys.text("metric_list", "names", metrics) if metrics else None,
                scores.encode(run.scores) if run.scores else None,
            )
            conflict = "REPLACE" if replace else "IGNORE"
            marks = ", ".join("?" * len(values))
            added = self.connection.execute(f"INSERT OR {conflict} INTO run VALUES ({marks})", values).rowcount > 0
            if added:
                self.unseal()
            self.connection.execute(
                "DELETE FROM claim WHERE dataset_id = ? AND configuration_id = ? AND protocol_id = ?", key
            )
        return added

    def runs(
        self,
        dataset: str | None = None,
        *,
        configuration: str | None = None,
        protocol: Protocol | None = None,
        status: Status | None = None,
    ) -> Iterator[Run]:
        """Yield the runs that fit what is given, dataset by dataset, in the order of the configurations."""
        conditions: dict[str, Any] = {}
        if dataset is not None:
            conditions["dataset.name = ?"] = dataset
        if configuration is not None:
            query = "run.configuration_id = (SELECT id FROM configuration WHERE hash = ?)"
            conditions[query] = configuration
        if protocol is not None:
            conditions["run.protocol_id = ?"] = self.keys.find_protocol(protocol)
        if status is not None:
            conditions["run.status = ?"] = status.value
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = "ORDER BY run.dataset_id, run.configuration_id, run.protocol_id"
        with self.snapshot():
            rows = self.connection.execute(f"{SELECT_RUNS} {where} {order}", list(conditions.values())).fetchall()
            configurations, protocols = self.keys.configurations(), self.keys.protocols()
            metrics = self.keys.lists("metric_list", "names")
            environments = self.keys.environments()
        for row in rows:
            with telling_damage(self.path, KeyError, TypeError, ValueError):
                run = Run(
                    dataset=row[0],
                    configuration=configurations[row[1]],
                    protocol=protocols[row[2]],
                    status=Status(row[3]),
                    scores=scores.decode(row[5], metrics[row[4]]) if row[4] is not None else {},
                    fit_seconds=_nan_if_none(row[6]),
                    predict_seconds=_nan_if_none(row[7]),
                    cpu_seconds=_nan_if_none(row[8]),
                    peak_memory_mb=_nan_if_none(row[9]),
                    n_rows=row[10],
                    error=row[11] or "",
                    origin=row[12] or "",
                    created=row[13],
                    versions=environments[row[14]],
                )
            yield run

    def finished(self, dataset: str, protocol: Protocol) -> dict[str, Status]:
        """Return the status of each configuration, by id, that was run on `dataset` under `protocol`."""
        rows = self.connection.execute(
            """SELECT configuration.hash, run.status FROM run
            JOIN configuration ON configuration.id = run.configuration_id
            WHERE run.dataset_id = (SELECT id FROM dataset WHERE name = ?) AND run.protocol_id = ?""",
            (dataset, self.keys.find_protocol(protocol)),
        )
        return {key: Status(status) for key, status in rows}

    def n_runs(self) -> int:
        """Return how many runs there are."""
        return int(self.connection.execute("SELECT count(*) FROM run").fetchone()[0])

    def protocols(self) -> list[Protocol]:
        """Return the protocols, in the order in which they came."""
        return list(self.keys.protocols().values())


def removal_command(dataset: str, path: Path) -> str:
    """Return the command that removes a dataset from the store at `path`."""
    return shlex.join(["automl-meta", "metabase", "remove", "--metabase", str(path), "--", dataset])


def _none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _nan_if_none(value: float | None) -> float:
    return math.nan if value is None else float(value)

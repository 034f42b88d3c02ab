"""The small tables that runs refer to by number."""

import json
import sqlite3
from pathlib import Path
from typing import Any, TypeVar

from automl_meta.errors import InputError
from automl_meta.metabase.connection import DamagedError, telling_damage
from automl_meta.metabase.records import Protocol
from automl_meta.pipelines.configuration import Configuration

# What refers to the rows of each table: other tables and their columns.
USERS = {
    "configuration": (("run", "configuration_id"), ("claim", "configuration_id")),
    "protocol": (("run", "protocol_id"), ("claim", "protocol_id")),
    "environment": (("run", "environment_id"),),
    "message": (("run", "error_id"), ("run", "origin_id")),
    "metric_list": (("run", "metric_list_id"),),
    "metafeature_list": (("metafeatures", "list_id"),),
}

UNSEAL = "DELETE FROM info WHERE key = 'digest'"  # of contents that are others now

Parsed = TypeVar("Parsed", list[Any], dict[str, Any])


class Keys:
    """Numbers of texts, configurations, protocols and datasets in one store, and back.

    Those that write must be called inside a transaction, `refresh` at its beginning, `forget` if it is rolled back.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._known: dict[tuple[str, str], int] = {}
        self._version = -1  # of the file, as far as others change it

    def refresh(self) -> None:
        """Look all of them up again if another connection has written: it may have given their numbers to others."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:
            self.forget()
        self._version = version

    def forget(self) -> None:
        """Look all of them up again."""
        self._known.clear()

    def drop_unused(self, *tables: str) -> None:
        """Delete from `tables`, or all, what nothing refers to any more."""
        for table in tables or USERS:
            used = (f"SELECT {column} FROM {user} WHERE {column} IS NOT NULL" for user, column in USERS[table])
            self._connection.execute(f"DELETE FROM {table} WHERE id NOT IN ({' UNION '.join(used)})")
        self.forget()

    def text(self, table: str, column: str, value: str) -> int:
        """Return the id of `value` in a table of distinct texts, where it is put if it is not there."""
        known = self._known.get((table, value))
        if known is None:
            self._connection.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", [value])
            row = self._connection.execute(f"SELECT id FROM {table} WHERE {column} = ?", [value]).fetchone()
            known = self._known[table, value] = int(row[0])
        return known

    def dataset(self, name: str) -> int:
        """Return the id of a dataset.

        Raises
        ------
        InputError
            If it is not in the store.
        """
        row = self._connection.execute("SELECT id FROM dataset WHERE name = ?", [name]).fetchone()
        if row is None:
            raise InputError(f"{self._path}: has no dataset named {name!r}. Add it first.")
        return int(row[0])

    def configuration(self, configuration: Configuration) -> int:
        """Return the id of `configuration`, which is put there if it is not."""
        known = self._known.get(("configuration", configuration.id))
        if known is None:
            text = json.dumps(dict(configuration.hyperparameters), sort_keys=True)
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO configuration (hash, algorithm, version, hyperparameters) VALUES (?, ?, ?, ?)",
                (configuration.id, configuration.algorithm, configuration.version, text),
            )
            if cursor.rowcount:
                self._connection.execute(UNSEAL)
            row = self._connection.execute("SELECT id FROM configuration WHERE hash = ?", [configuration.id])
            known = self._known["configuration", configuration.id] = int(row.fetchone()[0])
        return known

    def protocol(self, protocol: Protocol) -> int:
        """Return the id of `protocol`, which is put there if it is not."""
        found = self.find_protocol(protocol)
        if found is None:
            cursor = self._connection.execute(
                "INSERT INTO protocol (row_cap, folds, seed, source) VALUES (?, ?, ?, ?)",
                (protocol.rows, protocol.folds, protocol.seed, protocol.source),
            )
            found = cursor.lastrowid
        assert found is not None
        return found

    def find_protocol(self, protocol: Protocol) -> int | None:
        """Return the id of `protocol`; None if it is not there."""
        return next((key for key, known in self.protocols().items() if known == protocol), None)

    def lists(self, table: str, column: str) -> dict[int, tuple[str, ...]]:
        """Return the lists of names in a table, by id."""
        rows = self._connection.execute(f"SELECT id, {column} FROM {table}")
        return {key: tuple(self._parsed(names, list, table, key)) for key, names in rows}

    def environments(self) -> dict[int, dict[str, str]]:
        """Return the versions of packages that runs were made with, by id."""
        rows = self._connection.execute("SELECT id, versions FROM environment")
        return {key: self._parsed(versions, dict, "environment", key) for key, versions in rows}

    def configurations(self) -> dict[int, Configuration]:
        """Return all configurations by id, in the order in which they came."""
        rows = self._connection.execute(
            "SELECT id, algorithm, hyperparameters, version FROM configuration ORDER BY id"
        )
        with telling_damage(self._path, TypeError, ValueError):
            return {
                key: Configuration(name, self._parsed(values, dict, "configuration", key), version)
                for key, name, values, version in rows
            }

    def protocols(self) -> dict[int, Protocol]:
        """Return all protocols by id, in the order in which they came."""
        rows = self._connection.execute("SELECT id, row_cap, folds, seed, source FROM protocol ORDER BY id")
        return {row[0]: Protocol(rows=row[1], folds=row[2], seed=row[3], source=row[4]) for row in rows}

    def _parsed(self, text: str, kind: type[Parsed], table: str, key: int) -> Parsed:
        """Return what a text of JSON says, which is to be a list or an object."""
        with telling_damage(self._path, TypeError, ValueError):
            value = json.loads(text)
        if not isinstance(value, kind):
            raise DamagedError(str(self._path), f"row {key} of {table} is no {kind.__name__}")
        return value

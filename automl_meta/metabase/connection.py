"""Opening the file of a store."""

import os
import shlex
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

from automl_meta.errors import InputError
from automl_meta.metabase import schema

Mode = Literal["r", "ro", "w"]

BUSY_SECONDS = 60.0  # how long to wait for another writer
READ_ONLY = "mode=ro"
LOG = "-wal"  # beside the file: what was written last, until the last one who has it open closes it
BESIDE = (LOG, "-shm", "-journal")  # all that SQLite looks for beside a file


class DamagedError(InputError):
    """A store cannot be read as it is."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)

    @property
    def reason(self) -> str:
        """What is wrong, without the file's name."""
        return str(self.args[1])

    def __str__(self) -> str:
        path, reason = self.args
        return f"{path}: is damaged ({reason}). See: automl-meta metabase verify --metabase {shlex.quote(path)}"


@contextmanager
def telling_damage(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what SQLite says of a damaged file, and errors of `kinds`, into a `DamagedError` that names the file."""
    try:
        yield
    except InputError:
        raise
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            raise DamagedError(str(path), str(error)) from error
        raise
    except kinds as error:
        raise DamagedError(str(path), f"{type(error).__name__}: {error}") from error


def is_damage(error: BaseException | None) -> bool:
    """Return whether `error` is what SQLite raises of a damaged file, and not of a locked one or a full disk."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    code = getattr(error, "sqlite_errorcode", None)  # a text that is no UTF-8 has none
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_connection(path: Path, mode: Mode) -> sqlite3.Connection:
    """Return a connection to the store at `path`, see `MetaBase.open`."""
    if mode != "w" and not path.is_file():
        raise InputError(f"{path}: there is no such meta-base. Try --metabase with another file.")
    if mode == "w":
        query = "mode=rwc"
    elif mode == "r" and _can_write(path):
        query = "mode=rw"
    else:
        query = READ_ONLY if _has_log(path) else f"{READ_ONLY}&immutable=1"  # what is immutable is read without a log
    try:
        connection = connect(path, query)
    except sqlite3.OperationalError as error:
        raise InputError(f"{path}: cannot be opened ({error}).") from error
    try:
        if query == READ_ONLY:
            _check_log(connection, path)
        connection = _prepared(connection, str(path), mode)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise InputError(f"{path}: is not a meta-base, or is damaged ({error}).") from error
    except BaseException:
        connection.close()
        raise
    return connection


def drop_log(path: Path) -> None:
    """Remove what a killed writer left beside the file at `path`, which is about to be replaced.

    SQLite would take it for a part of the file that comes. What is in it goes into the old file first, which so stays
    whole as long as it is there.
    """
    if path.is_file():
        with suppress(sqlite3.Error), closing(connect(path, "mode=rw")) as connection:
            connection.execute("PRAGMA user_version").fetchone()  # reads it all in; the last one to close cleans up
    for ending in BESIDE:
        _beside(path, ending).unlink(missing_ok=True)


def _has_log(path: Path) -> bool:
    log = _beside(path, LOG)
    return log.is_file() and log.stat().st_size > 0


def _beside(path: Path, ending: str) -> Path:
    place = path.resolve()  # as SQLite does it
    return place.with_name(place.name + ending)


def _check_log(connection: sqlite3.Connection, path: Path) -> None:
    """Check that SQLite can read the log where it may not write: an index of it has to be there, or to be made."""
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        raise InputError(
            f"{path}: some of it is in {path.name}{LOG}, which cannot be read in a folder that is not writable "
            f"({error}). Copy both files to a folder of your own, and try there."
        ) from error


def connect(path: Path, query: str) -> sqlite3.Connection:
    """Return a connection in which transactions begin and end where they are told to."""
    uri = store_uri(path, query)
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def store_uri(path: Path, query: str) -> str:
    """Return SQLite's name for a file with the options `query`."""
    return f"file:{urllib.parse.quote(str(path.absolute()))}?{query}"


def _prepared(connection: sqlite3.Connection, path: str, mode: Mode) -> sqlite3.Connection:
    version = schema.check_version(connection, path)
    connection.execute("PRAGMA foreign_keys = ON")
    if mode == "w":
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        schema.migrate(connection, path)
        _check_tables(connection, path)
        return connection
    if version == 0:
        raise InputError(f"{path}: is empty. Try: automl-meta metabase build")
    if version < len(schema.MIGRATIONS):  # an older file is read through a copy that is brought up to date
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connection.backup(copy)
        connection.close()
        schema.migrate(copy, path)
        connection = copy
    _check_tables(connection, path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _check_tables(connection: sqlite3.Connection, path: str) -> None:
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = sorted(schema.table_names() - found)
    if missing:
        raise DamagedError(path, f"it has no table {', '.join(missing)}")


def _can_write(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)

"""The tables of the meta-base, and the way from each version of them to the next.

``PRAGMA user_version`` holds the version, ``PRAGMA application_id`` says that the file is a meta-base. A released
script is never edited: a change is a new script at the end.
"""

import re
import sqlite3

from automl_meta.errors import InputError

APPLICATION_ID = 0x414D4D42  # "AMMB"

VERSION_1 = """
-- What is known of the store itself: "created", "command", "core_hours", "digest", ...
CREATE TABLE info (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE dataset (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL CHECK (task IN ('binary', 'multiclass', 'regression')),
    family TEXT NOT NULL,        -- datasets that share rows or origin; by itself, the name
    simulated INTEGER NOT NULL DEFAULT 0 CHECK (simulated IN (0, 1)),
    n_rows INTEGER NOT NULL,     -- of the whole table
    n_columns INTEGER NOT NULL,  -- features
    n_classes INTEGER NOT NULL,  -- 0 for regression
    target TEXT NOT NULL DEFAULT '',
    origin TEXT NOT NULL DEFAULT '',
    licence TEXT NOT NULL DEFAULT '',
    openml_id INTEGER,
    checksum TEXT NOT NULL DEFAULT ''  -- SHA-256 of the data
);

CREATE TABLE metafeature_list (
    id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE   -- JSON list, in the order of the values
);

CREATE TABLE metafeatures (
    dataset_id INTEGER PRIMARY KEY REFERENCES dataset (id) ON DELETE CASCADE,
    list_id INTEGER NOT NULL REFERENCES metafeature_list (id),
    extractor TEXT NOT NULL,     -- version of the extractor
    seconds REAL NOT NULL,
    numbers BLOB NOT NULL        -- little-endian float64, NaN where undefined
);

CREATE TABLE configuration (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,   -- the configuration's id everywhere else
    algorithm TEXT NOT NULL,
    version INTEGER NOT NULL,    -- of the algorithm's meaning
    hyperparameters TEXT NOT NULL  -- JSON object
);

-- How runs were made. Only runs of one protocol are compared on one dataset.
CREATE TABLE protocol (
    id INTEGER PRIMARY KEY,
    row_cap INTEGER NOT NULL,    -- 0: all rows
    folds INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    source TEXT NOT NULL,
    UNIQUE (row_cap, folds, seed, source)
);

CREATE TABLE metric_list (
    id INTEGER PRIMARY KEY,
    names TEXT NOT NULL UNIQUE   -- JSON list, in the order of the scores
);

CREATE TABLE environment (
    id INTEGER PRIMARY KEY,
    versions TEXT NOT NULL UNIQUE  -- JSON object, package to version
);

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE    -- of errors, and of who proposed a configuration
);

CREATE TABLE run (
    dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    configuration_id INTEGER NOT NULL REFERENCES configuration (id),
    protocol_id INTEGER NOT NULL REFERENCES protocol (id),
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'timeout', 'memory', 'crashed', 'cancelled')),
    n_rows INTEGER NOT NULL,     -- really used
    fit_seconds REAL,            -- wall clock, summed over folds
    predict_seconds REAL,
    cpu_seconds REAL,            -- processor time of the whole evaluation
    peak_memory_mb INTEGER,
    created INTEGER NOT NULL,    -- seconds since 1970
    environment_id INTEGER NOT NULL REFERENCES environment (id),
    error_id INTEGER REFERENCES message (id),
    origin_id INTEGER REFERENCES message (id),
    metric_list_id INTEGER REFERENCES metric_list (id),
    scores BLOB,                 -- little-endian float32, metric by metric, a number a fold
    PRIMARY KEY (dataset_id, configuration_id, protocol_id)
) WITHOUT ROWID;

-- Evaluations that a builder is about to make, so that another one in the same file makes others.
CREATE TABLE claim (
    dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
    configuration_id INTEGER NOT NULL REFERENCES configuration (id),
    protocol_id INTEGER NOT NULL REFERENCES protocol (id),
    owner TEXT NOT NULL,         -- host and process
    expires REAL NOT NULL,       -- seconds since 1970
    PRIMARY KEY (dataset_id, configuration_id, protocol_id)
) WITHOUT ROWID;
"""

VERSION_2 = """
-- Where a run that an importer brought comes from, by the source's own numbers. Several runs of a source may be one
-- run here: the scores are those of the first with the best grade.
CREATE TABLE provenance (
    dataset_id INTEGER NOT NULL,
    configuration_id INTEGER NOT NULL,
    protocol_id INTEGER NOT NULL,
    source_run INTEGER NOT NULL,
    source_setup INTEGER NOT NULL,
    source_flow INTEGER NOT NULL,
    grade TEXT NOT NULL CHECK (grade IN ('exact', 'approximate')),
    PRIMARY KEY (dataset_id, configuration_id, protocol_id, source_run),
    FOREIGN KEY (dataset_id, configuration_id, protocol_id)
        REFERENCES run (dataset_id, configuration_id, protocol_id) ON DELETE CASCADE
) WITHOUT ROWID;
"""

# The script at position n leads from version n to version n + 1; version 0 is an empty file.
MIGRATIONS: tuple[str, ...] = (VERSION_1, VERSION_2)


def check_version(connection: sqlite3.Connection, path: str) -> int:
    """Return the schema's version; 0 for an empty file.

    Raises
    ------
    InputError
        If the file is no meta-base, or one of a later version.
    """
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        has_tables = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: is not a meta-base, or is damaged ({error}).") from error
    if application != APPLICATION_ID and (has_tables or version):
        raise InputError(f"{path}: is an SQLite file, but not a meta-base. Try another --metabase.")
    if version > len(MIGRATIONS):
        raise InputError(
            f"{path}: has schema version {version}; this version of automl-meta knows up to {len(MIGRATIONS)}. "
            "Try: pip install -U automl-meta"
        )
    return version


def table_names() -> set[str]:
    """Return the names of the tables that a store of the present version has."""
    return {name for script in MIGRATIONS for name in re.findall(r"CREATE TABLE (\w+)", script)}


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file to the present version; each step is one transaction."""
    while check_version(connection, path) < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = check_version(connection, path)  # another process may have been quicker
            if version < len(MIGRATIONS):
                for statement in statements(MIGRATIONS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def statements(script: str) -> list[str]:
    """Split a script at its semicolons; unlike ``executescript`` this stays inside the transaction."""
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements

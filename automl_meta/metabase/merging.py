"""Joining stores into one file, sealed: no other file beside it, no free pages, and a digest of what is in it."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from automl_meta.errors import InputError
from automl_meta.files import check_writable, replacing
from automl_meta.metabase import schema
from automl_meta.metabase.connection import DamagedError, connect, drop_log, store_uri
from automl_meta.metabase.dataset_rows import COLUMNS, filled_in
from automl_meta.metabase.extractors import worth
from automl_meta.metabase.sealing import seal
from automl_meta.metabase.store import MetaBase, removal_command
from automl_meta.metabase.verification import damages

# Names and hashes say what is the same in two stores; the ids of rows are each store's own.
COPY = f"""
INSERT OR IGNORE INTO info SELECT * FROM other.info WHERE key != 'digest';

INSERT INTO dataset ({COLUMNS}) SELECT {COLUMNS} FROM other.dataset WHERE true ORDER BY id
{filled_in("dataset", "excluded")};

INSERT OR IGNORE INTO metafeature_list (names) SELECT names FROM other.metafeature_list ORDER BY id;
INSERT OR REPLACE INTO metafeatures
SELECT dataset.id, metafeature_list.id, theirs.extractor, theirs.seconds, theirs.numbers
FROM other.metafeatures AS theirs
JOIN other.dataset AS their_dataset ON their_dataset.id = theirs.dataset_id
JOIN dataset ON dataset.name = their_dataset.name
JOIN other.metafeature_list AS their_list ON their_list.id = theirs.list_id
JOIN metafeature_list ON metafeature_list.names = their_list.names
LEFT JOIN metafeatures AS mine ON mine.dataset_id = dataset.id
WHERE mine.dataset_id IS NULL OR worth(theirs.extractor) > worth(mine.extractor)
ORDER BY dataset.id;

INSERT OR IGNORE INTO configuration (hash, algorithm, version, hyperparameters)
SELECT hash, algorithm, version, hyperparameters FROM other.configuration ORDER BY id;
INSERT OR IGNORE INTO protocol (row_cap, folds, seed, source)
SELECT row_cap, folds, seed, source FROM other.protocol ORDER BY id;
INSERT OR IGNORE INTO metric_list (names) SELECT names FROM other.metric_list ORDER BY id;
INSERT OR IGNORE INTO environment (versions) SELECT versions FROM other.environment ORDER BY id;
INSERT OR IGNORE INTO message (text) SELECT text FROM other.message ORDER BY id;

INSERT OR REPLACE INTO run
SELECT dataset.id, configuration.id, protocol.id, theirs.status, theirs.n_rows, theirs.fit_seconds,
    theirs.predict_seconds, theirs.cpu_seconds, theirs.peak_memory_mb, theirs.created, environment.id, error.id,
    origin.id, metric_list.id, theirs.scores
FROM other.run AS theirs
JOIN other.dataset AS their_dataset ON their_dataset.id = theirs.dataset_id
JOIN dataset ON dataset.name = their_dataset.name
JOIN other.configuration AS their_configuration ON their_configuration.id = theirs.configuration_id
JOIN configuration ON configuration.hash = their_configuration.hash
JOIN other.protocol AS their_protocol ON their_protocol.id = theirs.protocol_id
JOIN protocol ON protocol.row_cap = their_protocol.row_cap AND protocol.folds = their_protocol.folds
    AND protocol.seed = their_protocol.seed AND protocol.source = their_protocol.source
JOIN other.environment AS their_environment ON their_environment.id = theirs.environment_id
JOIN environment ON environment.versions = their_environment.versions
LEFT JOIN other.message AS their_error ON their_error.id = theirs.error_id
LEFT JOIN message AS error ON error.text = their_error.text
LEFT JOIN other.message AS their_origin ON their_origin.id = theirs.origin_id
LEFT JOIN message AS origin ON origin.text = their_origin.text
LEFT JOIN other.metric_list AS their_metrics ON their_metrics.id = theirs.metric_list_id
LEFT JOIN metric_list ON metric_list.names = their_metrics.names
LEFT JOIN run AS mine ON mine.dataset_id = dataset.id AND mine.configuration_id = configuration.id
    AND mine.protocol_id = protocol.id
WHERE mine.status IS NULL OR (mine.status != 'ok' AND theirs.status = 'ok')
ORDER BY dataset.id, configuration.id, protocol.id;

INSERT OR IGNORE INTO provenance
SELECT dataset.id, configuration.id, protocol.id, theirs.source_run, theirs.source_setup, theirs.source_flow,
    theirs.grade
FROM other.provenance AS theirs
JOIN other.dataset AS their_dataset ON their_dataset.id = theirs.dataset_id
JOIN dataset ON dataset.name = their_dataset.name
JOIN other.configuration AS their_configuration ON their_configuration.id = theirs.configuration_id
JOIN configuration ON configuration.hash = their_configuration.hash
JOIN other.protocol AS their_protocol ON their_protocol.id = theirs.protocol_id
JOIN protocol ON protocol.row_cap = their_protocol.row_cap AND protocol.folds = their_protocol.folds
    AND protocol.seed = their_protocol.seed AND protocol.source = their_protocol.source
ORDER BY dataset.id, configuration.id, protocol.id, theirs.source_run;
"""


def merge(inputs: Sequence[Path], output: Path) -> None:
    """Join `inputs` into a new file at `output`, which may be one of them.

    Of a run that several have, a successful one is taken, else the first; of meta-features, those of most `worth`,
    else the first. What one does not know of a dataset, such as its family, is taken from the next that does.

    Raises
    ------
    InputError
        If a file is missing, damaged or not a meta-base, or two have different datasets of the same name.
    """
    check_writable(output)
    with replacing(output) as temporary, tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "grown.sqlite"
        with MetaBase.open(grown, "w") as store:
            for path in inputs:
                copy_into(store, path)
            seal(store)
        with closing(connect(grown, "mode=ro")) as connection:
            temporary.unlink()
            connection.execute("VACUUM INTO ?", [str(temporary)])
        drop_log(output)


def copy_into(store: MetaBase, path: Path) -> None:
    """Copy all that is in the store at `path` into `store`, as one transaction.

    Raises
    ------
    InputError
        If the file is missing, damaged or not a meta-base, or has a different dataset of a name that `store` has.
    """
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.sqlite"
        with MetaBase.open(path, "r") as other:  # of the present schema, whatever the file's is
            with closing(sqlite3.connect(snapshot)) as target:
                other.connection.backup(target)
        with MetaBase.open(snapshot, "w") as other:
            for damage in damages(other):
                raise DamagedError(str(path), damage)
            _check_same_datasets(store, other, path)
        connection = store.connection
        connection.create_function("worth", 1, worth, deterministic=True)
        connection.execute("ATTACH ? AS other", [store_uri(snapshot, "mode=ro")])
        try:
            with store.transaction():
                for statement in schema.statements(COPY):
                    connection.execute(statement)
        finally:
            connection.execute("DETACH other")


def _check_same_datasets(store: MetaBase, other: MetaBase, path: Path) -> None:
    known = {record.name: record for record in store.datasets()}
    for record in other.datasets():
        difference = record.difference(known[record.name]) if record.name in known else ""
        if difference:
            raise InputError(
                f"{path}: its dataset {record.name!r} is another one than that of the same name before it: "
                f"{difference}. Add one of them under another name, or try: "
                f"{removal_command(record.name, path)}"
            )

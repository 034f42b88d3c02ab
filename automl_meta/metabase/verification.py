"""Whether a store can be trusted."""

import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from automl_meta.execution.protocol import Status
from automl_meta.metabase.connection import DamagedError
from automl_meta.metabase.records import Run
from automl_meta.metabase.schema import table_names
from automl_meta.metabase.sealing import digest_of
from automl_meta.metabase.store import MetaBase

UNIT = (0.0, 1.0)
RANGES = {
    "roc_auc": UNIT,
    "accuracy": UNIT,
    "balanced_accuracy": UNIT,
    "average_precision": UNIT,
    "matthews_corrcoef": (-1.0, 1.0),
    "r2": (-math.inf, 1.0),
}
TEXTS = {
    ("configuration", "hyperparameters"): "object",
    ("environment", "versions"): "object",
    ("metafeature_list", "names"): "array",
    ("metric_list", "names"): "array",
}
LISTS = (("metafeature_list", "names"), ("metric_list", "names"))
COUNTS = {
    "dataset": ("n_rows", "n_columns", "n_classes"),
    "protocol": ("row_cap", "folds"),
}
ROUNDING = 1e-6  # scores are kept as float32
MOST_PROBLEMS = 50  # of one kind that are told


def verify(store: MetaBase) -> list[str]:
    """Return what is wrong with the store, one line each; an empty list if nothing is.

    Looks at the file's structure, references between tables, kinds of values, texts of JSON, the configurations'
    hashes, doubles, the lengths of blocks, the ranges of counts, scores and seconds, and the digest of a sealed
    store.
    """
    with store.snapshot():
        structure = [problem for check in (_structure, _kinds, _texts) for problem in _told(check, store)]
        if structure:
            return structure  # nothing below can be relied on
        checks = (_configurations, _counts, _datasets, _metafeatures, _blocks, _runs, _digest)
        return [problem for check in checks for problem in _told(check, store)]


def damages(store: MetaBase) -> list[str]:
    """Return why the store cannot be read, one line each; quicker than `verify`, which looks at what is in it too."""
    return [problem for check in (_structure, _kinds, _texts, _blocks) for problem in _told(check, store)]


def score_range(metric: str) -> tuple[float, float]:
    """Return the least and the greatest value that a metric can have."""
    if metric in RANGES:
        return RANGES[metric]
    if metric.startswith("neg_"):
        return (-math.inf, 0.0)
    if metric.startswith(("f1", "precision", "recall", "jaccard")):
        return UNIT
    return (-math.inf, math.inf)


def _told(check: Callable[[MetaBase], Iterator[str]], store: MetaBase) -> Iterator[str]:
    """Yield the first problems that a check finds; that it cannot read the store is one."""
    try:
        for number, problem in enumerate(check(store)):
            if number == MOST_PROBLEMS:
                yield "... and more of this kind"
                return
            yield problem
    except DamagedError as error:
        yield f"the file is damaged: {error.reason}"
    except (TypeError, ValueError, sqlite3.DatabaseError) as error:
        yield f"the file is damaged: {error}"


def _structure(store: MetaBase) -> Iterator[str]:
    for (said,) in store.connection.execute("PRAGMA integrity_check(10)"):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for table, _, parent, _ in store.connection.execute("PRAGMA foreign_key_check"):
        yield f"a row of {table} refers to a row of {parent} that is not there"


def _kinds(store: MetaBase) -> Iterator[str]:
    """Check that each column holds what it is declared to: SQLite itself takes a text for a number."""
    for table in sorted(table_names()):
        rows = store.connection.execute(f"PRAGMA table_info({table})")
        declared = {column: kind.lower() for _, column, kind, *_ in rows}
        others = ", ".join(
            f"max(CASE WHEN typeof({column}) NOT IN ('{kind}', 'null') THEN typeof({column}) END)"
            for column, kind in declared.items()
        )
        found = store.connection.execute(f"SELECT {others} FROM {table}").fetchone()
        for (column, kind), other in zip(declared.items(), found, strict=True):
            if other is not None:
                yield f"the column {column} of {table} holds a value of the kind {other}, not {kind}"


def _texts(store: MetaBase) -> Iterator[str]:
    """Check that what is kept as JSON is JSON, of the kind that it should be, and holds distinct texts."""
    for (table, column), kind in TEXTS.items():
        rows = store.connection.execute(
            f"SELECT id FROM {table} WHERE CASE WHEN json_valid({column}) THEN json_type({column}) ELSE '' END != ?",
            [kind],
        )
        for (key,) in rows:
            yield f"row {key} of {table}: its {column} are no JSON {kind}"
    for table, column in LISTS:
        rows = store.connection.execute(
            f"""SELECT {table}.id FROM {table} LEFT JOIN json_each({column}) AS item ON true
            WHERE json_valid({column}) GROUP BY 1 HAVING count(DISTINCT item.value) != count(*)
                OR sum(coalesce(item.type, '') != 'text') > 0"""
        )
        for (key,) in rows:
            yield f"row {key} of {table}: its {column} are no list of distinct names"


def _configurations(store: MetaBase) -> Iterator[str]:
    hashes = [row[0] for row in store.connection.execute("SELECT hash FROM configuration ORDER BY id")]
    for known, configuration in zip(hashes, store.configurations(), strict=True):
        if known != configuration.id:
            yield f"the configuration {known} has other hyperparameters than its hash was made of"


def _counts(store: MetaBase) -> Iterator[str]:
    """Check that no count is negative."""
    for table, columns in COUNTS.items():
        for column in columns:
            for (key,) in store.connection.execute(f"SELECT id FROM {table} WHERE {column} < 0"):
                yield f"row {key} of {table}: its {column} is negative"


def _datasets(store: MetaBase) -> Iterator[str]:
    records = store.datasets()
    doubles = Counter((record.checksum, record.target) for record in records if record.checksum)
    for record in records:
        if record.checksum and doubles[record.checksum, record.target] > 1:
            yield f"the dataset {record.name} is there twice, by its checksum"
        if record.task.is_classification and record.n_classes == 1:
            yield f"the dataset {record.name} is for classification and has one class"


def _metafeatures(store: MetaBase) -> Iterator[str]:
    for name, record in store.metafeatures().items():
        if len(record.values) != len(record.names):
            yield f"{name}: {len(record.values)} values for {len(record.names)} meta-features"
        elif np.isinf(record.values).any():
            yield f"{name}: an infinite meta-feature"


def _blocks(store: MetaBase) -> Iterator[str]:
    """Check that each run's block holds the same number of folds for each metric, at most the protocol's."""
    rows = store.connection.execute(
        """SELECT dataset.name, configuration.hash, length(scores), json_array_length(names), folds
        FROM run JOIN dataset ON dataset.id = dataset_id JOIN configuration ON configuration.id = configuration_id
        JOIN protocol ON protocol.id = protocol_id LEFT JOIN metric_list ON metric_list.id = metric_list_id
        WHERE (scores IS NULL) != (metric_list_id IS NULL) OR length(scores) % (4 * json_array_length(names)) != 0
            OR (folds > 0 AND length(scores) > 4 * json_array_length(names) * folds) OR length(scores) = 0"""
    )
    for dataset, configuration, length, n_metrics, folds in rows:
        yield f"{configuration} on {dataset}: {length} bytes for {n_metrics} metrics and {folds} folds"


def _runs(store: MetaBase) -> Iterator[str]:
    rows = {record.name: record.n_rows for record in store.datasets()}
    for run in store.runs():
        for problem in _run(run, rows[run.dataset]):
            yield f"{run.configuration.id} on {run.dataset}: {problem}"


def _run(run: Run, dataset_rows: int) -> Iterator[str]:
    if (run.status is Status.OK) != bool(run.scores):
        yield f"status {run.status} with {len(run.scores)} metrics"
    if run.scores and all(math.isnan(run.score(metric)) for metric in run.scores):
        yield "no metric has a score"
    for metric, values in run.scores.items():
        least, most = score_range(metric)
        for value in values:
            if math.isinf(value) or value < least - ROUNDING or value > most + ROUNDING:
                yield f"{metric} is {value}"
    if any(amount < 0 or math.isinf(amount) for amount in _amounts(run)):
        yield "negative or infinite seconds or memory"
    if min(run.n_rows, run.created) < 0:
        yield "a negative number of rows, or a date before 1970"
    if run.protocol.rows and run.n_rows > run.protocol.rows:
        yield f"{run.n_rows} rows used, the protocol allows {run.protocol.rows}"
    if dataset_rows and run.n_rows > dataset_rows:
        yield f"{run.n_rows} rows used, the dataset has {dataset_rows}"


def _amounts(run: Run) -> tuple[float, ...]:
    return run.fit_seconds, run.predict_seconds, run.cpu_seconds, run.peak_memory_mb


def _digest(store: MetaBase) -> Iterator[str]:
    known = store.info().get("digest")
    if known is not None and known != digest_of(store):
        yield "the contents are not what the digest was made of; it has been changed since it was sealed"

"""What says that a store has not been changed: a digest of its contents."""

import hashlib

from automl_meta.metabase.store import MetaBase

# What the digest is made of: everything that counts, in an order that does not depend on how the store grew.
DIGESTED = (
    """SELECT name, task, family, simulated, n_rows, n_columns, n_classes, target, origin, licence, openml_id,
        checksum FROM dataset ORDER BY name""",
    """SELECT name, metafeature_list.names, extractor, numbers FROM metafeatures
    JOIN dataset ON dataset.id = dataset_id JOIN metafeature_list ON metafeature_list.id = list_id ORDER BY name""",
    "SELECT hash, algorithm, version, hyperparameters FROM configuration ORDER BY hash",
    """SELECT dataset.name, hash, row_cap, folds, seed, source, status, run.n_rows, fit_seconds, predict_seconds,
        cpu_seconds, peak_memory_mb, created, versions, error.text, origin.text, metric_list.names, scores
    FROM run JOIN dataset ON dataset.id = dataset_id JOIN configuration ON configuration.id = configuration_id
    JOIN protocol ON protocol.id = protocol_id JOIN environment ON environment.id = environment_id
    LEFT JOIN message AS error ON error.id = error_id LEFT JOIN message AS origin ON origin.id = origin_id
    LEFT JOIN metric_list ON metric_list.id = metric_list_id
    ORDER BY dataset.name, hash, row_cap, folds, seed, source""",
    """SELECT dataset.name, hash, row_cap, folds, seed, source, source_run, source_setup, source_flow, grade
    FROM provenance JOIN dataset ON dataset.id = dataset_id JOIN configuration ON configuration.id = configuration_id
    JOIN protocol ON protocol.id = protocol_id
    ORDER BY dataset.name, hash, row_cap, folds, seed, source, source_run""",
)


def seal(store: MetaBase) -> str:
    """Remove what only matters while a store grows, and write down a digest of the rest; return it."""
    with store.transaction():
        store.connection.execute("DELETE FROM claim")
        store.keys.drop_unused("message", "metafeature_list")
        digest = digest_of(store)
        store.set_info({"digest": digest})
    return digest


def digest_of(store: MetaBase) -> str:
    """Return the SHA-256 of the store's contents."""
    digest = hashlib.sha256()
    for query in DIGESTED:
        for row in store.connection.execute(query):
            digest.update(repr(row).encode())
    return digest.hexdigest()

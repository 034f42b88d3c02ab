"""Learning from one's own work: what of a run's journal goes into the user's own meta-base."""

import hashlib
from dataclasses import replace
from pathlib import Path

from automl_meta.execution.protocol import Status
from automl_meta.metabase.records import DatasetRecord, MetaFeatureRecord
from automl_meta.metabase.shipped import personal_path
from automl_meta.metabase.store import MetaBase

# These say what one run had time, memory and patience for, and nothing of the configuration.
OF_THE_RUN = frozenset({Status.TIMEOUT, Status.MEMORY, Status.CANCELLED})


def learn(journal: Path, personal: Path | None = None, *, name: str | None = None) -> list[str]:
    """Add the experiments of a journal to the personal meta-base, and return the names of their datasets there.

    Meta-features, configurations, scores and what they cost go in. Names of files and columns, labels, checksums and
    the texts of errors, which may quote cells, stay out. So does what this run's limits ended: the next one may have
    others. A success takes the place of a failure that was learned before.

    Parameters
    ----------
    journal : Path
        A store, as `fit` writes it.
    personal : Path, optional
        Another file than the user's own.
    name : str, optional
        Call the dataset so; otherwise it gets a name made of its meta-features, so that a second run on the same
        table joins the first.

    Raises
    ------
    InputError
        If the journal is missing or not a store, or another dataset has the `name`.
    """
    personal = personal or personal_path()
    personal.parent.mkdir(parents=True, exist_ok=True)
    names = []
    with MetaBase.open(journal, "r") as source, MetaBase.open(personal, "w") as target, target.transaction():
        features = source.metafeatures()
        for record in source.datasets():
            runs = [run for run in source.runs(record.name) if run.status not in OF_THE_RUN]
            if not runs:
                continue
            kept = _without_names(record, features.get(record.name), name)
            target.add_dataset(kept)
            if record.name in features:
                target.set_metafeatures(kept.name, features[record.name])
            known = {protocol: target.finished(kept.name, protocol) for protocol in source.protocols()}
            for run in runs:
                error = run.error.partition(":")[0] if run.error else ""
                better = run.status is Status.OK and known[run.protocol].get(run.configuration.id) is not Status.OK
                target.add_run(replace(run, dataset=kept.name, error=error, origin=""), replace=better)
            names.append(kept.name)
    return names


def _without_names(record: DatasetRecord, features: MetaFeatureRecord | None, name: str | None) -> DatasetRecord:
    digest = hashlib.sha256(f"{record.task}/{record.n_rows}/{record.n_columns}/{record.n_classes}".encode())
    if features is not None:
        digest.update(features.values.tobytes())
    called = name or f"learned-{digest.hexdigest()[:10]}"
    return DatasetRecord(
        name=called,
        task=record.task,
        n_rows=record.n_rows,
        n_columns=record.n_columns,
        n_classes=record.n_classes,
        family=called,
    )

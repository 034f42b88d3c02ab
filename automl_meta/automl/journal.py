"""The journal of a run: the store of prior experiments with one dataset in it."""

from pathlib import Path

import numpy as np

from automl_meta.datasets import Dataset
from automl_meta.evaluation import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.metabase import DatasetRecord, MetaBase, MetaFeatureRecord, Protocol, run_of
from automl_meta.metabase.experiments import extractor_version
from automl_meta.metafeatures import MetaFeatures


class Journal:
    """Writes every evaluation of a run as it ends, so that nothing is lost and a run can be learned from.

    Parameters
    ----------
    path : Path
        Of the store; made if it is not there.
    folds, seed : int
        Of the run.
    """

    def __init__(self, path: Path, dataset: Dataset, metafeatures: MetaFeatures, *, folds: int, seed: int) -> None:
        self._store = MetaBase.open(path, "w")
        self._dataset = dataset
        self._protocol = Protocol(folds=folds, seed=seed, source=source_of(dataset))
        record = DatasetRecord(
            name=dataset.name,
            task=dataset.task,
            n_rows=dataset.n_rows,
            n_columns=len(dataset.schema.features),
            n_classes=dataset.n_classes,
            target=dataset.schema.target,
        )
        described = metafeatures.to_dict()
        features = MetaFeatureRecord(
            names=tuple(described),
            values=np.array(list(described.values()), dtype=np.float64),
            extractor=extractor_version(tuple(described)),
        )
        self._store.add_dataset(record)
        self._store.set_metafeatures(dataset.name, features)

    def add(self, evaluation: Evaluation) -> None:
        """Write one evaluation, a failed one too; first looks and fits without a score teach others nothing.

        A run that goes on may try again what had failed: a success takes the failure's place.
        """
        if not evaluation.fidelity.is_full or not evaluation.repeats:
            return
        run = run_of(evaluation, self._dataset.name, self._protocol, n_rows=self._dataset.n_rows)
        self._store.add_run(run, replace=evaluation.status is Status.OK)

    def close(self) -> None:
        """End writing."""
        self._store.close()


def source_of(dataset: Dataset) -> str:
    """Return which of `FIT_SOURCES` the runs on `dataset` have.

    Where it has times and groups, the times decide which rows validate which.
    """
    order = " by time" if dataset.times is not None else " by groups" if dataset.groups is not None else ""
    return f"fit{order}{'' if dataset.weights is None else ' weighted'}"

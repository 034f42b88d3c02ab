"""A fitted model with all that is known of it."""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import automl_meta
from automl_meta.datasets import Dataset, FeatureCheck, Schema, features_from, labels_from
from automl_meta.datasets.profile import TableProfile, profile_of
from automl_meta.ensembling import EnsemblePlan, EnsemblePredictor
from automl_meta.persistence.probe import make_probe

# Libraries whose version can change what a stored model predicts.
LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "skops", "lightgbm", "catboost", "xgboost-cpu", "xgboost")


class HasDict(Protocol):
    """What can describe itself for JSON."""

    def to_dict(self) -> Mapping[str, Any]:
        """Return a JSON-ready description."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedModel:
    """What `fit` makes, the file stores and `predict` uses.

    Attributes
    ----------
    manifest : mapping
        JSON-ready: task, target, metric, scores, ensemble, leaderboard, seed, versions, meta-features, ...
    schema : Schema
        How a table is read before it is predicted.
    predictor : EnsemblePredictor
    probe : mapping
        A few synthetic rows with the predictions made when the model was new; JSON-ready.
    profile : TableProfile or None
        How the columns were distributed, to compare other tables with; None in files that were made without.
    report : mapping
        What the report is drawn from besides the manifest; JSON-ready, empty in files that were made without.
    warnings : tuple of str
        What loading found remarkable, a sentence each.
    """

    manifest: Mapping[str, Any]
    schema: Schema
    predictor: EnsemblePredictor
    probe: Mapping[str, Any]
    profile: TableProfile | None = None
    report: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def predict(self, frame: Any, *, threads: int = 1) -> tuple[NDArray[Any], FeatureCheck]:
        """Return original labels or numbers, (n_rows,), for a raw table, and how it differs from the schema."""
        X, check = features_from(frame, self.schema)
        predicted = self.predictor.predict(X, threads=threads)
        if self.schema.classes is not None:
            predicted = labels_from(predicted.astype(np.int64), self.schema)
        return predicted, check

    def predict_proba(self, frame: Any, *, threads: int = 1) -> tuple[NDArray[np.float64], FeatureCheck]:
        """Return probabilities of shape (n_rows, n_classes), in the order of ``schema.classes``, and the check.

        Raises
        ------
        InputError
            If the model predicts numbers.
        """
        X, check = features_from(frame, self.schema)
        return self.predictor.predict_proba(X, threads=threads), check

    def predict_interval(
        self, frame: Any, level: float = 0.9, *, threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], FeatureCheck]:
        """Return lower and upper bounds, each (n_rows,), that hold the truth with probability `level`, and the check.

        Raises
        ------
        InputError
            If the model predicts classes, or the level is out of reach.
        """
        X, check = features_from(frame, self.schema)
        lower, upper = self.predictor.predict_interval(X, level, threads=threads)
        return lower, upper, check


def make_model(
    *,
    dataset: Dataset,
    predictor: EnsemblePredictor,
    plan: EnsemblePlan,
    leaderboard: Sequence[Mapping[str, Any]] = (),
    metafeatures: HasDict | None = None,
    seed: int = 0,
    notes: Mapping[str, Any] | None = None,
    profile: TableProfile | None = None,
    report: Mapping[str, Any] | None = None,
) -> FittedModel:
    """Gather a fitted model and what is to be stored with it.

    Parameters
    ----------
    notes : mapping, optional
        Further JSON-ready entries of the manifest: the budget, the command, the meta-base's checksum.
    profile : TableProfile, optional
        Of the dataset, where it is known already.
    report : mapping, optional
        What the report is drawn from.
    """
    manifest = {
        **(notes or {}),
        "made": {
            "automl_meta": automl_meta.__version__,
            "python": platform.python_version(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
        "libraries": installed_versions(),
        "task": str(dataset.task),
        "target": dataset.schema.target,
        "data": {"name": dataset.name, "rows": dataset.n_rows, "features": len(dataset.schema.features)},
        "schema": dataset.schema.to_dict(),
        "seed": seed,
        "ensemble": plan.to_dict(),
        "leaderboard": list(leaderboard),
        "metafeatures": {} if metafeatures is None else dict(metafeatures.to_dict()),
    }
    ready = json_ready(manifest)
    probe = make_probe(dataset.schema, predictor)
    return FittedModel(
        manifest=ready,
        schema=dataset.schema,
        predictor=predictor,
        probe=probe,
        profile=profile or profile_of(dataset),
        report=json_ready(report or {}),
    )


def installed_versions() -> dict[str, str]:
    """Return the versions of the libraries whose version can change what a model predicts."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def json_ready(value: Any) -> Any:
    """Return `value` with NumPy's scalars and arrays as Python's, tuples as lists, and NaN and infinity as None."""
    if isinstance(value, Mapping):
        return {str(key): json_ready(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(entry) for entry in value]
    if isinstance(value, np.ndarray | np.generic):
        return json_ready(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value

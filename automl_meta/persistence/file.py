"""Model files: one zip with a manifest, the schema, the leaderboard, a probe and the fitted ensemble.

Opening one runs no code from it: JSON and arrays are read, and of the types on a fixed list objects are made whose
attributes are set.
"""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl_meta.datasets import ColumnRole, Schema
from automl_meta.datasets.profile import ColumnProfile, TableProfile
from automl_meta.errors import InputError
from automl_meta.persistence.container import (
    PREDICTOR,
    PROFILE,
    REPORT,
    Container,
    ModelFileError,
    open_container,
    to_json,
    write_container,
)
from automl_meta.persistence.model import FittedModel, installed_versions
from automl_meta.persistence.predictor_part import PredictorPartError, dump_predictor, parse_predictor
from automl_meta.persistence.probe import probe_difference

logger = logging.getLogger(__name__)

MOST_LIBRARIES, LONGEST_NAME = 20, 40  # in a message, whatever a crafted file says


def save_model(path: str | Path, model: FittedModel) -> None:
    """Write `model` to a file: under a temporary name, synced and renamed, so that nobody ever sees half of one.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    manifest = {key: value for key, value in model.manifest.items() if key not in ("schema", "leaderboard")}
    parts = {
        "schema.json": to_json(model.manifest["schema"]),
        "leaderboard.json": to_json(model.manifest["leaderboard"]),
        "probe.json": to_json(model.probe),
        PREDICTOR: dump_predictor(model.predictor),
        REPORT: to_json(model.report),
    }
    if model.profile is not None:
        parts[PROFILE] = to_json(model.profile.to_dict())
    write_container(Path(path), manifest, parts)


def load_model(path: str | Path) -> FittedModel:
    """Read a model file.

    A file that was made with other versions of libraries is read with a warning (in the log and in
    ``FittedModel.warnings``) that says whether the model still predicts its stored probe.

    Raises
    ------
    ModelFileError
        If it is no model file, is damaged, or holds what a model has no use for.
    """
    with open_container(Path(path)) as container:
        manifest = _manifest(container)
        schema = _schema(container, manifest)
        try:
            predictor = parse_predictor(container.bytes(PREDICTOR))
        except PredictorPartError as error:
            raise _unusable(container, str(error)) from error
        if predictor.task != schema.task or predictor.n_classes != len(schema.classes or ()):
            raise container.damaged("its ensemble and its schema are of different tasks")
        probe = container.json("probe.json")
        model = FittedModel(
            manifest=manifest,
            schema=schema,
            predictor=predictor,
            probe=probe,
            profile=_profile(container, schema),
            report=_report(container),
        )
        warnings = _warnings(model, container)
    for warning in warnings:
        logger.warning("%s: %s", path, warning)
    return replace(model, warnings=warnings)


def read_manifest(path: str | Path) -> dict[str, Any]:
    """Return all that a model file tells of its model, without making the model.

    Raises
    ------
    ModelFileError
        If it is no model file, or is damaged.
    """
    with open_container(Path(path)) as container:
        return _manifest(container)


def read_contents(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `read_manifest` does, and what the report is drawn from besides.

    Raises
    ------
    ModelFileError
        If it is no model file, or is damaged.
    """
    with open_container(Path(path)) as container:
        manifest = _manifest(container)
        _schema(container, manifest)
        return manifest, _report(container)


def _manifest(container: Container) -> dict[str, Any]:
    schema, leaderboard = container.json("schema.json"), container.json("leaderboard.json")
    if not isinstance(leaderboard, list) or not all(isinstance(row, dict) for row in leaderboard):
        raise container.damaged("leaderboard.json is not a list of rows")
    if not isinstance(schema, dict):
        raise container.damaged("schema.json is not a table of entries")
    return {**container.manifest, "schema": schema, "leaderboard": leaderboard}


def _schema(container: Container, manifest: dict[str, Any]) -> Schema:
    try:
        return Schema.from_dict(manifest["schema"])
    except InputError as error:
        raise container.damaged(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise container.damaged("its schema cannot be read") from error


def _profile(container: Container, schema: Schema) -> TableProfile | None:
    if not container.has(PROFILE):
        return None
    try:
        profile = TableProfile.from_dict(container.json(PROFILE))
        names = [(column.name, column.role) for column in profile.columns]
        sized = all(len(column.shares) == _n_bins(column) for column in profile.columns)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise container.damaged("its profile of the columns cannot be read") from error
    if names != [(column.name, column.role) for column in schema.features] or not sized:
        raise container.damaged("its profile and its schema are of different columns")
    return profile


def _n_bins(column: ColumnProfile) -> int:
    """Return how many bins a column has, that of missing cells included."""
    return len(column.levels) + 2 if column.role is ColumnRole.CATEGORICAL else len(column.edges) + 2


def _report(container: Container) -> dict[str, Any]:
    content = container.json(REPORT) if container.has(REPORT) else {}
    if not isinstance(content, dict):
        raise container.damaged(f"{REPORT} is not a table of entries")
    return content


def _warnings(model: FittedModel, container: Container) -> tuple[str, ...]:
    differing = _other_versions(container)
    if not differing:
        return ()
    try:
        difference = probe_difference(model.schema, model.predictor, model.probe)
    except Exception as error:  # a model of other versions may fail in any way
        raise _unusable(container, f"it does not predict ({type(error).__name__})") from error
    verdict = (
        "it still predicts its stored probe the same"
        if difference <= 1
        else "its predictions of the stored probe DIFFER; do not rely on it here"
    )
    return (f"made with {differing}; {verdict}",)


def _unusable(container: Container, reason: str) -> ModelFileError:
    """Return the error of an ensemble that is of no use here: with other versions of the libraries it may be."""
    differing = _other_versions(container)
    if not differing:
        return container.damaged(reason)
    return ModelFileError(
        f"{container.path}: made with {differing}, and of no use with these: {reason}. "
        "Try the versions that it was made with, or fit again."
    )


def _other_versions(container: Container) -> str:
    """Return the libraries that the model was made with other versions of; nothing if there are none."""
    stored = container.manifest.get("libraries")
    if not isinstance(stored, dict):
        raise container.damaged("its manifest names no libraries")
    installed = installed_versions()
    differing = [
        f"{name[:LONGEST_NAME]} {str(version)[:LONGEST_NAME]} (here {installed.get(name, 'not installed')})"
        for name, version in stored.items()
        if installed.get(name) != version
    ]
    return ", ".join(differing[:MOST_LIBRARIES])

"""Model files: data, not programs."""

from automl_meta.persistence.container import ModelFileError
from automl_meta.persistence.file import load_model, read_contents, read_manifest, save_model
from automl_meta.persistence.model import FittedModel, make_model

__all__ = [
    "FittedModel",
    "ModelFileError",
    "load_model",
    "make_model",
    "read_contents",
    "read_manifest",
    "save_model",
]

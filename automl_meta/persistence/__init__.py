"""Model files: data, not programs."""

from automl_meta.persistence.container import ModelFileError
from automl_meta.persistence.file import load_model, read_contents, read_manifest, save_model
from automl_meta.persistence.model import FittedModel, make_model
from automl_meta.persistence.predictor_part import get_ready

__all__ = [
    "FittedModel",
    "ModelFileError",
    "get_ready",
    "load_model",
    "make_model",
    "read_contents",
    "read_manifest",
    "save_model",
]

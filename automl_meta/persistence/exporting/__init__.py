"""Models in other shapes: a plain script, a pickle."""

import pickle
from pathlib import Path

from automl_meta.files import replacing
from automl_meta.persistence.exporting.script import ExportError, Members, python_script
from automl_meta.persistence.model import FittedModel

__all__ = ["ExportError", "python_script", "write_pickle", "write_script"]


def write_script(path: Path, model: FittedModel, *, members: Members = "ensemble") -> None:
    """Write the script of `python_script` to a file: all of it, or nothing.

    Raises
    ------
    ExportError
        If none of the candidates can be written down.
    InputError
        If the file cannot be written there.
    """
    text = python_script(model, members=members, file_name=path.name)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_pickle(path: Path, model: FittedModel) -> None:
    """Pickle the fitted model: schema, predictor, and all that is known of it. Opening it runs what is in it.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        pickle.dump(model, file, protocol=5)

"""Models in other shapes: a plain script, an ONNX graph, a pickle."""

import pickle
from pathlib import Path

from automl_meta.files import replacing
from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.exporting.script import Members, python_script
from automl_meta.persistence.exporting.to_onnx.checking import largest_difference
from automl_meta.persistence.exporting.to_onnx.ensemble import onnx_graph, possible
from automl_meta.persistence.model import FittedModel

__all__ = ["ExportError", "python_script", "write_onnx", "write_pickle", "write_script"]


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


def write_onnx(path: Path, model: FittedModel, *, members: Members = "ensemble") -> tuple[list[str], float]:
    """Write the model as an ONNX graph, if it predicts the same.

    The graph takes the table's columns, (n_rows, 1) each: float64 numbers, and strings for categories and Booleans.
    ``best`` writes the best member that can be written, alone, without the ensemble's calibration.

    Returns
    -------
    list of str, float
        Names of the members written, and the largest difference that was found.

    Raises
    ------
    ExportError
        If something in the model has no counterpart in ONNX, or the predictions differ.
    InputError
        If the file cannot be written there, or the extra ``onnx`` is not installed.
    """
    refusals = []
    for predictor, names in possible(model, members):
        try:
            content = onnx_graph(model.schema, predictor, names).SerializeToString()
        except ExportError as refusal:
            refusals.append(refusal)
            continue
        difference = largest_difference(content, model.schema, predictor, model.probe)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        return names, difference
    raise refusals[0]


def write_pickle(path: Path, model: FittedModel) -> None:
    """Pickle the fitted model: schema, predictor, and all that is known of it. Opening it runs what is in it.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        pickle.dump(model, file, protocol=5)

"""The fitted ensemble as bytes, through skops, and back after the bytes were looked over."""

import io
import json
import re
import warnings
import zipfile
import zlib
from typing import Any

import numpy as np

from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.calibration import Calibration
from automl_meta.ensembling.combiners import Combiner
from automl_meta.ensembling.intervals import Residuals
from automl_meta.persistence.container import MOST_VALUES, most_values
from automl_meta.persistence.native import check_native_parts
from automl_meta.persistence.packing import pack, unpack
from automl_meta.persistence.trusted import TRUSTED, useless_type
from automl_meta.pipelines.estimators.soundness import UnsoundModelError

_MEMBER = re.compile(r"schema\.json|[0-9]{1,20}\.np[yz]|[0-9a-f-]{36}\.bin")
MOST_MEMBERS = 200_000
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"


class PredictorPartError(ValueError):
    """The stored ensemble is not what it should be; the text says in what."""


def get_ready() -> None:
    """Import what saving needs: it takes as long as a few small fits, and can be done while others are made."""
    import skops.io  # noqa: F401


def dump_predictor(predictor: EnsemblePredictor) -> bytes:
    """Return the ensemble as bytes.

    Raises
    ------
    PredictorPartError
        If it holds a type with which nobody could open it again.
    """
    import skops.io

    content = bytes(skops.io.dumps(pack(predictor)))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_types(json.loads(archive.read("schema.json")))
    return content


def parse_predictor(content: bytes) -> EnsemblePredictor:
    """Return the ensemble that `dump_predictor` made bytes of.

    Raises
    ------
    PredictorPartError
        If the bytes are damaged, name a type that is not on the list, or do not hold an ensemble.
    """
    import skops.io

    _check_archive(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other versions are reported once, by the caller
            predictor = unpack(skops.io.loads(content, trusted=list(TRUSTED)))
    except (Exception, RecursionError) as error:  # whatever a crafted file makes skops raise
        raise PredictorPartError(f"its ensemble cannot be read ({type(error).__name__})") from error
    if type(predictor) is not EnsemblePredictor:
        raise PredictorPartError(f"it holds a {type(predictor).__name__}, not an ensemble")
    _check_parts(predictor)
    try:
        check_native_parts(predictor)
    except UnsoundModelError as error:
        raise PredictorPartError(f"its ensemble could do harm: {error}") from error
    return predictor


def _check_parts(predictor: EnsemblePredictor) -> None:
    """Check what is used without looking: that every part is there, and is of its kind."""
    if "inputs" not in vars(predictor):  # a file from before there were layers
        predictor.inputs = None
    parts = vars(predictor)
    complete = set(parts) >= set(EnsemblePredictor._get_param_names())
    if (
        not complete
        or not isinstance(parts["task"], str)
        or not isinstance(parts["n_classes"], int)
        or not isinstance(parts["members"], list)
        or not all(isinstance(member, list) and member for member in parts["members"])
        or not isinstance(parts["combiner"], Combiner)
        or len(parts["members"]) != np.size(vars(parts["combiner"]).get("weights", ()))
        or not isinstance(parts["calibration"], Calibration | None)
        or not isinstance(parts["residuals"], Residuals | None)
        or not _feeds_upwards(parts["inputs"], len(parts["members"]))
    ):
        raise PredictorPartError("its ensemble lacks parts")


def _feeds_upwards(inputs: Any, n_members: int) -> bool:
    """Return whether each member is fed by members before it."""
    if inputs is None:
        return True
    return (
        isinstance(inputs, list)
        and len(inputs) == n_members
        and all(
            isinstance(fed, list) and all(isinstance(i, int) and 0 <= i < position for i in fed)
            for position, fed in enumerate(inputs)
        )
    )


def _check_archive(content: bytes) -> None:
    """Check that the inner zip is as skops writes it: plain names, nothing packed, arrays as large as they say."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise PredictorPartError(f"its ensemble has {len(members):,} parts")
            if sum(member.file_size for member in members) > len(content):
                raise PredictorPartError("its ensemble would unpack to more than there is")
            for member in members:
                _check_member(archive, member)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PredictorPartError("its ensemble is damaged") from error


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    if not _MEMBER.fullmatch(member.filename):
        raise PredictorPartError(f"its ensemble holds {member.filename[:80]!r}")
    if member.compress_type != zipfile.ZIP_STORED:
        raise PredictorPartError(f"{member.filename} of its ensemble is compressed")
    with archive.open(member) as file:
        start = file.read(len(_ZIP))
        file.seek(0)
        if start in (_ZIP, _EMPTY_ZIP):  # whatever its name, an array may be read as several that are packed
            raise PredictorPartError(f"{member.filename} of its ensemble is packed")
        if member.filename.endswith(".npy"):
            _check_array(file, member)
        elif member.filename.endswith(".json"):
            _check_schema(file.read())


def _check_schema(part: bytes) -> None:
    """Check that neither making the objects nor walking through them, those that are shared again, takes forever."""
    if most_values(part) > MOST_VALUES:
        raise PredictorPartError(f"its ensemble holds more than {MOST_VALUES:,} values")
    try:
        outline = json.loads(part)
        n_steps = _steps(outline, {})
    except (ValueError, TypeError, RecursionError) as error:
        raise PredictorPartError(f"the outline of its ensemble cannot be read ({type(error).__name__})") from error
    if n_steps > MOST_VALUES:
        raise PredictorPartError("its ensemble holds the same parts in each other, again and again")
    _check_types(outline)


def _check_types(outline: Any) -> None:
    """Check that all which would be made is of a type that models are made of, before any of it is."""
    found: set[str] = set()
    waiting = [outline]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and "__loader__" in node and (name := useless_type(node)) is not None:
            found.add(name)
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if found:
        shown = ", ".join(name[:120] for name in sorted(found)[:5])
        raise PredictorPartError(
            f"it holds types that a model has no use for: {shown}{' and more' if len(found) > 5 else ''}"
        )


def _steps(node: Any, known: dict[Any, int]) -> int:
    """Return how many objects are met on the way through a node of skops, which meets a shared one at each place."""
    if not isinstance(node, dict | list):
        return 0
    key = node.get("__id__") if isinstance(node, dict) else None
    if key is not None and key in known:
        return known[key]
    if key is not None:
        known[key] = 1  # met within itself it is not entered again
    steps = 1 + sum(_steps(part, known) for part in (node.values() if isinstance(node, dict) else node))
    if key is not None:
        known[key] = steps
    return steps


def _check_array(file: Any, member: zipfile.ZipInfo) -> None:
    """Check that an array is as large as its header says, before anybody reserves memory for it."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        raise PredictorPartError(f"{member.filename} of its ensemble is no array") from error
    size = dtype.itemsize
    for length in shape:
        size *= length
    if dtype.hasobject or min(shape, default=0) < 0 or size != member.file_size - file.tell():
        raise PredictorPartError(f"{member.filename} of its ensemble is not the array that it claims to be")

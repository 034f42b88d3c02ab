"""Trained weights as a file of plain arrays: reading one runs no code.

The file says which meta-base the weights came from, by its checksum, and which datasets they know.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.errors import InputError
from automl_meta.files import replacing
from automl_meta.metalearning.episodes import InputScaling
from automl_meta.metalearning.neural.batches import Sizes
from automl_meta.metalearning.neural.learners import LEARNERS
from automl_meta.metalearning.neural.model import NeuralMetaModel
from automl_meta.metalearning.neural.networks import Weights, tensor
from automl_meta.metalearning.protocol import Experience
from automl_meta.metalearning.traits import Traits

FORMAT = 1
ENDING = ".npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where weights came from.

    Attributes
    ----------
    method, task, metric : str
    checksum : str
        Of the meta-base, see `checksum_of`.
    datasets, families : tuple of str
        What they were trained on.
    steps : int
    seconds : float
        That training took.
    loss : float
        On the meta-validation datasets: how unlikely a query's standing was, smaller is better.
    """

    method: str
    task: str
    metric: str
    checksum: str
    datasets: tuple[str, ...]
    families: tuple[str, ...]
    steps: int
    seconds: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """What a file holds."""

    origin: Origin
    weights: Weights
    scaling: InputScaling

    def model_for(self, experience: Experience) -> NeuralMetaModel:
        """Return the meta-model for the datasets and configurations of `experience`."""
        return NeuralMetaModel(LEARNERS[self.origin.method]()).use(self.weights, self.scaling, experience)


def file_name(method: str, task: str, metric: str) -> str:
    """Return the name of the file of a method's weights for one kind of task and metric."""
    return f"{method}-{task}-{metric}{ENDING}"


def checksum_of(paths: Sequence[Path]) -> str:
    """Return the SHA-256 checksum of meta-bases, in hexadecimal digits; their order does not matter."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()


def save(model: NeuralMetaModel, origin: Origin, path: Path) -> None:
    """Write a trained model to `path`, in single precision."""
    head = {
        "format": FORMAT,
        "origin": asdict(origin),
        "metafeature_names": model.scaling_.metafeature_names,
    }
    arrays: dict[str, NDArray[Any]] = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    arrays |= {f"weights/{name}": w.detach().cpu().numpy() for name, w in model.weights_.items()}
    traits = model.scaling_.traits
    for field in fields(Traits):
        arrays[f"traits/{field.name}"] = _single(getattr(traits, field.name))
    arrays |= {f"scaling/{name}": _single(getattr(model.scaling_, name)) for name in ("centre", "width")}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle


def load(path: Path) -> Trained:
    """Return what the file at `path` holds.

    Raises
    ------
    InputError
        If it holds no weights that this version can use.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            head = json.loads(content["head"].tobytes())
            arrays = {name: content[name] for name in content.files}
        if head["format"] != FORMAT:
            raise InputError(f"{path} has format {head['format']}; known: {FORMAT}. Try: pip install -U automl-meta")
        told: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in head["origin"].items()}
        origin = Origin(**told)
        traits = Traits(**{field.name: _double(arrays[f"traits/{field.name}"]) for field in fields(Traits)})
        scaling = InputScaling(
            metafeature_names=tuple(head["metafeature_names"]),
            traits=traits,
            centre=_double(arrays["scaling/centre"]),
            width=_double(arrays["scaling/width"]),
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: holds no weights of a meta-model ({error}). Try: automl-meta metabase train-meta-models"
        ) from error
    weights = {
        name.removeprefix("weights/"): tensor(value) for name, value in arrays.items() if name.startswith("weights/")
    }
    _check_shapes(weights, origin.method, scaling, path)
    return Trained(origin=origin, weights=weights, scaling=scaling)


def _check_shapes(weights: Weights, method: str, scaling: InputScaling, path: Path) -> None:
    """Refuse weights of another version of a method, which would fail when they are used."""
    sizes = Sizes(n_inputs=len(scaling.centre) + 1, n_traits=scaling.traits.axes.shape[1])
    wanted = LEARNERS[method]().initial(sizes, np.random.default_rng(0)) if method in LEARNERS else {}
    if {name: w.shape for name, w in weights.items()} != {name: w.shape for name, w in wanted.items()}:
        raise InputError(
            f"{path}: holds weights of another version. Try again: automl-meta metabase train-meta-models"
        )


def _single(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float32) if values.dtype == np.float64 else values


def _double(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float64) if values.dtype == np.float32 else values

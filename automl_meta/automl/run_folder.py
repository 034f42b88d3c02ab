"""The folder of a run: its settings, its journal, its log, and every candidate that was evaluated.

With it a run that was killed goes on where it stopped. Everything in it is written under a temporary name and then
renamed, so that a kill at any moment leaves whole files.

The fitted pipelines in it are pickles, written by the run's own workers: a run's folder, unlike a model file, is to
be trusted like a program, and only its owner may read it.
"""

import dataclasses
import json
import os
import shlex
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from automl_meta.datasets import Dataset
from automl_meta.datasets.fingerprint import fingerprint
from automl_meta.errors import InputError
from automl_meta.evaluation import Evaluation, FoldScheme
from automl_meta.evaluation.partial import Fidelity
from automl_meta.execution.protocol import Status
from automl_meta.files import replacing
from automl_meta.pipelines.configuration import Configuration

FORMAT = 1
SETTINGS, JOURNAL, LOG, CANDIDATES, MODELS = "run.json", "journal.sqlite", "run.log", "candidates", "models"
NUMBERS = ("fit_seconds", "predict_seconds", "peak_memory_mb", "repeats")


GROWN = 1.2  # times as much time or memory is worth another attempt
# What a candidate that ended so may have wanted more of.
WANTED = {
    Status.TIMEOUT: {"seconds"},
    Status.MEMORY: {"memory_mb"},
    Status.CRASHED: {"memory_mb"},  # systems kill for memory, too
}


class RunFolder:
    """Where a run keeps what it would be a pity to lose."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal, self.log, self.models = path / JOURNAL, path / LOG, path / MODELS

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """Make a folder for a new run.

        Raises
        ------
        InputError
            If there is something at `path` already, or it cannot be made.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            hint = f"Try --resume {_typed(path)}" if (path / SETTINGS).exists() else "Try another folder."
            raise InputError(f"{path}: there is something here already. {hint}")
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in (CANDIDATES, MODELS):
                (path / name).mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{path}: the run's folder cannot be made: {error.strerror}") from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """Return the folder of a run that was begun before.

        Raises
        ------
        InputError
            If there is no run in it, or one of another format or another owner.
        """
        folder = cls(path)
        if not (path / SETTINGS).is_file():
            raise InputError(f"{path}: no run was begun here: it has no {SETTINGS}. Try --run-dir {_typed(path)}")
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            raise InputError(f"{path}: belongs to another user; a run's folder holds programs, so it is not opened.")
        if folder.settings().get("format") != FORMAT:
            raise InputError(f"{path}: was begun by another version of automl-meta. Begin anew.")
        return folder

    def settings(self) -> dict[str, Any]:
        """Return what the run was asked for.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        try:
            found = json.loads((self.path / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path / SETTINGS}: is damaged ({error}). Begin anew.") from error
        if not isinstance(found, dict):
            raise InputError(f"{self.path / SETTINGS}: is damaged. Begin anew.")
        return found

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Write what the run is asked for."""
        with replacing(self.path / SETTINGS) as temporary:
            temporary.write_text(json.dumps({"format": FORMAT, **settings}, indent=1), encoding="utf-8")

    def remember(self, **settings: Any) -> None:
        """Write down more of what the run is asked for, over what was known."""
        self.write_settings({**self.settings(), **settings})

    def check_same_data(self, dataset: Dataset) -> None:
        """Write down what the data are, or check that they are what they were when the run began.

        Raises
        ------
        InputError
            If they differ.
        """
        found = fingerprint(dataset)
        if self.settings().get("fingerprint", found) != found:
            raise InputError(f"{dataset.name}: the table has changed since the run in {self.path} began. Begin anew.")
        self.remember(fingerprint=found)

    def scheme(self) -> FoldScheme | None:
        """Return how the run splits the rows, if that was written down."""
        known = self.settings().get("scheme") if (self.path / SETTINGS).is_file() else None
        return None if known is None else FoldScheme(*known)

    def keep_scheme(self, scheme: FoldScheme) -> None:
        """Write down how the run splits the rows, if it can go on after a kill."""
        if (self.path / SETTINGS).is_file():
            self.remember(scheme=list(scheme))

    def searched_under(self, *, seconds: float | None, memory_mb: float | None) -> None:
        """Write down what one candidate may use, and forget those that failed for want of what there is more of now.

        Parameters
        ----------
        seconds, memory_mb : float, optional
            None where there is no limit.
        """
        if not (self.path / SETTINGS).is_file():
            return
        before = self.settings().get("limits", {})
        grown = {
            name
            for name, limit in (("seconds", seconds), ("memory_mb", memory_mb))
            if before.get(name) is not None and (limit is None or limit > GROWN * before[name])
        }
        for evaluation in self.kept():
            if evaluation.status in WANTED and WANTED[evaluation.status] & grown:
                self._path_of(evaluation).unlink(missing_ok=True)
        self.remember(limits={"seconds": seconds, "memory_mb": memory_mb})

    def keep(self, evaluation: Evaluation) -> None:
        """Write `evaluation`, unless it is here already."""
        path = self._path_of(evaluation)
        if path.exists():
            return
        described = {
            "configuration": evaluation.configuration.to_dict(),
            "status": str(evaluation.status),
            "scores": {name: list(values) for name, values in evaluation.scores.items()},
            "fidelity": dataclasses.asdict(evaluation.fidelity),
            "models": [model.name for model in evaluation.models],
            "error": evaluation.error,
            "origin": evaluation.origin,
            **{name: getattr(evaluation, name) for name in NUMBERS},
        }
        nothing = np.zeros(0, dtype=np.float32)
        predictions = nothing if evaluation.predictions is None else evaluation.predictions
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, described=np.array(json.dumps(described)), predictions=predictions)

    def kept(self) -> list[Evaluation]:
        """Return the evaluations that were written, in the order in which they ended.

        One that cannot be read, or whose models are gone, counts as not made.
        """
        paths = sorted((self.path / CANDIDATES).glob("*.npz"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        found = (self._read(path) for path in paths)
        return [evaluation for evaluation in found if evaluation is not None]

    def _path_of(self, evaluation: Evaluation) -> Path:
        return self.path / CANDIDATES / f"{evaluation.configuration.id}{evaluation.fidelity.suffix}.npz"

    def _read(self, path: Path) -> Evaluation | None:
        try:
            with np.load(path, allow_pickle=False) as arrays:
                described = json.loads(str(arrays["described"]))
                predictions = arrays["predictions"]
            models = tuple(self.models / Path(name).name for name in described["models"])
            if not all(model.is_file() for model in models):
                return None
            return Evaluation(
                configuration=Configuration.from_dict(described["configuration"]),
                status=Status(described["status"]),
                scores={name: tuple(values) for name, values in described["scores"].items()},
                predictions=predictions if len(predictions) else None,
                models=models,
                fidelity=Fidelity(**described["fidelity"]),
                error=described["error"],
                origin=described["origin"],
                **{name: described[name] for name in NUMBERS},
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)
            return None


@contextmanager
def folder_for(path: Path | None) -> Iterator[RunFolder]:
    """Give the folder of a new run: `path`, or a temporary one that goes with the run.

    Where the run fails the folder stays if something was evaluated that the run can go on with. Otherwise nothing
    stays of it, so that the same call can be made again, corrected.
    """
    made = [] if path is None else [place for place in (path, *path.parents) if not place.exists()]
    folder = RunFolder.create(path or Path(tempfile.mkdtemp(prefix="automl-meta-run-")))
    if path is None:
        made = [folder.path]
    try:
        yield folder
    except BaseException as error:
        if (folder.path / SETTINGS).is_file() and any((folder.path / CANDIDATES).glob("*.npz")):
            again = f"automl-meta fit --resume {_typed(folder.path)}"
            error.add_note(f"What was evaluated is kept. To go on: {again}")
        else:
            _remove(folder.path, made)
        raise
    if path is None:
        _remove(folder.path, made)


def _remove(path: Path, made: Iterable[Path]) -> None:
    """Remove what is in a run's folder, and those of the folders that were made for it which are empty then."""
    with suppress(OSError):
        for entry in path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
        for place in made:
            place.rmdir()


def _typed(path: Path) -> str:
    return shlex.quote(str(path))

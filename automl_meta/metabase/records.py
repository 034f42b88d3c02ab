"""What the meta-base holds, as values."""

import functools
import importlib.metadata
import math
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError, quoted
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration

# The sources of what `fit` ran, by which rows validated which and how they counted. The folds are others, so on one
# dataset what has one source is not compared with what has another.
FIT_SOURCES = tuple(f"fit{order}{weight}" for order in ("", " by time", " by groups") for weight in ("", " weighted"))

PACKAGES = ("automl-meta", "scikit-learn", "numpy", "scipy", "pandas", "lightgbm", "catboost", "xgboost-cpu", "torch")
MOST = 2**63 - 1  # that a store can keep


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """A dataset as the meta-base knows it: what it was, and nothing of what was in it.

    Attributes
    ----------
    family : str
        Datasets of one family share rows or origin; whoever evaluates leaves whole families out.
    checksum : str
        SHA-256 of the file, or of the table if there is none; tells whether a dataset is still the same.
    """

    name: str
    task: Task
    n_rows: int
    n_columns: int
    n_classes: int
    family: str = ""
    simulated: bool = False
    target: str = ""
    origin: str = ""
    licence: str = ""
    openml_id: int | None = None
    checksum: str = ""

    def difference(self, known: "DatasetRecord", *, counted: bool = True) -> str:
        """Return what tells it from `known`, one of the same name; empty if both may be the same dataset.

        Sizes tell two datasets apart where nothing else says that they are one: with the same checksum or the same
        number at OpenML, rows may have been counted differently. Columns do not: some count features alone.

        Parameters
        ----------
        counted : bool
            Whether the sizes here were found in the table, and not in what somebody says of it.
        """
        if self.task is not known.task:
            return f"its task is another: {known.task} there, {self.task} here"
        if self.target and known.target and self.target != known.target:
            return f"its target is another: {quoted(known.target)} there, {quoted(self.target)} here"
        if self.checksum and known.checksum and self.checksum != known.checksum:
            return "its data have changed"
        if (self.checksum and known.checksum) or (self.openml_id is not None and self.openml_id == known.openml_id):
            return ""
        for what, there, here in (("rows", known.n_rows, self.n_rows), ("classes", known.n_classes, self.n_classes)):
            if counted and there and here and there != here:
                return f"its number of {what} is another: {there:,} there, {here:,} here"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Protocol:
    """How runs were made; runs are compared only under one protocol.

    Attributes
    ----------
    rows : int
        Most rows that were used; 0 is all.
    folds : int
        Cross-validation's number of folds.
    seed : int
        Of the row sample, the folds and the fits.
    source : str
        Who made the runs: "build", one of `FIT_SOURCES`, "import", or what an importer says.

    Raises
    ------
    InputError
        If a number is larger than a store can keep.
    """

    rows: int = 0
    folds: int = 0
    seed: int = 0
    source: str = "build"

    def __post_init__(self) -> None:
        for name in ("rows", "folds", "seed"):
            if abs(getattr(self, name)) > MOST:
                raise InputError(f"{name}: {getattr(self, name)} is more than a meta-base can keep. Try less.")

    def __str__(self) -> str:
        rows = f"{self.rows} rows" if self.rows else "all rows"
        return f"{self.source}, {rows}, {self.folds} folds, seed {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One configuration on one dataset.

    Attributes
    ----------
    scores : mapping from metric name to tuple of float
        One value a fold; empty unless the status is OK.
    fit_seconds, predict_seconds : float
        Wall clock, summed over folds.
    cpu_seconds : float
        Processor time of the whole evaluation; NaN if unknown.
    n_rows : int
        Rows that were really used.
    created : int
        Seconds since 1970.
    versions : mapping from package to version
        Of what the run was made with.
    """

    dataset: str
    configuration: Configuration
    protocol: Protocol
    status: Status
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    cpu_seconds: float = math.nan
    peak_memory_mb: float = 0.0
    n_rows: int = 0
    error: str = ""
    origin: str = ""
    created: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """What the run costs on one undisturbed core: processor time if known, else wall clock."""
        wall = self.fit_seconds + self.predict_seconds
        return wall if math.isnan(self.cpu_seconds) else min(wall, self.cpu_seconds)

    def score(self, metric: str) -> float:
        """Return the mean over folds, without folds in which it is undefined; NaN if there is none."""
        values = [value for value in self.scores.get(metric, ()) if not math.isnan(value)]
        return sum(values) / len(values) if values else math.nan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MetaFeatureRecord:
    """The meta-features of a dataset, as some version of the extractor saw them."""

    names: tuple[str, ...]
    values: NDArray[np.float64]  # of shape (n_names,), NaN where undefined
    extractor: str  # its version
    seconds: float = 0.0


def run_of(
    evaluation: Evaluation, dataset: str, protocol: Protocol, *, n_rows: int, cpu_seconds: float = math.nan
) -> Run:
    """Return an evaluation, made just now and with what is installed here, as a run."""
    return Run(
        dataset=dataset,
        configuration=evaluation.configuration,
        protocol=protocol,
        status=evaluation.status,
        scores=evaluation.scores if evaluation.status is Status.OK else {},  # of other folds, they would mislead
        fit_seconds=evaluation.fit_seconds,
        predict_seconds=evaluation.predict_seconds,
        cpu_seconds=cpu_seconds,
        peak_memory_mb=evaluation.peak_memory_mb,
        n_rows=n_rows,
        error=evaluation.error,
        origin=evaluation.origin,
        created=int(time.time()),
        versions=installed_versions(),
    )


@functools.cache
def installed_versions() -> Mapping[str, str]:
    """Return the versions of Python and of the packages that scores depend on, and the processor's kind."""
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions

"""From a dataset to its meta-features, within a time limit."""

import dataclasses
import logging
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from automl_meta.datasets.dataset import Dataset
from automl_meta.datasets.target import TaskChoice
from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.metafeatures.intermediates import Intermediates
from automl_meta.metafeatures.registry import REGISTRY, Cost, Group, MetaFeature
from automl_meta.metafeatures.summaries import summarise
from automl_meta.metafeatures.table import Caps, Table, stratified_rows, table_from
from automl_meta.metafeatures.unlearnable import unlearnable_dataset

logger = logging.getLogger(__name__)

VERSION = 2  # raised when a definition changes, so that stored values can be told from those computed now
TIME_LIMIT = 5.0  # seconds; a net for overloaded machines, the caps keep the work far below
FEW_CLASSES = 100  # up to which models take as long for several classes as for two


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaFeatures:
    """What was found out about a dataset.

    Attributes
    ----------
    values : mapping from name to float
        In the order of `metafeature_names`; NaN where undefined or left out.
    groups : mapping from name to Group
    seconds : mapping from Group to float
        Wall clock; what groups share is counted where it was first asked for.
    left_out : mapping from name to str
        Why a value is missing: the time limit, or what is undefined about it.
    rows_used : int
        Rows that columns were described by.
    total_seconds : float
        Wall clock of everything, sampling included.
    """

    values: Mapping[str, float]
    groups: Mapping[str, Group]
    seconds: Mapping[Group, float]
    left_out: Mapping[str, str]
    rows_used: int
    total_seconds: float

    def as_vector(self, names: Iterable[str]) -> NDArray[np.float64]:
        """Return the values of `names`, of shape (n_names,); NaN for a name that is not there."""
        return np.array([self.values.get(name, float("nan")) for name in names], dtype=np.float64)

    def to_dict(self) -> dict[str, float]:
        """Return name and value of all."""
        return dict(self.values)


class _OutOfTimeError(Exception):
    """The next piece of work would not end in time."""


class _Clock:
    """Refuses work that would end after the limit."""

    def __init__(self, limit: float | None, caps: Caps) -> None:
        self._started = time.perf_counter()
        self._limit = limit
        self._estimates = dict.fromkeys(Cost, 0.0)
        self._caps = caps

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def expect(self, table: Table) -> None:
        """Set what a piece of work of each cost may take, generously, on a machine that others use too."""
        n_rows = len(table.y)
        n_columns = table.numeric.shape[1] + table.codes.shape[1] + table.dates.shape[1] + len(table.texts)
        sample = stratified_rows(table.y, self._caps.landmark_rows, table.is_classification)
        models = len(sample)
        n_classes = len(np.unique(table.y[sample])) if table.is_classification else 1
        encoded = min(4 * n_columns, self._caps.encoded_columns or 4 * n_columns)
        self._estimates = {
            Cost.FREE: 0.001,
            Cost.CELLS: 0.001 + 2e-7 * n_rows * n_columns,
            Cost.PAIRS: 0.001 + 1e-7 * models**2,
            Cost.MODELS: 0.01 + 2e-6 * models * encoded * max(n_classes / FEW_CLASSES, 1.0),
        }

    def before(self, cost: Cost) -> None:
        if self._limit is not None and self.elapsed + self._estimates[cost] > self._limit:
            raise _OutOfTimeError


def extract(
    X: pd.DataFrame | ArrayLike,
    y: ArrayLike,
    *,
    task: TaskChoice = "auto",
    groups: Iterable[str] | None = None,
    time_limit: float | None = TIME_LIMIT,
    row_cap: int | None = None,
    seed: int = 0,
) -> MetaFeatures:
    """Return the meta-features of a table.

    Parameters
    ----------
    X : DataFrame or array of shape (n_rows, n_columns)
        The roles of its columns are inferred as they are for a file.
    y : array of shape (n_rows,)
    task : {"auto", "binary", "multiclass", "regression"}
    groups, time_limit, row_cap, seed
        As for `extract_dataset`.

    Raises
    ------
    InputError
        If a group is unknown, or `X` and `y` are no table and its target. A table that nothing can be learned from
        (one row, one class, constant columns) is described as far as it goes.
    """
    from automl_meta.datasets import dataset_from_arrays

    try:
        dataset = dataset_from_arrays(X, y, task=task)
    except InputError:
        unlearnable = unlearnable_dataset(X, y, str(task))
        if unlearnable is None:
            raise
        dataset = unlearnable
    return extract_dataset(dataset, groups=groups, time_limit=time_limit, row_cap=row_cap, seed=seed)


def extract_dataset(
    dataset: Dataset,
    *,
    groups: Iterable[str] | None = None,
    features: Iterable[str] | None = None,
    time_limit: float | None = TIME_LIMIT,
    row_cap: int | None = None,
    caps: Caps | None = None,
    seed: int = 0,
) -> MetaFeatures:
    """Return the meta-features of a dataset.

    The same dataset, caps and seed give the same values to the last bit, in whatever order its rows and columns are,
    unless the time limit cuts in. Above four million cells the rows are first drawn by position.

    Parameters
    ----------
    groups : iterable of str, optional
        Names of groups; all if not given.
    features : iterable of str, optional
        Names of meta-features without their summaries; of the groups, only these that the task has.
    time_limit : float or None
        Seconds; what would not end in time is left missing and listed in ``left_out``. None is no limit.
    row_cap : int, optional
        Rows that columns are described by, 10,000 if not given; a stratified sample.
    caps : Caps, optional
        All limits on how much is looked at; `row_cap` takes precedence.
    seed : int
        Of every sample and model.

    Raises
    ------
    InputError
        If a group or a meta-feature is unknown.
    """
    chosen = _features(dataset.task, _groups(groups), features)
    caps = replace(caps or Caps(), rows=row_cap) if row_cap is not None else caps or Caps()
    clock = _Clock(time_limit, caps)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        table = table_from(dataset, caps, seed)
        clock.expect(table)
        return _extracted(table, chosen, clock)


def metafeature_names(task: Task, groups: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return the names of all values for `task`, in the order in which they are always given."""
    return tuple(name for feature in _features(task, _groups(groups)) for name in feature.names)


def _extracted(table: Table, features: list[MetaFeature], clock: _Clock) -> MetaFeatures:
    items = {field.name: getattr(table, field.name) for field in dataclasses.fields(table)}
    intermediates = Intermediates(items, clock.before, wanted=[feature.name for feature in features])
    values: dict[str, float] = {}
    left_out: dict[str, str] = {}
    of_group: dict[str, Group] = {}
    seconds = dict.fromkeys((feature.group for feature in features), 0.0)
    for feature in features:
        started = clock.elapsed
        numbers, reason = _value(feature, intermediates, clock)
        seconds[feature.group] += clock.elapsed - started
        for name, number in zip(feature.names, numbers, strict=True):
            of_group[name] = feature.group
            values[name] = number if np.isfinite(number) else float("nan")
            if not np.isfinite(number):
                left_out[name] = reason or "undefined for this table"
    return MetaFeatures(
        values=values,
        groups=of_group,
        seconds=seconds,
        left_out=left_out,
        rows_used=len(table.y),
        total_seconds=clock.elapsed,
    )


def _value(feature: MetaFeature, intermediates: Intermediates, clock: _Clock) -> tuple[list[float], str]:
    nothing = [float("nan")] * len(feature.names)
    try:
        clock.before(Cost.FREE)
        result: Any = intermediates.take(feature.name)
    except _OutOfTimeError:
        return nothing, "time limit"
    except (ArithmeticError, ValueError, IndexError, MemoryError) as error:
        logger.debug("%s is undefined: %s", feature.name, error)
        return nothing, str(error) or type(error).__name__
    return (summarise(result, feature.summaries) if feature.summaries else [float(result)]), ""


def _features(task: Task, groups: tuple[Group, ...], names: Iterable[str] | None = None) -> list[MetaFeature]:
    asked = set(REGISTRY) if names is None else set(names)
    if unknown := asked - set(REGISTRY):
        raise InputError(f"no meta-feature named {', '.join(sorted(unknown))}. Try: automl-meta describe DATA")
    return [
        feature
        for group in groups
        for feature in REGISTRY.values()
        if feature.group is group and feature.scope.covers(task) and feature.name in asked
    ]


def _groups(names: Iterable[str] | None) -> tuple[Group, ...]:
    if names is None:
        return tuple(Group)
    asked = set(names)
    if unknown := asked - set(Group):
        raise InputError(f"no group of meta-features named {', '.join(sorted(unknown))}. Known: {', '.join(Group)}")
    return tuple(group for group in Group if group in asked)

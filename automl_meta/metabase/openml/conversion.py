"""One task's evaluations as runs of the meta-base."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from automl_meta.datasets.task import Task
from automl_meta.execution.protocol import Status
from automl_meta.metabase.openml.formats import Evaluation, TaskDescription
from automl_meta.metabase.openml.measures import SECONDS, Measure, score_of
from automl_meta.metabase.openml.translation import Grade, Problem, Setup, Translation, UntranslatableError, translate
from automl_meta.metabase.provenance import Provenance
from automl_meta.metabase.records import DatasetRecord, Protocol, Run

LABELS_ONLY = "measured by probabilities, and the model gave labels alone"


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of a task's evaluations.

    Attributes
    ----------
    listed : int
        Rows of all lists.
    runs : int
        Distinct runs in them.
    stored : Counter
        Grade to the number of runs of the meta-base.
    repeated : int
        Runs of a configuration that another run has been stored for.
    without_score : int
        Runs without a value of any measure.
    untranslatable : Counter
        Reason to the number of runs, those included of which no measure means what it should.
    """

    listed: int = 0
    runs: int = 0
    stored: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    without_score: int = 0
    untranslatable: Counter[str] = field(default_factory=Counter)

    def drop(self, grade: Grade) -> None:
        """Count a run as a repeated one: another task has brought its like."""
        self.stored[grade.value] -= 1
        self.repeated += 1

    def add(self, other: "Counts") -> None:
        """Add the counts of another task."""
        self.listed += other.listed
        self.runs += other.runs
        self.stored.update(other.stored)
        self.repeated += other.repeated
        self.without_score += other.without_score
        self.untranslatable.update(other.untranslatable)


def protocol_of(task: TaskDescription) -> Protocol:
    """Return how a task's runs are made; runs are compared only under one protocol, never with those made here."""
    source = "openml"
    if task.procedure == "crossvalidation":
        if task.repeats > 1:
            source += f" {task.repeats} times"
        return Protocol(folds=task.folds, source=source)
    if task.procedure == "holdout":
        return Protocol(folds=1, source=f"{source} holdout {task.percentage} %")
    return Protocol(folds=task.folds, source=f"{source} {task.procedure or 'unknown'}")


def problem_of(task: TaskDescription, record: DatasetRecord) -> Problem:
    """Return what translations need to know."""
    n_rows = record.n_rows
    if task.procedure == "holdout":
        n_rows = n_rows * (100 - task.percentage) // 100
    elif task.folds > 1:
        n_rows = n_rows * (task.folds - 1) // task.folds
    return Problem(task=record.task, n_rows=n_rows, n_features=record.n_columns, n_classes=record.n_classes)


class Converter:
    """Turns the lists of one task into runs.

    Parameters
    ----------
    setups : mapping from number to Setup
        All that the lists name.
    """

    def __init__(self, task: TaskDescription, record: DatasetRecord, setups: Mapping[int, Setup]) -> None:
        self.counts = Counts()
        self._protocol = protocol_of(task)
        self._problem = problem_of(task, record)
        self._record = record
        self._setups = setups
        self._translations: dict[int, Translation | str] = {}

    def convert(self, lists: Mapping[str, Mapping[int, Evaluation]], measures: Mapping[str, Measure]) -> list["Row"]:
        """Return the runs, in the order of OpenML's numbers, each with where it comes from.

        Parameters
        ----------
        lists : mapping from measure to mapping from run to Evaluation
        """
        rows: dict[str, Row] = {}
        for run_id in sorted({run_id for listed in lists.values() for run_id in listed}):
            found = {name: listed[run_id] for name, listed in lists.items() if run_id in listed}
            self.counts.runs += 1
            row = self._row(found, measures)
            if row is None:
                continue
            known = rows.get(row.run.configuration.id)
            if known is None:
                rows[row.run.configuration.id] = row
                continue
            self.counts.repeated += 1
            sources = known.sources + row.sources
            better = row if row.worth > known.worth else known
            rows[row.run.configuration.id] = Row(better.run, better.grade, sources)
        for row in rows.values():
            self.counts.stored[row.grade.value] += 1
        return list(rows.values())

    def _row(self, found: Mapping[str, Evaluation], measures: Mapping[str, Measure]) -> "Row | None":
        scores = {measures[name].metric: score_of(measures[name], row.value) for name, row in found.items()}
        seconds = scores.pop(SECONDS, float("nan"))
        if not np.isfinite(list(scores.values())).any():
            self.counts.without_score += 1
            return None
        first = next(iter(found.values()))
        translation = self._translated(first.setup_id)
        if isinstance(translation, str):
            self.counts.untranslatable[translation] += 1
            return None
        if translation.labels_only:
            for name in found:
                if measures[name].of_probabilities:
                    del scores[measures[name].metric]
            if not np.isfinite(list(scores.values())).any():
                self.counts.untranslatable[LABELS_ONLY] += 1
                return None
        run = Run(
            dataset=self._record.name,
            configuration=translation.configuration,
            protocol=self._protocol,
            status=Status.OK,
            scores={name: (value,) for name, value in scores.items()},
            fit_seconds=seconds,
            predict_seconds=0.0,
            peak_memory_mb=float("nan"),
            n_rows=self._record.n_rows,
            created=first.uploaded,
        )
        source = Provenance(
            run_id=first.run_id, setup_id=first.setup_id, flow_id=first.flow_id, grade=translation.grade.value
        )
        return Row(run, translation.grade, (source,))

    def _translated(self, setup_id: int) -> Translation | str:
        """Return the translation of a setup, or the reason why there is none."""
        known = self._translations.get(setup_id)
        if known is None:
            try:
                known = translate(self._setups[setup_id], self._problem)
            except UntranslatableError as error:
                known = str(error)
            self._translations[setup_id] = known
        return known


@dataclass(frozen=True, slots=True)
class Row:
    """A run, the best grade of its sources, and all of them."""

    run: Run
    grade: Grade
    sources: tuple[Provenance, ...]

    @property
    def worth(self) -> tuple[bool, int]:
        """What makes it better than another run of the same configuration: the grade, then how much was measured."""
        return self.grade is Grade.EXACT, len(self.run.scores)


def is_classification(task: TaskDescription) -> bool:
    """Return whether a supervised task predicts a class."""
    return task.kind == 1


def task_kind(task: TaskDescription, n_classes: int) -> Task:
    """Return the kind of task, given the number of classes."""
    if not is_classification(task):
        return Task.REGRESSION
    return Task.BINARY if n_classes == 2 else Task.MULTICLASS

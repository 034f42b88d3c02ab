"""From OpenML's runs to a meta-base."""

import json
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_meta.errors import InputError
from automl_meta.files import check_writable
from automl_meta.metabase.merging import merge
from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.client import FetchError
from automl_meta.metabase.openml.conversion import Converter, Counts, is_classification
from automl_meta.metabase.openml.dataset_facts import facts_from_qualities, facts_from_table
from automl_meta.metabase.openml.formats import Evaluation, TaskDescription, read_dataset_description, read_task
from automl_meta.metabase.openml.listing import Query, list_evaluations
from automl_meta.metabase.openml.measures import DEFAULTS, SECONDS, measures_for
from automl_meta.metabase.openml.selection import Selection, select_tasks
from automl_meta.metabase.openml.translation import Setup
from automl_meta.metabase.provenance import set_provenance
from automl_meta.metabase.store import MetaBase

logger = logging.getLogger(__name__)

SUPERVISED = (1, 2)  # kinds of task: classification, regression
LARGEST_PAGE = 10_000


class RuledOutError(InputError):
    """What is asked for leaves nothing of a task: it is not missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildOptions:
    """What is wanted.

    Attributes
    ----------
    measures : tuple of str
        As OpenML calls them; those that a task does not have are left out for it.
    max_runs : int or None
        Runs of each task.
    qualities : bool
        Take meta-features from OpenML's qualities, and do not fetch tables.
    """

    selection: Selection
    flows: Sequence[int] = ()
    uploaders: Sequence[int] = ()
    measures: tuple[str, ...] = DEFAULTS
    max_runs: int | None = None
    page_size: int = 1000
    qualities: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.page_size <= LARGEST_PAGE:
            raise InputError(f"a page has 1 to {LARGEST_PAGE} rows, not {self.page_size}. Try --page-size 1000")
        scores = measures_for(self.measures, classification=True) | measures_for(self.measures, classification=False)
        if all(measure.metric == SECONDS for measure in scores.values()):
            raise InputError("a time is no score. Try --measure area_under_roc_curve beside it.")


@dataclass(slots=True, kw_only=True)
class RebuildReport:
    """What was done so far.

    Attributes
    ----------
    tasks : int
        How many there are to do.
    done : int
        How many are done, one way or the other.
    datasets : int
        In the meta-base.
    skipped : dict
        Task to the reason why nothing of it is in the meta-base.
    unavailable : int
        How many of the skipped ones the server did not give.
    ruled_out : int
        How many of the skipped ones the measures asked for leave nothing of.
    incomplete : dict
        Task to a sentence on lists of which rows may be missing.
    last : str
        What is being done, for people.
    """

    tasks: int = 0
    done: int = 0
    datasets: int = 0
    counts: Counts = field(default_factory=Counts)
    skipped: dict[int, str] = field(default_factory=dict)
    unavailable: int = 0
    ruled_out: int = 0
    incomplete: dict[int, str] = field(default_factory=dict)
    last: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether each task that was asked for is in the meta-base, with all its rows."""
        return len(self.skipped) == self.ruled_out and not self.incomplete

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        counts = self.counts
        return {
            "tasks": self.tasks,
            "datasets": self.datasets,
            "counts": {
                "evaluations": counts.listed,
                "runs": counts.runs,
                "grades": dict(sorted(counts.stored.items())),
                "repeated": counts.repeated,
                "without_score": counts.without_score,
                "untranslatable": dict(sorted(counts.untranslatable.items())),
            },
            "skipped": {str(task): reason for task, reason in self.skipped.items()},
            "incomplete": {str(task): reason for task, reason in self.incomplete.items()},
        }


def rebuild(
    output: Path,
    options: RebuildOptions,
    archive: Archive,
    *,
    on_progress: Callable[[RebuildReport], None] = lambda report: None,
) -> RebuildReport:
    """Write the runs that `options` ask for as a sealed meta-base at `output`.

    What is fetched is kept in the archive's cache, so that the same call goes on where a broken one stopped. The file
    follows from the cache alone: the same cache gives the same bytes.

    Parameters
    ----------
    on_progress : callable
        Called after each page and each task with the same report, changed.

    Raises
    ------
    InputError
        If the output cannot be written, or nothing could be stored.
    """
    check_writable(output)
    tasks = select_tasks(archive, options.selection)
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder) / "first.sqlite"
        report = _Pass(grown, options, archive, on_progress).run(tasks)
        if report.unavailable and archive.client is not None:
            # What the server did not give at first, it may give now. The whole is made again, so that the order of
            # what is in the file does not depend on the server's moods.
            grown = Path(folder) / "second.sqlite"
            report = _Pass(grown, options, archive, on_progress).run(tasks)
        if not report.datasets:
            reason = next(iter(report.skipped.values()), "there are no tasks")
            raise InputError(f"nothing could be stored: {reason}. Run the same command again later, or with others.")
        merge([grown], output)
    return report


class _Pass:
    """One way through all tasks, in the order of their numbers."""

    def __init__(
        self,
        path: Path,
        options: RebuildOptions,
        archive: Archive,
        on_progress: Callable[[RebuildReport], None],
    ) -> None:
        self._path = path
        self._options = options
        self._archive = archive
        self._on_progress = on_progress
        self._report = RebuildReport()

    def run(self, tasks: Sequence[int]) -> RebuildReport:
        self._report.tasks = len(tasks)
        with MetaBase.open(self._path, "w") as store:
            store.connection.execute("PRAGMA synchronous = OFF")  # a scratch file: a broken one is made anew
            for task_id in tasks:
                self._attempt(store, task_id)
                self._report.done += 1
                self._on_progress(self._report)
            self._report.datasets = len(store.datasets())
            store.set_info({"source": "OpenML", "openml": self._summary()})
        return self._report

    def _attempt(self, store: MetaBase, task_id: int) -> None:
        try:
            with store.transaction():
                self._store(store, task_id)
        except InputError as error:
            logger.info("task %d is left out: %s", task_id, error)
            self._report.skipped[task_id] = str(error)
            self._report.unavailable += isinstance(error, FetchError)
            self._report.ruled_out += isinstance(error, RuledOutError)

    def _store(self, store: MetaBase, task_id: int) -> None:
        archive, options = self._archive, self._options
        task = archive.get(f"task/{task_id}", read_task)
        if task is None or task.kind not in SUPERVISED:
            raise InputError("it is no supervised classification or regression")
        dataset = archive.get(f"data/{task.dataset_id}", read_dataset_description)
        if dataset is None:
            raise InputError(f"the server has no dataset {task.dataset_id}")
        self._report.last = dataset.name
        measures = measures_for(options.measures, classification=is_classification(task))
        if all(measure.metric == SECONDS for measure in measures.values()):
            raise RuledOutError("none of the measures asked for is one of its kind")
        facts = facts_from_qualities if options.qualities else facts_from_table
        record, metafeatures = facts(archive, task, dataset)
        setups: dict[int, Setup] = {}
        converter = Converter(task, record, setups)
        lists = {name: self._listed(task, name, setups, converter.counts) for name in measures}
        store.add_dataset(record)
        store.set_metafeatures(record.name, metafeatures)
        for row in converter.convert(lists, measures):
            if not store.add_run(row.run):  # two tasks may differ in what they are judged by only
                converter.counts.drop(row.grade)
            set_provenance(store, row.run, row.sources)
        self._report.counts.add(converter.counts)

    def _listed(
        self, task: TaskDescription, measure: str, setups: dict[int, Setup], counts: Counts
    ) -> dict[int, Evaluation]:
        options = self._options
        query = Query(task_id=task.task_id, measure=measure, flows=options.flows, uploaders=options.uploaders)
        name = self._report.last

        def on_page(rows: int) -> None:
            self._report.last = f"{name}: {rows} rows"
            self._on_progress(self._report)

        listing = list_evaluations(
            self._archive, query, setups, page_size=options.page_size, most=options.max_runs, on_page=on_page
        )
        self._report.last = name
        counts.listed += len(listing.rows)
        if not listing.complete:
            self._report.incomplete[task.task_id] = f"{len(listing.rows)} rows of {measure} came; there are more"
        return listing.by_run()

    def _summary(self) -> str:
        """Return what the file says of how it was made: nothing that depends on when, or on the server's moods."""
        return json.dumps(
            {
                "measures": list(self._options.measures),
                "meta-features": "qualities" if self._options.qualities else "computed",
                **self._report.to_dict()["counts"],
            }
        )

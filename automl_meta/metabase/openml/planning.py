"""What a rebuild would fetch, and how long that would take, from a few tasks that are looked at."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.conversion import is_classification
from automl_meta.metabase.openml.formats import read_evaluations, read_task
from automl_meta.metabase.openml.listing import Query, cursor_path
from automl_meta.metabase.openml.measures import measures_for
from automl_meta.metabase.openml.rebuild import SUPERVISED, RebuildOptions
from automl_meta.metabase.openml.selection import select_tasks

LOOKED_AT = 3  # lists whose length is found out
DOCUMENTS = 2  # of a task besides its lists: the dataset, its table or qualities


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected.

    Attributes
    ----------
    lists : int
        One for each task and measure.
    cached : int
        Lists that are in the cache, whole.
    rows : int
        Evaluations in the lists that are to be fetched, judged by those looked at.
    requests : int
    seconds : float
    """

    tasks: int
    lists: int
    cached: int
    looked_at: int
    rows: int
    requests: int
    seconds: float


def forecast(options: RebuildOptions, archive: Archive) -> Forecast:
    """Return what `rebuild` with the same options would fetch.

    The tasks' descriptions are fetched, and kept. A few lists are measured, by asking for single rows further and
    further down; their pages are not fetched.

    Raises
    ------
    NotCachedError, RefusedError, UnavailableError
        As `Archive.get`.
    """
    tasks = select_tasks(archive, options.selection)
    queries = [query for task in tasks for query in _queries(options, archive, task)]
    missing = [query for query in queries if not _is_whole(archive, query)]
    started, asked = time.monotonic(), _requests(archive)
    sample = missing[:: max(len(missing) // LOOKED_AT, 1)][:LOOKED_AT] if archive.client else []
    lengths = [_length(archive, query, options.max_runs) for query in sample]
    asked = _requests(archive) - asked
    pace = (time.monotonic() - started) / asked if asked else 0.0
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    pages = len(missing) * (mean // options.page_size + 2)
    requests = round(pages + DOCUMENTS * len({query.task_id for query in missing}))
    return Forecast(
        tasks=len(tasks),
        lists=len(queries),
        cached=len(queries) - len(missing),
        looked_at=len(sample),
        rows=round(mean * len(missing)),
        requests=requests,
        seconds=requests * pace,
    )


def _queries(options: RebuildOptions, archive: Archive, task_id: int) -> Sequence[Query]:
    """Return the lists of a task, none if it is neither classification nor regression."""
    task = archive.get(f"task/{task_id}", read_task)
    if task is None or task.kind not in SUPERVISED:
        return []
    measures = measures_for(options.measures, classification=is_classification(task))
    return [
        Query(task_id=task_id, measure=name, flows=options.flows, uploaders=options.uploaders) for name in measures
    ]


def _is_whole(archive: Archive, query: Query) -> bool:
    page = archive.cache.get(cursor_path(query))
    return page is not None and bool(json.loads(page.body)["complete"])


def _requests(archive: Archive) -> int:
    return archive.client.traffic.requests if archive.client else 0


def _length(archive: Archive, query: Query, most: int | None) -> int:
    """Return how many rows a list has, found by halving, or `most` if it has more."""
    low, high = 0, 1
    while _has_row(archive, query, high - 1):
        low, high = high, 2 * high
        if most is not None and low >= most:
            return most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _has_row(archive, query, middle - 1) else (low, middle)
    return low


def _has_row(archive: Archive, query: Query, offset: int) -> bool:
    assert archive.client is not None
    _, rows = archive.client.fetch(query.path(1, offset), lambda body: list(read_evaluations(body)))
    return bool(rows)

"""What is in a store, in numbers."""

from collections import Counter
from dataclasses import dataclass

from automl_meta.datasets.task import Task
from automl_meta.metabase.provenance import grades
from automl_meta.metabase.store import MetaBase


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSummary:
    """Counts of one kind of task.

    Attributes
    ----------
    coverage : float
        Share of the cells, datasets by configurations, that have a run.
    dense : dict
        Number of configurations to the number of datasets with at least so many.
    """

    datasets: int
    families: int
    simulated: int
    described: int
    configurations: int
    runs: int
    coverage: float
    dense: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSummary:
    """What is in a store.

    Attributes
    ----------
    core_hours : float
        Processor time of all runs; wall clock where that is unknown.
    grades : dict
        Of runs that an importer brought: how well their configurations say what was run.
    first, last : int or None
        When the oldest and the newest run were made, in seconds since 1970.
    """

    path: str
    size_mb: float
    info: dict[str, str]
    tasks: dict[str, TaskSummary]
    runs: int
    statuses: dict[str, int]
    failures: dict[str, int]
    algorithms: dict[str, int]
    metrics: list[str]
    protocols: dict[str, int]
    grades: dict[str, int]
    versions: list[dict[str, str]]
    extractors: dict[str, int]
    core_hours: float
    first: int | None
    last: int | None


DENSITIES = (10, 50, 100, 120, 150)
MOST_FAILURES = 20


def summarise_store(store: MetaBase) -> StoreSummary:
    """Count what is in `store`."""
    query = store.connection.execute
    protocols = store.keys.protocols()
    per_protocol = dict(query("SELECT protocol_id, count(*) FROM run GROUP BY protocol_id"))
    total, hours, first, last = query(
        """SELECT count(*), sum(coalesce(cpu_seconds, fit_seconds + coalesce(predict_seconds, 0), 0)) / 3600,
        min(nullif(created, 0)), max(nullif(created, 0)) FROM run"""
    ).fetchone()
    failures = query(
        """SELECT algorithm || ': ' || run.status || coalesce(', ' || text, ''), count(*) FROM run
        JOIN configuration ON configuration.id = configuration_id LEFT JOIN message ON message.id = error_id
        WHERE run.status != 'ok' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?""",
        [MOST_FAILURES],
    )
    algorithms = query(
        """SELECT algorithm, count(*) FROM run JOIN configuration ON configuration.id = configuration_id
        GROUP BY 1 ORDER BY 2 DESC, 1"""
    )
    metrics = dict.fromkeys(name for names in store.keys.lists("metric_list", "names").values() for name in names)
    return StoreSummary(
        path=str(store.path),
        size_mb=store.path.stat().st_size / 2**20,
        info=store.info(),
        tasks={task.value: _summarise_task(store, task) for task in Task},
        runs=total,
        statuses=dict(query("SELECT status, count(*) FROM run GROUP BY 1 ORDER BY 2 DESC, 1")),
        failures=dict(failures),
        algorithms=dict(algorithms),
        metrics=list(metrics),
        protocols={str(protocols[key]): count for key, count in per_protocol.items()},
        grades=grades(store),
        versions=list(store.keys.environments().values()),
        extractors=dict(Counter(store.extractors().values())),
        core_hours=hours or 0.0,
        first=first,
        last=last,
    )


def _summarise_task(store: MetaBase, task: Task) -> TaskSummary:
    records = store.datasets(task)
    described = store.extractors()
    rows = store.connection.execute(
        """SELECT dataset_id, count(DISTINCT configuration_id), count(*) FROM run
        JOIN dataset ON dataset.id = dataset_id WHERE task = ? GROUP BY dataset_id""",
        [task.value],
    ).fetchall()
    configurations = store.connection.execute(
        """SELECT count(DISTINCT configuration_id) FROM run JOIN dataset ON dataset.id = dataset_id
        WHERE task = ?""",
        [task.value],
    ).fetchone()[0]
    cells = len(records) * configurations
    return TaskSummary(
        datasets=len(records),
        families=len({record.family for record in records}),
        simulated=sum(record.simulated for record in records),
        described=sum(record.name in described for record in records),
        configurations=configurations,
        runs=sum(row[2] for row in rows),
        coverage=sum(row[1] for row in rows) / cells if cells else 0.0,
        dense={density: sum(row[1] >= density for row in rows) for density in DENSITIES},
    )

"""The store as arrays: datasets by configurations, and the table of meta-features."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.task import Task
from automl_meta.execution.protocol import Status
from automl_meta.metabase.connection import telling_damage
from automl_meta.metabase.experience import Experience, Floats
from automl_meta.metabase.extractors import is_up_to_date
from automl_meta.metabase.records import DatasetRecord, MetaFeatureRecord, Protocol
from automl_meta.metabase.scores import DTYPE
from automl_meta.metabase.store import MetaBase
from automl_meta.pipelines.configuration import Configuration

# Codes of the status matrix. CANCELLED counts as untried: nothing is known of the configuration.
UNTRIED = 0
STATUS_CODES = {
    Status.OK: 1,
    Status.FAILED: 2,
    Status.TIMEOUT: 3,
    Status.MEMORY: 4,
    Status.CRASHED: 5,
    Status.CANCELLED: UNTRIED,
}
FAILURES = tuple(STATUS_CODES[s] for s in (Status.FAILED, Status.TIMEOUT, Status.MEMORY, Status.CRASHED))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrices:
    """Prior experiments of one or several stores, every metric at once.

    Attributes
    ----------
    scores : float32 array of shape (n_metrics, n_datasets, n_configurations)
        Mean over folds, higher is better; NaN where there is none, as where the status is not OK.
    seconds : array of shape (n_datasets, n_configurations)
        On one undisturbed core, summed over folds; NaN where unknown. Of failed runs, until they failed.
    statuses : int8 array of shape (n_datasets, n_configurations)
        `UNTRIED` or one of `STATUS_CODES`.
    metafeatures : array of shape (n_datasets, n_metafeatures)
        NaN where undefined, and all along the row of a dataset that another version of our extractor described: what
        it called by these names was something else.
    protocols : tuple
        The one of each dataset's row; a row never mixes protocols.
    """

    datasets: tuple[DatasetRecord, ...]
    configurations: tuple[Configuration, ...]
    metrics: tuple[str, ...]
    metafeature_names: tuple[str, ...]
    scores: NDArray[np.float32]
    seconds: Floats
    statuses: NDArray[np.int8]
    metafeatures: Floats
    protocols: tuple[Protocol, ...]

    def take_configurations(self, chosen: Sequence[bool] | NDArray[np.bool_]) -> "Matrices":
        """Return the matrices with only the columns where `chosen` is true."""
        columns = np.flatnonzero(np.asarray(chosen, dtype=bool))
        return replace(
            self,
            configurations=tuple(self.configurations[column] for column in columns),
            scores=self.scores[:, :, columns],
            seconds=self.seconds[:, columns],
            statuses=self.statuses[:, columns],
        )

    def take_datasets(self, chosen: NDArray[np.bool_]) -> "Matrices":
        """Return the matrices with only the rows where `chosen` is true."""
        rows = np.flatnonzero(chosen)
        return replace(
            self,
            datasets=tuple(self.datasets[row] for row in rows),
            scores=self.scores[:, rows],
            seconds=self.seconds[rows],
            statuses=self.statuses[rows],
            metafeatures=self.metafeatures[rows],
            protocols=tuple(self.protocols[row] for row in rows),
        )

    @property
    def coverage(self) -> dict[str, int]:
        """On how many datasets each metric has a score; metrics without any are left out."""
        counts = np.isfinite(self.scores).any(axis=2).sum(axis=1)
        return {name: int(count) for name, count in zip(self.metrics, counts, strict=True) if count}

    def experience(self, metric: str, vectors: Floats) -> Experience:
        """Return what meta-models learn from, for one metric.

        Parameters
        ----------
        vectors : array of shape (n_configurations, n_dimensions)
            The configurations as numbers.

        Raises
        ------
        KeyError
            If no run has the metric.
        """
        if metric not in self.metrics:
            raise KeyError(f"the meta-base has no scores of {metric!r}; it has {', '.join(self.metrics) or 'none'}")
        scores = self.scores[self.metrics.index(metric)].astype(np.float64)
        return Experience(
            datasets=tuple(record.name for record in self.datasets),
            families=tuple(record.family for record in self.datasets),
            configurations=tuple(configuration.id for configuration in self.configurations),
            metafeature_names=self.metafeature_names,
            scores=scores,
            failed=np.isin(self.statuses, FAILURES),
            seconds=self.seconds,
            fits=np.array([max(protocol.folds, 1) for protocol in self.protocols], dtype=np.float64),
            training_rows=np.array(list(map(_training_rows, self.datasets, self.protocols)), dtype=np.float64),
            metafeatures=self.metafeatures,
            vectors=vectors,
        )


def read_matrices(
    stores: MetaBase | Sequence[MetaBase],
    tasks: Iterable[Task],
    *,
    configurations: Sequence[Configuration] | None = None,
    usable: Callable[[Configuration], bool] = lambda configuration: True,
    protocol: Protocol | None = None,
    min_runs: int = 1,
) -> Matrices:
    """Return the experiments of all `stores` on datasets of `tasks`.

    Parameters
    ----------
    stores : MetaBase or sequence of MetaBase
        A dataset that several have is taken from the first, so that no row mixes what was measured differently.
    tasks : iterable of Task
    configurations : sequence of Configuration, optional
        The columns, in order; those without runs are empty. All that have a run if not given.
    usable : callable
        Runs of other configurations are as if they were not there: they do not count for what follows either.
    protocol : Protocol, optional
        Only its runs. If not given, each dataset's row is of the protocol under which it has most runs.
    min_runs : int
        Datasets with fewer runs are left out.

    Raises
    ------
    DamagedError
        If a store cannot be read as it is.
    """
    stores = [stores] if isinstance(stores, MetaBase) else list(stores)
    wanted = tuple(dict.fromkeys(tasks))
    parts = []
    for store in stores:
        with telling_damage(store.path, KeyError, TypeError, ValueError), store.snapshot():
            parts.append(_only(_read_part(store, wanted, protocol), usable))
    rows = _choose_rows(parts, min_runs)
    columns = configurations if configurations is not None else _used_configurations(parts, rows)
    return _fill(parts, rows, tuple(columns))


# A run as SQLite packs it: an object a cell would take three times as long to read.
PACKED = np.dtype(
    [
        ("configuration", ">u4"),
        ("protocol", ">u4"),
        ("status", "u1"),
        ("metric_list", ">u4"),  # 0: no scores
        ("length", ">u4"),  # of the block, in bytes
        ("microseconds", ">i8"),  # -1: unknown
    ]
)


@dataclass(slots=True, kw_only=True)
class _Part:
    """What one store has; the arrays but `numbers` have one item a run."""

    records: dict[int, DatasetRecord]
    metafeatures: dict[str, MetaFeatureRecord]
    configurations: dict[int, Configuration]
    protocols: dict[int, Protocol]
    metric_lists: dict[int, tuple[str, ...]]
    dataset: NDArray[np.int64]
    configuration: NDArray[np.int64]
    protocol: NDArray[np.int64]
    status: NDArray[np.int8]
    seconds: Floats
    metric_list: NDArray[np.int64]
    length: NDArray[np.int64]  # numbers in the block
    offset: NDArray[np.int64]  # of the block's first number in `numbers`
    numbers: NDArray[np.float32]  # all blocks, one after the other


_Row = tuple[int, int, int]  # position of the store, its id of the dataset, its id of the protocol


def _read_part(store: MetaBase, tasks: tuple[Task, ...], protocol: Protocol | None) -> _Part:
    marks = ", ".join("?" * len(tasks))
    by_name = {record.name: record for record in store.datasets(*tasks)}
    ids = store.connection.execute(f"SELECT id, name FROM dataset WHERE task IN ({marks})", [*tasks])
    protocols = store.keys.protocols()
    kept = [key for key, known in protocols.items() if protocol in (None, known)]
    datasets, packed, numbers = _read_runs(store, tasks, kept)
    length = packed["length"].astype(np.int64) // DTYPE.itemsize
    part = _Part(
        records={key: by_name[name] for key, name in ids},
        metafeatures=store.metafeatures(),
        configurations=store.keys.configurations(),
        protocols=protocols,
        metric_lists=store.keys.lists("metric_list", "names"),
        dataset=datasets,
        configuration=packed["configuration"].astype(np.int64),
        protocol=packed["protocol"].astype(np.int64),
        status=packed["status"].astype(np.int8),
        seconds=np.where(packed["microseconds"] < 0, np.nan, packed["microseconds"] * 1e-6),
        metric_list=packed["metric_list"].astype(np.int64),
        length=length,
        offset=np.cumsum(length) - length,
        numbers=numbers,
    )
    _check(part)
    return part


def _only(part: _Part, usable: Callable[[Configuration], bool]) -> _Part:
    """Return `part` with only the runs of usable configurations."""
    used = np.unique(part.configuration).tolist()
    kept = np.isin(part.configuration, [key for key in used if usable(part.configurations[key])])
    per_run = ("dataset", "configuration", "protocol", "status", "seconds", "metric_list", "length", "offset")
    return replace(part, **{name: getattr(part, name)[kept] for name in per_run})


def _check(part: _Part) -> None:
    """Raise a ValueError if something in `part` does not fit together."""
    sizes = {0: 1} | {key: len(names) for key, names in part.metric_lists.items()}
    for keys, known in ((part.configuration, part.configurations), (part.metric_list, sizes)):
        if not np.isin(keys, list(known)).all():
            raise ValueError("a run refers to what is not there")
    if (part.length % np.maximum(_look_up(part.metric_list, sizes), 1)).any() or part.length.sum() != len(
        part.numbers
    ):
        raise ValueError("scores do not fit their metrics")
    if not all(part.metric_lists.values()):
        raise ValueError("a list of metrics is empty")
    if any(len(record.values) != len(record.names) for record in part.metafeatures.values()):
        raise ValueError("meta-features do not fit their names")


def _read_runs(
    store: MetaBase, tasks: tuple[Task, ...], protocols: list[int]
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float32]]:
    """Return each run's dataset, the runs as `PACKED`, and the numbers in their blocks."""
    cases = " ".join(f"WHEN '{status.value}' THEN {code}" for status, code in STATUS_CODES.items())
    marks = ", ".join("?" * len(tasks))
    rows = store.connection.execute(
        f"""SELECT dataset_id, count(*),
            group_concat(printf('%08x%08x%02x%08x%08x%016x', configuration_id, protocol_id, CASE status {cases} END,
                coalesce(metric_list_id, 0), coalesce(length(scores), 0), coalesce(CAST(1e6 *
                min(fit_seconds + predict_seconds, coalesce(cpu_seconds, 1e12)) AS INTEGER), -1)), ''),
            group_concat(hex(scores), '')
        FROM run WHERE dataset_id IN (SELECT id FROM dataset WHERE task IN ({marks}))
            AND protocol_id IN ({", ".join(map(str, protocols))}) AND status != 'cancelled' GROUP BY dataset_id""",
        [*tasks],
    ).fetchall()
    datasets = np.repeat(np.array([row[0] for row in rows], dtype=np.int64), [row[1] for row in rows])
    packed = np.frombuffer(bytes.fromhex("".join(row[2] for row in rows)), dtype=PACKED)
    numbers = np.frombuffer(bytes.fromhex("".join(row[3] for row in rows)), dtype=DTYPE)
    return datasets, packed, numbers


def _choose_rows(parts: list[_Part], min_runs: int) -> list[_Row]:
    """Return one row a dataset, by name: of the first store that has it, under its most frequent protocol."""
    chosen: dict[str, _Row] = {}
    for position, part in enumerate(parts):
        pairs, counts = _distinct_pairs(part.dataset, part.protocol)
        best: dict[int, tuple[int, int]] = {}
        for (dataset, protocol), count in zip(pairs, counts, strict=True):
            best[dataset] = max(best.get(dataset, (0, 0)), (count, -protocol))
        for dataset, (count, protocol) in best.items():
            if count >= min_runs:
                chosen.setdefault(part.records[dataset].name, (position, dataset, -protocol))
    return [chosen[name] for name in sorted(chosen)]


def _distinct_pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the distinct pairs of non-negative numbers below 2**31, and how often each comes."""
    pairs, counts = np.unique(left << 31 | right, return_counts=True)
    return [(pair >> 31, pair & (2**31 - 1)) for pair in pairs.tolist()], counts.tolist()


def _rows_of_runs(part: _Part, position: int, rows: list[_Row]) -> NDArray[np.int64]:
    """Return the row that each run of a store belongs to, or -1."""
    of_dataset = {
        dataset: (row, protocol) for row, (store, dataset, protocol) in enumerate(rows) if store == position
    }
    row = _look_up(part.dataset, {dataset: row for dataset, (row, _) in of_dataset.items()})
    protocol = _look_up(part.dataset, {dataset: protocol for dataset, (_, protocol) in of_dataset.items()})
    return np.where(protocol == part.protocol, row, -1)


def _look_up(keys: NDArray[np.int64], values: dict[int, int]) -> NDArray[np.int64]:
    """Return the value of each key, -1 for those that have none."""
    table = np.full(max([*values, int(keys.max(initial=0))], default=0) + 1, -1, dtype=np.int64)
    table[list(values)] = list(values.values())
    return np.asarray(table[keys], dtype=np.int64)


def _used_configurations(parts: list[_Part], rows: list[_Row]) -> list[Configuration]:
    used: dict[str, Configuration] = {}
    for position, part in enumerate(parts):
        for key in np.unique(part.configuration[_rows_of_runs(part, position, rows) >= 0]).tolist():
            configuration = part.configurations[key]
            used.setdefault(configuration.id, configuration)
    return list(used.values())


def _fill(parts: list[_Part], rows: list[_Row], columns: tuple[Configuration, ...]) -> Matrices:
    shape = (len(rows), len(columns))
    metrics = tuple(dict.fromkeys(name for part in parts for names in part.metric_lists.values() for name in names))
    scores = np.full((len(metrics), *shape), np.nan, dtype=np.float32)
    seconds = np.full(shape, np.nan)
    statuses = np.zeros(shape, dtype=np.int8)
    column_of = {configuration.id: column for column, configuration in enumerate(columns)}
    for position, part in enumerate(parts):
        row = _rows_of_runs(part, position, rows)
        places = {key: column_of.get(known.id, -1) for key, known in part.configurations.items()}
        column = _look_up(part.configuration, places)
        used = (row >= 0) & (column >= 0)
        statuses[row[used], column[used]] = part.status[used]
        seconds[row[used], column[used]] = part.seconds[used]
        good = used & (part.status == STATUS_CODES[Status.OK])
        kinds, _ = _distinct_pairs(part.metric_list[good], part.length[good])
        for metric_list, length in kinds:
            if metric_list == 0:
                continue
            alike = good & (part.metric_list == metric_list) & (part.length == length)
            names = part.metric_lists[metric_list]
            where = np.array([metrics.index(name) for name in names])
            means = _means(part.numbers, part.offset[alike], len(names), length)
            scores[where[:, None], row[alike], column[alike]] = means.T
    names, table = _metafeature_table(parts, rows)
    return Matrices(
        datasets=tuple(parts[store].records[dataset] for store, dataset, _ in rows),
        configurations=columns,
        metrics=metrics,
        metafeature_names=names,
        scores=scores,
        seconds=seconds,
        statuses=statuses,
        metafeatures=table,
        protocols=tuple(parts[store].protocols[protocol] for store, _, protocol in rows),
    )


def _training_rows(record: DatasetRecord, protocol: Protocol) -> float:
    """Return to how many rows each fit was made; NaN where folds are not known."""
    rows = min(record.n_rows, protocol.rows or record.n_rows)
    return rows * (1.0 - 1.0 / protocol.folds) if protocol.folds > 1 else float("nan")


def _means(
    numbers: NDArray[np.float32], offsets: NDArray[np.int64], n_metrics: int, length: int
) -> NDArray[np.float32]:
    """Return the means over folds, of shape (n_blocks, n_metrics), of the blocks of one length at `offsets`."""
    blocks = numbers[offsets[:, None] + np.arange(length)].astype(np.float64)
    folds = blocks.reshape(len(offsets), n_metrics, length // n_metrics)
    present = ~np.isnan(folds)
    counts = present.sum(axis=2)
    sums = np.where(present, folds, 0.0).sum(axis=2)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), dtype=np.float32)


def _metafeature_table(parts: list[_Part], rows: list[_Row]) -> tuple[tuple[str, ...], Floats]:
    found = [parts[store].metafeatures.get(parts[store].records[dataset].name) for store, dataset, _ in rows]
    records = [record if record is not None and is_up_to_date(record.extractor) else None for record in found]
    lists = dict.fromkeys(record.names for record in records if record is not None)
    names = tuple(dict.fromkeys(name for names in lists for name in names))
    position = {name: i for i, name in enumerate(names)}
    places = {known: np.array([position[name] for name in known], dtype=np.intp) for known in lists}
    table = np.full((len(rows), len(names)), np.nan)
    for row, record in enumerate(records):
        if record is not None:
            table[row, places[record.names]] = record.values
    return names, table

"""Which tasks are meant."""

from dataclasses import dataclass

from automl_meta.errors import InputError
from automl_meta.metabase.openml.archive import Archive
from automl_meta.metabase.openml.formats import read_suite, read_task_list

# Suites by the names that people know them under.
PRESETS = {
    "cc18": 99,
    "openml-cc18": 99,
    "amlb-classification": 271,
    "automl-benchmark-classification": 271,
    "amlb-regression": 269,
    "automl-benchmark-regression": 269,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Tasks by suite, by number and by dataset; all of them together."""

    suites: tuple[str, ...] = ()
    tasks: tuple[int, ...] = ()
    datasets: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not (self.suites or self.tasks or self.datasets):
            raise InputError("nothing is asked for. Try --suite cc18, or --tasks or --datasets with numbers.")


def select_tasks(archive: Archive, selection: Selection) -> list[int]:
    """Return the tasks' numbers, sorted.

    Raises
    ------
    InputError
        If the server knows no such suite, or a dataset has no supervised task.
    NotCachedError, RefusedError, UnavailableError
        As `Archive.get`.
    """
    found = set(selection.tasks)
    for suite in selection.suites:
        tasks = archive.get(f"study/{PRESETS.get(suite.lower(), suite)}", read_suite)
        if not tasks:
            raise InputError(f"no suite {suite!r} with tasks on the server. Try --suite with: {', '.join(PRESETS)}")
        found.update(tasks)
    for dataset in selection.datasets:
        listed = _tasks_on(archive, dataset, may_be_empty=True) or _tasks_on(archive, dataset, may_be_empty=False)
        if not listed:
            raise InputError(f"no supervised task on dataset {dataset}. Try another number with --datasets.")
        found.update(listed)
    return sorted(found)


def _tasks_on(archive: Archive, dataset: int, *, may_be_empty: bool) -> list[int]:
    """Return the supervised tasks on a dataset, which mostly are of one of the two kinds.

    Parameters
    ----------
    may_be_empty : bool
        For each kind, see `Archive.get`.
    """
    paths = [f"task/list/type/{kind}/data_id/{dataset}/limit/1000/offset/0" for kind in (1, 2)]
    return [task for path in paths for task, _ in archive.get(path, read_task_list, may_be_empty=may_be_empty) or ()]

"""From files to what meta-models learn from, in one call."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from automl_meta.datasets.task import Task
from automl_meta.metabase.experience import Experience
from automl_meta.metabase.matrices import Matrices, read_matrices
from automl_meta.metabase.records import Protocol
from automl_meta.metabase.shipped import shipped_path
from automl_meta.metabase.store import MetaBase
from automl_meta.pipelines.configuration import Configuration


def open_matrices(
    paths: Sequence[Path],
    tasks: Iterable[Task],
    *,
    recommendable_for: Task | None = None,
    configurations: Sequence[Configuration] | None = None,
    protocol: Protocol | None = None,
    min_runs: int = 1,
) -> Matrices:
    """Read the stores at `paths`, see `read_matrices`; none of them is changed.

    Parameters
    ----------
    recommendable_for : Task, optional
        Leave out what the catalogue does not have for it, or means otherwise by now: that can be neither compared nor
        recommended. Datasets without any other run are left out with it.

    Raises
    ------
    InputError
        If one is missing or not a meta-base.
    """
    with ExitStack() as stack:
        # Nobody writes the shipped one, which may lie in a read-only place; any other may be growing at this moment.
        shipped = shipped_path()
        stores = [stack.enter_context(MetaBase.open(path, "ro" if path == shipped else "r")) for path in paths]
        return read_matrices(
            stores,
            tasks,
            configurations=configurations,
            usable=_usable(recommendable_for),
            protocol=protocol,
            min_runs=min_runs,
        )


def _usable(task: Task | None) -> Callable[[Configuration], bool]:
    if task is None:
        return lambda configuration: True
    from automl_meta.pipelines.catalogue import is_in_catalogue  # the search spaces are slow to import

    return lambda configuration: is_in_catalogue(configuration, task)


def read_experience(
    paths: Sequence[Path],
    task: Task,
    metric: str,
    *,
    tasks: Iterable[Task] | None = None,
    configurations: Sequence[Configuration] | None = None,
    protocol: Protocol | None = None,
    min_runs: int = 1,
) -> tuple[Experience, tuple[Configuration, ...]]:
    """Return the experience with `metric`, and its configurations as values, in the order of the columns.

    Configurations that the catalogue does not have are left out, see `open_matrices`.

    Parameters
    ----------
    paths : sequence of Path
        As `metabase_paths` gives them.
    task : Task
        The kind of task to be solved; configurations become vectors in its search spaces.
    tasks : iterable of Task, optional
        The datasets' kinds; only `task` if not given. For classification both kinds may be taken together, where
        the metric is defined for both.
    configurations, protocol, min_runs
        As for `read_matrices`.

    Raises
    ------
    InputError
        If a file is missing or not a meta-base.
    KeyError
        If no run has the metric.
    """
    from automl_meta.pipelines.vectors import vectorize  # the search spaces are slow to import

    matrices = open_matrices(
        paths,
        tasks if tasks is not None else (task,),
        recommendable_for=task,
        configurations=configurations,
        protocol=protocol,
        min_runs=min_runs,
    )
    return matrices.experience(metric, vectorize(matrices.configurations, task)), matrices.configurations

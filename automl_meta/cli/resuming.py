"""A run that begins, or goes on in the folder of an earlier one."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from automl_meta.automl.run_folder import RunFolder, folder_for
from automl_meta.errors import InputError
from automl_meta.files import STANDARD_INPUT

# What may differ when a run goes on: it changes how long and how, not what is searched for.
FREE = ("time_budget", "max_evaluations", "jobs", "memory_limit")
# Where the work is done is not a part of the run.
WHERE = ("cluster", "cluster_tls_ca", "cluster_tls_cert", "cluster_tls_key")


@contextmanager
def begin(data: str | None, given: dict[str, Any]) -> Iterator[tuple[RunFolder, str, dict[str, Any]]]:
    """Give the run's folder, the table to read, and the command's arguments as they count.

    Parameters
    ----------
    given : dict
        The arguments of this call, ``run_dir`` and ``resume`` among them.

    Raises
    ------
    InputError
        If there is no table, or the call does not fit the run that is to go on.
    """
    arguments = dict(given)
    run_dir, resume = arguments.pop("run_dir"), arguments.pop("resume")
    if resume is not None:
        yield _go_on(resume, run_dir, data, arguments)
        return
    if data is None:
        raise InputError("a table is needed. Try: automl-meta fit data.csv --target COLUMN")
    with folder_for(run_dir) as folder:
        plain = {name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()}
        folder.write_settings({"data": _lasting(data), "arguments": plain})
        yield folder, data, arguments


def _go_on(
    path: Path, run_dir: Path | None, data: str | None, given: dict[str, Any]
) -> tuple[RunFolder, str, dict[str, Any]]:
    if run_dir is not None:
        raise InputError("--resume goes on in the run's own folder. Leave out --run-dir.")
    folder = RunFolder.open(path)
    settings = folder.settings()
    arguments = dict(settings["arguments"])
    context = click.get_current_context()
    arguments |= {name: given[name] for name in WHERE}
    for name, value in given.items():
        if name in WHERE or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        option = "--" + name.replace("_", "-")
        if name not in FREE:
            raise InputError(
                f"{option} cannot change when a run goes on; it was {arguments.get(name)!r}. Leave it out."
            )
        arguments[name] = value
    arguments["metabase"] = Path(arguments["metabase"]) if arguments["metabase"] else None
    source = data or settings["data"]
    if source == STANDARD_INPUT and data is None:
        raise InputError(
            f"the run read its table from standard input. Try: automl-meta fit - --resume {shlex.quote(str(path))}"
        )
    return folder, source, arguments


def _lasting(data: str) -> str:
    """Return a name that finds the same table from another folder."""
    return str(Path(data).resolve()) if Path(data).exists() else data

"""What a run is asked for: one that begins, or goes on in the folder of an earlier one."""

import shlex
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from automl_meta.automl.run_folder import RunFolder, folder_for
from automl_meta.cli.config import FILES_READ
from automl_meta.cli.typing_options import command_for
from automl_meta.errors import InputError
from automl_meta.files import STANDARD_INPUT, is_file_name, table_name

# What may differ when a run goes on: it changes how long, how, and what for, not what is searched for.
FREE = ("time_budget", "max_evaluations", "jobs", "memory_limit", "output", "report")
# Where the work is done is not a part of the run.
WHERE = ("cluster", "cluster_tls_ca", "cluster_tls_cert", "cluster_tls_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run is asked for, by this call and by the one that began it.

    Attributes
    ----------
    data : str
        The table to read.
    arguments : dict
        Of `fit`, by parameter name, as they count.
    run_dir : Path or None
        Where a new run is kept.
    begun : RunFolder or None
        Where the run is kept that goes on.
    context : click.Context
        Of the command.
    """

    data: str
    arguments: dict[str, Any]
    run_dir: Path | None
    begun: RunFolder | None
    context: click.Context

    @contextmanager
    def folder(self) -> Iterator[RunFolder]:
        """Give the run's folder."""
        if self.begun is not None:
            yield self.begun
            return
        with folder_for(self.run_dir) as folder:
            folder.write_settings(self.lasting())
            yield folder

    def lasting(self) -> dict[str, Any]:
        """Return all of it, JSON-ready, in a form that means the same in another folder."""
        return {
            "data": str(Path(self.data).absolute()) if is_file_name(self.data) else self.data,
            "arguments": {
                name: str(value.absolute()) if isinstance(value, Path) else value
                for name, value in self.arguments.items()
            },
        }

    def files_read(self, written: Collection[str]) -> list[str | Path]:
        """Return the files that are read: the table, those that options name, and those that options come from.

        Parameters
        ----------
        written : collection of str
            Names of the arguments that name files to write.
        """
        named = [value for name, value in self.arguments.items() if isinstance(value, Path) and name not in written]
        return [self.data, *named, *self.context.meta.get(FILES_READ, ())]

    def told(self) -> dict[str, Any]:
        """Return all of it, JSON-ready, with what lies in this folder named from here."""
        lasting = self.lasting()
        values = {"data": lasting["data"], **lasting["arguments"]}
        paths = [name for name, value in self.arguments.items() if isinstance(value, Path)]
        if is_file_name(self.data):
            paths.append("data")
        return values | {name: _from_here(Path(values[name])) for name in paths}

    def command(self) -> str:
        """Return the command that repeats the run."""
        return command_for(self.told(), self.context)


def ask(data: str | None, given: Mapping[str, Any]) -> Asked:
    """Gather what a run is asked for; nothing is made or written yet.

    Parameters
    ----------
    given : mapping
        The arguments of this call of `fit`, ``run_dir`` and ``resume`` among them.

    Raises
    ------
    InputError
        If there is no table, or the call does not fit the run that is to go on.
    """
    context = click.get_current_context()
    arguments = dict(given)
    run_dir, resume = arguments.pop("run_dir"), arguments.pop("resume")
    begun = None
    if resume is not None:
        if run_dir is not None and _is_typed("run_dir", context):
            raise InputError("--resume goes on in the run's own folder. Leave out --run-dir.")
        begun = RunFolder.open(resume)
        data, arguments = _of_the_run_that_goes_on(begun, data, arguments, context)
    if data is None:
        raise InputError("a table is needed. Try: automl-meta fit data.csv --target COLUMN")
    arguments["output"] = arguments["output"] or default_output(data)
    return Asked(data=data, arguments=arguments, run_dir=run_dir, begun=begun, context=context)


def default_output(data: str) -> Path:
    """Return the model file that `fit` writes when it is given no ``--output``."""
    return Path(f"{table_name(data)}.automl")


def _of_the_run_that_goes_on(
    folder: RunFolder, data: str | None, given: Mapping[str, Any], context: click.Context
) -> tuple[str, dict[str, Any]]:
    """Return the table and the arguments of the call that began the run, changed by what is typed now.

    Files of options say what runs are to be like that begin: to one that goes on they say only where.
    """
    settings = folder.settings()
    arguments = dict.fromkeys(given) | settings["arguments"]  # earlier versions kept fewer of them
    for parameter in context.command.params:
        name = str(parameter.name)
        if isinstance(parameter.type, click.Path) and arguments.get(name) is not None:
            arguments[name] = Path(arguments[name])
    arguments |= {name: given[name] for name in WHERE}
    for name in given:
        if name in WHERE or not _is_typed(name, context):
            continue
        if name not in FREE:
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option} cannot change when a run goes on; it was {arguments[name]!r}. Leave it out, or begin anew "
                "with another --run-dir."
            )
        arguments[name] = given[name]
    if arguments["cluster"] is not None and not _is_typed("jobs", context):
        arguments["jobs"] = None  # they were processes where the run began
    if data is None or not _is_typed("data", context):
        data = str(settings["data"])
        if data == STANDARD_INPUT:
            again = f"automl-meta fit - --resume {shlex.quote(str(folder.path))}"
            raise InputError(f"the run read its table from standard input. Try: {again}")
    return data, arguments


def _is_typed(name: str, context: click.Context) -> bool:
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)

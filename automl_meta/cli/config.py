"""Options from TOML: a file named by --config, or the table [tool.automl-meta] of the folder's pyproject.toml."""

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from automl_meta.errors import InputError, quoted

PROJECT_FILE = Path("pyproject.toml")
WITHOUT_PROJECT = "AUTOML_META_WITHOUT_PROJECT"  # set in the environment, no pyproject.toml is read
TABLE = "automl-meta"
FILES_READ = f"{__name__}.files_read"  # in a context's `meta`: what options were taken from
Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """Add ``--config``: every option as a key; what is typed on the command line wins."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path),
        callback=_take_defaults,
        expose_value=False,
        is_eager=True,
        help="TOML file with every option as a key; the command line wins. Also read: [tool.automl-meta] of the "
        "current folder's pyproject.toml.",
    )
    return option(command)


def option_values(content: Mapping[str, Any], parameters: Iterable[click.Parameter], where: str) -> dict[str, Any]:
    """Return values by parameter name, from keys that are written like the options, with ``-`` or ``_``.

    Raises
    ------
    InputError
        If a key is no option, or its value is not of the kind that the option takes.
    """
    known = {name: parameter for parameter in parameters for name in _keys(parameter)}
    values = {}
    for key, value in content.items():
        parameter = known.get(key.replace("_", "-"))
        if parameter is None or parameter.name is None:
            near = difflib.get_close_matches(key.replace("_", "-"), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}"
            raise InputError(f"{where}: there is no option {quoted(key)}. {hint}")
        values[parameter.name] = _value(key, value, parameter, where)
    return values


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    InputError
        If there is no such file, or it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not TOML ({error}).") from error


def _take_defaults(context: click.Context, option: click.Parameter, path: Path | None) -> None:
    """Let the values of pyproject.toml, and over them those of the file, take the place of the defaults."""
    parameters = [parameter for parameter in context.command.params if parameter is not option]
    values: dict[str, Any] = {}
    files: list[Path] = []
    if PROJECT_FILE.is_file() and not os.environ.get(WITHOUT_PROJECT):
        values |= option_values(_table(read_toml(PROJECT_FILE)), parameters, f"{PROJECT_FILE} [tool.{TABLE}]")
        files.append(PROJECT_FILE)
    if path is not None:
        content = read_toml(path)
        values |= option_values(_table(content) or content, parameters, str(path))
        files.append(path)
    context.meta[FILES_READ] = files
    context.default_map = {**(context.default_map or {}), **values}


def _table(content: Mapping[str, Any]) -> Mapping[str, Any]:
    tools = content.get("tool")
    table = tools.get(TABLE, {}) if isinstance(tools, dict) else {}
    return table if isinstance(table, dict) else {}


def _keys(parameter: click.Parameter) -> list[str]:
    if isinstance(parameter, click.Argument):
        return [str(parameter.name)]
    return [name.removeprefix("--") for name in parameter.opts if name.startswith("--")]


def _value(key: str, value: Any, parameter: click.Parameter, where: str) -> Any:
    is_flag = isinstance(parameter, click.Option) and parameter.is_flag
    if parameter.multiple:
        values = value if isinstance(value, list) else [value]
        if all(isinstance(one, str | int | float) for one in values):
            return [str(one) for one in values]
    elif parameter.type is click.INT and isinstance(value, float):  # click would cut it off
        raise InputError(f"{where}: {key} = {value} is not a whole number.")
    elif isinstance(value, bool) == is_flag and isinstance(value, bool | str | int | float):
        return value
    wanted = "a list of texts" if parameter.multiple else "true or false" if is_flag else "a text or a number"
    raise InputError(f"{where}: {key} = {quoted(value)} is not {wanted}.")

"""How commands speak: a console for people, standard output for programs."""

import json
import sys
import time
from typing import Any

import click
import psutil
from rich.console import Console
from rich.table import Table

WIDTH_OF_A_LOG = 120


def console_for(*, machine_readable: bool = False, quiet: bool = False) -> Console:
    """Return where text for people goes: standard output, or standard error if a program reads the output."""
    stream = sys.stderr if machine_readable else sys.stdout
    width = None if stream.isatty() else WIDTH_OF_A_LOG
    # Names of columns and classes are printed as they are: "weight [kg]" holds no markup, and ":x:" is no picture.
    return Console(file=stream, width=width, quiet=quiet, highlight=False, markup=False, emoji=False)


def print_json(content: Any) -> None:
    """Print one JSON document on standard output, in ASCII if that cannot say all characters."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=2, allow_nan=False)
    click.echo(text)


def process_started() -> float:
    """Return when this process began, on the clock of `time.monotonic`."""
    age = max(0.0, time.time() - psutil.Process().create_time())
    return time.monotonic() - age


def number(value: float | None, digits: int = 4) -> str:
    """Return `value` for people; a dash where there is none."""
    return "-" if value is None or value != value else f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.4g}"


def plain_table(*headers: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """Return an empty table in the house's style; the columns in `right` are aligned to the right."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold"
    )
    for header in headers:
        table.add_column(header, justify="right" if header in right else "left", overflow="fold")
    return table

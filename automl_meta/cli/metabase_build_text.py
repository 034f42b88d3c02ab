"""What is told of a build: how far it is, and what came of it."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from automl_meta.cli.output import plain_table

if TYPE_CHECKING:
    from automl_meta.metabase.build_options import BuildReport

SECONDS_BETWEEN_LINES = 30.0  # in a log
SECONDS_BETWEEN_UPDATES = 0.5  # on a terminal


class BuildProgress:
    """Shows how far a build is: one line that is rewritten on a terminal, a line now and then in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("reading the datasets") if console.is_terminal else None
        self._last = float("-inf")

    def __call__(self, report: "BuildReport") -> None:
        """Show `report`, unless one was shown a moment ago."""
        now = time.monotonic()
        if now - self._last < (SECONDS_BETWEEN_UPDATES if self._status else SECONDS_BETWEEN_LINES):
            return
        self._last = now
        line = progress_line(report)
        if self._status:
            self._status.update(line)
        else:
            self._console.print(line, soft_wrap=True)

    def __enter__(self) -> "BuildProgress":
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()


def progress_line(report: "BuildReport") -> str:
    """Return one line that says how far a build is."""
    from automl_meta.execution import Status

    failed = report.done - report.statuses[Status.OK]
    parts = [
        f"{report.done}/{report.planned} evaluations",
        f"{failed} failed",
        f"{_duration(report.wall_seconds)} so far",
    ]
    if report.seconds_left is not None and report.done:
        parts.append(f"about {_duration(report.seconds_left)} to go")
    if report.described:
        parts.append(f"{report.described} datasets described")
    if report.last:
        parts.append(f"now {report.last}")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def as_document(report: "BuildReport", output: Path, *, stopped: bool) -> dict[str, Any]:
    """Return all that is told of a build, for programs."""
    return {
        "output": str(output),
        "planned": report.planned,
        "statuses": {status.value: count for status, count in report.statuses.items()},
        "errors": dict(report.errors.most_common()),
        "unreadable": report.unreadable,
        "undescribed": report.undescribed,
        "described": report.described,
        "core_hours": report.cpu_seconds / 3600,
        "seconds": report.wall_seconds,
        "stopped": stopped,
    }


def print_summary(console: Console, report: "BuildReport", output: Path, *, stopped: bool) -> None:
    """Print how far a build came, what failed, and what could not be used."""
    console.print(progress_line(report), soft_wrap=True)
    if report.errors:
        table = plain_table("failures", "algorithm and reason", right=("failures",))
        for error, count in report.errors.most_common(15):
            table.add_row(str(count), error)
        console.print(table)
    for name, reason in report.unreadable.items():
        console.print(f"{name} could not be used: {reason}", soft_wrap=True)
    for name, reason in report.undescribed.items():
        console.print(f"{name} has no meta-features: {reason}", soft_wrap=True)
    console.print(f"{report.cpu_seconds / 3600:.2f} core-hours went into {output}.")
    if stopped:
        console.print("Stopped before the end. The same command goes on.")

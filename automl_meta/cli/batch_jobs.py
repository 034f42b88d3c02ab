"""What a file of jobs asks for."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from automl_meta import __version__
from automl_meta.automl.judging import parse_gates
from automl_meta.cli.config import option_values, read_toml
from automl_meta.datasets import Task
from automl_meta.errors import InputError, quoted
from automl_meta.evaluation import Metric, metrics_of, resolve_metric
from automl_meta.files import check_apart, is_file_name, table_name

BATCH_KEYS = {"time-budget", "cores", "parallel", "output", "defaults", "job"}
JOB_KEYS = {"name", "test", "min-score"}
OWN = {"output", "report", "json", "quiet", "config", "resume", "run-dir"}  # options that the batch sets itself
WRITTEN = ("automl", "html", "log", "json")  # for each job: its model, report, messages and result
_NAME = re.compile(r"[\w.-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One table to fit.

    Attributes
    ----------
    options : mapping
        Of `fit`, by parameter name.
    test : str or None
        A table on which the gates are judged; without one they are judged out of fold, where not every metric is
        scored.
    gates : mapping from metric to minimum
    """

    name: str
    options: Mapping[str, Any]
    test: str | None
    gates: Mapping[str, float]

    @property
    def data(self) -> str:
        """The table."""
        return str(self.options["data"])

    def tables(self, folder: Path) -> list[Path]:
        """Return the files that the job reads."""
        return [folder / name for name in (self.data, self.test) if name and is_file_name(name)]

    def key(self, folder: Path) -> str:
        """Return what changes when the job, its tables or this program do."""
        stats = [(path.stat().st_size, path.stat().st_mtime_ns) for path in self.tables(folder) if path.is_file()]
        described = [__version__, self.name, dict(self.options), self.test, dict(self.gates), stats]
        return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Many jobs, and what they share.

    Attributes
    ----------
    folder : Path
        That of the file: all paths in it start there.
    output : Path
        Folder of the models, reports, logs and results.
    seconds : float or None
        Of all jobs together.
    cores : int
        Worker processes of all jobs that run at a time.
    parallel : int
        How many jobs run at a time.
    """

    folder: Path
    output: Path
    seconds: float | None
    cores: int
    parallel: int
    jobs: tuple[Job, ...]

    def check_files(self, *besides: Path | None, read: Path) -> None:
        """Check that nothing that is written takes the place of a table, of `read` or of something else written.

        Raises
        ------
        InputError
            If it does.
        """
        written = [self.output / f"{job.name}.{kind}" for job in self.jobs for kind in WRITTEN]
        check_apart((*besides, *written), [read, *(path for job in self.jobs for path in job.tables(self.folder))])


def read_batch(path: Path, fit: click.Command, cores: int) -> Batch:
    """Read a file of jobs.

    Parameters
    ----------
    fit : click.Command
        Whose options may be given.
    cores : int
        To be used where the file does not say.

    Raises
    ------
    InputError
        If it is no TOML, or says something that cannot be done.
    """
    content = {key.replace("_", "-"): value for key, value in read_toml(path).items()}
    unknown = sorted(set(content) - BATCH_KEYS)
    if unknown:
        raise InputError(f"{path}: there is no setting {quoted(unknown[0])}. Known: {', '.join(sorted(BATCH_KEYS))}")
    entries = content.get("job")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f'{path}: holds no jobs. Try: [[job]] and below it data = "churn.csv", target = "Churn"')
    defaults = content.get("defaults", {})
    if not isinstance(defaults, dict):
        raise InputError(f"{path}: [defaults] must be a table of options.")
    parameters = [option for option in fit.params if not OWN & {o.removeprefix("--") for o in option.opts}]
    jobs = tuple(
        _job({**defaults, **entry}, f"{path}, job {number}", parameters) for number, entry in enumerate(entries, 1)
    )
    names = [job.name for job in jobs]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated:
        raise InputError(f"{path}: two jobs are called {quoted(repeated)}. Give each a name of its own.")
    folder = path.resolve().parent
    return Batch(
        folder=folder,
        output=folder / str(content.get("output", path.stem)),
        seconds=_number(content, "time-budget", path),
        cores=_count(content, "cores", path) or cores,
        parallel=_count(content, "parallel", path) or 1,
        jobs=jobs,
    )


def _job(entry: Mapping[str, Any], where: str, parameters: list[click.Parameter]) -> Job:
    entry = {key.replace("_", "-"): value for key, value in entry.items()}
    if not isinstance(entry.get("data"), str):
        raise InputError(f'{where}: names no table. Try: data = "churn.csv"')
    minima = entry.get("min-score", [])
    minima = minima if isinstance(minima, list) else [minima]
    options = option_values({k: v for k, v in entry.items() if k not in JOB_KEYS}, parameters, where)
    name = str(entry.get("name") or table_name(entry["data"]))
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise InputError(f"{where}: the name {quoted(name)} cannot be a file's. Use letters, digits, -, _ and dots.")
    test = entry.get("test")
    gates = parse_gates([str(minimum) for minimum in minima])
    for metric in gates:
        _check_gate(metric, str(options.get("metric", "")), where, has_test=test is not None)
    return Job(
        name=name,
        options=options,
        test=None if test is None else str(test),
        gates=gates,
    )


def _check_gate(name: str, own: str, where: str, *, has_test: bool) -> None:
    """Refuse a gate that could not be judged, before a job spends its time; which task it is, is not known yet.

    Out of fold the metrics of the task are scored, and the job's `own`.
    """
    fitting, reasons = _metric_by_task(name)
    if not fitting:
        raise InputError(f"{where}, min-score: {reasons[0]}")
    if has_test:
        return
    scored = dict.fromkeys(metric.name for task in fitting for metric in metrics_of(task))
    known = {*scored, *(metric.name for metric in _metric_by_task(own)[0].values())}
    if not any(metric.name in known for metric in fitting.values()):
        raise InputError(
            f"{where}, min-score: {quoted(name)} is not scored out of fold. Name a table to score it on "
            f'(test = "new.csv"), make it the metric of the job, or ask for one of: {", ".join(scored)}'
        )


def _metric_by_task(name: str) -> tuple[dict[Task, Metric], list[InputError]]:
    """Return what a metric's name means for each task that it fits, and why it does not fit the others."""
    fitting: dict[Task, Metric] = {}
    reasons: list[InputError] = []
    for task in Task:
        try:
            fitting[task] = resolve_metric(name, task)
        except InputError as error:
            reasons.append(error)
    return fitting, reasons


def _number(content: Mapping[str, Any], key: str, path: Path) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputError(f"{path}: {key} = {quoted(value)} is not a number above 0.")
    return float(value)


def _count(content: Mapping[str, Any], key: str, path: Path) -> int | None:
    value = _number(content, key, path)
    if value is not None and not value.is_integer():
        raise InputError(f"{path}: {key} = {value} is not a whole number.")
    return None if value is None else int(value)

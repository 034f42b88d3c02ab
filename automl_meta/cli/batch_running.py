"""Running jobs one after the other or side by side, each in processes of its own, within one budget."""

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from automl_meta.cli.batch_jobs import Batch, Job
from automl_meta.cli.config import WITHOUT_PROJECT
from automl_meta.cli.typing_options import typed
from automl_meta.errors import InputError
from automl_meta.evaluation import resolve_metric
from automl_meta.files import is_file_name, replacing
from automl_meta.persistence import read_contents

FORMAT = 1
LEAST_SECONDS = 3.0  # of a job's share of the budget, below which it is not begun
PATIENCE = 120.0  # seconds beyond twice its budget after which a job is killed
JUDGING_SHARE = 0.1  # of a job's time, for judging its model on the test table
ERROR_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What became of a job.

    Attributes
    ----------
    status : str
        ``ok``, ``missed`` (a gate), or ``failed``.
    score, score_error : float or None
        Out of fold, by `metric`.
    scores : mapping from metric to float or None
        What the gates were judged by.
    missed : tuple of str
        A sentence for each gate that was missed.
    message : str
        Why it failed.
    key : str
        See `Job.key`.
    resumed : bool
        It was done by an earlier run.
    """

    name: str
    status: str
    seconds: float
    metric: str = ""
    score: float | None = None
    score_error: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    message: str = ""
    key: str = ""
    resumed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return asdict(self)


class JobError(InputError):
    """A job's process ended with an error."""


class BatchRunner:
    """Runs the jobs of a batch.

    Parameters
    ----------
    parameters : list of click.Parameter
        Of `fit`, to write a job's options as they are typed.
    """

    def __init__(self, batch: Batch, parameters: list[click.Parameter]) -> None:
        self.batch = batch
        self._parameters = parameters
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._waiting = len(batch.jobs)
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, ended: Callable[[JobResult], None], *, fresh: bool = False) -> list[JobResult]:
        """Run all jobs, and return their results in the jobs' order.

        Parameters
        ----------
        ended : callable
            Hears of each result as it comes.
        fresh : bool
            Do again what an earlier run did.
        """
        try:
            self.batch.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.batch.output}: no folder can be made here ({error.strerror}).") from error
        results: dict[str, JobResult] = {}
        with ThreadPoolExecutor(self.batch.parallel) as pool, self._stopping():
            futures: dict[Future[JobResult], str] = {
                pool.submit(self._one, job, fresh): job.name for job in self.batch.jobs
            }
            pending = set(futures)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    results[futures[future]] = future.result()
                    ended(future.result())
        return [results[job.name] for job in self.batch.jobs]

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """End all processes when the batch is interrupted."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._stopped = True
                for process in self._running:
                    process.terminate()
            raise

    def _one(self, job: Job, fresh: bool) -> JobResult:
        began = time.monotonic()
        key = job.key(self.batch.folder)
        seconds = self._share(job)
        known = None if fresh else self._known(job, key)
        if known is not None:
            return replace(known, resumed=True)
        try:
            if seconds is not None and seconds < LEAST_SECONDS:
                raise JobError("the budget of the batch was spent before it could begin")
            result = self._fitted(job, seconds)
            self._refuse_if_stopped()  # what came of it was cut short: it is no result
        except InputError as error:
            result = JobResult(name=job.name, status="failed", seconds=0.0, message=str(error))
        result = replace(result, key=key, seconds=round(time.monotonic() - began, 2))
        with replacing(self.batch.output / f"{job.name}.json") as path:
            path.write_text(json.dumps({"format": FORMAT, **result.to_dict()}, indent=1), encoding="utf-8")
        return result

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise JobError("the batch was stopped")

    def _share(self, job: Job) -> float | None:
        """Return the seconds that a job may take now: an even share of what is left, or what it asks for if less."""
        with self._lock:
            left, self._waiting = self._waiting, self._waiting - 1
        own = job.options.get("time_budget")
        if self.batch.seconds is None:
            return None if own is None else float(own)
        remaining = self.batch.seconds - (time.monotonic() - self._began)
        share = remaining / math.ceil(left / self.batch.parallel)
        if job.test is not None:
            share *= 1 - JUDGING_SHARE
        return share if own is None else min(share, float(own))

    def _known(self, job: Job, key: str) -> JobResult | None:
        try:
            stored = json.loads((self.batch.output / f"{job.name}.json").read_text(encoding="utf-8"))
            if stored.pop("format") != FORMAT or stored["key"] != key or stored["status"] == "failed":
                return None
            known = JobResult(**{**stored, "missed": tuple(stored["missed"])})
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return known if (self.batch.output / f"{job.name}.automl").is_file() else None

    def _fitted(self, job: Job, seconds: float | None) -> JobResult:
        if job.test is not None and is_file_name(job.test) and not (self.batch.folder / job.test).exists():
            raise JobError(f"{job.test}: there is no such file.")  # said now, not after the model was made
        model = self.batch.output / f"{job.name}.automl"
        log = self.batch.output / f"{job.name}.log"
        report = ["--report", str(self.batch.output / f"{job.name}.html")]
        arguments = ["--json", "-o", str(model), *report, *self._typed(job, seconds)]
        document = self._call(["fit", *arguments], log, "w", seconds)
        manifest, stored = read_contents(model)
        ensemble = manifest["ensemble"]
        scores = {str(one["metric"]): one["score"] for one in stored.get("metrics", ())}
        scores[str(ensemble["metric"])] = ensemble["score"]
        if job.test is not None:
            extra = [argument for metric in job.gates for argument in ("--metric", metric)]
            judged = self._call(["evaluate", str(model), job.test, "--json", *extra], log, "a", seconds)
            scores = {str(row["metric"]): row["score"] for row in judged["scores"]}
        missed = tuple(_missed(job, scores, manifest["schema"]["task"]))
        return JobResult(
            name=job.name,
            status="missed" if missed else "ok",
            seconds=0.0,
            metric=str(document["metric"]),
            score=document["score"],
            score_error=document["score_error"],
            scores=scores,
            missed=missed,
        )

    def _typed(self, job: Job, seconds: float | None) -> list[str]:
        """Return a job's options as they are typed."""
        options = dict(job.options)
        if seconds is not None:
            options["time_budget"] = round(seconds, 1)
        if "cluster" not in options:  # otherwise the work is not done by processes here
            options.setdefault("jobs", max(1, self.batch.cores // self.batch.parallel))
        return typed(options, self._parameters)

    def _call(self, arguments: list[str], log: Path, mode: str, seconds: float | None) -> dict[str, Any]:
        """Run a command, its messages going to the log; return its JSON document.

        The file of jobs alone says what it does: its folder's `pyproject.toml` does not.
        """
        command = [sys.executable, "-m", "automl_meta", *arguments]
        limit = None if seconds is None else 2 * seconds + PATIENCE
        with log.open(mode, encoding="utf-8") as messages:
            with self._lock:
                self._refuse_if_stopped()
                process = subprocess.Popen(
                    command,
                    stdout=subprocess.PIPE,
                    stderr=messages,
                    stdin=subprocess.DEVNULL,
                    text=True,
                    cwd=self.batch.folder,
                    env={**os.environ, WITHOUT_PROJECT: "1"},
                )
                self._running.add(process)
            try:
                output, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                raise JobError(f"took longer than {limit:.0f} s, and was stopped") from None
            finally:
                with self._lock:
                    self._running.discard(process)
        if process.returncode != 0:
            raise JobError(_last_words(log) or f"ended with exit code {process.returncode}")
        try:
            document: dict[str, Any] = json.loads(output)
        except ValueError as error:
            raise JobError(f"did not say what came of it; see {log}") from error
        return document


def _missed(job: Job, scores: Mapping[str, float | None], task: Any) -> Iterator[str]:
    from automl_meta.datasets import Task

    for name, minimum in job.gates.items():
        metric = resolve_metric(name, Task(task)).name
        score = scores.get(metric)
        if score is None or score < minimum:
            shown = "undefined" if score is None else f"{score:.5g}"
            yield f"{metric} is {shown}, at least {minimum:g} is asked for"


def _last_words(log: Path) -> str:
    """Return the error that a command ended with: from the last line that says so on."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith(("Error:", "Internal error:"))]
    words = lines[starts[-1] :] if starts else lines[-3:]
    return "\n".join(words[:ERROR_LINES]).removeprefix("Error: ")

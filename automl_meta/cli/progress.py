"""What `fit` shows while it works: a live line on a terminal, plain lines in a log."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from automl_meta.automl.listener import Listener
from automl_meta.cli.output import number, plain_table
from automl_meta.cli.recommendation_text import RANKS, STANDINGS, evidence, expected
from automl_meta.datasets import Dataset
from automl_meta.evaluation import Evaluation, Metric
from automl_meta.execution.protocol import Status
from automl_meta.metalearning.memory import note_on
from automl_meta.metalearning.recommendation import Recommendation
from automl_meta.pipelines.naming import brief
from automl_meta.tuning.budget import Clock

SECONDS_BETWEEN_LINES = 5.0
SHOWN_COLUMNS = 12


class FitProgress(Listener):
    """Prints what was understood, what is recommended, and how the search goes.

    Parameters
    ----------
    console : Console
        For text.
    live : bool
        Whether it is a terminal on which a line may be rewritten.
    """

    def __init__(self, console: Console, *, live: bool) -> None:
        self._console = console
        self._live = live
        self._progress: Progress | None = None
        self._evaluated = 0
        self._failed = 0
        self._best = float("nan")
        self._last_line = time.monotonic()

    def began(self, dataset: Dataset, metric: Metric, clock: Clock, workers: int) -> None:
        """Print what was inferred."""
        self._metric, self._clock, self._task_kind = metric, clock, dataset.task
        schema = dataset.schema
        classes = f" with {dataset.n_classes} classes" if dataset.task.is_classification else ""
        size = f": {dataset.n_rows} rows, {len(schema.columns)} columns"
        self._console.print(Text.assemble((dataset.name, "bold"), size))
        self._console.print(f"task: {dataset.task}{classes}, target {schema.target!r}, metric {metric.name}")
        for role in dict.fromkeys(column.role for column in schema.columns):
            names = [_described(column.name, column.note) for column in schema.columns if column.role is role]
            more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
            self._console.print(f"  {role.value} ({len(names)}): {', '.join(names[:SHOWN_COLUMNS])}{more}")
        for note in dataset.notes:
            self._console.print(f"  note: {note}")

    def recommended(self, recommendations: Sequence[Recommendation], similar: Sequence[str]) -> None:
        """Print the top picks and their evidence."""
        if similar:
            self._console.print(f"looks most like: {', '.join(similar)}")
        used = recommendations[0].metric if recommendations else self._metric.name
        known = any(pick.evidence for pick in recommendations)  # else the catalogue's own order is followed
        note = note_on(self._metric.name, used) if known else ""
        if note:
            self._console.print(note)
        heading = f"expected {used}" if note and recommendations[0].score is not None else "expected"
        table = plain_table("pick", "configuration", heading, RANKS, right=("pick", heading))
        for rank, pick in enumerate(recommendations[:5], 1):
            table.add_row(str(rank), brief(pick.configuration, self._task_kind), expected(pick), evidence(pick))
        if recommendations:
            self._console.print(table)
            if recommendations[0].score is None and recommendations[0].measured:
                self._console.print(STANDINGS)
        if self._live:
            columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TimeElapsedColumn())
            self._progress = Progress(*columns, console=self._console, transient=True)
            budget = self._clock.budget
            self._task = self._progress.add_task("searching", total=budget.seconds or budget.evaluations)
            self._progress.start()

    def planned(self, text: str) -> None:
        """Print it."""
        self._console.print(text)

    def evaluated(self, evaluation: Evaluation) -> None:
        """Count it, and now and then print where the search stands."""
        self._evaluated += 1
        if evaluation.status is Status.OK:
            score = evaluation.score(self._metric.name)
            self._best = score if self._best != self._best else max(self._best, score)
        elif evaluation.status is not Status.CANCELLED:
            self._failed += 1
        if self._progress is not None:
            done = self._clock.elapsed if self._clock.budget.seconds else self._evaluated
            self._progress.update(self._task, completed=done, description=self._state())
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self._console.print(self._state())

    def searched(self, reason: str) -> None:
        """Print why the search is over."""
        self._close()
        self._console.print(f"{self._state()} ({reason})")

    def ended(self) -> None:
        """Leave the terminal tidy."""
        self._close()

    def _close(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _state(self) -> str:
        failed = f" ({self._failed} failed)" if self._failed else ""
        left = self._clock.remaining
        time_left = f", {max(left, 0):.0f} s left" if left != float("inf") else ""
        return f"{self._evaluated} evaluated{failed}, best {self._metric.name} {number(self._best)}{time_left}"


def _described(name: str, note: str) -> str:
    return f"{name} [{note}]" if note else name

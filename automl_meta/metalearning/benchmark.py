"""All methods on one meta-base, as a table, and as a page with curves."""

import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from automl_meta.execution.protocol import Executor
from automl_meta.metalearning.loo import (
    STEPS,
    Curves,
    evaluate,
    evaluations_of_random,
    paired_p_value,
    random_search,
)
from automl_meta.metalearning.methods import METHODS
from automl_meta.metalearning.protocol import Experience
from automl_meta.metalearning.side_by_side import evaluate_side_by_side

RANDOM_EVALUATIONS = 200  # up to which it is known how many random search needs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """What every method reached.

    Attributes
    ----------
    curves : mapping from method to Curves
        In the order in which they were asked for, random search last.
    configurations : int
        How many there are to choose from.
    """

    title: str
    metric: str
    configurations: int
    curves: Mapping[str, Curves]

    @property
    def steps(self) -> tuple[int, ...]:
        """Numbers of evaluations that the table shows."""
        length = min(curve.regret.shape[1] for curve in self.curves.values())
        return tuple(step for step in STEPS if step <= length)

    @property
    def n_datasets(self) -> int:
        """On how many datasets the methods were judged."""
        return len(self.curves["random"].datasets)

    def rows(self) -> list[dict[str, Any]]:
        """Return one JSON-ready row per method and number of evaluations.

        A row holds method, evaluations, regret with low and high (95 % bootstrap interval over datasets), rank,
        random_needs (evaluations of random search for the same mean regret; None if more than were computed),
        p_random and p_first (Wilcoxon's signed-rank test over datasets, against random search and the first method).
        """
        random = self.curves["random"]
        first = next(iter(self.curves.values()))
        rows = []
        for name, curve in self.curves.items():
            for step in self.steps:
                low, high = curve.interval(step)
                rows.append(
                    {
                        "method": name,
                        "evaluations": step,
                        "regret": curve.mean_regret(step),
                        "low": low,
                        "high": high,
                        "rank": float(curve.rank[:, step - 1].mean()),
                        "random_needs": evaluations_of_random(random, curve.mean_regret(step)),
                        "p_random": paired_p_value(curve, random, step),
                        "p_first": paired_p_value(curve, first, step),
                    }
                )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict with the whole mean curves."""
        return {
            "title": self.title,
            "metric": self.metric,
            "datasets": self.n_datasets,
            "configurations": self.configurations,
            "table": self.rows(),
            "seconds": {
                name: {"fit": curve.fit_seconds, "propose": curve.propose_seconds}
                for name, curve in self.curves.items()
            },
            "curves": {name: [float(v) for v in curve.regret.mean(axis=0)] for name, curve in self.curves.items()},
        }


def compare(
    experience: Experience,
    methods: Sequence[str],
    *,
    title: str,
    metric: str,
    n_evaluations: int = 50,
    n_folds: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[str, int], object] = lambda method, done: None,
) -> Benchmark:
    """Judge `methods`, names of `METHODS`, against random search.

    Parameters
    ----------
    n_folds : int, optional
        Folds of whole families; every family is left out on its own if not given.
    executor : Executor, optional
        Workers that judge side by side; without them it is done here, one method after the other.
    progress : callable
        Told the method and how many datasets are done.

    Raises
    ------
    ValueError
        If fewer than two datasets have enough results.
    JudgingFailedError
        If a worker fails.
    """
    random = random_search(experience, n_evaluations=max(n_evaluations, RANDOM_EVALUATIONS))
    if len(random.datasets) < 2:
        raise ValueError(f"{title}: fewer than two datasets have results for half of the configurations, or for 50")
    names = [name for name in methods if name != "random"]
    if executor is not None:
        curves = evaluate_side_by_side(
            names, experience, executor, n_evaluations=n_evaluations, n_folds=n_folds, progress=progress
        )
    else:
        curves = {
            name: evaluate(
                METHODS[name],
                experience,
                n_evaluations=n_evaluations,
                n_folds=n_folds,
                progress=lambda done, name=name: progress(name, done),  # type: ignore[misc]
            )
            for name in names
        }
    return Benchmark(
        title=title,
        metric=metric,
        configurations=len(experience.configurations),
        curves={**curves, "random": random},
    )


def write_page(benchmarks: Sequence[Benchmark]) -> str:
    """Return one self-contained HTML page with a plot and a table for each benchmark."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Benchmark of the meta-models</title>",
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #ddd}"
        "td:first-child,th:first-child{text-align:left}small{color:#666}svg{max-width:100%;height:auto}</style>",
        "</head><body><h1>Benchmark of the meta-models</h1>",
        "<p>Every dataset was left out in turn, its family with it. Mean normalised regret in per cent of the best "
        "configuration found after k evaluations: 0 is the best known configuration of a dataset, 100 its worst. "
        "In small print, 95 % bootstrap intervals over datasets and how many evaluations random search needs for "
        "the same regret.</p>",
    ]
    for benchmark in benchmarks:
        parts.append(
            f"<h2>{html.escape(benchmark.title)}</h2><p>{benchmark.n_datasets} datasets, "
            f"{benchmark.configurations} configurations, {html.escape(benchmark.metric)}.</p>"
        )
        parts.append(plot(benchmark))
        parts.append(_table(benchmark))
    return "\n".join([*parts, "</body></html>"])


def plot(benchmark: Benchmark) -> str:
    """Return the curves with their intervals as an SVG element."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    length = max(benchmark.steps)
    for name, curve in benchmark.curves.items():
        shown = range(1, min(length, curve.regret.shape[1]) + 1)
        (line,) = axes.plot(shown, [100 * curve.mean_regret(k) for k in shown], label=name)
        if name == "random":
            line.set(color="black", linestyle="--")
        bounds = [curve.interval(k) for k in shown]
        axes.fill_between(
            shown,
            [100 * low for low, _ in bounds],
            [100 * high for _, high in bounds],
            color=line.get_color(),
            alpha=0.1,
            linewidth=0,
        )
    axes.set(xscale="log", yscale="log", xlabel="evaluations", ylabel="normalised regret in per cent")
    axes.set_xticks(benchmark.steps, [str(step) for step in benchmark.steps])
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    text = io.StringIO()
    with rc_context({"svg.hashsalt": "benchmark"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    content = text.getvalue()
    return content[content.index("<svg") :]


def _table(benchmark: Benchmark) -> str:
    head = "".join(f"<th>k={step}</th>" for step in benchmark.steps)
    lines = []
    rows = {(row["method"], row["evaluations"]): row for row in benchmark.rows()}
    for name in benchmark.curves:
        cells = []
        for step in benchmark.steps:
            row = rows[name, step]
            needs = row["random_needs"] or f"&gt;{RANDOM_EVALUATIONS}"
            cells.append(
                f"<td>{100 * row['regret']:.1f}<br><small>{100 * row['low']:.1f}-{100 * row['high']:.1f}"
                f"<br>random: {needs}</small></td>"
            )
        lines.append(f"<tr><td>{html.escape(name)}</td>{''.join(cells)}</tr>")
    return f"<table><tr><th>method</th>{head}</tr>{''.join(lines)}</table>"

"""What `fit` says at the end, to people and to programs."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from automl_meta.automl.run import RunResult
from automl_meta.cli.ensemble_text import print_ensemble
from automl_meta.cli.output import number, plain_table
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.naming import brief
from automl_meta.reporting.leaderboard import finite_or_none

SHOWN_ROWS = 10


def summary(result: RunResult, path: Path) -> dict[str, Any]:
    """Return the JSON document of a run."""
    plan = result.plan
    return {
        "task": result.dataset.task.value,
        "target": result.dataset.schema.target,
        "metric": result.metric.name,
        "score": finite_or_none(plan.score),
        "score_error": finite_or_none(plan.error),
        "seconds": round(result.clock.elapsed, 3),
        "evaluations": len(result.evaluations),
        "model": str(path),
        "stopped": result.stopped,
        "timings": {name: round(seconds, 3) for name, seconds in result.timings.items()},
        "similar_datasets": list(result.similar),
        "ensemble": plan.to_dict(),
        "leaderboard": result.leaderboard,
        "command": result.model.manifest["command"],
    }


def print_summary(console: Console, result: RunResult, path: Path) -> None:
    """Print the leaderboard, the ensemble, the honest score, and where the time went."""
    _print_leaderboard(console, result)
    console.print()
    algorithms = {row["id"]: row["algorithm"] for row in result.leaderboard}
    print_ensemble(console, result.plan.to_dict(), algorithms, result.dataset.schema.classes)
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.timings.items())
    console.print(f"time: {result.clock.elapsed:.1f} s ({spent})")
    console.print(Text.assemble((f"saved {path}", "bold"), f" ({path.stat().st_size / 1e6:.1f} MB)"))


def _print_leaderboard(console: Console, result: RunResult) -> None:
    rows = result.leaderboard
    fitted = [row for row in rows if row["score"] is not None or row["status"] == Status.OK]
    table = plain_table(
        "rank", "id", "configuration", "score", "±", "seconds", "from", right=("rank", "score", "±", "seconds")
    )
    by_id = {evaluation.configuration.id: evaluation.configuration for evaluation in result.evaluations}
    for row in fitted[:SHOWN_ROWS]:
        table.add_row(
            str(row["rank"]),
            row["id"],
            brief(by_id[row["id"]], result.dataset.task),
            number(row["score"]),
            number(row["score_error"]),
            number(row["seconds"], 1),
            row["origin"],
        )
    what = "out of fold; the best of many is optimistic" if result.plan.fold_scores else "not validated, as tried"
    console.print(Text.assemble(("\nleaderboard", "bold"), f", {result.metric.name} ({what})"))
    console.print(table)
    if len(fitted) > SHOWN_ROWS:
        console.print(f"and {len(fitted) - SHOWN_ROWS} more")
    given_up = [row for row in rows if row["status"] == Status.CANCELLED]
    if given_up:
        example = f"{given_up[0]['algorithm']}: {given_up[0]['error']}"
        console.print(f"{len(given_up)} given up before all folds, such as {example}")
    for row in rows:
        if row not in fitted and row not in given_up:
            text = f" {brief(by_id[row['id']], result.dataset.task)}: {row['error']}"
            console.print(Text.assemble((row["status"], "red"), text))

"""What a score means, in plain words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Content = Mapping[str, Any]

TASKS = {"binary": "one of two classes", "multiclass": "one of several classes", "regression": "a number"}
NAMES = {
    "roc_auc": "ROC AUC",
    "neg_log_loss": "log loss",
    "neg_brier_score": "Brier score",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "f1_macro": "macro F1",
    "matthews_corrcoef": "Matthews correlation",
    "average_precision": "average precision",
    "neg_root_mean_squared_error": "root mean squared error",
    "neg_mean_absolute_error": "mean absolute error",
    "neg_median_absolute_error": "median absolute error",
    "r2": "R²",
}


def metric_name(metric: str) -> str:
    """Return a metric's usual name."""
    return NAMES.get(metric, metric.removeprefix("neg_").replace("_", " "))


def metric_value(metric: str, score: float | None) -> str:
    """Return a score as people know it: losses and errors without the minus that makes higher better."""
    if score is None or not math.isfinite(score):
        return "-"
    return plain_number(-score if metric.startswith("neg_") else score)


def direction(metric: str) -> str:
    """Return which of two values, as `metric_value` shows them, is the better one."""
    return "lower is better" if metric.startswith("neg_") else "higher is better"


def plain_number(value: float | None, digits: int = 4) -> str:
    """Return a number with about `digits` digits, never in scientific notation where it can be avoided."""
    if value is None or not math.isfinite(value):
        return "-"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"
    if 1e-4 <= abs(value) < 1:
        return f"{value:.4f}"
    if abs(value) < 1e6:
        return f"{value:,.{max(0, digits - 1 - max(0, math.floor(math.log10(abs(value)))))}f}"
    return f"{value:.{digits}g}"


def summary(manifest: Content, report: Content) -> list[str]:
    """Return a few sentences for somebody who does not know what a ROC curve is."""
    return [
        sentence
        for sentence in (
            _what_it_is(manifest),
            _how_good(manifest, report),
            _compared(manifest, report),
            _by_what(report),
            _made_of(manifest),
        )
        if sentence
    ]


def as_sentence(text: str) -> str:
    """Return what the command line says in the middle of a line as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."


def _what_it_is(manifest: Content) -> str:
    data = manifest.get("data", {})
    return (
        f"This model predicts {manifest['target']!r}, {TASKS.get(str(manifest['task']), 'a target')}, from "
        f"{data.get('features', '?')} columns. It learned from the {data.get('rows', 0):,} rows of "
        f"{data.get('name', 'a table')}."
    )


def _how_good(manifest: Content, report: Content) -> str:
    ensemble = manifest["ensemble"]
    metric, score = str(ensemble["metric"]), ensemble["score"]
    doubt = as_sentence(str(ensemble["doubt"])) if ensemble.get("doubt") else ""
    if score is None:
        return doubt
    value, error = metric_value(metric, score), plain_number(ensemble["error"])
    sentence = f"On rows that it had not seen, its {metric_name(metric)} is {value} ± {error}"
    meaning = _meaning(metric, float(score), report)
    said = f"{sentence}: {meaning}." if meaning else f"{sentence}."
    return f"{said} {doubt}" if doubt else said


def _meaning(metric: str, score: float, report: Content) -> str:
    if metric == "roc_auc":
        several = len(report.get("diagnosis", {}).get("per_class", ())) > 2
        pair = "a row of a class and one of another" if several else "one row of each class"
        return f"given {pair}, it tells which is which in {score:.1%} of the cases (a coin would in 50 %)"
    if metric == "neg_log_loss":
        return f"it gives the class that came a probability of {math.exp(score):.0%} on (geometric) average"
    if metric == "neg_root_mean_squared_error":
        return "its predictions are off by about that much, large mistakes counting more"
    if metric == "neg_mean_absolute_error":
        return "its predictions are off by that much on average"
    if metric == "accuracy":
        return f"it is right on {score:.1%} of the rows"
    return ""


def _compared(manifest: Content, report: Content) -> str:
    scores = {entry["metric"]: entry["score"] for entry in report.get("metrics", ())}
    rows = report.get("diagnosis", {}).get("per_class", ())
    accuracy = scores.get("accuracy")
    if rows and accuracy is not None:
        total = max(sum(int(row["rows"]) for row in rows), 1)
        share, largest = max((row.get("share", int(row["rows"]) / total), str(row["class"])) for row in rows)
        counted = (
            " by their weights" if any(column["role"] == "weight" for column in manifest["schema"]["columns"]) else ""
        )
        return (
            f"It names the right class for {accuracy:.1%} of the rows{counted}; always saying {largest!r} would be "
            f"right for {share:.1%}."
        )
    explained = scores.get("r2")
    if explained is not None:
        return f"It explains {explained:.0%} of the target's variance; always saying the mean would explain none."
    return ""


def _by_what(report: Content) -> str:
    useful = [row for row in report.get("inspection", {}).get("importances", ()) if row["drop"] > row["error"]]
    if not useful:
        return ""
    names = [repr(str(row["column"])) for row in useful[:3]]
    return f"It relies most on {listed(names)}."


def _made_of(manifest: Content) -> str:
    tried = manifest.get("tried", {}).get("by_status", {})
    members = len(manifest["ensemble"]["members"])
    made = "a single model" if members == 1 else f"a combination of {members} models"
    total = sum(int(count) for count in tried.values())
    return f"It is {made}, chosen from {total} that were tried." if total else f"It is {made}."


def listed(names: Sequence[str]) -> str:
    """Return "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"

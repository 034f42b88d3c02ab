"""What each section of the report says: from a model file's contents to texts and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from automl_meta.reporting import figures
from automl_meta.reporting.tables import (
    ensemble_tables,
    failed_rows,
    importance_columns,
    importance_rows,
    made_rows,
    metafeature_rows,
    ranked_row,
    ranked_rows,
    recommended_note,
    recommended_row,
    slice_rows,
    slices_lead,
    slices_note,
    with_bars,
)
from automl_meta.reporting.words import direction, listed, metric_name, metric_value, plain_number, summary

Content = Mapping[str, Any]

SECTIONS = (
    ("summary", "Summary"),
    ("data", "Data"),
    ("metafeatures", "Meta-features"),
    ("recommended", "Recommended"),
    ("leaderboard", "Leaderboard"),
    ("time", "Over time"),
    ("ensemble", "Ensemble"),
    ("columns", "Columns"),
    ("predictions", "Predictions"),
    ("slices", "Worst slices"),
    ("failures", "Failures"),
    ("reproduce", "Reproduce"),
)
MOST_COLUMNS = 200  # that are listed
MOST_ROWS = 300  # of the leaderboard
MOST_SHOWN_LEVELS = 8
OUTERMOST = "the outermost half per cent at each end is in the last bars"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What `evaluate` found on a table with known targets."""

    __test__ = False  # not a test, whatever its name begins with

    data: str
    rows: int
    scores: Sequence[Content]
    diagnosis: Content
    minima: Mapping[str, float] = field(default_factory=dict)


def page(manifest: Content, report: Content, *, warnings: Sequence[str] = (), test: TestResult | None = None) -> Any:
    """Return everything that the template shows, as texts, numbers and pictures."""
    ensemble, schema = manifest["ensemble"], manifest["schema"]
    metric = str(ensemble["metric"])
    inspection = report.get("inspection", {})
    diagnosis = report.get("diagnosis", {})
    sections = [SECTIONS[0], ("test", "Test table"), *SECTIONS[1:]] if test else list(SECTIONS)
    return {
        "title": f"{manifest['target']}: {manifest.get('data', {}).get('name', 'model')}",
        "subtitle": _subtitle(manifest),
        "sections": sections,
        "tiles": _tiles(manifest, report, metric),
        "story": summary(manifest, report),
        "warnings": list(warnings),
        "test": None if test is None else _test(test),
        "data": _data(schema, report),
        "similar": with_bars([(one["name"], one["similarity"]) for one in report.get("similar", ())]),
        "metafeatures": metafeature_rows(manifest.get("metafeatures", {})),
        "recommended": [recommended_row(rank, one, metric)
                        for rank, one in enumerate(report.get("recommendations", ()), 1)],
        "recommended_note": recommended_note(report, metric),
        "metric_name": metric_name(metric),
        "direction": direction(metric),
        "leaderboard": [ranked_row(row, metric) for row in ranked_rows(manifest)][:MOST_ROWS],
        "over_time": figures.score_over_time(report.get("timeline", ()), metric),
        "stopped": f"The search ended: {report['stopped']}." if report.get("stopped") else "",
        "ensemble": ensemble_tables(manifest, metric),
        "importances": importance_rows(inspection.get("importances", ())),
        "importance_rows": _importance_rows(inspection),
        "importance_columns": importance_columns(schema, inspection),
        "dependences": [(entry["column"], figures.dependence(entry)) for entry in inspection.get("dependences", ())],
        "diagnosis": diagnosis,
        "metrics": [(metric_name(one["metric"]), metric_value(one["metric"], one["score"]))
                    for one in report.get("metrics", ())],
        "figures": prediction_figures(diagnosis),
        "slices": slice_rows(inspection.get("slices", ())),
        "slices_lead": slices_lead(schema, inspection),
        "slices_note": slices_note(schema, inspection),
        "failures": failed_rows(manifest)[:MOST_ROWS],
        "command": manifest.get("command", ""),
        "made": made_rows(manifest),
        "footer": f"Made by automl-meta {manifest.get('made', {}).get('automl_meta', '')}. "
        "This page is one file; it loads nothing from anywhere.",
    }  # fmt: skip


def prediction_figures(diagnosis: Content) -> list[tuple[str, Markup, str]]:
    """Return title, picture and note of each figure of predictions against the truth."""
    if not diagnosis:
        return []
    if diagnosis["kind"] == "numbers":
        shown = len(diagnosis["truth"])
        note = f"{shown} of {diagnosis['rows']} rows" if shown < diagnosis["rows"] else ""
        return [
            ("Predicted against true", figures.predicted_against_truth(diagnosis), note),
            ("Residuals over the prediction", figures.residuals_against_predicted(diagnosis), note),
            ("Residuals", figures.residual_histogram(diagnosis["histogram"]), OUTERMOST),
        ]
    curves, calibration = diagnosis["curves"], diagnosis["calibration"]
    several = "each class against the rest" if len(curves) > 1 else ""
    if len(curves) < len(diagnosis["per_class"]) - 1:
        several = f"each of the {len(curves)} most frequent classes against the rest"
    return [
        (
            "ROC curve",
            figures.curve(curves, "roc", "ROC curve", "false positive rate", "true positive rate"),
            several,
        ),
        (
            "Precision and recall",
            figures.curve(curves, "precision_recall", "Precision-recall curve", "recall", "precision"),
            several,
        ),
        (
            "Calibration",
            figures.calibration(calibration["bins"]),
            f"on the line, a probability of 70 % comes true in 70 % of the rows; "
            f"mean distance from it: {calibration['error']:.1%}",
        ),
    ]


def _subtitle(manifest: Content) -> str:
    made, data = manifest.get("made", {}), manifest.get("data", {})
    return (
        f"{manifest['task']}, {data.get('rows', 0):,} rows, {data.get('features', 0):,} features"
        f"{', made ' + str(made['at'])[:10] if 'at' in made else ''}"
    )


def _tiles(manifest: Content, report: Content, metric: str) -> list[tuple[str, str]]:
    ensemble = manifest["ensemble"]
    tiles = [
        (
            f"{metric_value(metric, ensemble['score'])}",
            f"{metric_name(metric)}, ± {plain_number(ensemble['error'])}, out of fold",
        )
    ]
    for other in ("accuracy", "r2", "neg_mean_absolute_error"):
        score = next((one["score"] for one in report.get("metrics", ()) if one["metric"] == other), None)
        if score is not None and other != metric:
            tiles.append((metric_value(other, score), f"{metric_name(other)}, out of fold"))
    n_members = len(ensemble["members"])
    tiles.append((str(n_members), "models combined" if n_members > 1 else "model"))
    tried = sum(int(count) for count in manifest.get("tried", {}).get("by_status", {}).values())
    if tried:
        tiles.append((str(tried), "configurations tried"))
    return tiles


def _importance_rows(inspection: Content) -> str:
    rows = f"{inspection.get('importance_rows', 0)} rows"
    if inspection.get("honest", True):
        return f"{rows} that the models had not seen"
    return f"{rows} that some of the models had seen or heard of"


def _test(test: TestResult) -> dict[str, Any]:
    rows = []
    for one in test.scores:
        name, score = str(one["metric"]), one["score"]
        minimum = test.minima.get(name)
        missed = minimum is not None and (score is None or score < minimum)
        asked = "" if minimum is None else Markup('<b class="{}">{} {}</b>').format(
            "bad" if missed else "good", "missed:" if missed else "reached:", f"{minimum:g}"
        )  # fmt: skip
        lower, upper = one["interval"]
        between = f"{plain_number(lower)} to {plain_number(upper)}"
        rows.append((name, plain_number(score), between, asked))
    lead = f"{test.data}: {test.rows:,} rows. Higher is better for every metric, as in the gates of the command line."
    return {
        "lead": lead,
        "scores": rows,
        "diagnosis": test.diagnosis,
        "figures": prediction_figures(test.diagnosis),
    }


def _data(schema: Content, report: Content) -> dict[str, Any]:
    columns = schema["columns"]
    roles: dict[str, int] = {}
    for column in columns:
        roles[column["role"]] = roles.get(column["role"], 0) + 1
    counted = listed([f"{count} {role}" for role, count in roles.items()])
    rows = [(c["name"], c["role"], f"{c['missing']:.1%}", _holds(c)) for c in columns[:MOST_COLUMNS]]
    lead = f"{len(columns):,} columns besides the target: {counted}."
    if schema["classes"]:
        names = [str(label) for label in schema["classes"]]
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        lead += f" {len(names)} classes: {', '.join(names[:12])}{more}."
    return {
        "lead": lead,
        "notes": report.get("notes", ()),
        "columns": rows,
        "left_out": max(len(columns) - MOST_COLUMNS, 0),
    }


def _holds(column: Content) -> str:
    note = f" ({column['note']})" if column.get("note") else ""
    if column.get("levels"):
        levels = column["levels"]
        more = f" and {len(levels) - MOST_SHOWN_LEVELS} more" if len(levels) > MOST_SHOWN_LEVELS else ""
        return ", ".join(map(str, levels[:MOST_SHOWN_LEVELS])) + more + note
    if column.get("minimum") is not None:
        return f"{plain_number(column['minimum'])} to {plain_number(column['maximum'])}{note}"
    return str(column.get("note", ""))

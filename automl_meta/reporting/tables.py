"""Rows of the report's tables: from a model file's contents to cells."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from automl_meta.datasets.schema import FEATURE_ROLES
from automl_meta.metafeatures.registry import REGISTRY
from automl_meta.reporting.words import as_sentence, direction, metric_name, metric_value, plain_number

Content = Mapping[str, Any]
Row = Sequence[Any]


def with_bars(pairs: Sequence[tuple[Any, float]]) -> list[Row]:
    """Return name, share and bar of each pair; the longest bar is full."""
    largest = max((float(value) for _, value in pairs), default=1.0) or 1.0
    return [(name, f"{value:.1%}", bar(float(value) / largest)) for name, value in pairs]


def bar(share: float, kind: str = "") -> Markup:
    """Return a bar that fills `share` of its cell."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}"
    return Markup('<i class="{}" style="width: {}%"></i>').format(kind, width)


def metafeature_rows(values: Content) -> list[Row]:
    """Return name, with its explanation as a tooltip, and value."""
    explained = {name: feature.explanation for feature in REGISTRY.values() for name in feature.names}
    return [
        (Markup('<span title="{}">{}</span>').format(explained.get(name, ""), name), plain_number(value))
        for name, value in values.items()
        if value is not None
    ]


def recommended_row(rank: int, one: Content, metric: str) -> Row:
    """Return what was expected of a configuration, and why; `metric` is the run's, if it does not say its own."""
    expected = "-"
    if one.get("score") is not None:
        score = metric_value(str(one.get("metric", metric)), one["score"])
        expected = f"{score} ± {plain_number(one['score_doubt'], 2)}"
    elif one.get("standing") is not None:
        expected = f"{one['standing']:.2f} ± {one['doubt']:.2f} of 1"
    ranks = [f"rank {e['rank']} of {e['of']} on {e['dataset']}" for e in one["evidence"] if e["rank"] is not None]
    seconds = "-" if one.get("seconds") is None else f"{one['seconds']:.1f}"
    why = "; ".join(ranks) or "like configurations that did well; not measured on the most similar datasets"
    return rank, one["brief"], expected, seconds, why


def recommended_note(report: Content, metric: str) -> str:
    """Return whether it was ranked by another metric than the run's, and what the expected values mean."""
    picks = report.get("recommendations", ())
    scored = [str(one.get("metric", metric)) for one in picks if one.get("score") is not None]
    told = [str(report.get("recommendation_note", ""))]
    if scored:
        told.append(f"Expected is the {metric_name(scored[0])}, {direction(scored[0])}.")
    elif any(one.get("standing") is not None for one in picks):
        told.append("Expected is the place between the worst (0) and the best (1) known configuration.")
    return " ".join(filter(None, told))


def ranked_rows(manifest: Content) -> list[Content]:
    """Return the rows of the leaderboard that have a score, or were fitted where none could be had."""
    return [row for row in manifest["leaderboard"] if not _failed(row)]


def failed_rows(manifest: Content) -> list[Row]:
    """Return configuration, status and reason of what failed."""
    failed = [row for row in manifest["leaderboard"] if _failed(row)]
    return [(configuration_cell(row), row["status"], row["error"]) for row in failed]


def _failed(row: Content) -> bool:
    return row["score"] is None and row["status"] != "ok"


def configuration_cell(row: Content) -> Markup:
    """Return algorithm and id, with the hyperparameters folded."""
    values = ", ".join(f"{name}={_value(value)}" for name, value in row["hyperparameters"].items())
    name = Markup("<b>{}</b> <code>{}</code>").format(row["algorithm"], row["id"])
    folded = Markup("<details><summary>{} hyperparameters</summary>{}</details>")
    return name + folded.format(len(row["hyperparameters"]), values) if values else name


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def ranked_row(row: Content, metric: str) -> Row:
    """Return a line of the leaderboard."""
    score, error = metric_value(metric, row["score"]), plain_number(row["score_error"])
    return row["rank"], configuration_cell(row), score, error, f"{row['seconds']:.1f}", row["origin"]


def ensemble_tables(manifest: Content, metric: str) -> dict[str, Any]:
    """Return the sentence about the ensemble, its members, and the kinds that were judged."""
    ensemble = manifest["ensemble"]
    rows = {row["id"]: row for row in manifest["leaderboard"]}
    heaviest = max((abs(float(member["weight"])) for member in ensemble["members"]), default=1.0) or 1.0
    members = []
    for member in ensemble["members"]:
        row, weight = rows.get(member["id"]), float(member["weight"])
        shown = configuration_cell(row) if row else member["id"]
        kind = "less" if weight < 0 else ""
        without = metric_value(metric, member["score_without"])
        members.append((f"{weight:.3f}", bar(abs(weight) / heaviest, kind), shown, without))
    kinds = [
        (one["kind"], metric_value(metric, one["score"]), plain_number(one["error"]), one["members"])
        for one in ensemble["comparison"]
    ]
    lead = (
        f"{as_sentence(str(ensemble['reason']))} Scored on folds that its weights were not fitted to: "
        f"{metric_value(metric, ensemble['score'])} ± {plain_number(ensemble['error'])}; on those that they were: "
        f"{metric_value(metric, ensemble['optimistic_score'])}."
    )
    return {"lead": lead, "members": members, "kinds": kinds}


def importance_rows(rows: Sequence[Content]) -> list[Row]:
    """Return column, bar, loss of score and its deviation."""
    largest = max((float(row["drop"]) for row in rows), default=0.0) or 1.0
    return [
        (row["column"], bar(float(row["drop"]) / largest), plain_number(row["drop"]), plain_number(row["error"], 2))
        for row in rows
    ]


def slice_rows(rows: Sequence[Content]) -> list[Row]:
    """Return where, how many rows, the loss there and elsewhere, and a bar."""
    worst = max((float(row["loss"]) for row in rows), default=1.0) or 1.0
    return [
        (
            Markup("<b>{}</b> is {}").format(row["column"], row["values"]),
            f"{row['rows']:,}",
            plain_number(row["loss"]),
            plain_number(row["others"]),
            bar(float(row["loss"]) / worst),
        )
        for row in rows
    ]


def slices_lead(schema: Content, inspection: Content) -> str:
    """Return the sentence above the slices."""
    loss = "cross-entropy, in nats" if schema["classes"] else "absolute error"
    mean = plain_number(inspection.get("mean_loss"))
    return (
        f"Parts of the table, by one column, where the out-of-fold loss ({loss}; {mean} on average) is larger than "
        "elsewhere by more than chance; first those that cost most."
    )


def slices_note(schema: Content, inspection: Content) -> str:
    """Return a sentence if there was no time to look for slices by all columns."""
    looked_at, features = inspection.get("slice_columns"), _n_features(schema)
    if looked_at is None or looked_at >= features:
        return ""
    return f"There was time to look at {looked_at:,} of {features:,} columns."


def importance_columns(schema: Content, inspection: Content) -> str:
    """Return of which columns the importance was measured, if not of all."""
    measured, features = len(inspection.get("importances", ())), _n_features(schema)
    if measured >= features:
        return ""
    return f" Measured of {measured:,} of {features:,} columns, those that by themselves tell most of the target."


def _n_features(schema: Content) -> int:
    return sum(column["role"] in FEATURE_ROLES for column in schema["columns"])


def made_rows(manifest: Content) -> list[Row]:
    """Return what is needed to make the model again."""
    made, budget = manifest.get("made", {}), manifest.get("budget", {})
    bases = [f"{base['name']} (SHA-256 {base['sha256'][:16]}…)" for base in manifest.get("metabase", ())]
    spent = [f"{budget['seconds']:g} s"] if budget.get("seconds") else []
    spent += [f"{budget['evaluations']} evaluations"] if budget.get("evaluations") else []
    rows = [
        ("seed", manifest.get("seed", 0)),
        ("budget", " and ".join(spent) or "-"),
        ("folds", manifest.get("folds", "-")),
        ("metric", manifest["ensemble"]["metric"]),
        ("meta-base", ", ".join(bases) or "-"),
        ("made with", f"automl-meta {made.get('automl_meta', '?')}, Python {made.get('python', '?')}"),
        ("libraries", ", ".join(f"{name} {version}" for name, version in manifest.get("libraries", {}).items())),
        ("at", made.get("at", "-")),
        ("tried", json.dumps(manifest.get("tried", {}).get("by_algorithm", {})).strip("{}").replace('"', "") or "-"),
    ]
    return [(name, str(value)) for name, value in rows]

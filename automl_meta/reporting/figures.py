"""The report's figures: from what a model file stores to pictures."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from automl_meta.reporting.svg import Chart, padded, shortened

Content = Mapping[str, Any]
MOST_DOTS = 400


def score_over_time(timeline: Sequence[Content], metric: str) -> Markup:
    """Return each evaluation as a dot, and the best so far as a line."""
    steps = [(float(step["seconds"]), step["score"], str(step["origin"])) for step in timeline]
    scored = [(seconds, float(score), origin) for seconds, score, origin in steps if score is not None]
    if not scored:
        return Markup("")
    best: list[tuple[float, float]] = []
    for seconds, score, _ in sorted(scored):
        reached = max(score, best[-1][1]) if best else score
        if best and reached > best[-1][1]:
            best.append((seconds, best[-1][1]))  # a step, not a slope
        best.append((seconds, reached))
    shown = sorted(scored, key=lambda step: -step[1])[:MOST_DOTS]
    bulk = sorted(score for _, score, _ in scored)[len(scored) // 10 :]  # a few bad ones are not to flatten the rest
    chart = Chart(
        f"{metric} of each evaluation over time",
        (0.0, max(seconds for seconds, _, _ in scored)),
        padded(bulk),
        "seconds since the start",
        metric,
    )
    chart.line([*best, (chart.x[1], best[-1][1])], 0, name="best so far")
    origins = list(dict.fromkeys(_short_origin(origin) for _, _, origin in shown))
    chart.dots(
        [(seconds, score) for seconds, score, _ in shown],
        1,
        notes=[f"{score:.5g} after {seconds:.1f} s, {origin}" for seconds, score, origin in shown],
    )
    return chart.markup() + Markup('<p class="note">Proposed by: {}</p>').format(", ".join(origins[:6]))


def _short_origin(origin: str) -> str:
    return origin.split(" around ")[0] or "unknown"


def curve(curves: Sequence[Content], kind: str, title: str, x_label: str, y_label: str) -> Markup:
    """Return ROC (``roc``) or precision-recall curves, one a class, beside what chance gives."""
    chart = Chart(title, (0.0, 1.0), (0.0, 1.0), x_label, y_label)
    if kind == "roc":
        chart.line([(0, 0), (1, 1)], kind="chance")
    elif len(curves) == 1:
        share = float(curves[0]["share"])
        chart.line([(0, share), (1, share)], kind="chance")
    for number, one in enumerate(curves):
        points = list(zip(map(float, one[kind]["x"]), map(float, one[kind]["y"]), strict=True))
        if kind == "roc":
            points = [(0.0, 0.0), *points]
        chart.line(points, number, name=shortened(str(one["class"]), 24))
    return chart.markup()


def calibration(bins: Sequence[Content]) -> Markup:
    """Return how often what was said with a probability came true; dots are larger where there are more rows."""
    chart = Chart("Calibration", (0.0, 1.0), (0.0, 1.0), "predicted probability", "observed share")
    chart.line([(0, 0), (1, 1)], kind="chance")
    points = [(float(one["predicted"]), float(one["observed"])) for one in bins]
    chart.line(points)
    most = max((int(one["rows"]) for one in bins), default=1)
    for point, one in zip(points, bins, strict=True):
        radius = 2.5 + 5 * math.sqrt(int(one["rows"]) / most)
        chart.dots([point], radius=radius, notes=[f"{one['rows']} rows"])
    return chart.markup()


def predicted_against_truth(diagnosis: Content) -> Markup:
    """Return a dot a row: where the prediction is right, it lies on the line."""
    truth, predicted = list(map(float, diagnosis["truth"])), list(map(float, diagnosis["predicted"]))
    low, high = padded([*truth, *predicted])
    chart = Chart("Predicted against true", (low, high), (low, high), "true", "predicted")
    chart.line([(low, low), (high, high)], kind="chance")
    chart.dots(list(zip(truth, predicted, strict=True)), radius=2.4)
    return chart.markup()


def residuals_against_predicted(diagnosis: Content) -> Markup:
    """Return a dot a row: truth less prediction over the prediction."""
    truth, predicted = list(map(float, diagnosis["truth"])), list(map(float, diagnosis["predicted"]))
    left = [true - said for true, said in zip(truth, predicted, strict=True)]
    chart = Chart("Residuals over the prediction", padded(predicted), padded(left), "predicted", "true - predicted")
    chart.line([(chart.x[0], 0), (chart.x[1], 0)], kind="chance")
    chart.dots(list(zip(predicted, left, strict=True)), radius=2.4)
    return chart.markup()


def residual_histogram(histogram: Content) -> Markup:
    """Return how many rows have which residual."""
    counts, edges = list(map(float, histogram["counts"])), list(map(float, histogram["edges"]))
    tallest = max(counts, default=1.0)
    chart = Chart("Residuals", (edges[0], edges[-1]), (0.0, tallest * 1.05), "true - predicted", "rows")
    chart.bars(edges, counts)
    return chart.markup()


def dependence(entry: Content) -> Markup:
    """Return the partial dependence of one column: a line for numbers and dates, dots for levels."""
    curves, points = entry["curves"], entry["points"]
    values = [float(value) for one in curves for part in ("mean", "lower", "upper") for value in one[part]]
    if len(curves) > 1:
        values = [float(value) for one in curves for value in one["mean"]]
    named = entry["role"] in ("categorical", "boolean")
    dates = entry["role"] == "date"
    places = [float(i) for i in range(len(points))] if named else [_seconds(p) if dates else float(p) for p in points]
    x = (-0.5, len(points) - 0.5) if named else (min(places), max(places))
    y_label = f"prediction of {shortened(str(curves[0]['of']), 18)}" if len(curves) == 1 else "probability"
    names = [str(point) for point in points] if named else ()
    chart = Chart(f"Partial dependence on {entry['column']}", x, padded(values), "", y_label, names, dates)
    for number, one in enumerate(curves):
        means = list(zip(places, map(float, one["mean"]), strict=True))
        name = shortened(str(one["of"]), 24) if len(curves) > 1 else ""
        if named:
            shift = 0.12 * (number - (len(curves) - 1) / 2)
            if len(curves) == 1:
                for place, low, high in zip(places, one["lower"], one["upper"], strict=True):
                    chart.errors(place, float(low), float(high))
            chart.dots([(place + shift, mean) for place, mean in means], number, radius=4.5)
            chart.line([], number, name=name)
            continue
        if len(curves) == 1:
            lower, upper = (list(zip(places, map(float, one[part]), strict=True)) for part in ("lower", "upper"))
            chart.band(lower, upper)
        chart.line(means, number, name=name)
    return chart.markup()


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

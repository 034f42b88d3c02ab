"""The leaderboard: every candidate of a run, best first, then those given up, failures last with their reason."""

import math
from collections.abc import Iterable
from typing import Any

from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status


def leaderboard(evaluations: Iterable[Evaluation], metric: str) -> list[dict[str, Any]]:
    """Return one JSON-ready row per candidate, ordered by score, then id; undefined numbers are None.

    A row holds rank, id, algorithm, hyperparameters, status, score, score_error, seconds (fit and predict, summed
    over folds), peak_memory_mb, origin and error. Candidates that were not evaluated on all folds have no score,
    because others would not compare with it; their error says how far they got. Where nothing could be validated,
    no candidate has one, and they stay in the order in which they were tried.
    """
    candidates: dict[str, Evaluation] = {}
    for evaluation in evaluations:
        key = evaluation.configuration.id
        if key not in candidates or evaluation.status is Status.OK or not candidates[key].fidelity.is_full:
            candidates[key] = evaluation

    def order(evaluation: Evaluation) -> tuple[int, float, str]:
        score = finite_or_none(_score(evaluation, metric))
        if score is None and not evaluation.repeats:
            return (0, 0.0, "")
        group = 0 if score is not None else 1 if evaluation.status is Status.CANCELLED else 2
        return (group, -(score or 0.0), evaluation.configuration.id)

    ranked = sorted(candidates.values(), key=order)
    return [_row(rank, evaluation, metric) for rank, evaluation in enumerate(ranked, 1)]


def _score(evaluation: Evaluation, metric: str) -> float:
    return evaluation.score(metric) if evaluation.status is Status.OK else math.nan


def _row(rank: int, evaluation: Evaluation, metric: str) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": evaluation.configuration.id,
        "algorithm": evaluation.configuration.algorithm,
        "hyperparameters": dict(evaluation.configuration.hyperparameters),
        "status": evaluation.status.value,
        "score": finite_or_none(_score(evaluation, metric)),
        "score_error": finite_or_none(evaluation.score_error(metric)) if evaluation.status is Status.OK else None,
        "seconds": round(evaluation.fit_seconds + evaluation.predict_seconds, 3),
        "peak_memory_mb": round(evaluation.peak_memory_mb, 1),
        "origin": evaluation.origin,
        "error": evaluation.error,
    }


def finite_or_none(value: float) -> float | None:
    """Return `value`, or None where JSON has no word for it."""
    return float(value) if math.isfinite(value) else None

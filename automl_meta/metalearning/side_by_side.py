"""Judging the methods in workers, a part of the splits in each."""

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from itertools import islice

from automl_meta.execution.protocol import Executor, Limits, Shared, Status
from automl_meta.metalearning.loo import Curves, Judged, curves_of, judge, splits
from automl_meta.metalearning.methods import METHODS
from automl_meta.metalearning.protocol import Experience

PARTS_PER_WORKER = 4  # of the splits, so that slow ones are spread


class JudgingFailedError(RuntimeError):
    """A part of the splits could not be judged."""


def judge_part(
    experience: Shared, method: str, n_evaluations: int, n_folds: int | None, part: int, parts: int
) -> Judged:
    """Judge a method on every `parts`-th split, beginning with number `part`; runs in a worker."""
    known: Experience = experience.get()
    judged: Judged = {}
    for split in islice(splits(known, n_folds), part, None, parts):
        judged |= judge(METHODS[method], known, split, n_evaluations)
    return judged


def evaluate_side_by_side(
    methods: Sequence[str],
    experience: Experience,
    executor: Executor,
    *,
    n_evaluations: int,
    n_folds: int | None,
    progress: Callable[[str, int], object],
) -> dict[str, Curves]:
    """Return the curves of each method, the same as those of `loo.evaluate`.

    Raises
    ------
    JudgingFailedError
        If a worker fails, or the executor is lost.
    """
    shared = executor.share(experience)
    parts = min(len(set(experience.families)), n_folds or 10**9, PARTS_PER_WORKER * executor.workers)
    futures = {
        executor.submit(judge_part, shared, method, n_evaluations, n_folds, part, parts, limits=Limits()): method
        for method in methods
        for part in range(parts)
    }
    judged: dict[str, Judged] = {method: {} for method in methods}
    for future in as_completed(futures):
        method, outcome = futures[future], future.result()
        if outcome.status is not Status.OK:
            raise JudgingFailedError(f"{method}: {outcome.error}")
        judged[method] |= outcome.value
        progress(method, len(judged[method]))
    shared.release()
    return {
        method: curves_of(METHODS[method]().name, experience, judged[method], n_evaluations) for method in methods
    }

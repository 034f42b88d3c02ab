"""Where there is nothing to learn, the reported score must be chance within its error, whatever is chosen from."""

from statistics import NormalDist

import numpy as np
import pytest
from made_evaluations import class_problem, evaluation, folds_of, number_problem

from automl_meta.datasets.task import Task
from automl_meta.ensembling import EnsembleOptions, parse_costs, plan_ensemble
from automl_meta.evaluation.metrics import resolve_metric

SEEDS = 5
N_ROWS, N_CANDIDATES = 200, 12
CHANCE = {
    ("binary", "roc_auc"): 0.5,
    ("binary", "balanced_accuracy"): 0.5,
    ("binary", "matthews_corrcoef"): 0.0,
    ("binary", "neg_log_loss"): -np.log(2),
    ("multiclass", "neg_log_loss"): -np.log(3),
    ("multiclass", "accuracy"): 1 / 3,
    ("regression", "r2"): 0.0,
}
KINDS = ("auto", "best", "greedy", "stack")
SETTINGS = {
    "not calibrated": {"calibrate": False},
    "not decided": {"decide": False},
    "negative weights": {"negative_weights": True, "kind": "stack"},
    "costs": {"mistake_costs": parse_costs("fp=1,fn=2", ("no", "yes"))},
}
CASES = [(pair, {"kind": kind}) for pair in CHANCE for kind in KINDS]
CASES += [(pair, options) for pair in CHANCE if pair[0] == "binary" for options in SETTINGS.values()]
# So that all of the checks together would fail one time in a hundred if each error were what it should be.
MOST = NormalDist().inv_cdf(1 - 0.01 / (SEEDS * len(CASES)))
MOST_ON_AVERAGE = NormalDist().inv_cdf(1 - 0.01 / len(CASES)) / np.sqrt(SEEDS)


def noise(task: Task, seed: int):
    if task is Task.REGRESSION:
        random = np.random.default_rng(100 + seed)
        _, y = number_problem(N_ROWS, [1.0], seed)
        return [evaluation(f"m{i}", random.normal(10, 0.5, size=N_ROWS)) for i in range(N_CANDIDATES)], y
    return class_problem(N_ROWS, 2 if task is Task.BINARY else 3, [0.0] * N_CANDIDATES, seed, noise=0.3)


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "options"), CASES, ids=lambda value: "-".join(map(str, value)))
def test_pure_noise_scores_chance(pair, options) -> None:
    task = Task(pair[0])
    metric = resolve_metric(pair[1], task)
    above = []
    for seed in range(SEEDS):
        made, y = noise(task, seed)
        plan = plan_ensemble(made, y, task, metric, folds_of(y, task), options=EnsembleOptions(**options))
        gap = plan.score - CHANCE[pair]
        above.append(gap / plan.error if gap else 0.0)  # one class for every row is chance without any doubt
    assert max(above) < MOST
    assert np.mean(above) < MOST_ON_AVERAGE


def test_the_error_is_as_large_as_the_spread_of_the_score() -> None:
    """The best of many candidates is where groups are correlated most, and errors for independent ones too small."""
    metric = resolve_metric("roc_auc", Task.BINARY)
    plans = []
    for seed in range(40):
        made, y = noise(Task.BINARY, seed)
        folds, options = folds_of(y, Task.BINARY), EnsembleOptions(kind="best", calibrate=False)
        plans.append(plan_ensemble(made, y, Task.BINARY, metric, folds, options=options))
    spread = np.std([plan.score for plan in plans], ddof=1)
    error = np.sqrt(np.mean([plan.error**2 for plan in plans]))
    assert 0.8 < error / spread < 1.6

"""A made-up OpenML: tables, tasks, setups and runs, and what a meta-base made of them has to hold."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from world_setups import WorldSetup, make_setups
from world_tables import WorldDataset, make_dataset

SUITE = 99
CLASSIFICATION_MEASURES = ("area_under_roc_curve", "predictive_accuracy")
REGRESSION_MEASURES = ("root_mean_squared_error",)


@dataclass
class WorldTask:
    task_id: int
    dataset: WorldDataset

    @property
    def is_classification(self) -> bool:
        return self.dataset.task.is_classification

    @property
    def measures(self) -> tuple[str, ...]:
        return CLASSIFICATION_MEASURES if self.is_classification else REGRESSION_MEASURES


@dataclass
class WorldRun:
    run_id: int
    task: WorldTask
    setup: WorldSetup
    uploader: int
    upload_time: str
    values: dict[str, float | None]
    engines: tuple[int, ...] = (1,)


@dataclass
class ExpectedRow:
    scores: dict[str, float]
    grade: str
    run_ids: set[int] = field(default_factory=set)


@dataclass
class World:
    datasets: dict[int, WorldDataset]
    tasks: dict[int, WorldTask]
    runs: list[WorldRun]

    def expected(self) -> dict[int, dict[str, ExpectedRow]]:
        """Return the rows of each task by the configuration's id."""
        rows: dict[int, dict[str, ExpectedRow]] = defaultdict(dict)
        for run in sorted(self.runs, key=lambda run: run.run_id):
            scores = {name: value for name, value in run.values.items() if value is not None}
            configuration = run.setup.meaning(run.task.dataset)
            if not scores or configuration is None:
                continue
            known = rows[run.task.task_id].get(configuration.id)
            if known is None:
                known = rows[run.task.task_id][configuration.id] = ExpectedRow(scores, run.setup.grade)
            elif known.grade != "exact" and run.setup.grade == "exact":
                known.scores, known.grade = scores, "exact"
            known.run_ids.add(run.run_id)
        return rows


def make_world(n_tasks: int = 30, n_runs: int = 5000, seed: int = 0) -> World:
    random = np.random.default_rng(seed)
    datasets = {2 + 3 * i: make_dataset(2 + 3 * i, i, random) for i in range(n_tasks)}
    tasks = {100 + d.dataset_id: WorldTask(100 + d.dataset_id, d) for d in datasets.values()}
    setups = {True: make_setups(True, random, 0), False: make_setups(False, random, 5000)}
    runs = []
    for number in range(n_runs):
        task = list(tasks.values())[number % n_tasks]
        choice = setups[task.is_classification]
        runs.append(make_run(7 * number + 11, task, choice[int(random.integers(len(choice)))], random))
    return World(datasets, tasks, runs)


def make_run(run_id: int, task: WorldTask, setup: WorldSetup, random: np.random.Generator) -> WorldRun:
    quality = 0.6 + 0.3 * ((setup.setup_id * 37) % 101) / 101
    values: dict[str, float | None] = {}
    for measure in task.measures:
        score = quality + 0.05 * float(random.standard_normal())
        value = min(max(score, 0.01), 0.999) if task.is_classification else 10 * (1.5 - score)
        values[measure] = None if random.random() < 0.04 else round(value, 6)
    engines = (1, 2) if random.random() < 0.05 else (1,)
    time = f"20{int(random.integers(14, 24))}-0{int(random.integers(1, 10))}-17 10:1{run_id % 10}:00"
    return WorldRun(run_id, task, setup, int(random.integers(1, 9)), time, values, engines)

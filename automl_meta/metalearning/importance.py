"""How much each hyperparameter matters, learned across datasets."""

from collections.abc import Sequence

import numpy as np

from automl_meta.datasets.task import Task
from automl_meta.metalearning.protocol import Floats
from automl_meta.metalearning.standings import Knowledge
from automl_meta.pipelines.configuration import Configuration
from automl_meta.seeding import generator

TREES = 60
COORDINATES = 5  # of a dataset: what kind of datasets go together
LEAST = 3  # configurations of an algorithm, below which nothing can be said
MOST_ROWS = 4000
SHUFFLES = 5


def hyperparameter_importance(
    algorithm: str, task: Task, knowledge: Knowledge, configurations: Sequence[Configuration]
) -> dict[str, float]:
    """Return how much of what an algorithm's hyperparameters decide each of them decides.

    A forest is fitted to the standings of the algorithm's configurations, from their vectors and from what kind of
    dataset it was. The effect of a hyperparameter is its total effect in the forest (Sobol's index by the estimator
    of Jansen 1999, the columns of one hyperparameter shuffled together), as a share of the sum of all. Compare van
    Rijn & Hutter (2018), "Hyperparameter importance across datasets". With few configurations, hyperparameters that
    changed together share what they decide.

    Returns
    -------
    dict from name to float in [0, 1]
        Summing to 1, the most important first; empty if too few configurations of the algorithm were measured.
    """
    from sklearn.ensemble import ExtraTreesRegressor  # slow to import

    from automl_meta.pipelines.vectors import vector_names, vectorize

    own = [i for i, c in enumerate(configurations) if c.algorithm == algorithm and knowledge.measured[i]]
    groups = _columns_of(algorithm, vector_names(task))
    if len(own) < LEAST or not groups:
        return {}
    vectors = vectorize([configurations[i] for i in own], task)
    features, targets = _rows(knowledge, own, vectors)
    random = generator(0, "importance", algorithm)
    if len(targets) > MOST_ROWS:
        kept = np.sort(random.choice(len(targets), MOST_ROWS, replace=False))
        features, targets = features[kept], targets[kept]
    if len(targets) < LEAST or np.ptp(targets) == 0:
        return {}
    forest = ExtraTreesRegressor(TREES, min_samples_leaf=3, max_features=0.5, random_state=0).fit(features, targets)
    predicted = forest.predict(features)
    effects = {}
    for name, columns in groups.items():
        changes = []
        for _ in range(SHUFFLES):
            shuffled = features.copy()
            shuffled[:, columns] = shuffled[random.permutation(len(shuffled))][:, columns]
            changes.append(float(((forest.predict(shuffled) - predicted) ** 2).mean()))
        effects[name] = float(np.mean(changes))
    total = sum(effects.values()) or 1.0
    return {name: effect / total for name, effect in sorted(effects.items(), key=lambda item: (-item[1], item[0]))}


def _columns_of(algorithm: str, names: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of a vector that belong to each hyperparameter of `algorithm`."""
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if name.startswith(f"{algorithm}."):
            hyperparameter = name.removeprefix(f"{algorithm}.").partition("=")[0].removesuffix("?")
            groups.setdefault(hyperparameter, []).append(place)
    return groups


def _rows(knowledge: Knowledge, own: list[int], vectors: Floats) -> tuple[Floats, Floats]:
    """Return one row for each measured pair of dataset and configuration, and its standing within the dataset."""
    known, table = knowledge.known[:, own], knowledge.standings[:, own]
    centred = table - table.mean(axis=1, keepdims=True)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    kinds = (left * values)[:, :COORDINATES]
    datasets, columns = np.nonzero(known)
    return np.hstack([vectors[columns], kinds[datasets]]), centred[datasets, columns]

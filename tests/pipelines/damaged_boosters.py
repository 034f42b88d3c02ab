"""Damage stored boosters at random; each is refused, or predicts: none brings this process down.

python damaged_boosters.py NAME SEED COUNT      prints how many were refused and how many predicted
"""

import pickle
import re
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets import Task
from automl_meta.pipelines.catalogue import default_configuration, find_algorithm
from automl_meta.pipelines.context import FitContext

NUMBERS = ("0", "-1", "1", "3", "7", "2147483647", "-2147483648", "200000000", "4294967295", "nan", "1e300", "x", "")
KINDS: dict[str, list[dict[str, Any]]] = {
    "lightgbm": [{"kind": "plain"}, {"kind": "linear_tree"}],
    "xgboost": [{"categorical": "native", "max_cat_to_onehot": 2}],
    "catboost": [{"grow_policy": "SymmetricTree"}, {"grow_policy": "Depthwise"}],
}


def table(n_rows: int = 120) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    columns = {
        "a": random.normal(size=n_rows),
        "b": np.where(random.random(n_rows) < 0.1, np.nan, random.normal(size=n_rows)),
        "c": pd.Categorical(random.choice(list("abcdefgh"), n_rows)),
        "d": pd.Categorical(random.choice(["x", "y"], n_rows)),
    }
    frame = pd.DataFrame(columns)
    return frame, (frame["a"] + frame["c"].cat.codes % 3 + 0.1 * random.normal(size=n_rows)).to_numpy()


def boosters(name: str) -> list[tuple[Any, pd.DataFrame]]:
    """Return fitted boosters of each kind and task, and rows to predict."""
    X, numbers = table()
    found = []
    for task in Task:
        n_classes = {Task.REGRESSION: 0, Task.BINARY: 2, Task.MULTICLASS: 3}[task]
        y = pd.qcut(numbers, n_classes, labels=False) if n_classes else numbers
        for changes in KINDS[name]:
            context = FitContext(task=task, n_classes=n_classes, seed=1)
            values = {**default_configuration(name, task).hyperparameters, "learning_rate": 0.2, **changes}
            model = find_algorithm(name).estimator(values, context).set_params(rounds=6)
            found.append((model.fit(X, y), X))
    return found


def damaged(content: bytes | str, random: np.random.Generator) -> bytes | str:
    """Return a model with a few bytes, or one number of a text, changed; or cut; or with a part twice."""
    if isinstance(content, str):
        places = [
            found.span() for found in re.finditer(r"-?[0-9][0-9.e+-]*", content[: content.find("end of trees")])
        ]
        begin, end = places[random.integers(len(places))]
        return content[:begin] + str(random.choice(NUMBERS)) + content[end:]
    changed = bytearray(content)
    kind = random.integers(8)
    if kind == 0:
        return bytes(changed[: random.integers(len(changed))])
    for _ in range(random.integers(1, 4)):
        place = int(random.integers(len(changed) - 8))
        if kind < 5:
            changed[place] = int(random.choice([0, 1, 2, 127, 128, 255, int(random.integers(256))]))
        else:
            number = int(random.choice([0, 1, 5, 1000, 2**31 - 1, 2**32 - 1, 900_000_000]))
            changed[place : place + 4] = number.to_bytes(4, "big" if kind == 5 else "little")
    return bytes(changed)


def outputs(model: Any, X: pd.DataFrame) -> np.ndarray:
    return np.asarray(model.predict_proba(X) if model.classify else model.predict(X))


def stored(model: Any) -> Any:
    """Return a booster as it comes from a model file, which nobody has looked at."""
    other = type(model).__new__(type(model))
    other.__setstate__(pickle.loads(pickle.dumps(model.__getstate__())))
    return other


def main(name: str, seed: int, count: int) -> None:
    warnings.simplefilter("ignore")
    random = np.random.default_rng(seed)
    refused = predicted = 0
    for model, X in boosters(name):
        expected = outputs(model, X)
        np.testing.assert_array_equal(outputs(stored(model), X), expected)
        for _ in range(count):
            other = stored(model)
            other.model_ = damaged(model.model_, random)
            try:
                shape = outputs(other, X).shape
            except Exception:  # noqa: BLE001 - our refusals, and the libraries' own errors
                refused += 1
            else:
                assert shape == expected.shape
                predicted += 1
    sys.stdout.write(f"{refused} {predicted}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

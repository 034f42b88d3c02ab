"""The tables of a made-up OpenML, and what its server says of them."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_meta.datasets.task import Task

FOLDS = 10  # of every task


@dataclass
class WorldDataset:
    dataset_id: int
    name: str
    frame: pd.DataFrame
    task: Task
    has_parquet: bool

    @property
    def n_features(self) -> int:
        return self.frame.shape[1] - 1


def make_dataset(dataset_id: int, position: int, random: np.random.Generator) -> WorldDataset:
    n_rows, n_numeric = int(random.integers(60, 110)), int(random.integers(3, 6))
    columns: dict[str, object] = {f"x{i}": np.round(random.normal(size=n_rows) * 10**i, 4) for i in range(n_numeric)}
    columns["colour"] = pd.Categorical(random.choice(["red", "green", "deep blue"], n_rows))
    columns["size"] = pd.Categorical(random.choice(["s", "m", "l"], n_rows))
    frame = pd.DataFrame(columns)
    signal = frame["x0"].to_numpy() + (frame["colour"] == "red").to_numpy() + 0.5 * random.normal(size=n_rows)
    if position % 3 == 2:
        task, target = Task.REGRESSION, np.round(signal, 4)
        frame["class"] = target
    else:
        task = Task.MULTICLASS if position % 5 == 0 else Task.BINARY
        edges = np.quantile(signal, [0.5] if task is Task.BINARY else [0.3, 0.6])
        names = np.array(["no", "yes", "maybe"])
        frame["class"] = pd.Categorical(names[np.searchsorted(edges, signal)])
    frame.loc[random.random(n_rows) < 0.1, "x1"] = np.nan
    return WorldDataset(dataset_id, f"table-{position}", frame, task, has_parquet=position % 2 == 1)


def qualities_of(dataset: WorldDataset) -> dict[str, float | None]:
    """Return what the server says of a table; -1 and None where it did not compute something."""
    frame = dataset.frame
    numeric = sum(kind.kind == "f" for kind in frame.dtypes if hasattr(kind, "kind"))
    found: dict[str, float | None] = {
        "NumberOfInstances": float(len(frame)),
        "NumberOfFeatures": float(frame.shape[1]),
        "NumberOfNumericFeatures": float(numeric),
        "NumberOfSymbolicFeatures": float(frame.shape[1] - numeric),
        "NumberOfMissingValues": float(frame.isna().sum().sum()),
        "NumberOfClasses": 0.0,
        "MeanKurtosisOfNumericAtts": -1.0,
        "MeanSkewnessOfNumericAtts": None,
    }
    if dataset.task.is_classification:
        shares = frame["class"].value_counts(normalize=True)
        found |= {
            "NumberOfClasses": float(frame["class"].nunique()),
            "MajorityClassPercentage": 100 * float(shares.max()),
            "MinorityClassPercentage": 100 * float(shares.min()),
            "ClassEntropy": -sum(share * math.log2(share) for share in shares),
        }
    return found

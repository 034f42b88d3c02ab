"""K-shot N-way episodes of real tables: `fit` on K rows of each of N classes, beside three models at their defaults.

    AUTOML_META_DATASETS=... python benchmarks/tiny_tables.py --shots 1 3 5 10 --episodes 3

For each dataset, each K and each episode: K rows of each of at most five classes are the table, all other rows of
these classes (at most 1,000) are predicted. What is measured is accuracy. The meta-base forgets the dataset's family.
Where a fit fails, that is counted, and scored as guessing.
"""

import argparse
import csv
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import dataset_from_arrays
from automl_meta.errors import InputError
from automl_meta.metabase import MetaBase, default_path
from automl_meta.seeding import generator, integer_seed

MOST_CLASSES, MOST_QUERIES, MOST_ROWS = 5, 1000, 60
# Chosen before anything was measured: two to many classes; numbers, categories, both; missing cells.
DATASETS = (
    "acute_inflammations_nephritis",
    "aer_creditcard",
    "cmc",
    "colic",
    "cylinder_bands",
    "ecoli",
    "hepatitis",
    "micro_mass_pure_spectra",
    "mldatar_heartdisease",
    "nasa_kc1",
    "optdigits",
    "soybean",
    "tic_tac_toe",
    "vehicle",
    "wilt",
    "yeast",
    "openintro_reddit_finance",
    "custdata_health_ins",
    "bank_customer_churn",
    "fivethirtyeight_dem_candidates",
)
BASELINES = {
    "logistic_regression": lambda seed: LogisticRegression(max_iter=1000),
    "nearest_neighbour": lambda seed: KNeighborsClassifier(1),
    "random_forest": lambda seed: RandomForestClassifier(random_state=seed),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A tiny table and the rows to be predicted."""

    X: pd.DataFrame
    y: np.ndarray
    X_query: pd.DataFrame
    y_query: np.ndarray


def main() -> None:
    """Print a row an episode, then the table of means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=12)
    parser.add_argument("--datasets", nargs="*", default=list(DATASETS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    with (folder / "index.csv").open() as file:
        index = {row["name"]: row for row in csv.DictReader(file)}
    rows = []
    print("dataset,shots,episode,ours," + ",".join(BASELINES) + ",failed,seconds")
    for name in arguments.datasets:
        for shots in arguments.shots:
            for number, episode in enumerate(episodes(folder, index[name], shots, arguments)):
                row = {"dataset": name, "shots": shots, "episode": number, **judge(episode, index[name], arguments)}
                print(",".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in row.values()), flush=True)
                rows.append(row)
    if rows:
        columns = ["ours", *BASELINES, "failed"]
        print(pd.DataFrame(rows).groupby("shots")[columns].mean().round(4).to_string())


def episodes(folder: Path, entry: dict[str, str], shots: int, arguments: argparse.Namespace) -> Iterator[Episode]:
    """Yield episodes of one dataset; none if no two classes have enough rows."""
    table = pd.read_csv(folder / entry["path"]).dropna(subset=[entry["target"]])
    counts = table[entry["target"]].value_counts()
    able = sorted(counts.index[counts > shots], key=str)
    for number in range(arguments.episodes if len(able) > 1 else 0):
        random = generator(arguments.seed, "episode", entry["name"], shots, number)
        most = min(MOST_CLASSES, max(2, MOST_ROWS // shots))
        classes = [able[i] for i in random.permutation(len(able))[:most]]
        of_class = [random.permutation(np.flatnonzero(table[entry["target"]] == one)) for one in classes]
        shown = np.concatenate([rows[:shots] for rows in of_class])
        asked = random.permutation(np.concatenate([rows[shots:] for rows in of_class]))[:MOST_QUERIES]
        X, y = table.drop(columns=entry["target"]), table[entry["target"]].astype(str).to_numpy()
        yield Episode(X=X.iloc[shown], y=y[shown], X_query=X.iloc[asked], y_query=y[asked])


def judge(episode: Episode, entry: dict[str, str], arguments: argparse.Namespace) -> dict[str, float | int]:
    """Return the accuracies of all, whether ours failed, and the seconds that ours took."""
    start = time.perf_counter()
    ours = our_accuracy(episode, entry, arguments)
    seconds = time.perf_counter() - start
    failed = ours is None
    guessing = 1.0 / len(np.unique(episode.y))
    theirs = {name: baseline_accuracy(name, episode) for name in BASELINES}
    return {"ours": guessing if ours is None else ours, **theirs, "failed": int(failed), "seconds": seconds}


def our_accuracy(episode: Episode, entry: dict[str, str], arguments: argparse.Namespace) -> float | None:
    """Return the accuracy of what `fit` finds, None if it finds nothing."""
    with MetaBase.open(default_path(), "ro") as store:
        known = {record.family for record in store.datasets()}
    options = RunOptions(
        time_budget=None,
        max_evaluations=arguments.evaluations,
        jobs=1,
        seed=arguments.seed,
        forget=(entry["family"],) if entry["family"] in known else (),
    )
    try:
        dataset = dataset_from_arrays(episode.X, episode.y, name=entry["name"])
        model = run(dataset, options).model
        labels, _ = model.predict(episode.X_query)
    except InputError:
        return None
    return float(np.mean(np.asarray(labels).astype(str) == episode.y_query))


def baseline_accuracy(name: str, episode: Episode) -> float:
    """Return the accuracy of a default model after scaling numbers and one-hot encoding the rest."""
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    prepare = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(prepare, BASELINES[name](integer_seed(0, name)))
    return float(model.fit(episode.X, episode.y).score(episode.X_query, episode.y_query))


if __name__ == "__main__":
    main()

"""K-shot N-way episodes of real tables: `fit` on K rows of each of N classes, beside models at their defaults.

    AUTOML_META_DATASETS=... python benchmarks/tiny_tables.py --shots 1 3 5 10 --seeds 0 1

For each seed, each dataset and each K: K rows of each of at most five classes are the table, the other rows of
these classes (at most 500) are predicted. What is measured is accuracy, and the tool's default metric: ROC AUC for
two classes, log loss for more. The meta-base forgets the dataset's family. Where a fit fails, that is counted, and
scored as guessing.

    AUTOML_META_DATASETS=... python benchmarks/tiny_tables.py --candidates

measures instead how the configurations of `pipelines/few_rows.py` stand on episodes of other datasets, those that
they were chosen by.
"""

import argparse
import csv
import itertools
import os
import time
from collections.abc import Iterator, Mapping
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
from automl_meta.datasets import Task, dataset_from_arrays, features_from
from automl_meta.errors import InputError
from automl_meta.evaluation import default_metric, resolve_metric
from automl_meta.evaluation.all_rows import fit_to_all_rows
from automl_meta.metabase import MetaBase, default_path
from automl_meta.pipelines.build import predict
from automl_meta.pipelines.few_rows import few_rows_configurations
from automl_meta.pipelines.naming import brief
from automl_meta.seeding import generator, integer_seed

MOST_CLASSES, MOST_QUERIES, MOST_ROWS = 5, 500, 60
FLOOR = 1e-3  # below which no probability counts, so that one certain mistake does not outweigh all else
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
# By which candidates were chosen.
OTHERS = (
    "glass",
    "breast_w",
    "zoo",
    "heart_c",
    "seeds",
    "credit_a",
    "vowel",
    "diabetes",
    "dermatology",
)
BASELINES = {
    "logistic_regression": lambda seed, n_rows: LogisticRegression(max_iter=1000),
    "nearest_neighbour": lambda seed, n_rows: KNeighborsClassifier(1),
    "five_neighbours": lambda seed, n_rows: KNeighborsClassifier(min(5, n_rows)),
    "random_forest": lambda seed, n_rows: RandomForestClassifier(random_state=seed),
}
METHODS = ("ours", *BASELINES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A tiny table and the rows to be predicted."""

    name: str
    shots: int
    X: pd.DataFrame
    y: np.ndarray
    X_query: pd.DataFrame
    y_query: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The labels, sorted."""
        return np.unique(self.y)

    def scores(self, probabilities: np.ndarray) -> dict[str, float]:
        """Return accuracy and the default metric of probabilities for the query, their columns as the classes."""
        codes = np.searchsorted(self.classes, self.y_query)
        clipped = np.clip(probabilities, FLOOR, 1.0)
        metric = default_metric(Task.BINARY if len(self.classes) == 2 else Task.MULTICLASS)
        accuracy = resolve_metric("accuracy", Task.MULTICLASS)
        return {
            "accuracy": accuracy.score(codes, probabilities),
            metric.name: metric.score(codes, clipped / clipped.sum(axis=1, keepdims=True)),
        }


def main() -> None:
    """Print a row an episode and method, then the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--datasets", nargs="*")
    parser.add_argument("--candidates", action="store_true", help="measure the candidates one by one")
    arguments = parser.parse_args()
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    with (folder / "index.csv").open() as file:
        index = {row["name"]: row for row in csv.DictReader(file)}
    names = arguments.datasets or (OTHERS if arguments.candidates else DATASETS)
    rows = []
    for seed, name, shots in itertools.product(arguments.seeds, names, arguments.shots):
        episode = draw_episode(folder, index[name], shots, seed)
        if episode is None:
            continue
        found = candidates(episode) if arguments.candidates else compared(episode, index[name]["family"], seed)
        for row in found:
            rows.append({"seed": seed, "dataset": name, "shots": shots, **row})
            print(", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in rows[-1].values()), flush=True)
    table = pd.DataFrame(rows)
    if arguments.candidates:
        print(standings(table).round(2).to_string())
    else:
        report(table)


def draw_episode(folder: Path, entry: Mapping[str, str], shots: int, seed: int) -> Episode | None:
    """Return an episode of a dataset; None if no two classes have enough rows."""
    table = pd.read_csv(folder / entry["path"]).dropna(subset=[entry["target"]]).reset_index(drop=True)
    counts = table[entry["target"]].value_counts()
    able = sorted(counts.index[counts > shots], key=str)
    if len(able) < 2:
        return None
    X, y = table.drop(columns=entry["target"]), table[entry["target"]].astype(str).to_numpy()
    random = generator(seed, "episode", entry["name"], shots)
    most = min(MOST_CLASSES, max(2, MOST_ROWS // shots))
    classes = [str(able[i]) for i in random.permutation(len(able))[:most]]
    of_class = [random.permutation(np.flatnonzero(y == one)) for one in classes]
    shown = np.concatenate([rows[:shots] for rows in of_class])
    asked = random.permutation(np.concatenate([rows[shots:] for rows in of_class]))[:MOST_QUERIES]
    return Episode(
        name=entry["name"], shots=shots, X=X.iloc[shown], y=y[shown], X_query=X.iloc[asked], y_query=y[asked]
    )


def compared(episode: Episode, family: str, seed: int) -> Iterator[dict[str, object]]:
    """Yield the scores of all methods."""
    start = time.process_time()
    ours = our_probabilities(episode, family, seed)
    seconds = time.process_time() - start
    guess = np.full((len(episode.y_query), len(episode.classes)), 1 / len(episode.classes))
    scores = episode.scores(guess if ours is None else ours)
    if ours is None:
        scores["accuracy"] = 1 / len(episode.classes)
    yield {"method": "ours", **scores, "failed": int(ours is None), "seconds": seconds}
    for name in BASELINES:
        yield {"method": name, **episode.scores(baseline_probabilities(name, episode))}


def our_probabilities(episode: Episode, family: str, seed: int) -> np.ndarray | None:
    """Return what the model that `fit` makes says of the query, None if it makes none."""
    with MetaBase.open(default_path(), "ro") as store:
        known = {record.family for record in store.datasets() if record.task.is_classification}
    forget = (family,) if family in known else ()
    options = RunOptions(time_budget=None, max_evaluations=20, jobs=0, seed=seed, forget=forget)
    try:
        dataset = dataset_from_arrays(episode.X, episode.y, name=episode.name, task="classification")
        model = run(dataset, options).model
        probabilities, _ = model.predict_proba(episode.X_query)
    except InputError as error:
        print(f"{episode.name}, {episode.shots} shots: {error}", flush=True)
        return None
    return probabilities


def baseline_probabilities(name: str, episode: Episode) -> np.ndarray:
    """Return what a default model says after scaling numbers and one-hot encoding the rest."""
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    prepare = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(prepare, BASELINES[name](integer_seed(0, name), len(episode.y)))
    return model.fit(episode.X, episode.y).predict_proba(episode.X_query)


def candidates(episode: Episode) -> Iterator[dict[str, object]]:
    """Yield the scores of the configurations for few rows, each fitted to the whole table."""
    dataset = dataset_from_arrays(episode.X, episode.y, name=episode.name, task="classification")
    X_query, _ = features_from(episode.X_query, dataset.schema)
    for configuration in few_rows_configurations(dataset):
        pipeline = fit_to_all_rows(configuration, dataset, seed=0)
        said = predict(pipeline, X_query, dataset.task, dataset.n_classes)
        codes = np.searchsorted(episode.classes, episode.y_query)
        likelihood = float(np.log(np.clip(said[np.arange(len(codes)), codes], 0.01, 1.0)).mean())
        yield {
            "method": brief(configuration, dataset.task),
            "accuracy": episode.scores(said)["accuracy"],
            "likelihood": likelihood,
        }


def standings(table: pd.DataFrame) -> pd.DataFrame:
    """Return how the candidates stand on average, in deviations within an episode, by one row a class and several."""
    episode = (table["method"] == table["method"].iloc[0]).cumsum()
    grouped = table.groupby(episode)[["accuracy", "likelihood"]]
    deviations = ((table[["accuracy", "likelihood"]] - grouped.transform("mean")) / grouped.transform("std")).fillna(
        0
    )
    several = np.where(table["shots"] > 1, "several", "one")
    return deviations.mean(axis=1).groupby([table["method"], several]).mean().unstack()


def report(table: pd.DataFrame) -> None:
    """Print mean scores by shots and method, and what we gain on the best of the others, with its standard error."""
    for metric in ("accuracy", "roc_auc", "neg_log_loss"):
        scored = table.dropna(subset=[metric])
        means = scored.groupby(["shots", "method"])[metric].mean().unstack()[list(METHODS)]
        gains = []
        for shots, row in means.iterrows():
            best = row[list(BASELINES)].idxmax()
            here = scored[scored["shots"] == shots]
            ours, theirs = (here[here["method"] == name] for name in ("ours", best))
            by_dataset = pd.Series(ours[metric].to_numpy() - theirs[metric].to_numpy(), ours["dataset"].to_numpy())
            by_dataset = by_dataset.groupby(level=0).mean()
            gains.append({"gain": by_dataset.mean(), "error": by_dataset.sem(), "episodes": len(ours)})
        print(f"\n{metric}\n{means.join(pd.DataFrame(gains, index=means.index)).round(4).to_string()}")
    ours = table[table["method"] == "ours"]
    print(ours.groupby("shots")[["failed", "seconds"]].mean().round(2).to_string())


if __name__ == "__main__":
    main()

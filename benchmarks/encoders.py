"""Compare encodings of texts, categories with many levels, and dates, inside three-fold cross-validation.

    AUTOML_META_DATASETS=FOLDER python benchmarks/encoders.py categories > categories.md
    AUTOML_META_DATASETS=FOLDER python benchmarks/encoders.py texts --rows 10000 --encoding native

Prints one Markdown table: for LightGBM and for a linear model (logistic regression or ridge), the mean score (ROC AUC
or R²) and mean rank of each encoding over the datasets, and the seconds that encoding took. The encoding in question
is applied to the columns in question; all other columns are prepared the same way throughout.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold

from automl_meta.datasets import ColumnRole, Dataset, make_dataset
from automl_meta.datasets.schema import Schema
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.encoders import text
from automl_meta.pipelines.encoders.categories import OneHotEncoder, TargetMeanEncoder
from automl_meta.pipelines.encoders.dates import DateEncoder
from automl_meta.pipelines.encoders.numeric import NumericEncoder
from automl_meta.pipelines.encoders.remembering import Memory
from automl_meta.pipelines.encoders.text import TextEncoder
from automl_meta.pipelines.preprocessing import Preprocessing, build_preprocessor

MANY_LEVELS = 32

TEXTS = (
    "binary/bayesrules_book_banning binary/bayesrules_moma regression/bayesrules_coffee_ratings "
    "regression/fueleconomy_vehicles regression/imdb_movies_metascore regression/motorbike_prices "
    "regression/toyota_corolla regression/wish_summer_products "
    "regression/openintro_lego_population"
)
CATEGORIES = (
    "binary/bank_customer_churn binary/bayesrules_moma binary/causaldata_social_insure binary/cylinder_bands "
    "binary/openintro_mn_police_use_of_force multiclass/dplyr_storms regression/big_mart_sales_14204 "
    "regression/fifa18_players regression/hsaur_forbes2000 regression/lahman_teams regression/modeldata_hotel_rates "
    "regression/nyc_taxi_fares regression/usa_car_auctions regression/video_game_sales regression/world_bank_co2"
)
DATES = (
    "binary/bayesrules_book_banning binary/brca_patient_status binary/marketing_campaign binary/mldatar_long_stayers "
    "binary/openintro_mn_police_use_of_force multiclass/openintro_birds multiclass/hr_dataset_311 "
    "multiclass/crimedatasets_police_shootings_tbl_df regression/king_county_houses "
    "regression/modeldata_hotel_rates regression/onion_market_arrivals regression/supermarket_sales "
    "regression/openintro_epa2021"
)


class Strings:
    """Encodes strings column by column with a transformer made by `make`."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make

    def __call__(self, train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
        """Return both sides encoded."""
        blocks = []
        for name in train:
            encoder = self.make()
            texts, later = (_texts(frame[name]) for frame in (train, test))
            blocks.append((encoder.fit_transform(texts), encoder.transform(later)))
        return tuple(pd.DataFrame(np.hstack(side)).add_prefix("text_") for side in zip(*blocks, strict=True))


class Lsa:
    """Character n-grams by one of scikit-learn's vectorisers, then its truncated decomposition."""

    def __init__(self, vectorizer, n_components: int = 30) -> None:
        self.vectorizer = vectorizer
        self.n_components = n_components

    def fit_transform(self, texts):
        """Learn, and return the components."""
        weighted = self.vectorizer.fit_transform(texts)
        self.decomposition = TruncatedSVD(min(self.n_components, weighted.shape[1]), random_state=0)
        return self.decomposition.fit_transform(weighted)

    def transform(self, texts):
        """Return the components."""
        return self.decomposition.transform(self.vectorizer.transform(texts))


class Skrub:
    """skrub's StringEncoder."""

    def __init__(self, n_components: int = 30) -> None:
        import skrub

        self.encoder = skrub.StringEncoder(n_components, random_state=0)

    def fit_transform(self, texts):
        """Learn, and return the components."""
        return self.encoder.fit_transform(pd.Series(texts, dtype="str")).to_numpy()

    def transform(self, texts):
        """Return the components."""
        return self.encoder.transform(pd.Series(texts, dtype="str")).to_numpy()


def by_codes(kind: str, **options) -> Callable:
    """Return an encoding of level codes: ordinal, onehot, target, or native categories."""

    def encode(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
        levels = {name: sorted(set(_texts(train[name])) | set(_texts(test[name]))) for name in train}
        codes = [_codes(frame, levels) for frame in (train, test)]
        sizes = [len(values) for values in levels.values()]
        if kind == "ordinal":
            return codes[0].astype(float), codes[1].astype(float)
        if kind == "onehot":
            encoder = OneHotEncoder(**options).fit(codes[0], sizes)
            return encoder.transform(codes[0]), encoder.transform(codes[1])
        if kind == "target":
            encoder = TargetMeanEncoder(n_classes, **options)
            return encoder.fit_transform(codes[0], sizes, y), encoder.transform(codes[1])
        frames = [
            pd.DataFrame(
                {
                    name: pd.Categorical.from_codes(code - 1, levels[name])
                    for name, code in zip(levels, c.T, strict=True)
                }
            )
            for c in codes
        ]
        most = options.get("most")
        if most:
            frames = _most_frequent_levels(frames, most)
        return tuple(frames)

    return encode


def hashed(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
    """Indicators of 64 hash buckets of whole values."""
    vectorizer = HashingVectorizer(n_features=64, analyzer=lambda text: [text], alternate_sign=False, norm=None)
    return tuple(
        np.hstack([vectorizer.transform(_texts(frame[name])).toarray() for name in frame]) for frame in (train, test)
    )


def dates_by(*parts: str) -> Callable:
    """Return an encoding of dates by some of elapsed, parts, cyclic and ages."""

    def encode(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
        encoder = DateEncoder(elapsed="elapsed" in parts, calendar="calendar" in parts, cyclic="cyclic" in parts)
        blocks = [frame.to_numpy(dtype="datetime64[ns]") for frame in (train, test)]
        encoder.fit(blocks[0])
        return tuple(encoder.transform(block) for block in blocks)

    return encode


def joined(*encodings: Callable) -> Callable:
    """Return the encoding that puts the columns of several side by side."""

    def encode(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
        results = [encoding(train, test, y, n_classes) for encoding in encodings]
        return tuple(pd.concat([_frame(r[side], str(i)) for i, r in enumerate(results)], axis=1) for side in (0, 1))

    return encode


def told_of_target(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
    """Components of each column, and what a ridge regression on its n-grams predicts, cross-fitted."""
    encoders = {name: TextEncoder(n_classes=n_classes) for name in train}
    fitted = [encoder.fit_transform(_texts(train[name]), y) for name, encoder in encoders.items()]
    later = [encoder.transform(_texts(test[name])) for name, encoder in encoders.items()]
    return tuple(pd.DataFrame(np.hstack(side)).add_prefix("text_") for side in (fitted, later))


def drop(train: pd.DataFrame, test: pd.DataFrame, y: np.ndarray, n_classes: int):
    """Leave the columns out."""
    return np.zeros((len(train), 0)), np.zeros((len(test), 0))


def char(vectorizer, **options):
    """Return a vectoriser of character 3- and 4-grams within words."""
    return vectorizer(analyzer="char_wb", ngram_range=(3, 4), **options)


ours = Strings(TextEncoder)
ENCODINGS: dict[str, dict[str, Callable]] = {
    "texts": {
        "left out": drop,
        "target mean": by_codes("target"),
        "one-hot, 32": by_codes("onehot", max_levels=32),
        "skrub StringEncoder, 30": Strings(Skrub),
        "TfidfVectorizer + SVD, 30": Strings(lambda: Lsa(char(TfidfVectorizer, sublinear_tf=True))),
        "HashingVectorizer + SVD, 30": Strings(lambda: Lsa(char(HashingVectorizer, n_features=2**14))),
        "word tf-idf + SVD, 30": Strings(lambda: Lsa(TfidfVectorizer(sublinear_tf=True, token_pattern=r"\b\w+\b"))),
        "TextEncoder, 10": Strings(lambda: TextEncoder(10)),
        "TextEncoder, 30": ours,
        "TextEncoder, 60": Strings(lambda: TextEncoder(60)),
        "TextEncoder, 30, and target mean": joined(ours, by_codes("target")),
        "TextEncoder, 30, and ridge": told_of_target,
        "native": by_codes("native"),
        "native, TextEncoder, 30, and ridge": joined(by_codes("native"), told_of_target),
    },
    "categories": {
        "left out": drop,
        "ordinal": by_codes("ordinal"),
        "64 hash buckets": hashed,
        "one-hot, 32": by_codes("onehot", max_levels=32),
        "one-hot, 128": by_codes("onehot", max_levels=128),
        "target mean": by_codes("target"),
        "target mean, unsmoothed": by_codes("target", prior_rows=0.0),
        "one-hot, 32, and target mean": joined(by_codes("onehot", max_levels=32), by_codes("target")),
        "ordinal and target mean": joined(by_codes("ordinal"), by_codes("target")),
        "TextEncoder, 30": ours,
        "TextEncoder, 10, and target mean": joined(Strings(lambda: TextEncoder(10)), by_codes("target")),
        "TextEncoder, 30, and ridge": told_of_target,
        "native": by_codes("native"),
        "native, TextEncoder, 30, and ridge": joined(by_codes("native"), told_of_target),
        "native, 254 most frequent": by_codes("native", most=254),
        "native and target mean": joined(by_codes("native"), by_codes("target")),
    },
    "dates": {
        "left out": drop,
        "elapsed": dates_by("elapsed"),
        "calendar": dates_by("calendar"),
        "cyclic": dates_by("cyclic"),
        "elapsed, cyclic": dates_by("elapsed", "cyclic"),
        "elapsed, calendar": dates_by("elapsed", "calendar"),
        "elapsed, calendar, cyclic": dates_by("elapsed", "calendar", "cyclic"),
    },
}
NAMES = {"texts": TEXTS, "categories": CATEGORIES, "dates": DATES}


def load(name: str, folder: Path, most_rows: int) -> Dataset:
    """Return at most so many rows of a dataset of the folder."""
    task, _, stem = name.partition("/")
    frame = pd.read_csv(folder / ("regression" if task == "regression" else "classification") / f"{stem}.csv.gz")
    if len(frame) > most_rows:
        frame = frame.sample(most_rows, random_state=0)
    target = frame.columns[-1]
    if task != "regression":
        counts = frame[target].value_counts()
        frame = frame[frame[target].isin(counts.index[counts >= 10])]
    return make_dataset(frame, target, task="regression" if task == "regression" else "classification", name=stem)


def in_question(dataset: Dataset, topic: str) -> list[str]:
    """Return the columns that the topic is about."""
    if topic == "dates":
        return dataset.schema.names(ColumnRole.DATE)
    wide = [c.name for c in dataset.schema.features if c.levels is not None and len(c.levels) > MANY_LEVELS]
    return dataset.schema.names(ColumnRole.TEXT) + wide


def evaluate(dataset: Dataset, columns: list[str], encoding: Callable, learner: str) -> tuple[float, float]:
    """Return the mean score over three folds and the seconds spent encoding."""
    scores, seconds = [], 0.0
    splitter = (StratifiedKFold if dataset.n_classes else KFold)(3, shuffle=True, random_state=0)
    for train, test in splitter.split(dataset.X, dataset.y):
        rest = prepare_rest(dataset, columns, train, test, learner)
        before = time.perf_counter()
        X = dataset.X[columns]
        block = encoding(X.iloc[train], X.iloc[test], dataset.y[train], dataset.n_classes)
        seconds += time.perf_counter() - before
        if learner == "linear":
            block = scaled(block)
        sides = [pd.concat([_frame(rest[i], "rest"), _frame(block[i], "asked")], axis=1) for i in (0, 1)]
        scores.append(score(dataset, sides[0], sides[1], dataset.y[train], dataset.y[test], learner))
    return float(np.mean(scores)), seconds


def scaled(block: tuple) -> tuple:
    """Return both sides standardised, all but the components of texts, which are divided by their common size."""
    frames = [_frame(side, "scaled") for side in block]
    texts = np.array(["text_" in str(name) for name in frames[0]], dtype=bool)
    size = np.sqrt((frames[0].loc[:, texts] ** 2).sum(axis=1).mean()) or 1.0
    scaler = NumericEncoder("standard", "indicator").fit(frames[0].loc[:, ~texts].to_numpy(dtype=float))
    return tuple(
        np.hstack([scaler.transform(frame.loc[:, ~texts].to_numpy(dtype=float)), frame.loc[:, texts] / size])
        for frame in frames
    )


def prepare_rest(dataset: Dataset, columns: list[str], train: np.ndarray, test: np.ndarray, learner: str):
    """Return the other columns of the training and test rows, prepared as usual for the learner."""
    schema = dataset.schema
    others = tuple(column for column in schema.features if column.name not in columns)
    choice = (
        Preprocessing(missing="native", categorical="native")
        if learner == "LightGBM"
        else Preprocessing(numeric="standard", missing="indicator")
    )
    context = FitContext(task=schema.task, n_classes=dataset.n_classes)
    rest_schema = Schema(task=schema.task, target=schema.target, columns=others, classes=schema.classes)
    preprocessor = build_preprocessor(choice, rest_schema, context)
    X = dataset.X[[column.name for column in others]]
    fitted = preprocessor.fit_transform(X.iloc[train], dataset.y[train])
    return fitted, preprocessor.transform(X.iloc[test])


def score(dataset: Dataset, X, X_test, y, y_test, learner: str) -> float:
    """Return ROC AUC (one against the rest) or R² on the test rows."""
    options = {"n_estimators": 60, "learning_rate": 0.15, "verbose": -1, "n_jobs": 1, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not dataset.n_classes:
            model = lightgbm.LGBMRegressor(**options) if learner == "LightGBM" else Ridge(10.0)
            spread = y.std()
            return max(-1.0, r2_score(y_test, model.fit(X, y / spread).predict(X_test) * spread))
        model = lightgbm.LGBMClassifier(**options) if learner == "LightGBM" else LogisticRegression(max_iter=200)
        probabilities = model.fit(X, y).predict_proba(X_test)
    if dataset.n_classes == 2:
        return roc_auc_score(y_test, probabilities[:, 1])
    return roc_auc_score(y_test, probabilities, multi_class="ovr", labels=np.arange(dataset.n_classes))


def compare(topic: str, labels: tuple[str, ...], folder: Path, most_rows: int) -> pd.DataFrame:
    """Return one row per dataset, learner and encoding."""
    rows: list[tuple] = []
    for name in NAMES[topic].split():
        dataset = load(name, folder, most_rows)
        columns = in_question(dataset, topic)
        if not columns:
            print(f"{name}: no such column", file=sys.stderr)
            continue
        for learner in ("LightGBM", "linear"):
            for label in labels:
                if learner == "linear" and "native" in label:
                    continue
                value, seconds = evaluate(dataset, columns, ENCODINGS[topic][label], learner)
                rows.append((name, learner, label, value, seconds))
        print(f"{name}: {columns}", file=sys.stderr, flush=True)
    return pd.DataFrame(rows, columns=["dataset", "learner", "encoding", "score", "seconds"])


def summary(results: pd.DataFrame, most_rows: int) -> str:
    """Return the results as a Markdown table."""
    results = results.assign(rank=results.groupby(["dataset", "learner"])["score"].rank(ascending=False))
    table = (
        results.groupby(["encoding", "learner"], sort=False)[["score", "rank", "seconds"]].mean().unstack("learner")
    )
    lines = ["| encoding | LightGBM: score | rank | linear: score | rank | seconds |", "| --- |" + " ---: |" * 5]
    for encoding, row in table.iterrows():
        cells = [
            f"{row[key, learner]:.{digits}f}"
            for learner in ("LightGBM", "linear")
            for key, digits in (("score", 4), ("rank", 1))
        ]
        cells.append(f"{row['seconds', 'LightGBM']:.2f}")
        lines.append(f"| {encoding} | " + " | ".join("-" if cell == "nan" else cell for cell in cells) + " |")
    return "\n".join([f"{results['dataset'].nunique()} datasets, at most {most_rows} rows each.", "", *lines])


def _texts(series: pd.Series) -> list[str]:
    return ["" if pd.isna(value) else str(value) for value in series]


def _codes(frame: pd.DataFrame, levels: dict[str, list[str]]) -> np.ndarray:
    return np.column_stack([np.searchsorted(levels[name], _texts(frame[name])) + 1 for name in frame]).astype(np.intp)


def _most_frequent_levels(frames: list[pd.DataFrame], most: int) -> list[pd.DataFrame]:
    limited = [frame.copy() for frame in frames]
    for name in frames[0]:
        kept = frames[0][name].value_counts().index[:most]
        for frame in limited:
            frame[name] = frame[name].cat.set_categories(kept)
    return limited


def _frame(values, prefix: str) -> pd.DataFrame:
    return pd.DataFrame(values).reset_index(drop=True).add_prefix(f"{prefix}_")


def main() -> None:
    """Run one comparison."""
    text._MEMORY = Memory(0)  # each encoding pays for what it reads
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topic", choices=list(ENCODINGS))
    parser.add_argument("--rows", type=int, default=2000, help="of a dataset, at most")
    parser.add_argument("--encoding", action="append", help="to measure; repeatable [default: all]")
    parser.add_argument("--details", type=Path, help="write one CSV row per dataset, learner and encoding")
    arguments = parser.parse_args()
    labels = tuple(arguments.encoding or ENCODINGS[arguments.topic])
    results = compare(arguments.topic, labels, Path(os.environ["AUTOML_META_DATASETS"]), arguments.rows)
    if arguments.details:
        results.to_csv(arguments.details, index=False)
    print(summary(results, arguments.rows))


if __name__ == "__main__":
    main()

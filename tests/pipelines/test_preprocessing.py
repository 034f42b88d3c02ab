from itertools import product

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_tables import NASTY_TABLES, split
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from automl_meta.datasets import Column, ColumnRole, Dataset, Schema, Task, features_from, make_dataset
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.preprocessing import ColumnPreprocessor, Preprocessing, build_preprocessor

NUMERIC = ("none", "standard", "quantile", "robust_smooth")
MISSING = ("native", "median", "indicator")
CATEGORICAL = ("native", "ordinal", "onehot", "target")
REDUCTION = ("none", "pca", "select")
# Every value of every choice, and every pair of numeric and categorical.
CHOICES = [
    Preprocessing(
        numeric=numeric,
        missing=MISSING[(i + j) % 3],
        categorical=categorical,
        reduction=REDUCTION[(i + 2 * j) % 3],
    )
    for (i, numeric), (j, categorical) in product(enumerate(NUMERIC), enumerate(CATEGORICAL))
]


def preprocessor(dataset: Dataset, seed: int = 0, **choices: str) -> ColumnPreprocessor:
    context = FitContext(task=dataset.task, n_classes=dataset.n_classes, seed=seed)
    return build_preprocessor(Preprocessing(**choices), dataset.schema, context)


def mixed(task: Task = Task.BINARY, n: int = 120, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    days = pd.to_datetime(rng.integers(0, 4000, n), unit="D").to_series(index=range(n))
    words = rng.choice(["red", "green", "blue", "grey"], n).astype(object)
    numbers = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "number": np.where(rng.random(n) < 0.1, np.nan, numbers),
            "flag": rng.random(n) < 0.5,
            "colour": np.where(rng.random(n) < 0.1, None, words),
            "city": [f"city {i}" for i in rng.integers(0, 60, n)],
            "when": days.where(rng.random(n) > 0.1),
            "note": [
                f"they came by {w} train at {i} o'clock" for w, i in zip(words, rng.integers(0, 999, n), strict=True)
            ],
        }
    )
    signal = numbers + (words == "red") + 0.2 * rng.normal(size=n)
    if task is Task.REGRESSION:
        target = signal
    else:
        edges = [0.4] if task is Task.BINARY else [0.0, 0.8]
        target = np.array(["low", "mid", "high"])[np.digitize(signal, edges)]
    return make_dataset(frame.assign(target=target), "target")


def numbers_of(prepared: np.ndarray | pd.DataFrame) -> np.ndarray:
    frame = prepared.select_dtypes("number") if isinstance(prepared, pd.DataFrame) else prepared
    return np.asarray(frame, dtype=np.float64)


def assert_equal(one: np.ndarray | pd.DataFrame, other: np.ndarray | pd.DataFrame) -> None:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NASTY_TABLES)
def test_nasty_table_is_prepared_without_warning_and_finite(name: str) -> None:
    dataset = NASTY_TABLES[name]()
    train, held_out = split(dataset)
    text = ColumnRole.TEXT in {column.role for column in dataset.schema.features}
    for choice in CHOICES[:: 5 if text else 1]:
        context = FitContext(task=dataset.task, n_classes=dataset.n_classes)
        fitted = build_preprocessor(choice, dataset.schema, context)
        prepared = fitted.fit_transform(train.X, train.y), fitted.transform(held_out.X)
        assert prepared[0].shape[1] == prepared[1].shape[1] >= 1
        assert [len(side) for side in prepared] == [train.n_rows, held_out.n_rows]
        for side in prepared:
            assert isinstance(side, pd.DataFrame) == (choice.categorical == "native")
            numbers = numbers_of(side)
            assert not np.isinf(numbers.astype(np.float32)).any()
            assert choice.missing == "native" or np.isfinite(numbers).all()


@pytest.mark.parametrize("choice", CHOICES)
def test_same_seed_gives_the_same_numbers_and_clones_agree(choice: Preprocessing) -> None:
    data = mixed()
    one = build_preprocessor(choice, data.schema, FitContext(task=data.task, n_classes=2, seed=3))
    other = clone(one)
    assert_equal(one.fit_transform(data.X, data.y), other.fit_transform(data.X, data.y))
    assert_equal(one.transform(data.X), other.transform(data.X))


@pytest.mark.parametrize("choice", CHOICES)
def test_loaded_from_skops_prepares_the_same_with_only_our_classes_trusted(choice: Preprocessing) -> None:
    data = mixed(Task.MULTICLASS)
    fitted = build_preprocessor(choice, data.schema, FitContext(task=data.task, n_classes=3)).fit(data.X, data.y)
    content = skops.io.dumps(fitted)
    unknown = skops.io.get_untrusted_types(data=content)
    assert all(name.startswith("automl_meta.pipelines.") for name in unknown)
    assert_equal(skops.io.loads(content, trusted=unknown).transform(data.X), fitted.transform(data.X))


@settings(max_examples=20, deadline=None)
@given(choice=st.sampled_from(CHOICES), row=st.integers(0, 119), task=st.sampled_from(list(Task)))
def test_row_is_prepared_alone_as_among_others(choice: Preprocessing, row: int, task: Task) -> None:
    data = mixed(task)
    context = FitContext(task=task, n_classes=data.n_classes)
    fitted = build_preprocessor(choice, data.schema, context).fit(data.X, data.y)
    together = fitted.transform(data.X)[row : row + 1]
    alone = fitted.transform(data.X.iloc[row : row + 1])
    np.testing.assert_allclose(numbers_of(alone), numbers_of(together), rtol=1e-9, atol=1e-12)
    if isinstance(alone, pd.DataFrame):
        categories = alone.select_dtypes("category").reset_index(drop=True)
        pd.testing.assert_frame_equal(categories, together.select_dtypes("category").reset_index(drop=True))


def test_native_categories_keep_the_levels_of_the_schema() -> None:
    data = mixed()
    train, held_out = split(data)
    fitted = preprocessor(data, missing="native", categorical="native")
    for prepared in (fitted.fit_transform(train.X, train.y), fitted.transform(held_out.X)):
        categories = prepared.select_dtypes("category")
        expected = [column.levels for column in data.schema.features if column.role is ColumnRole.CATEGORICAL]
        assert [tuple(categories[name].cat.categories) for name in categories] == expected


def test_names_of_native_columns_are_unique_and_plain() -> None:
    dataset = NASTY_TABLES["unicode_names"]()
    prepared = preprocessor(dataset, categorical="native").fit_transform(dataset.X, dataset.y)
    assert prepared.columns.is_unique
    assert all(name.isalnum() and name.isascii() for name in prepared.columns)


@pytest.mark.parametrize("task", list(Task))
def test_pipeline_fits_on_out_of_fold_target_means(task: Task) -> None:
    rng = np.random.default_rng(0)
    n = 200
    codes = rng.permutation(n) // 2  # two rows a level, nothing to learn
    y = rng.normal(size=n) if task is Task.REGRESSION else rng.integers(0, 2 + (task is Task.MULTICLASS), n)
    levels = tuple(f"level {i:03d}" for i in range(n // 2))
    column = Column(name="noise", role=ColumnRole.CATEGORICAL, dtype="str", levels=levels)
    schema = Schema(task=task, target="y", columns=(column,), classes=None)
    X = pd.DataFrame({"noise": pd.Categorical.from_codes(codes, list(levels))})
    n_classes = 0 if task is Task.REGRESSION else int(y.max()) + 1
    fitted = build_preprocessor(
        Preprocessing(categorical="target"), schema, FitContext(task=task, n_classes=n_classes)
    )
    out_of_fold, in_sample = fitted.fit_transform(X, y), fitted.transform(X)
    wanted = y if task is Task.REGRESSION else (y == int(n_classes == 2)).astype(float)
    assert np.corrcoef(in_sample[:, 0], wanted)[0, 1] > 0.5
    assert np.corrcoef(out_of_fold[:, 0], wanted)[0, 1] < 0.2
    if task is Task.BINARY:
        pipeline = make_pipeline(clone(fitted), LogisticRegression()).fit(X, y)
        alone = LogisticRegression().fit(out_of_fold, y)
        np.testing.assert_allclose(pipeline[-1].coef_, alone.coef_)


def test_nothing_is_learned_from_held_out_rows() -> None:
    data = mixed()
    train, held_out = split(data)
    fitted = preprocessor(data, numeric="standard", missing="indicator").fit(train.X, train.y)
    before = fitted.transform(train.X)
    fitted.transform(held_out.X)
    np.testing.assert_array_equal(fitted.transform(train.X), before)


def test_no_columns_at_all_become_one_constant_column() -> None:
    schema = Schema(task=Task.REGRESSION, target="y", columns=(), classes=None)
    fitted = build_preprocessor(Preprocessing(), schema, FitContext(task=Task.REGRESSION, n_classes=0))
    X = pd.DataFrame(index=range(4))
    np.testing.assert_array_equal(fitted.fit_transform(X, np.arange(4.0)), np.zeros((4, 1)))
    np.testing.assert_array_equal(fitted.transform(X.iloc[:1]), np.zeros((1, 1)))


@pytest.mark.parametrize("categorical", CATEGORICAL)
def test_five_thousand_levels_do_not_become_five_thousand_columns(categorical: str) -> None:
    rng = np.random.default_rng(0)
    levels = tuple(f"level {i:04d}" for i in range(5000))
    column = Column(name="wide", role=ColumnRole.CATEGORICAL, dtype="str", levels=levels)
    schema = Schema(task=Task.BINARY, target="y", columns=(column,), classes=("no", "yes"))
    X = pd.DataFrame({"wide": pd.Categorical.from_codes(rng.integers(0, 5000, 6000), list(levels))})
    y = rng.integers(0, 2, 6000)
    choice = Preprocessing(categorical=categorical)
    fitted = build_preprocessor(choice, schema, FitContext(task=Task.BINARY, n_classes=2))
    assert 1 <= fitted.fit_transform(X, y).shape[1] <= 128


@pytest.mark.parametrize("reduction", ["pca", "select"])
def test_reduction_narrows_wide_tables_and_leaves_narrow_ones(reduction: str) -> None:
    wide, narrow = NASTY_TABLES["two_thousand_columns"](), NASTY_TABLES["plain_binary"]()
    assert preprocessor(wide, reduction=reduction).fit_transform(wide.X, wide.y).shape[1] < 200
    whole = preprocessor(narrow).fit_transform(narrow.X, narrow.y)
    np.testing.assert_array_equal(preprocessor(narrow, reduction=reduction).fit_transform(narrow.X, narrow.y), whole)


def parts(n: int, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return part numbers that are nearly all different, of whose prefixes half are good."""
    rng = np.random.default_rng(seed)
    kinds = np.array([f"{a}{b}{c}" for a in "KLMN" for b in "RST" for c in "XYZ"])
    good = rng.permutation(len(kinds)) % 2
    chosen = np.random.default_rng(seed + n).integers(0, len(kinds), n)
    codes = [f"{kind}{rng.integers(0, 60):02d}" for kind in kinds[chosen]]
    return pd.DataFrame({"part": codes, "y": np.where(good[chosen], "yes", "no")}), good[chosen]


def test_nearly_unique_codes_are_learned_from_as_new_rows_have_them() -> None:
    table, _ = parts(600)
    dataset = make_dataset(table, "y")
    assert dataset.schema.names(ColumnRole.TEXT) == ["part"]
    new, y = parts(400, seed=0)
    later, _ = features_from(new.drop(columns="y"), dataset.schema)
    for choice in (Preprocessing(numeric="standard"), Preprocessing(categorical="native")):
        fitted = build_preprocessor(choice, dataset.schema, FitContext(task=Task.BINARY, n_classes=2))
        model = LogisticRegression(C=100).fit(numbers_of(fitted.fit_transform(dataset.X, dataset.y)), dataset.y)
        assert model.score(numbers_of(fitted.transform(later)), y) > 0.9


def test_what_is_a_text_does_not_depend_on_the_rows_of_a_fit() -> None:
    values = [f"k{row % 100:03d}" for row in range(160)]  # 1.6 rows a level, and fewer in a part of the rows
    dataset = make_dataset(pd.DataFrame({"code": values, "y": ["yes", "no"] * 80}), "y")
    for rows in (160, 110):
        fitted = preprocessor(dataset, categorical="native")
        assert isinstance(
            fitted.fit_transform(dataset.X[:rows], dataset.y[:rows]).iloc[:, 0].dtype, pd.CategoricalDtype
        )


def test_models_that_read_categories_as_texts_still_do() -> None:
    table, _ = parts(120)
    dataset = make_dataset(table, "y")
    fitted = preprocessor(dataset).fit(dataset.X, dataset.y)
    levels = tuple(sorted(set(table["part"])))
    state = {**vars(fitted), "roles": ("categorical",), "levels": (levels,), "level_texts_": np.array([0])}
    before = ColumnPreprocessor()
    vars(before).update(state)
    X = pd.DataFrame({"part": pd.Categorical(table["part"], categories=levels)})
    np.testing.assert_array_equal(before.transform(X), fitted.transform(dataset.X))


def test_categories_of_many_levels_are_encoded_by_the_target_for_scaled_algorithms() -> None:
    dataset = NASTY_TABLES["high_cardinality"]()
    for categorical in ("onehot", "ordinal"):
        scaled = preprocessor(dataset, numeric="standard", categorical=categorical)
        assert scaled.fit_transform(dataset.X, dataset.y).shape[1] == 2
    plain = preprocessor(dataset, categorical="onehot")
    assert plain.fit_transform(dataset.X, dataset.y).shape[1] > 32


def test_components_of_texts_are_not_scaled() -> None:
    dataset = NASTY_TABLES["only_text_regression"]()
    plain = preprocessor(dataset).fit_transform(dataset.X, dataset.y)
    np.testing.assert_array_equal(
        preprocessor(dataset, numeric="standard").fit_transform(dataset.X, dataset.y), plain
    )

"""A new table is read as the one that the model was fitted to."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import (
    Dataset,
    DuplicateColumnsError,
    FeatureCheck,
    MissingColumnsError,
    Schema,
    dataset_from_arrays,
    features_from,
    make_dataset,
)
from automl_meta.datasets.levels import NEITHER, NEW_LEVEL

N = 30


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.normal(size=N),
            "price": [f"${1000 + 37 * row:,}" for row in range(N)],
            "town": ["Rome", "Oslo", None] * 10,
            "code": pd.Categorical([1, 2, 10] * 10),
            "zip": ["07", "12", "100"] * 10,
            "open": ["yes", "no"] * 15,
            "day": [f"{row % 28 + 1:02}/03/2020" for row in range(N)],
            "told": [f"a long story number {row}" for row in range(N)],
            "id": range(N),
            "same": [1] * N,
            "y": ["u", "v"] * 15,
        }
    )


@pytest.fixture
def dataset(frame: pd.DataFrame) -> Dataset:
    return make_dataset(frame, "y")


def test_training_table_gives_the_training_features(frame: pd.DataFrame, dataset: Dataset) -> None:
    X, check = features_from(frame, dataset.schema)
    pd.testing.assert_frame_equal(X, dataset.X)
    assert check == FeatureCheck()
    assert check.messages() == []


@given(order=st.permutations(range(9)), rows=st.lists(st.integers(0, N - 1), min_size=1, max_size=10))
@settings(max_examples=20, deadline=None)
def test_any_rows_and_any_order_of_columns(order: list[int], rows: list[int]) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"n{i}": rng.normal(size=N) for i in range(4)})
    frame = frame.assign(**{f"c{i}": rng.choice(["a", "b", "1", "2.0"], N) for i in range(4)}, y=["u", "v"] * 15)
    dataset = make_dataset(frame, "y")
    X, _ = features_from(frame.iloc[rows, order], dataset.schema)
    pd.testing.assert_frame_equal(X, dataset.X.iloc[rows].reset_index(drop=True))


def test_missing_columns_are_all_named(frame: pd.DataFrame, dataset: Dataset) -> None:
    renamed = frame.drop(columns=["size"]).rename(columns={"town": "Town"})
    with pytest.raises(MissingColumnsError, match=r"lacks 2 .* 'size', 'town'. Is it 'Town' for 'town'"):
        features_from(renamed, dataset.schema)


def test_a_column_that_the_model_knows_is_not_taken_for_a_missing_one(frame: pd.DataFrame) -> None:
    twins = frame.assign(town2=frame["town"])
    with pytest.raises(MissingColumnsError, match="lacks 1") as raised:
        features_from(twins.drop(columns=["town"]), make_dataset(twins, "y").schema)
    assert "Is it" not in str(raised.value)


def test_columns_that_are_no_features_may_be_missing(frame: pd.DataFrame, dataset: Dataset) -> None:
    X, _ = features_from(frame.drop(columns=["id", "same", "y"]), dataset.schema)
    pd.testing.assert_frame_equal(X, dataset.X)


def test_extra_columns_are_left_out_and_named(frame: pd.DataFrame, dataset: Dataset) -> None:
    X, check = features_from(frame.assign(new=1, other="x"), dataset.schema)
    assert list(X.columns) == list(dataset.X.columns)
    assert check.extra == ("new", "other")
    assert "'new', 'other'" in check.messages()[0]


def test_unseen_levels_stand_behind_the_known_ones_and_are_counted(frame: pd.DataFrame, dataset: Dataset) -> None:
    towns = ["Rome", "Paris", "Paris", "Kyiv", None, *["Oslo"] * (N - 5)]
    X, check = features_from(frame.assign(town=towns), dataset.schema)
    assert X["town"].cat.codes.tolist() == [1, 2, 2, 2, -1, *[0] * (N - 5)]
    assert X["town"].cat.categories.tolist() == ["Oslo", "Rome", NEW_LEVEL]
    again, _ = features_from(frame.assign(town=X["town"]), dataset.schema)
    assert again["town"].cat.codes.tolist() == X["town"].cat.codes.tolist()
    assert check.unseen == {"town": {"Paris": 2, "Kyiv": 1}}
    assert "'town': 3 cells have values never seen before: 'Paris', 'Kyiv'" in check.messages()[0]


def test_cells_of_another_type_are_missing_and_counted(frame: pd.DataFrame, dataset: Dataset) -> None:
    changed = frame.assign(size="big", price="free", day="soon")
    X, check = features_from(changed, dataset.schema)
    assert X[["size", "price", "day"]].isna().all(axis=None)
    assert check.unreadable == {"size": N, "price": N, "day": N}
    assert len(check.messages()) == 3


def test_what_is_neither_true_nor_false_is_neither_and_not_missing(frame: pd.DataFrame, dataset: Dataset) -> None:
    X, check = features_from(frame.assign(open=["perhaps", None, *["yes"] * (N - 2)]), dataset.schema)
    np.testing.assert_array_equal(X["open"], [NEITHER, np.nan, *[1.0] * (N - 2)])
    assert check == FeatureCheck(unseen={"open": {"perhaps": 1}})


def test_numbers_are_read_as_they_were_written(frame: pd.DataFrame, dataset: Dataset) -> None:
    prices = ["$1,234", "1,234", "1234", " ? ", *["$ 5.5"] * (N - 4)]
    X, check = features_from(frame.assign(price=prices, size=[f" {row}" for row in range(N)]), dataset.schema)
    assert X["price"].tolist()[:3] == [1234.0] * 3
    assert X["price"].iloc[4] == 5.5
    assert X["size"].tolist() == list(range(N))
    assert check == FeatureCheck()


@pytest.mark.parametrize(
    "codes",
    [[1, 2, 10], [1.0, 2.0, 10.0], ["1", "2.0", " 10"], pd.Categorical(["10", "1", "2"]), ["01", "2", "10"]],
)
def test_levels_match_whatever_their_type(frame: pd.DataFrame, dataset: Dataset, codes: Sequence[object]) -> None:
    X, check = features_from(frame.head(3).assign(code=codes), dataset.schema)
    assert X["code"].tolist() == [str(int(float(str(code)))) for code in codes]
    assert check == FeatureCheck()


def test_codes_led_by_zero_match_when_they_were_read_as_numbers(frame: pd.DataFrame, dataset: Dataset) -> None:
    X, check = features_from(frame.head(3).assign(zip=[7, 12, 100]), dataset.schema)
    assert X["zip"].tolist() == ["07", "12", "100"]
    assert check == FeatureCheck()


def test_levels_match_when_they_were_read_as_booleans() -> None:
    schema = make_dataset(pd.DataFrame({"a": ["true", "false", "maybe"] * 4, "y": ["u", "v"] * 6}), "y").schema
    X, check = features_from(pd.DataFrame({"a": [True, False]}), schema)
    assert X["a"].tolist() == ["true", "false"]
    assert check == FeatureCheck()


@pytest.mark.parametrize("values", [[True, False], ["YES", " n "], [1, 0], ["t", "F"], [1.0, "false"]])
def test_booleans_match_whatever_their_spelling(
    frame: pd.DataFrame, dataset: Dataset, values: Sequence[object]
) -> None:
    X, check = features_from(frame.head(2).assign(open=values), dataset.schema)
    assert X["open"].tolist() == [1.0, 0.0]
    assert check == FeatureCheck()


def test_dates_match_as_datetimes_too(frame: pd.DataFrame, dataset: Dataset) -> None:
    days = pd.to_datetime(frame["day"], format="%d/%m/%Y")
    X, check = features_from(frame.assign(day=days), dataset.schema)
    pd.testing.assert_frame_equal(X, dataset.X)
    assert check == FeatureCheck()


def test_columns_that_are_all_missing_are_read(frame: pd.DataFrame, dataset: Dataset) -> None:
    for empty in (None, np.nan, "", "NA"):
        X, check = features_from(frame.assign(**dict.fromkeys(dataset.X.columns, empty)), dataset.schema)
        assert X.isna().all(axis=None)
        assert X.dtypes.tolist() == dataset.X.dtypes.tolist()
        assert check == FeatureCheck()


def test_one_row_is_read_as_many(frame: pd.DataFrame, dataset: Dataset) -> None:
    for row in range(0, N, 7):
        X, _ = features_from(frame.iloc[[row]], dataset.schema)
        pd.testing.assert_frame_equal(X, dataset.X.iloc[[row]].reset_index(drop=True))


def test_duplicate_columns_are_refused(frame: pd.DataFrame, dataset: Dataset) -> None:
    twice = pd.concat([frame, frame[["size"]]], axis="columns")
    with pytest.raises(DuplicateColumnsError, match="'size'"):
        features_from(twice, dataset.schema)


def test_arrays_match_by_position() -> None:
    X = np.random.default_rng(0).normal(size=(N, 2))
    dataset = dataset_from_arrays(X, [0, 1] * 15)
    read, _ = features_from(X[::-1], dataset.schema)
    assert (read.to_numpy() == X[::-1]).all()
    with pytest.raises(MissingColumnsError):
        features_from(X[:, :1], dataset.schema)


def test_a_remembered_schema_reads_alike(frame: pd.DataFrame, dataset: Dataset) -> None:
    remembered = Schema.from_dict(dataset.schema.to_dict())
    X, _ = features_from(frame, remembered)
    pd.testing.assert_frame_equal(X, dataset.X)


def test_frame_made_column_by_column_is_taken_without_a_warning() -> None:
    X = pd.DataFrame(index=range(30))
    for number in range(100):
        X.insert(number, f"x{number}", np.arange(30.0) % 7)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert dataset_from_arrays(X, [0, 1] * 15).schema.target == "target"

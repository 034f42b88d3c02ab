"""What a column means is seen in its cells, its name helping."""

import uuid
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import (
    Column,
    ColumnRole,
    FeatureCheck,
    Schema,
    TableError,
    UnknownColumnsError,
    features_from,
    make_dataset,
)
from automl_meta.datasets.cells import look
from automl_meta.datasets.inference import infer_column
from automl_meta.datasets.levels import GIVEN, NEW_LEVEL, level_dtype

N = 60
RNG = np.random.default_rng(0)


def inferred(values: Sequence[object], name: str = "column") -> Column:
    return infer_column(name, look(pd.Series(values)))


SENTENCES = [f"the {word} went over hill {row}" for row, word in enumerate(["dog", "cat", "cow"] * 20)]
NAMES = [
    f"{first}{last}"
    for first in ("Al", "Be", "Ca", "De", "El", "Fi")
    for last in "ba da fa ga la ma na ra sa ta".split()
]
ROLES = {
    "fractions": (RNG.normal(size=N), ColumnRole.NUMERIC),
    "few integers": ([0, 1, 2] * 20, ColumnRole.NUMERIC),
    "zero and one": ([0, 1] * 30, ColumnRole.NUMERIC),
    "unique integers": (RNG.permutation(10_000)[:N], ColumnRole.NUMERIC),
    "texts with units": ([f"{900 + 7 * row} CC" for row in range(N)], ColumnRole.NUMERIC),
    "amounts": ([f"${row * 371:,}" for row in range(N)], ColumnRole.NUMERIC),
    "shares": ([f"{row}%" for row in range(N)], ColumnRole.NUMERIC),
    "decimal commas": ([f"{row * 37 // 1000} {row * 37 % 1000:03},5" for row in range(100, 160)], ColumnRole.NUMERIC),
    "numbers and a word": ([*map(str, RNG.normal(size=N)), *["unknown"] * 20], ColumnRole.NUMERIC),
    "numbers and ?": ([" ?", *map(str, RNG.normal(size=N))], ColumnRole.NUMERIC),
    "booleans": ([True, False] * 30, ColumnRole.BOOLEAN),
    "booleans, some missing": ([True, False, None] * 20, ColumnRole.BOOLEAN),
    "yes and no": (["Yes", "no", " yes"] * 20, ColumnRole.BOOLEAN),
    "t and f": (["t", "f"] * 30, ColumnRole.BOOLEAN),
    "y and n": (["Y", "N", ""] * 20, ColumnRole.BOOLEAN),
    "two words": (["male", "female"] * 30, ColumnRole.CATEGORICAL),
    "yes, no, maybe": (["yes", "no", "maybe"] * 20, ColumnRole.CATEGORICAL),
    "declared": (pd.Categorical([3, 1, 2] * 20), ColumnRole.CATEGORICAL),
    "codes led by zero": (["01", "02", "10"] * 20, ColumnRole.CATEGORICAL),
    "codes with a letter": (["A11", "A12", "A13"] * 20, ColumnRole.CATEGORICAL),
    "open levels": (["0", "1", "2", "3+"] * 15, ColumnRole.CATEGORICAL),
    "ranges": (["10-19", "20-29", "30-39"] * 20, ColumnRole.CATEGORICAL),
    "many levels": ([f"town{row}" for row in range(30)] * 2, ColumnRole.CATEGORICAL),
    "one word or nothing": (["a", None] * 30, ColumnRole.CATEGORICAL),
    "one number or nothing": ([1, None] * 30, ColumnRole.CATEGORICAL),
    "one amount or nothing": (["$5", None] * 30, ColumnRole.CATEGORICAL),
    "one code each or nothing": ([*(f"u{row:05}" for row in range(20)), *[None] * 40], ColumnRole.CATEGORICAL),
    "datetimes": (pd.date_range("2020-01-01", periods=N), ColumnRole.DATE),
    "zoned datetimes": (pd.date_range("2020-01-01", periods=N, tz="Asia/Tokyo"), ColumnRole.DATE),
    "iso dates": ([f"2020-01-{day:02}" for day in range(1, 31)] * 2, ColumnRole.DATE),
    "compact dates": ([20200100 + day for day in range(1, 31)] * 2, ColumnRole.DATE),
    "times": ([f"{hour:02}:{hour + 20}:00" for hour in range(20)] * 3, ColumnRole.DATE),
    "sentences": (SENTENCES, ColumnRole.TEXT),
    "names, of which some repeat": ([f"{name} Smith" for name in NAMES[:40]] + ["Ann Lee"] * 20, ColumnRole.TEXT),
    "names": ([f"{name} Smith" for name in NAMES], ColumnRole.TEXT),
    "names that repeat": ([f"{name} Smith" for name in NAMES[:20]] * 5, ColumnRole.CATEGORICAL),
    "unique words": (NAMES, ColumnRole.IDENTIFIER),
    "words, of which some repeat": ([*NAMES[:35], *["Ann"] * 25], ColumnRole.CATEGORICAL),
    "codes, of which few repeat": ([*(f"X{row:02}" for row in range(50)), *["X01"] * 10], ColumnRole.TEXT),
    "declared codes": (pd.Categorical([*(f"X{row:02}" for row in range(50)), *["X01"] * 10]), ColumnRole.CATEGORICAL),
    "unique codes of two parts": ([f"case {row:05}x" for row in range(N)], ColumnRole.IDENTIFIER),
    "reviews in Chinese": ([f"这个产品{chr(0x4E00 + row)}质量很好,我非常喜欢" for row in range(N)], ColumnRole.TEXT),
    "uuids": ([str(uuid.UUID(int=row * 7919 << 64)) for row in range(N)], ColumnRole.IDENTIFIER),
    "unique codes": ([f"u{row:05}" for row in range(N)], ColumnRole.IDENTIFIER),
    "unique codes, hardly any missing": (
        [*(f"u{row:05}" for row in range(N - 4)), *[None] * 4],
        ColumnRole.IDENTIFIER,
    ),
    "counts the rows": (range(N), ColumnRole.IDENTIFIER),
    "constant": ([7] * N, ColumnRole.CONSTANT),
    "constant text": ([" x", "x "] * 30, ColumnRole.CONSTANT),
    "all missing": ([None, "", "NA", "-", " ? ", "null"] * 10, ColumnRole.CONSTANT),
}


@pytest.mark.parametrize(("values", "role"), ROLES.values(), ids=ROLES)
def test_role_is_inferred(values: Sequence[object], role: ColumnRole) -> None:
    assert inferred(values).role is role


@pytest.mark.parametrize("values", [values for values, _ in ROLES.values()], ids=ROLES)
@given(seed=st.integers(0, 99))
@settings(max_examples=3, deadline=None)
def test_inference_ignores_row_order(values: Sequence[object], seed: int) -> None:
    shuffled = pd.Series(values).sample(frac=1, random_state=seed).reset_index(drop=True)
    assert infer_column("column", look(shuffled)) == inferred(values)


@pytest.mark.parametrize("name", ["id", "customer_id", "CustomerId", "customerID", "UUID", "Key", "row index"])
def test_unique_integers_with_the_name_of_an_identifier_are_one(name: str) -> None:
    assert inferred(RNG.permutation(10_000)[:N], name).role is ColumnRole.IDENTIFIER


@pytest.mark.parametrize("name", ["idle", "acid", "humidity", "paid", "monkey", "Druid", "REPAID"])
def test_other_words_are_not_taken_for_identifiers(name: str) -> None:
    assert inferred(RNG.permutation(10_000)[:N], name).role is ColumnRole.NUMERIC


def test_unique_measurements_named_index_stay_numbers() -> None:
    assert inferred(RNG.normal(size=N), "refractive index").role is ColumnRole.NUMERIC


def test_years_that_count_up_stay_numbers() -> None:
    assert inferred(range(1950, 2010), "when").role is ColumnRole.NUMERIC
    assert inferred(range(N), "week").role is ColumnRole.NUMERIC


def codes(given: int, n_rows: int) -> list[str | None]:
    return [f"u{row:05}" if row < given else None for row in range(n_rows)]


@pytest.mark.parametrize(
    ("given", "n_rows", "counts"),
    [(30, 100, True), (95, 100, True), (96, 100, False), (15, 3000, True), (14, 3000, False), (2986, 3000, False)],
)
def test_codes_count_as_given_where_enough_are_and_enough_are_not(given: int, n_rows: int, counts: bool) -> None:
    column = inferred(codes(given, n_rows))
    assert column.is_presence == counts
    assert column.role is (ColumnRole.CATEGORICAL if counts else ColumnRole.IDENTIFIER)


def test_of_codes_that_are_new_it_is_known_that_they_are_given() -> None:
    frame = pd.DataFrame({"coupon": codes(30, 100), "x": RNG.normal(size=100), "y": ["u", "v"] * 50})
    dataset = make_dataset(frame, "y")
    assert dataset.schema.columns[0].levels == (GIVEN,)
    assert dataset.X["coupon"].cat.codes.tolist() == [0] * 30 + [-1] * 70
    for new, expected in (
        (["never seen", "u00001", None, " - ", 7], [0, 0, -1, -1, 0]),
        ([np.nan, 1.5, 2, 3, 4], [-1, 0, 0, 0, 0]),
        ([True, False, None, True, ""], [0, 0, -1, 0, -1]),
        (dataset.X["coupon"].iloc[28:33].tolist(), [0, 0, -1, -1, -1]),
    ):
        X, check = features_from(pd.DataFrame({"coupon": new, "x": np.arange(5.0)}), dataset.schema)
        assert X["coupon"].cat.codes.tolist() == expected
        assert X["coupon"].dtype == dataset.X["coupon"].dtype
        assert check == FeatureCheck()


@pytest.mark.parametrize(
    ("values", "levels"),
    [([1, None], ("1",)), ([0.5, np.nan], ("0.5",)), (["1", "?"], ("1",)), (["5 kg", ""], ("5 kg",))],
)
def test_one_number_or_nothing_is_a_category_as_one_word_is(values: list[object], levels: tuple[str]) -> None:
    column = inferred(values * 30)
    assert (column.role, column.levels, column.missing) == (ColumnRole.CATEGORICAL, levels, 0.5)


def test_another_number_is_a_new_level_of_a_flag() -> None:
    frame = pd.DataFrame({"flag": [1, None] * 30, "x": RNG.normal(size=60), "y": ["u", "v"] * 30})
    dataset = make_dataset(frame, "y")
    assert dataset.X["flag"].cat.codes.tolist() == [0, -1] * 30
    for new in ([1, 2, None, 1], ["1.0", "2", "", "01"]):
        X, check = features_from(pd.DataFrame({"flag": new, "x": np.arange(4.0)}), dataset.schema)
        assert X["flag"].cat.codes.tolist() == [0, 1, -1, 0]
        assert check.unseen == {"flag": {"2": 1}}


def test_infinite_cells_of_a_flag_are_missing_with_a_note() -> None:
    column = inferred([1.0, np.inf] * 30)
    assert (column.role, column.levels) == (ColumnRole.CATEGORICAL, ("1",))
    assert "30 infinite cells" in column.note


def test_plus_and_minus_are_levels() -> None:
    assert inferred(["+", "-", "?"] * 20).levels == ("+", "-")


def test_infinite_cells_are_missing_with_a_note() -> None:
    column = inferred([np.inf, 1.5, -np.inf, 2.5])
    assert (column.minimum, column.maximum) == (1.5, 2.5)
    assert "2 infinite cells" in column.note


def test_levels_are_in_the_order_of_their_numbers() -> None:
    assert inferred(pd.Categorical([10, 9, 100])).levels == ("9", "10", "100")
    assert inferred(["b", "a", " a", "c"] * 5).levels == ("a", "b", "c")


def test_cells_of_any_type_are_read() -> None:
    frame = pd.DataFrame(
        {
            "lists": [[1, 2], [3], None, [1, 2]] * 5,
            "mixed": [1, "a", None, 2.5] * 5,
            "nullable": pd.array([1, 2, None, 3] * 5, dtype="Int64"),
            "nullable bool": pd.array([True, False, None, True] * 5, dtype="boolean"),
            "spans": pd.to_timedelta([1, 2, 3, 4] * 5, unit="s"),
            "period": pd.period_range("2020-01", periods=20, freq="M"),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.5, 2.0] * 5),
            "complex": [1 + 2j, 2j, 3 + 0j, 1 + 2j] * 5,
            "far dates": ["0001-01-01", "9999-12-31", "2020-01-01", "2020-01-02"] * 5,
            "y": ["u", "v"] * 10,
        }
    )
    dataset = make_dataset(frame, "y")
    roles = {column.name: column.role for column in dataset.schema.columns}
    assert roles["nullable"] is roles["spans"] is roles["sparse"] is ColumnRole.NUMERIC
    assert roles["nullable bool"] is ColumnRole.BOOLEAN
    assert roles["period"] is ColumnRole.DATE
    assert dataset.X["mixed"].cat.categories.tolist() == ["1", "2.5", "a", NEW_LEVEL]
    assert dataset.X["spans"].tolist()[:2] == [1.0, 2.0]


def test_ignored_columns_are_known_and_not_used() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1.5, 2.5, 0.5, 2], "y": ["u", "v"] * 2})
    dataset = make_dataset(frame, "y", ignore=["a"])
    assert list(dataset.X.columns) == ["b"]
    assert dataset.schema.names(ColumnRole.IGNORED) == ["a"]
    with pytest.raises(UnknownColumnsError, match=r"No column named 'B' to ignore. Did you mean 'b'"):
        make_dataset(frame, "y", ignore=["B"])


def test_ignored_columns_are_listed_with_commas_which_names_may_hold() -> None:
    frame = pd.DataFrame({"Income, USD": [1.0, 2, 3, 4], "a": [4.0, 3, 1, 2], "b": [1.0, 3, 2, 4], "y": list("nnyy")})
    for ignore, left in ((["Income, USD"], ["a", "b"]), (["a, b"], ["Income, USD"]), (["Income, USD", "a"], ["b"])):
        assert make_dataset(frame, "y", ignore=ignore).X.columns.tolist() == left
    with pytest.raises(UnknownColumnsError, match="'Income', 'EUR'"):
        make_dataset(frame, "y", ignore=["Income, EUR"])


def test_a_table_without_features_is_refused() -> None:
    with pytest.raises(TableError, match="no column to learn from"):
        make_dataset(pd.DataFrame({"a": [1, 1, 1, 1], "y": ["u", "v"] * 2}), "y")


def test_canonical_columns_have_the_promised_types() -> None:
    frame = pd.DataFrame({name: values for name, (values, _) in ROLES.items() if len(values) == N})
    dataset = make_dataset(frame.assign(target=["u", "v"] * 30), "target")
    kinds = {
        ColumnRole.NUMERIC: "float64",
        ColumnRole.BOOLEAN: "float64",
        ColumnRole.CATEGORICAL: "category",
        ColumnRole.DATE: "datetime64[ns]",
        ColumnRole.TEXT: "object",
    }
    for column in dataset.schema.features:
        values = dataset.X[column.name]
        assert str(values.dtype) == kinds[column.role], column.name
        if column.role is ColumnRole.CATEGORICAL:
            assert values.dtype == level_dtype(column.levels)
        assert values.isna().mean() == pytest.approx(column.missing)
    assert {column.role for column in dataset.schema.features} == set(kinds)


def test_schema_survives_row_order() -> None:
    frame = pd.DataFrame({name: values for name, (values, _) in ROLES.items() if len(values) == N})
    frame["target"] = ["u", "v"] * 30
    shuffled = frame.sample(frac=1, random_state=1)
    first: Schema = make_dataset(frame, "target").schema
    assert make_dataset(shuffled, "target").schema == first


def test_notes_say_what_was_read_as_a_number() -> None:
    heights = inferred([*(f"{row} cm" for row in range(100, 190)), *["1.95 m"] * 5, *["< 90 cm"] * 8])
    assert (heights.role, heights.minimum, heights.maximum) == (ColumnRole.NUMERIC, 90, 195)
    assert heights.note == (
        "numbers as text, like '< 90 cm', in cm, other units converted; "
        "8 cells are bounds (most often '< 90 cm'), read as the number"
    )

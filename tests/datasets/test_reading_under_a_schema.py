"""A cell means what it meant in the table that the model was fitted to, whatever rows stand beside it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import (
    ColumnRole,
    Schema,
    features_from,
    has_target,
    make_dataset,
    read_dataset,
    read_table,
    target_from,
)
from automl_meta.datasets.streaming import open_pieces

ROWS = {
    "price": ["668.278", "1.639.363", "997.607", "12.500"],
    "weight": ["2.500,5", "1,25", "3.100", "17"],
    "followers": ["950", "1.2k", "3M", "15.4k"],
    "zip": ["007", "7", "x", "07"],
    "grade": ["1.0", "two", "3", "4"],
    "sign": ["+", "-", "+", "-"],
    "day": ["01.02.2020", "13.02.2020", "11.12.2021", "05.06.2020"],
    "month": ["Mar-21", "Apr-21", "May-20", "Jun-21"],
}
N = 40


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame({name: cells * (N // 4) for name, cells in ROWS.items()} | {"y": ["a", "b"] * (N // 2)})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, table: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("whole") / "whole.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("row", range(4))
def test_a_row_alone_is_read_as_among_the_others(whole: Path, table: pd.DataFrame, tmp_path: Path, row: int) -> None:
    dataset = read_dataset(whole, "y")
    alone = tmp_path / "alone.csv"
    table.iloc[[row]].to_csv(alone, index=False)
    X, check = features_from(read_table(alone, dataset.schema), dataset.schema)
    pd.testing.assert_frame_equal(X, dataset.X.iloc[[row]].reset_index(drop=True))
    assert not check.unseen
    assert not check.unreadable


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_pieces_are_read_as_the_whole(whole: Path, rows: int) -> None:
    dataset = read_dataset(whole, "y")
    with open_pieces(whole, dataset.schema, streamed_from=0, rows=rows) as pieces:
        parts = [features_from(piece, dataset.schema)[0] for piece in pieces.pieces]
    X = pd.concat(parts, ignore_index=True)
    for name in X:
        assert X[name].astype(object).equals(dataset.X[name].astype(object)), name


@pytest.mark.parametrize("written", ["2009-06-15 17:{:02}:21 UTC", "2009-06-15 19:{:02}:21+02"])
def test_dates_with_a_zone_are_read_whole_and_in_pieces(tmp_path: Path, written: str) -> None:
    cells = [written.format(minute) for minute in range(N)]
    path = tmp_path / "t.csv"
    pd.DataFrame({"when": cells, "y": ["a", "b"] * (N // 2)}).to_csv(path, index=False)
    dataset = read_dataset(path, "y")
    assert [column.role for column in dataset.schema.columns] == [ColumnRole.DATE]
    assert dataset.X["when"].tolist() == pd.date_range("2009-06-15 17:00:21", periods=N, freq="min").tolist()
    schema = Schema.from_dict(dataset.schema.to_dict())
    with open_pieces(path, schema, streamed_from=0, rows=7) as pieces:
        X = pd.concat([features_from(piece, schema)[0] for piece in pieces.pieces], ignore_index=True)
    assert X["when"].tolist() == dataset.X["when"].tolist()


def test_codes_that_are_new_count_as_given_whole_and_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    codes = [f"u{row:05}" if row % 2 else "" for row in range(N)]
    pd.DataFrame({"coupon": codes, "y": ["a", "b"] * (N // 2)}).to_csv(path, index=False)
    schema = Schema.from_dict(read_dataset(path, "y").schema.to_dict())
    path.write_text("coupon,y\n123,a\n,b\n456,a\nNA,b\n-,b\n")
    whole = features_from(read_table(path, schema), schema)
    with open_pieces(path, schema, streamed_from=0, rows=2) as pieces:
        parts = [features_from(piece, schema) for piece in pieces.pieces]
    for X, check in (whole, (pd.concat([X for X, _ in parts]), parts[0][1])):
        assert X["coupon"].cat.codes.tolist() == [0, -1, 0, -1, -1]
        assert not check.unseen


@pytest.mark.parametrize(
    ("others", "cell", "number"),
    [("{}.639.363", "668.278", 668278.0), ("{},25", "3,5", 3.5), ("{}.2k", "950", 950.0)],
)
def test_targets_are_read_in_the_format_of_the_fitted_ones(
    tmp_path: Path, others: str, cell: str, number: float
) -> None:
    cells = [*(others.format(row + 1) for row in range(N - 1)), cell]
    table = pd.DataFrame({"x": np.arange(N) * 0.5, "price": cells})
    schema = Schema.from_dict(make_dataset(table, "price").schema.to_dict())
    path = tmp_path / "few.csv"
    table.iloc[[-1]].to_csv(path, index=False)
    assert target_from(read_table(path, schema), schema).tolist() == [number]


def test_a_dash_is_a_class_where_it_was_one(tmp_path: Path) -> None:
    schema = make_dataset(pd.DataFrame({"x": np.arange(N) * 0.5, "y": ["+", "-"] * (N // 2)}), "y").schema
    path = tmp_path / "negatives.csv"
    path.write_text("x,y\n1.5,-\n2.5,-\n")
    frame = read_table(path, schema)
    assert has_target(frame, schema).all()
    assert target_from(frame, schema).tolist() == [1, 1]


def test_names_that_are_numbers_are_known(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("2019,2020,2021,y\n" + "".join(f"{row},{row * 2},0.{row},{'ab'[row % 2]}\n" for row in range(N)))
    schema = read_dataset(path, "y").schema
    path.write_text("2019,2020,2021\n1,2,0.5\n3,4,0.25\n")
    assert read_table(path, schema)["2020"].tolist() == [2, 4]
    with open_pieces(path, schema, streamed_from=0) as pieces:
        assert pieces.names == ("2019", "2020", "2021")


def test_an_index_with_a_name_is_a_column_of_large_parquet_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(N) * 0.5, "y": ["a", "b"] * (N // 2)})
    path = tmp_path / "t.parquet"
    frame.set_index(pd.Index(["u", "v", "w", "v"] * (N // 4), name="group")).to_parquet(path)
    dataset = read_dataset(path, "y")
    with open_pieces(path, dataset.schema, streamed_from=0, rows=7) as pieces:
        X = pd.concat([features_from(piece, dataset.schema)[0] for piece in pieces.pieces], ignore_index=True)
    assert X["group"].tolist() == dataset.X["group"].tolist()

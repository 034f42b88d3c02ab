import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from automl_meta.datasets import TableError, features_from, make_dataset, read_dataset, read_table
from automl_meta.datasets.streaming import open_pieces

N = 400


def written_table() -> pd.DataFrame:
    """Return cells as people write them: units, codes with zeros, dates, quotes, line breaks, blanks."""
    random = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "": range(N),
            "price": [f"${value:,.2f}" for value in random.gamma(2, 900, N)],
            "size": np.where(random.random(N) < 0.1, "", random.normal(size=N).round(4).astype(str)),
            "whole": random.integers(-5, 5, N),
            "zip": [f"{value:05}" for value in random.integers(0, 40, N) * 7],
            "flag": random.choice(["yes", "no", "NA"], N),
            "grade": random.choice([1, 2, 3], N),
            "day": pd.date_range("2020-02-01", periods=N).strftime("%d.%m.%Y"),
            "text": [f'said "{word}",\nthen left' for word in random.choice(["hello there", "good day", "oh no"], N)],
            "target": random.choice(["a", "b"], N),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tables")
    table = written_table()
    table.to_csv(path / "comma.csv", index=False)
    table.to_csv(path / "semicolon.csv", index=False, sep=";")
    table.to_csv(path / "tab.tsv", index=False, sep="\t")
    table.to_csv(path / "latin.csv", index=False, encoding="cp1252")
    table.to_csv(path / "wide_characters.csv", index=False, encoding="utf-16")
    (path / "excel.csv").write_text("sep=;\n" + (path / "semicolon.csv").read_text())
    (path / "packed.csv.gz").write_bytes(gzip.compress((path / "comma.csv").read_bytes()))
    table.drop(columns="").to_parquet(path / "table.parquet", index=False)
    return path


FILES = [
    "comma.csv",
    "semicolon.csv",
    "tab.tsv",
    "latin.csv",
    "wide_characters.csv",
    "excel.csv",
    "packed.csv.gz",
    "table.parquet",
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rows", [37, 10_000])
def test_pieces_mean_the_same_as_the_whole(name: str, rows: int, folder: Path) -> None:
    schema = read_dataset(folder / name, "target").schema
    whole, whole_check = features_from(read_table(folder / name), schema)
    with open_pieces(folder / name, schema, rows=rows, streamed_from=0) as table:
        pieces = [features_from(piece, schema) for piece in table.pieces]
        assert table.share() == pytest.approx(1.0)
    assert all(len(X) <= rows for X, _ in pieces)
    together = pd.concat([X for X, _ in pieces], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)
    assert whole_check.unseen == whole_check.unreadable == {}
    assert all(check.unseen == check.unreadable == {} for _, check in pieces)


@pytest.mark.parametrize("name", FILES)
def test_columns_in_another_order_and_unknown_ones_do_not_matter(name: str, folder: Path, tmp_path: Path) -> None:
    schema = read_dataset(folder / name, "target").schema
    whole, _ = features_from(read_table(folder / name), schema)
    other = read_table(folder / name).iloc[:, ::-1].assign(surplus="x")
    path = tmp_path / "other.parquet"
    other.to_parquet(path, index=False)
    with open_pieces(path, schema, rows=100, streamed_from=0) as table:
        assert "surplus" in table.names
        together = pd.concat([features_from(piece, schema)[0] for piece in table.pieces], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole)


def test_small_files_are_read_at_once_and_cut(folder: Path) -> None:
    schema = make_dataset(written_table(), "target").schema
    with open_pieces(folder / "comma.csv", schema, rows=150) as table:
        assert [len(piece) for piece in table.pieces] == [150, 150, 100]


def test_an_unnamed_column_that_counts_rows_is_not_told_of(folder: Path) -> None:
    schema = read_dataset(folder / "comma.csv", "target").schema
    with open_pieces(folder / "comma.csv", schema, streamed_from=0) as table:
        assert table.names == tuple(written_table().columns[1:])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b,target\n1,2,x\n3,4\n", "row 3"),
        (b"a,a,target\n1,2,x\n", "several columns"),
        (b"\x1f\x8b\x08garbage that is no gzip", "cannot be read"),
        (b"PAR1 and then nothing", "damaged"),
        (b"<!doctype html><html>", "web page|HTML"),
        (b"a,b\0c\n1,2\n" * 50, "not a text file"),
        (gzip.compress(b"a,b,target\n" + b"1,2,x\n" * 5000, mtime=0)[:-40], "cannot be read"),
    ],
)
def test_damage_is_said_in_one_line(content: bytes, message: str, tmp_path: Path) -> None:
    schema = make_dataset(
        pd.DataFrame({"a": range(9), "b": [2, 3, 1] * 3, "target": list("xyxyxyxyx")}), "target"
    ).schema
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=message) as caught, open_pieces(path, schema, streamed_from=0) as table:
        for _ in table.pieces:
            pass
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("note", [b"{}", b'{"index_columns": [], "columns": [{}]}', b"[", b'{"columns": 3}'])
def test_damaged_notes_of_pandas_are_said_in_one_line(note: bytes, folder: Path, tmp_path: Path) -> None:
    table = pq.read_table(folder / "table.parquet")
    path = tmp_path / "noted.parquet"
    pq.write_table(table.replace_schema_metadata({b"pandas": note}), path)
    schema = read_dataset(folder / "comma.csv", "target").schema
    with pytest.raises(TableError, match="damaged") as whole:
        read_dataset(path, "target")
    with pytest.raises(TableError, match="damaged") as in_pieces, open_pieces(path, schema) as opened:
        list(opened.pieces)
    assert len(str(whole.value).splitlines()) == len(str(in_pieces.value).splitlines()) == 1

"""A table is read from any format; what is not a table is refused with a text that helps."""

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import (
    ColumnRole,
    DuplicateColumnsError,
    RowColumns,
    TableError,
    read_dataset,
    read_table,
)


def written(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found_out(tmp_path: Path, separator: str) -> None:
    rows = [["name", "size", "note"], ["a", "1", "x"], ["b", "2", "y, z" if separator != "," else "y"]]
    frame = read_table(written(tmp_path, "\n".join(separator.join(row) for row in rows)))
    assert list(frame.columns) == ["name", "size", "note"]
    assert frame["size"].tolist() == [1, 2]


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n"))
    assert list(frame.columns) == ["a", "b", "c"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "cp1252", "latin-1"])
def test_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    text = "städte,größe\nKöln,1\nZürich,2\n"
    content = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    frame = read_table(written(tmp_path, content))
    assert list(frame.columns) == ["städte", "größe"]
    assert frame["städte"].tolist() == ["Köln", "Zürich"]


def test_bytes_that_windows_1252_lacks_are_read_as_latin_1(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, b"a,b\nx\x81\xe9,1\ny,2\n"))
    assert frame["a"].tolist() == ["x\x81é", "y"]


def test_quoted_newlines_and_separators_stay_in_their_cell(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, 'a,b\n"one\ntwo",1\n"x, ""y""",2\n'))
    assert frame["a"].tolist() == ["one\ntwo", 'x, "y"']


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line_ends_and_a_missing_last_one_do_not_matter(tmp_path: Path, ends: str) -> None:
    frame = read_table(written(tmp_path, ends.join(["a,b", "1,2", "3,4"])))
    assert frame.to_numpy().tolist() == [[1, 2], [3, 4]]


def test_gzip_is_seen_by_content(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, gzip.compress(b"a,b\n1,2\n"), "table.csv.gz"))
    assert frame.to_numpy().tolist() == [[1, 2]]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a,y\n1,u\n2,v\n")))
    assert read_table("-")["y"].tolist() == ["u", "v"]


@pytest.mark.parametrize(("name", "text"), [("t.tsv", "a\tb\n1,5\tx\n"), ("t.tab", "a\tb\n1,5\tx\n")])
def test_tab_separated_by_ending(tmp_path: Path, name: str, text: str) -> None:
    assert read_table(written(tmp_path, text, name)).iloc[0].tolist() == ["1,5", "x"]


@pytest.mark.parametrize("index", [range(6), range(1, 7), [40, 3, 17, 5, 96, 2]], ids=["0", "1", "sampled rows"])
def test_unnamed_column_that_numbers_rows_is_left_out_with_a_note(tmp_path: Path, index: Sequence[int]) -> None:
    text = ",a,y\n" + "".join(f"{number},{row * 0.5},{row % 2}\n" for row, number in enumerate(index))
    path = written(tmp_path, text)
    assert list(read_table(path).columns) == ["a", "y"]
    assert "only numbers the rows" in read_dataset(path, "y").notes[0]


def test_index_that_pandas_named_is_an_identifier(tmp_path: Path) -> None:
    rows = "".join(f"{row * 37 % 101},{row * 0.5},{row % 2}\n" for row in range(20))
    dataset = read_dataset(written(tmp_path, "Unnamed: 0,a,y\n" + rows), "y")
    assert dataset.schema.names(ColumnRole.IDENTIFIER) == ["Unnamed: 0"]


def test_unnamed_column_of_values_is_kept_under_a_name(tmp_path: Path) -> None:
    assert list(read_table(written(tmp_path, ",b\n7,x\n7,y\n")).columns) == ["column_1", "b"]


@pytest.mark.parametrize("digits", [16, 18, 23])
def test_codes_of_many_digits_are_not_rounded(tmp_path: Path, digits: int) -> None:
    codes = [10 ** (digits - 1) + row for row in range(40)]
    text = "account,a,y\n" + "".join(f"{code},{row * 0.5},{row % 2}\n" for row, code in enumerate(codes))
    dataset = read_dataset(written(tmp_path, text), "y", rows=RowColumns(groups="account"))
    assert dataset.groups is not None
    assert len(np.unique(dataset.groups)) == 40
    column = read_dataset(written(tmp_path, text.replace("account", "buyer")), "y").schema.columns[0]
    assert column.role is (ColumnRole.IDENTIFIER if digits > 16 else ColumnRole.NUMERIC)


@pytest.mark.parametrize("gap", ["\u2028", "\x85", "\x0c"])
def test_only_line_breaks_end_the_lines_of_json_and_arff(tmp_path: Path, gap: str) -> None:
    json_lines = "".join(json.dumps({"t": f"a{gap}b", "y": row}, ensure_ascii=False) + "\r\n" for row in range(3))
    assert read_table(written(tmp_path, json_lines, "t.jsonl"))["t"].tolist() == [f"a{gap}b"] * 3
    arff = f"@relation r\n@attribute t string\n@attribute y numeric\n@data\n'a{gap}b',1\n"
    assert read_table(written(tmp_path, arff, "t.arff"))["t"].tolist() == [f"a{gap}b"]


def test_indented_json_is_known_without_an_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps([{"a": 1, "y": "u"}, {"a": 2, "y": "v"}], indent=2)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert read_table("-")["y"].tolist() == ["u", "v"]


def test_header_of_numbers_is_taken_for_data(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "5.1,3.5\n4.9,3.0\n"))
    assert list(frame.columns) == ["column_1", "column_2"]
    assert len(frame) == 2


def test_header_that_counts_columns_is_a_header(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "0,1,2\n5.1,3.5,1\n"))
    assert list(frame.columns) == ["0", "1", "2"]
    assert len(frame) == 1


@pytest.mark.parametrize("before", ["\n\r\n", "sep=;\r\n"])
def test_lines_before_the_header_do_not_matter(tmp_path: Path, before: str) -> None:
    frame = read_table(written(tmp_path, before + "a;b\n1;2\n"))
    assert frame.to_dict("list") == {"a": [1], "b": [2]}


def test_dates_and_times_stay_as_they_are_written(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "day,time,both\n2020-01-02,7:05,2020-01-02T07:05:00Z\n"))
    assert frame.iloc[0].tolist() == ["2020-01-02", "7:05", "2020-01-02T07:05:00Z"]


def test_a_word_after_many_numbers_is_kept(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, "a,b\n" + "1,2\n" * 300_000 + "x,3\n"))
    assert frame["a"].iloc[-1] == "x"


def test_json_lines_with_absent_fields(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, '{"a": 1, "b": "x"}\n\n{"a": null}\n{"a": 2.5, "b": "y"}\n', "t.jsonl"))
    assert frame["a"].tolist()[::2] == [1.0, 2.5]
    assert frame["b"].isna().tolist() == [False, True, False]


def test_json_array_of_records(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, '[{"a": 1}, {"a": 2}]', "t.json"))["a"].tolist() == [1, 2]


def test_parquet_keeps_types_and_drops_a_plain_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, np.nan], "c": pd.Categorical(["u", "v"])}, index=[5, 3])
    frame.to_parquet(tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert list(read.columns) == ["a", "c"]
    assert isinstance(read["c"].dtype, pd.CategoricalDtype)


def test_parquet_keeps_a_named_index_as_a_column(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1.5, 2.5]}, index=pd.Index(["u", "v"], name="code")).to_parquet(tmp_path / "t.parquet")
    assert list(read_table(tmp_path / "t.parquet").columns) == ["code", "a"]


BAD = {
    "empty": (b"", "is empty"),
    "blanks": (b"\n  \n", "is empty"),
    "header without rows": (b"a,b,c\n", "has a header, but no rows"),
    "ragged: too many": (b"a,b\n1,2\n3,4,5\n", "row 3 .* has 3 cells, but the header has 2"),
    "ragged: too few": (b"a,b,c\n1,2,3\n4,5,6\n7,8\n", "row 4 .* has 2 cells, but the header has 3"),
    "duplicate names": (b"a,b, a\n1,2,3\n", "several columns are named 'a'"),
    "binary": (bytes(range(256)) * 20, "is not a text file"),
    "binary without zeros": (bytes(range(1, 32)) * 50 + b"\xff", "is not a text file"),
    "html": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "is an HTML or XML page"),
    "spreadsheet": (b"PK\x03\x04" + b"x" * 50, "Save it as CSV"),
    "picture": (b"\x89PNG\r\n", "is a picture"),
    "half a utf-16 character": (b"\xff\xfea\x00,\x00b", "Save it as UTF-8"),
    "damaged gzip": (b"\x1f\x8b\x08\x00rubbish", "the gzip file is damaged"),
    "damaged parquet": (b"PAR1rubbish", "the Parquet file is damaged"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_what_is_not_a_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", '{"a": 1}\nnonsense\n', "line 2 is not JSON"),
        ("t.jsonl", '{"a": 1}\n[1, 2]\n', "record 2 is not an object"),
        ("t.json", '[{"a": 1}', "is not JSON"),
        ("t.json", "[]", "has no rows"),
        ("t.arff", "@relation r\n@attribute a numeric\n", "has no @data"),
        ("t.arff", "@relation r\n@data\n1\n", "has no @attribute"),
        ("t.arff", "@relation r\n@attribute a numeric\n@data\n", "but no rows"),
        ("t.arff", "@relation r\n@attribute a numeric\n@data\n1\n1,2\n", "line 5 has 2 values for 1"),
        ("t.arff", "@relation r\n@attribute a numeric\n@data\nx\n", "attribute 'a' is numeric"),
        ("t.arff", "@relation r\n@attribute a numeric\n@data\n{3 1}\n", "line 4 is not a sparse row"),
        ("t.arff", "@relation r\n@attribute a\n@data\n1\n", "line 2 is not an attribute"),
    ],
)
def test_damage_in_other_formats_is_placed(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        read_table(written(tmp_path, content, name))


def test_duplicate_names_have_an_error_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(DuplicateColumnsError):
        read_table(written(tmp_path, "a,a\n1,2\n"))
    with pytest.raises(DuplicateColumnsError):
        read_table(written(tmp_path, "@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n", "t.arff"))


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no such file"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)


ARFF = """% a comment
@RELATION 'the weather'

@attribute 'wind speed' REAL
@attribute "out\\"look" {sunny, 'light rain', "o'cast", ?x}
@attribute day date "yyyy-MM-dd"
@attribute text string
@attribute n INTEGER

@DATA
% another
1.5, 'light rain', 2020-01-01, 'it\\'s, fine', 3
?, sunny ,?,"say ""no" , 4
-2e3,"o'cast",'2020-01-03',plain,?
"""


def test_arff_quotes_comments_and_types(tmp_path: Path) -> None:
    frame = read_table(written(tmp_path, ARFF.replace('"say ""no"', '"say \\"no"'), "t.arff"))
    assert list(frame.columns) == ["wind speed", 'out"look', "day", "text", "n"]
    assert frame["wind speed"].tolist()[::2] == [1.5, -2000.0]
    assert frame['out"look'].tolist() == ["light rain", "sunny", "o'cast"]
    assert frame["text"].tolist() == ["it's, fine", 'say "no', "plain"]
    assert frame["day"].tolist() == ["2020-01-01", None, "2020-01-03"]
    assert np.isnan(frame["n"].iloc[2])


def test_sparse_arff_fills_in_zero_and_the_first_level(tmp_path: Path) -> None:
    text = "@relation r\n@attribute a numeric\n@attribute c {no,yes}\n@data\n{0 5, 1 yes}\n{}\n{1 ?}\n{0 '-1.5'}\n"
    frame = read_table(written(tmp_path, text, "t.arff"))
    assert frame["a"].tolist() == [5, 0, 0, -1.5]
    assert frame["c"].astype(object).where(frame["c"].notna(), None).tolist() == ["yes", "no", None, "no"]


def test_arff_agrees_with_the_reference_reader(tmp_path: Path) -> None:
    arff = pytest.importorskip("arff")
    rng = np.random.default_rng(0)
    words = ["plain", "with space", "it's", "a,b", 'qu"ote', "per%cent", "back\\slash"]
    content = {
        "relation": "r",
        "attributes": [("num", "REAL"), ("kind", words), ("free text", "STRING")],
        "data": [[float(rng.normal()), str(rng.choice(words)), str(rng.choice(words))] for _ in range(60)],
    }
    content["data"][3] = [None, None, None]
    text = arff.dumps(content)
    expected = pd.DataFrame(arff.loads(text)["data"], columns=["num", "kind", "free text"]).astype(object)
    read = read_table(written(tmp_path, text, "t.arff")).astype(object)
    pd.testing.assert_frame_equal(read.where(read.notna(), None), expected.where(expected.notna(), None))

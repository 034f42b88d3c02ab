"""Tables as delimited text: CSV, TSV and their relatives."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from automl_meta.datasets.cells import MISSING
from automl_meta.datasets.errors import DuplicateColumnsError, TableError, listed
from automl_meta.datasets.schema import Schema

Progress = Callable[[float], None]

SEPARATORS = (",", ";", "\t", "|")
SNIFFED = 200  # rows
HEADER = 1 << 20  # characters, in which header and sniffed rows are looked for
# "-" can be a class; the cells are looked at again with the whole column in view.
NULLS = sorted((MISSING - {"-"}) | {f" {text}" for text in MISSING - {"-", ""}} | {" "})
NO_DATES = ["never %Y"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the beginning of a delimited text says of the whole.

    Attributes
    ----------
    begin : int
        Characters before the first row: blank lines, and a line such as ``sep=;``.
    declared : bool
        Whether there is such a line.
    has_header : bool
        The first row holds the names; otherwise they are column_1, column_2, ...
    unnamed : bool
        The first column has no name, and may only count the rows.
    """

    separator: str
    names: tuple[str, ...]
    begin: int
    declared: bool
    has_header: bool
    unnamed: bool


def read_delimited(
    text: str,
    source: str,
    separator: str | None = None,
    *,
    schema: Schema | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return the table in `text`, with its first row as names.

    A first column without a name that numbers the rows is left out, with a note in ``attrs["notes"]``. A first row of
    numbers that are not a count is taken for data, and the columns are named column_1, column_2, ...

    Parameters
    ----------
    text : str
    source : str
        For messages.
    separator : str, optional
        Found out if not given.
    schema : Schema, optional
        Of the table that a model was fitted to: its columns are not left out, its names no data, and what was text
        stays text, even if all cells look like numbers here.
    progress : callable, optional
        Told which share of the text has been read, block by block, from another thread.

    Raises
    ------
    TableError
        If a row has more or fewer cells than the header, a quote is never closed, or there are no rows.
    DuplicateColumnsError
        If two columns have the same name.
    """
    known = frozenset() if schema is None else schema.known_names
    texts = frozenset() if schema is None else schema.texts_in_files
    head = read_head(text, source, separator, known)
    notes: list[str] = []
    if not head.has_header:
        notes.append("The first row is numbers: taken for data, and the columns named column_1, column_2, ...")
    frame = _parse(text[head.begin :], source, head, texts.intersection(head.names), progress)
    if len(frame) == 0:
        raise TableError(source, "has a header, but no rows.")
    if head.unnamed and head.names[0] not in known and numbers_rows(frame.iloc[:, 0]):
        frame = frame.iloc[:, 1:]
        notes.append("Left out the first column: it has no name and only numbers the rows. Name it to have it used")
    frame.attrs["notes"] = tuple(notes)
    return frame


def read_head(text: str, source: str, separator: str | None = None, known: Collection[str] = ()) -> Head:
    """Return the names and the separator of a delimited text, of which the first MiB is enough.

    A first row with one of the `known` names is no data.

    Raises
    ------
    TableError
        If there is no first row.
    DuplicateColumnsError
        If two columns have the same name.
    """
    begin = len(text) - len(text.lstrip("\r\n"))
    declared = re.compile(r"sep=([,;\t|])\r?\n").match(text, begin)  # as Excel writes it
    if declared:
        separator, begin = declared[1], declared.end()
    separator = separator or sniff_separator(text[begin:])
    names = _header(text[begin:], source, separator)
    has_header = not _is_data(names) or any(name in known for name in names)
    if not has_header:
        names = [f"column_{position + 1}" for position in range(len(names))]
    unnamed = has_header and names[0] == "" and len(names) > 1
    names = [name or f"column_{position + 1}" for position, name in enumerate(names)]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DuplicateColumnsError(source, f"several columns are named {listed(repeated)}. Rename them.")
    return Head(
        separator=separator,
        names=tuple(names),
        begin=begin,
        declared=declared is not None,
        has_header=has_header,
        unnamed=unnamed,
    )


def sniff_separator(text: str) -> str:
    """Return the separator under which the first rows have most evenly the most cells; a comma if none has two."""
    best, most = ",", (0.0, 0)
    for separator in SEPARATORS:
        rows = _first_rows(text, separator)
        widths = Counter(len(row) for row in rows)
        width = len(rows[0]) if rows else 0
        score = (widths[width] / len(rows), width) if width > 1 else (0.0, 0)
        if score > most:
            best, most = separator, score
    return best


def numbers_rows(column: "pd.Series[Any]") -> bool:
    """Return whether a column has a whole number of its own in each row, as the index of a sample of rows has."""
    return pd.api.types.is_integer_dtype(column.dtype) and not column.isna().any() and column.is_unique


def _first_rows(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text[:HEADER], newline=""), delimiter=separator)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == SNIFFED:
                break
    except csv.Error:
        pass  # what comes before it is enough to count separators; reading says what is wrong, and where
    return rows


def _header(text: str, source: str, separator: str) -> list[str]:
    reader = csv.reader(io.StringIO(text[:HEADER], newline=""), delimiter=separator)
    try:
        row = next((row for row in reader if row), None)
    except csv.Error as error:
        raise TableError(source, f"the header cannot be read ({error}).") from error
    if row is None:
        raise TableError(source, "is empty.")
    return [name.strip() for name in row]


def _is_data(names: list[str]) -> bool:
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return False
    return numbers not in ([float(i) for i in range(len(names))], [float(i + 1) for i in range(len(names))])


class _Counted(io.BytesIO):
    """Bytes that tell how many of them were read."""

    def __init__(self, content: bytes, progress: Progress) -> None:
        super().__init__(content)
        self._size, self._progress = len(content), progress

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes."""
        part = super().read(size)
        self._progress(self.tell() / max(self._size, 1))
        return part


def _parse(text: str, source: str, head: Head, texts: Collection[str], progress: Progress | None) -> pd.DataFrame:
    def read(*, threads: bool, texts: Collection[str] = texts) -> pa.Table:
        return pyarrow.csv.read_csv(
            pa.BufferReader(content) if progress is None else pa.PythonFile(_Counted(content, progress), mode="r"),
            read_options=pyarrow.csv.ReadOptions(
                column_names=list(head.names),
                skip_rows=0,
                skip_rows_after_names=int(head.has_header),
                use_threads=threads,
                block_size=1 << 24,
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=head.separator, newlines_in_values='"' in text),
            convert_options=pyarrow.csv.ConvertOptions(
                null_values=NULLS,
                strings_can_be_null=True,
                timestamp_parsers=NO_DATES,
                column_types=dict.fromkeys(texts, pa.string()),
            ),
        )

    content = text.encode()
    try:
        table = read(threads=True)
    except pa.ArrowInvalid:
        try:
            table = read(threads=False)  # says which row
        except pa.ArrowInvalid as error:
            raise TableError(source, explained(str(error))) from error
    altered = [name for name, column in zip(table.column_names, table.columns, strict=True) if _is_altered(column)]
    if altered:
        table = read(threads=True, texts={*texts, *altered})
    return _to_pandas(table)


def _is_altered(column: pa.ChunkedArray) -> bool:
    """Return whether cells are no longer as they were written: 7:05 as 07:05:00, 23 digits as a float."""
    if pa.types.is_temporal(column.type):
        return True
    if not pa.types.is_floating(column.type):
        return False
    limits = [abs(limit) for limit in pc.min_max(column).as_py().values() if limit is not None]
    return any(2.0**63 <= limit < float("inf") for limit in limits)


def explained(error: str) -> str:
    """Return what pyarrow's complaint about a row means."""
    row = re.search(r"Row #(\d+)", error)
    widths = re.search(r"Expected (\d+) columns, got (\d+)", error)
    where = f"row {row[1]} (the header is row 1)" if row else "a row"
    if widths:
        return f"{where} has {widths[2]} cells, but the header has {widths[1]}. Quote cells that hold the separator."
    return f"is not a table that can be read: {error}"


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    columns = [column.cast(pa.string()) if pa.types.is_null(column.type) else column for column in table.columns]
    frame: pd.DataFrame = pa.table(columns, names=table.column_names).to_pandas()
    return frame

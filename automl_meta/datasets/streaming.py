"""Reading a large table piece by piece, in bounded memory, under a schema that is known."""

import codecs
import gzip
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from automl_meta.datasets.delimited import HEADER, NO_DATES, NULLS, Head, explained, read_head
from automl_meta.datasets.errors import TableError
from automl_meta.datasets.reading import decode, frame_of, read_table, text_format
from automl_meta.datasets.schema import ColumnRole, Schema
from automl_meta.files import is_file_name

ROWS = 50_000  # of a piece, fewer where there are many columns
CELLS = 2_000_000
STREAMED_FROM = 32 * 2**20  # bytes of a file; smaller ones are read at once
BLOCK = 1 << 21  # bytes that are parsed at once, of which pyarrow reads up to 32 ahead; a row must fit
_UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
_BROKEN = (OSError, EOFError, zlib.error, pa.ArrowException, ValueError)


@dataclass(slots=True)
class TablePieces(AbstractContextManager["TablePieces"]):
    """A table that comes in pieces.

    Attributes
    ----------
    names : tuple of str
        Of all columns, those that the schema does not know among them.
    pieces : iterator of DataFrame
        Raw rows, in order; of a large file only with the columns that the schema knows.
    share : callable
        Returns how much was read, from 0 to 1.
    """

    names: tuple[str, ...]
    pieces: Iterator[pd.DataFrame]
    share: Callable[[], float]
    _stack: ExitStack

    def __enter__(self) -> Self:
        """Return itself; leaving closes the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._stack.close()


def open_pieces(
    source: str | Path, schema: Schema, *, rows: int = ROWS, streamed_from: int = STREAMED_FROM
) -> TablePieces:
    """Open a table to be read piece by piece; see `read_table` for sources.

    Large CSV, TSV (each also gzipped) and Parquet files are streamed; what is small, and all else, is read at once.
    Either way the cells mean the same under the schema.

    Parameters
    ----------
    rows : int
        Of a piece at most.
    streamed_from : int
        Size in bytes of the smallest file that is streamed.

    Raises
    ------
    TableError
        If there is no table to be read; pieces raise it, too, where the damage comes later.
    """
    path = Path(source)
    if is_file_name(str(source)) and path.is_file() and path.stat().st_size >= streamed_from:
        streamed = _open_large(path, schema, rows)
        if streamed is not None:
            return streamed
    return _whole(read_table(source, schema), rows)


def _whole(frame: pd.DataFrame, rows: int) -> TablePieces:
    rows = _rows_of_a_piece(rows, frame.shape[1])
    done = 0

    def pieces() -> Iterator[pd.DataFrame]:
        nonlocal done
        for start in range(0, len(frame), rows):
            done = min(start + rows, len(frame))
            yield frame.iloc[start:done].reset_index(drop=True)

    return TablePieces(tuple(frame.columns), pieces(), lambda: done / max(len(frame), 1), ExitStack())


def _rows_of_a_piece(rows: int, n_columns: int) -> int:
    return max(1, min(rows, CELLS // max(n_columns, 1)))


def _open_large(path: Path, schema: Schema, rows: int) -> TablePieces | None:
    """Return the pieces of a large file, or None if its format must be read at once."""
    try:
        with _opened(path) as file:
            start = file.read(HEADER)
    except _BROKEN as error:
        raise TableError(str(path), f"cannot be read ({error}).") from error
    if start.startswith(b"PAR1"):
        return _parquet(path, schema, rows)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)):
        return None  # of UTF-32, little-endian, the mark begins as that of UTF-16
    cut = start[: start.rfind(b"\n") + 1] or start  # not through a character
    text = decode(cut, str(path))
    kind = text_format(str(path), text)
    if kind not in ("csv", "tsv"):
        return None
    head = read_head(text, str(path), "\t" if kind == "tsv" else None, schema.known_names)
    return _delimited(path, head, schema, rows)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if compressed else path.open("rb")  # type: ignore[return-value]


def _delimited(path: Path, head: Head, schema: Schema, rows: int) -> TablePieces:
    encoding, quoted = _scan(path)
    wanted = _wanted(head.names, schema)
    stack = ExitStack()
    raw = stack.enter_context(path.open("rb"))
    size = path.stat().st_size
    compressed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    stream: BinaryIO = stack.enter_context(gzip.GzipFile(fileobj=raw)) if compressed else raw  # type: ignore[assignment]
    options = {
        "read_options": pyarrow.csv.ReadOptions(
            column_names=list(head.names),
            skip_rows=int(head.declared),
            skip_rows_after_names=int(head.has_header),
            use_threads=False,  # says which row is wrong
            block_size=BLOCK,
            encoding=encoding,
        ),
        "parse_options": pyarrow.csv.ParseOptions(delimiter=head.separator, newlines_in_values=quoted),
        "convert_options": pyarrow.csv.ConvertOptions(
            null_values=NULLS,
            strings_can_be_null=True,
            timestamp_parsers=NO_DATES,
            column_types=dict.fromkeys(head.names, pa.string()),
            include_columns=wanted,
        ),
    }
    plain = frozenset(schema.names(ColumnRole.NUMERIC)) - schema.texts_in_files

    def pieces() -> Iterator[pd.DataFrame]:
        try:
            for batch in pyarrow.csv.open_csv(stream, **options):
                yield from _cut(batch, rows, plain)
        except _BROKEN as error:
            raise TableError(str(path), explained(str(error))) from error

    shown = head.names[1:] if head.unnamed and head.names[0] not in schema.known_names else head.names
    return TablePieces(shown, pieces(), lambda: raw.tell() / max(size, 1), stack)


def _parquet(path: Path, schema: Schema, rows: int) -> TablePieces:
    stack = ExitStack()
    try:
        file = stack.enter_context(pq.ParquetFile(path))
        names = tuple(str(name).strip() for name in file.schema_arrow.names)
        total = file.metadata.num_rows
    except _BROKEN as error:
        raise TableError(str(path), f"the Parquet file is damaged ({error}).") from error
    raw_names = dict(zip(names, file.schema_arrow.names, strict=True))
    wanted = [raw_names[name] for name in _wanted(names, schema)]
    size = _rows_of_a_piece(rows, len(wanted))
    done = 0

    def pieces() -> Iterator[pd.DataFrame]:
        nonlocal done
        try:
            for batch in file.iter_batches(batch_size=size, columns=wanted):
                done += batch.num_rows
                frame = frame_of(batch)
                yield frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")
        except _BROKEN as error:
            raise TableError(str(path), f"the Parquet file is damaged ({error}).") from error

    return TablePieces(names, pieces(), lambda: done / max(total, 1), stack)


def _wanted(names: tuple[str, ...], schema: Schema) -> list[str]:
    known = {schema.target, *(column.name for column in schema.features)}
    return [name for name in names if name in known]


def _scan(path: Path) -> tuple[str, bool]:
    """Return the encoding of a whole file, UTF-8 or one of eight bits, and whether a quote occurs in it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, undefined, quoted = True, False, False
    try:
        with _opened(path) as file:
            while block := file.read(1 << 22):
                quoted = quoted or b'"' in block
                undefined = undefined or any(byte in block for byte in _UNDEFINED_IN_CP1252)
                if is_utf8:
                    try:
                        decoder.decode(block)
                    except UnicodeDecodeError:
                        is_utf8 = False
    except _BROKEN as error:
        raise TableError(str(path), f"the file is damaged ({error}).") from error
    if is_utf8:
        return "utf8", quoted
    return ("latin-1" if undefined else "cp1252"), quoted


def _cut(batch: pa.RecordBatch, rows: int, plain: Collection[str]) -> Iterator[pd.DataFrame]:
    """Return the batch in pieces; the `plain` columns are numbers without units and the like."""
    size = _rows_of_a_piece(rows, batch.num_columns)
    for start in range(0, batch.num_rows, size):
        part = batch.slice(start, size)
        columns = [
            _as_numbers(column) if name in plain else column
            for name, column in zip(part.schema.names, part.columns, strict=True)
        ]
        yield pa.table(columns, names=part.schema.names).to_pandas()


def _as_numbers(column: pa.Array) -> pa.Array:
    """Return texts as numbers if all of them are; else they are left to those who know what may be among them."""
    try:
        return pc.cast(column, pa.float64())
    except pa.ArrowInvalid:
        return column

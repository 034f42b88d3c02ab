"""Reading a table from wherever it is."""

import codecs
import gzip
import io
import json
import re
import sys
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl_meta.datasets.arff import read_arff
from automl_meta.datasets.delimited import Progress, read_delimited
from automl_meta.datasets.errors import TableError
from automl_meta.datasets.named import read_openml, read_sklearn
from automl_meta.datasets.schema import Schema
from automl_meta.files import STANDARD_INPUT

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TABLES = (
    (b"PK\x03\x04", "is a spreadsheet or a ZIP archive. Save it as CSV, or unpack it."),
    (b"\xd0\xcf\x11\xe0", "is an old Excel or Word file. Save it as CSV."),
    (b"%PDF", "is a PDF file."),
    (b"\x89PNG", "is a picture."),
    (b"SQLite format 3", "is an SQLite database. Export the table as CSV."),
)
_ENDINGS = {
    ".arff": "arff",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".tsv": "tsv",
    ".tab": "tsv",
}


_JSON = re.compile(r"\[\s*\{|\{")


def read_table(source: str | Path, schema: Schema | None = None, *, progress: Progress | None = None) -> pd.DataFrame:
    """Return a table as it is written, names as texts; what its columns mean is not decided here.

    Parameters
    ----------
    source : str or Path
        A file: CSV (separator and encoding found out), TSV, Parquet, ARFF, JSON lines, each also with gzip; ``-`` for
        standard input; ``sklearn:NAME`` for one of scikit-learn's tables; ``openml:NUMBER``.
    schema : Schema, optional
        Of the table that a model was fitted to: what was text there is text here, whatever the rows look like.
    progress : callable, optional
        Told now and then, from any thread, which share of a delimited text has been read.

    Returns
    -------
    DataFrame
        ``attrs["target"]`` is the source's own target, if it names one; ``attrs["notes"]`` a tuple of remarks.

    Raises
    ------
    TableError
        If there is no table to be read.
    """
    text = str(source)
    if text.startswith("sklearn:"):
        return read_sklearn(text.removeprefix("sklearn:"))
    if text.startswith("openml:"):
        return read_openml(text.removeprefix("openml:"))
    if text == STANDARD_INPUT:
        return parse_table(sys.stdin.buffer.read(), "standard input", schema, progress=progress)
    return parse_table(_file_content(Path(source)), text, schema, progress=progress)


def parse_table(
    content: bytes, source: str, schema: Schema | None = None, *, progress: Progress | None = None
) -> pd.DataFrame:
    """Return the table in a file's bytes; `source` is for messages, and its ending tells the format."""
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(source, f"the gzip file is damaged ({error}).") from error
    if not content.strip():
        raise TableError(source, "is empty.")
    if content.startswith(b"PAR1"):
        return _read_parquet(content, source)
    for magic, problem in _NOT_TABLES:
        if content.startswith(magic):
            raise TableError(source, problem)
    text = decode(content, source)
    kind = text_format(source, text)
    if kind == "arff":
        return read_arff(text, source)
    if kind == "json":
        return _read_json(text, source)
    return read_delimited(text, source, "\t" if kind == "tsv" else None, schema=schema, progress=progress)


def decode(content: bytes, source: str) -> str:
    """Return a file's text: by its byte order mark, else UTF-8, else Windows-1252 or Latin-1.

    Raises
    ------
    TableError
        If it is not text.
    """
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), None)
    if encoding is None and b"\0" in content:
        raise TableError(source, "is not a text file, nor Parquet. Try CSV, TSV, Parquet, ARFF or JSON lines.")
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding is not None:
            raise TableError(source, f"begins as {encoding} and is not ({error}). Save it as UTF-8.") from error
    start = content[:100_000]
    control = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in start)
    if control > 0.01 * len(start):
        raise TableError(source, "is not a text file, nor Parquet. Try CSV, TSV, Parquet, ARFF or JSON lines.")
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _file_content(path: Path) -> bytes:
    if path.is_dir():
        raise TableError(str(path), "is a folder. Name a file in it.")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise TableError(str(path), "there is no such file.") from error
    except OSError as error:
        raise TableError(str(path), f"cannot be read ({error.strerror}).") from error


def text_format(source: str, text: str) -> str:
    """Return ``arff``, ``json``, ``tsv`` or ``csv``, by the source's ending or the beginning of its text.

    Raises
    ------
    TableError
        If it is a web page.
    """
    start = text[:2000].lstrip().casefold()
    if start.startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        raise TableError(source, "is an HTML or XML page, not a table. Download the file itself.")
    ending = Path(source.removesuffix(".gz")).suffix.casefold()
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if start.startswith(("@relation", "@attribute")) or (start.startswith("%") and "@relation" in start):
        return "arff"
    return "json" if _JSON.match(start) else "csv"


def _read_parquet(content: bytes, source: str) -> pd.DataFrame:
    try:
        frame = frame_of(pq.read_table(io.BytesIO(content)))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TableError(source, f"the Parquet file is damaged ({error}).") from error
    return _checked(frame, source)


def frame_of(part: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Return what was read from a Parquet file as a frame; an index with a name is a column as others.

    Raises
    ------
    ValueError
        If texts in it, or what pandas wrote about its columns, are damaged.
    """
    part.validate(full=True)  # damaged texts would be found out only where they are used
    try:
        frame: pd.DataFrame = part.to_pandas()
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"what pandas wrote about its columns: {error!r}") from error
    return frame.reset_index(drop=frame.index.names == [None])


def _read_json(text: str, source: str) -> pd.DataFrame:
    records: list[object] = []
    if text.lstrip().startswith("["):
        try:
            records = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise TableError(source, f"is not JSON ({error}).") from error
    else:
        for number, line in enumerate(io.StringIO(text, newline=None), start=1):
            if not line.strip():
                continue
            try:
                records.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise TableError(source, f"line {number} is not JSON ({error}).") from error
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise TableError(source, f"record {number} is not an object with names and values.")
    return _checked(pd.DataFrame(records), source)


def _checked(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    if len(frame) == 0:
        raise TableError(source, "has no rows.")
    return frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")

"""Where predictions go: standard output, or a file of the format that its ending says."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from automl_meta.errors import InputError
from automl_meta.files import check_apart, check_writable, replacing

STANDARD_OUTPUT = "-"
PARQUET = (".parquet", ".pq")
TABS = (".tsv", ".tab")
# Of other kinds of files, so that commas in them would only puzzle whoever opens them.
REFUSED = frozenset(
    {".json", ".jsonl", ".ndjson", ".arff", ".xls", ".xlsx", ".ods", ".feather", ".orc", ".sqlite", ".db", ".html"}
    | {".automl", ".pickle", ".pkl", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"}
)


def check_output(path: Path, inputs: Iterable[str | Path]) -> None:
    """Check, before any work is done, that predictions can be written to `path`.

    Parameters
    ----------
    inputs : iterable of paths
        What is read.

    Raises
    ------
    InputError
        If its ending is that of another kind of file, nothing can be written there, or it is one of the `inputs`.
    """
    if str(path) == STANDARD_OUTPUT:
        return
    check_apart([path], inputs)
    check_writable(path)
    ending, is_gzipped = _ending(path)
    if ending in REFUSED or (is_gzipped and ending in PARQUET):
        raise InputError(
            f"{path}: predictions are written as CSV, TSV (each also with .gz) or Parquet, not as {path.suffix}. "
            f"Try: -o {path.with_suffix('.csv').name}"
        )


@contextmanager
def predictions_to(path: Path | None) -> Iterator[Callable[[Any], None]]:
    """Give a function that writes pieces of a table, to a file that appears when all went well.

    Parameters
    ----------
    path : Path or None
        None or - for CSV on standard output; in UTF-8 there, too, whatever the terminal's encoding is.
    """
    if path is None or str(path) == STANDARD_OUTPUT:
        yield _TextWriter(lambda content: click.echo(content, nl=False), ",")
        return
    ending, is_gzipped = _ending(path)
    with ExitStack() as stack:
        file: Any = stack.enter_context(stack.enter_context(replacing(path)).open("wb"))
        if ending in PARQUET:
            yield stack.enter_context(_ParquetWriter(file))
            return
        if is_gzipped:  # without name and time: the same predictions are the same file
            file = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
        yield _TextWriter(file.write, "\t" if ending in TABS else ",")


def _ending(path: Path) -> tuple[str, bool]:
    """Return the ending in lower case, and whether it is followed by ``.gz``."""
    is_gzipped = path.suffix.casefold() == ".gz"
    return (Path(path.stem) if is_gzipped else path).suffix.casefold(), is_gzipped


class _TextWriter:
    def __init__(self, write: Callable[[bytes], Any], separator: str) -> None:
        self._write, self._separator, self._header = write, separator, True

    def __call__(self, piece: Any) -> None:
        text: str = piece.to_csv(index=False, header=self._header, sep=self._separator, lineterminator="\n")
        self._write(text.encode())
        self._header = False


class _ParquetWriter:
    """Writes a row group a piece; all have the types of the first."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._writer: Any = None

    def __enter__(self) -> "_ParquetWriter":
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def __call__(self, piece: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            schema = pa.Schema.from_pandas(piece, preserve_index=False)
            self._writer = pq.ParquetWriter(self._file, schema)
        self._writer.write_table(pa.Table.from_pandas(piece, schema=self._writer.schema, preserve_index=False))

"""What is a file's name, and writing files so that nobody ever sees half of one."""

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_meta.errors import InputError

STANDARD_INPUT = "-"
_TABLE_ENDINGS = frozenset(
    {".csv", ".tsv", ".tab", ".txt", ".dat", ".parquet", ".pq", ".arff", ".json", ".jsonl", ".ndjson"}
)
NAMED = ("sklearn:", "openml:")  # how the names of tables begin that are no files


def is_file_name(source: str) -> bool:
    """Return whether a table's source is a file, not standard input nor a named table."""
    return source != STANDARD_INPUT and not source.startswith(NAMED)


def table_name(source: str | Path) -> str:
    """Return a short name for a table: its file's name without the ending; ``sklearn_wine`` for ``sklearn:wine``."""
    text = str(source)
    if text == STANDARD_INPUT:
        return "stdin"
    if not is_file_name(text):
        return text.replace(":", "_")
    path = Path(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))  # names may be any bytes
    path = path.with_suffix("") if path.suffix.casefold() == ".gz" else path
    return path.stem if path.suffix.casefold() in _TABLE_ENDINGS else path.name or "data"


def check_writable(path: Path) -> None:
    """Check, before any work is done, that a file could be written at `path`; a link leads to its file.

    Raises
    ------
    InputError
        If its folder does not exist, is not writable, or `path` is a folder.
    """
    place = path.resolve()
    folder = place.parent
    if not folder.is_dir():
        command = shlex.join(["mkdir", "-p", str(folder)])
        raise InputError(f"{path}: the folder {str(folder)!r} does not exist. Try: {command}")
    if place.is_dir():
        raise InputError(f"{path}: is a folder, not a file. Try a file name inside it.")
    if not os.access(place if _takes_bytes(place) else folder, os.W_OK):
        raise InputError(f"{path}: the folder {str(folder)!r} is not writable. Try another --output.")


def check_apart(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None] = ()) -> None:
    """Check, before any work is done, that no output takes the place of an input or of another output.

    Links are followed. Pipes and devices, which are written to and not replaced, may be named more than once.

    Parameters
    ----------
    outputs, inputs : iterables of paths
        What one command writes and what it reads; None, and tables that are no files, are passed over.

    Raises
    ------
    InputError
        If an output is one of the inputs, or two outputs are one file.
    """
    read = {Path(source).resolve() for source in inputs if source is not None and is_file_name(str(source))}
    written: set[Path] = set()
    for path in outputs:
        place = None if path is None else path.resolve()
        if place is None or _takes_bytes(place):
            continue
        if place in read:
            raise InputError(f"{path}: is what is read here, and would be replaced. Name another file to write.")
        if place in written:
            raise InputError(f"{path}: cannot be two outputs at once. Name another file for one of them.")
        written.add(place)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; on success sync it and rename it to `path`, on failure remove it.

    What is no file but a pipe or a device stays what it is: it gets the content when that is whole.
    """
    check_writable(path)
    place = path.resolve()
    in_place = _takes_bytes(place)
    folder = None if in_place else place.parent
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".tmp", dir=folder)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        if in_place:
            with temporary.open("rb") as source, place.open("wb") as target:
                shutil.copyfileobj(source, target)
            return
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)


def _takes_bytes(place: Path) -> bool:
    """Return whether `place` is a pipe or a device, which is written to and not replaced."""
    return place.exists() and not place.is_file() and not place.is_dir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

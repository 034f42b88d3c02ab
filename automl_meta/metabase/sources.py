"""Where the builder finds datasets: an index file, a folder of tables, single tables."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.files import table_name

INDEX_NAME = "index.csv"
INDEX_COLUMNS = ("name", "target", "path")  # those that an index must have
TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".parquet", ".arff", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSource:
    """A table that experiments can be run on, and what is known of it before it is read.

    Attributes
    ----------
    location : str
        What `read_dataset` takes.
    task : Task or None
        None: found out when it is read.
    n_rows, n_columns : int
        For the order only; 0 is unknown.
    """

    name: str
    location: str
    target: str | None = None
    task: Task | None = None
    family: str = ""
    simulated: bool = False
    n_rows: int = 0
    n_columns: int = 0
    origin: str = ""
    licence: str = ""
    openml_id: int | None = None

    @property
    def is_surveyed(self) -> bool:
        """Whether enough is known to give it a place in the order."""
        return self.task is not None and self.n_rows > 0 and self.n_columns > 0


def read_sources(locations: Iterable[str | Path], target: str | None = None) -> list[DatasetSource]:
    """Return the tables at `locations`: index files, folders, tables, ``sklearn:NAME`` or ``openml:ID``.

    A folder with an ``index.csv`` is read by it; in another one, every table is taken. An index has the columns name,
    target and path (relative to it), and may have task, family, simulated, n_rows, n_columns, openml_id,
    licence_note, origin_repo and origin_path.

    Parameters
    ----------
    target : str, optional
        Name of the target in tables that no index describes; guessed from usual names if not given.

    Raises
    ------
    InputError
        If nothing is found at a location, or two tables have the same name.
    """
    sources = [source for location in locations for source in _at(str(location), target)]
    names: dict[str, DatasetSource] = {}
    for source in sources:
        other = names.setdefault(source.name, source)
        if other is not source:
            raise InputError(
                f"two datasets are called {source.name!r}: {other.location} and {source.location}. Rename one."
            )
    return sources


def _at(location: str, target: str | None) -> list[DatasetSource]:
    if location.startswith(("sklearn:", "openml:")):
        return [DatasetSource(name=location.replace(":", "_"), location=location, target=target)]
    path = Path(location)
    if path.is_dir():
        index = path / INDEX_NAME
        return _from_index(index) if index.is_file() else _from_folder(path, target)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file or folder.")
    if path.name == INDEX_NAME or _looks_like_index(path):
        return _from_index(path)
    return [DatasetSource(name=table_name(path), location=str(path), target=target)]


def _from_folder(folder: Path, target: str | None) -> list[DatasetSource]:
    tables = sorted(path for path in folder.iterdir() if path.name.removesuffix(".gz").endswith(TABLE_ENDINGS))
    if not tables:
        raise InputError(f"{folder}: holds neither an {INDEX_NAME} nor a table ({', '.join(TABLE_ENDINGS)}).")
    return [DatasetSource(name=table_name(path), location=str(path), target=target) for path in tables]


def _looks_like_index(path: Path) -> bool:
    if path.suffix != ".csv":
        return False
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    return set(INDEX_COLUMNS) <= set(header)


def _from_index(path: Path) -> list[DatasetSource]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in INDEX_COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(f"{path}: an index of datasets needs a column {' and '.join(missing)}.")
        return [_from_row(row, path) for row in reader]


def _from_row(row: Mapping[str, str | None], index: Path) -> DatasetSource:
    values = {key: (value or "").strip() for key, value in row.items()}
    place = values["path"]
    if not place.startswith(("sklearn:", "openml:")):
        place = str(index.parent / place)
    origin = " ".join(filter(None, (values.get("origin_repo"), values.get("origin_path"))))
    try:
        return DatasetSource(
            name=values["name"],
            location=place,
            target=values["target"] or None,
            task=Task(values["task"]) if values.get("task") else None,
            family=values.get("family", ""),
            simulated=values.get("simulated", "") in ("1", "true", "True"),
            n_rows=int(values.get("n_rows") or 0),
            n_columns=int(values.get("n_columns") or 0),
            origin=origin or values.get("origin", ""),
            licence=values.get("licence_note", ""),
            openml_id=int(float(values["openml_id"])) if values.get("openml_id") else None,
        )
    except ValueError as error:
        raise InputError(f"{index}: the row of {values['name']!r} cannot be understood ({error}).") from error

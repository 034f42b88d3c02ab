"""Pages from the cache, and from the server where the cache has none."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from automl_meta.files import replacing
from automl_meta.metabase.openml.cache import Page, PageCache
from automl_meta.metabase.openml.client import Client, FetchError, RefusedError
from automl_meta.metabase.openml.formats import DatasetDescription, MalformedError, UnreadableError

PARQUET = b"PAR1"  # how such a file begins and ends

Parsed = TypeVar("Parsed")


class NotCachedError(FetchError):
    """Something is not in the cache, and the server must not be asked."""


class Archive:
    """What the server has, each thing fetched once.

    Parameters
    ----------
    client : Client or None
        None: offline, only what is in the cache.
    """

    def __init__(self, cache: PageCache, client: Client | None) -> None:
        self.cache = cache
        self.client = client

    def get(
        self, path: str, parse: Callable[[bytes], Parsed], variant: int = 0, *, may_be_empty: bool = False
    ) -> Parsed | None:
        """Return what `parse` makes of the page of `path`; None if the server has no result.

        Parameters
        ----------
        may_be_empty : bool
            Whether it is nothing special that there is no result, as where a list ends. Otherwise the server, which
            says so when it is overloaded too, is asked again each time, unless this is offline.

        Raises
        ------
        NotCachedError
            If it is not in the cache, and this is offline.
        RefusedError, UnavailableError
            As `Client.fetch`.
        """
        page = self.cache.get(path, variant)
        if page is not None and (not page.code or may_be_empty or self.client is None):
            try:
                return None if page.code else parse(page.body)
            except MalformedError:
                pass  # from another version, or by another hand; asked for again
        if self.client is None:
            raise NotCachedError(f"{path} is not in the cache")
        page, parsed = self.client.fetch(path, parse)
        self.cache.put(path, page, variant)
        return parsed

    def has(self, path: str) -> bool:
        """Return whether the page of `path` is in the cache."""
        return self.cache.get(path) is not None

    def keep(self, path: str, body: bytes) -> None:
        """Keep what was computed from pages, under a path of its own."""
        self.cache.put(path, Page(body))

    def table(self, dataset: DatasetDescription) -> Path:
        """Return the file with a dataset's table: Parquet if the server has it, else ARFF.

        Raises
        ------
        NotCachedError
            If it is not in the cache, and this is offline.
        RefusedError, UnavailableError
            If the server does not have it, or does not give it.
        """
        urls = {ending: url for ending, url in (("parquet", dataset.parquet_url), ("arff", dataset.url)) if url}
        for ending in urls:
            file, path = self._table_file(dataset, ending)
            known = self.cache.get(path)
            if known is not None and file.is_file() and known.body.decode() == file_digest(file):
                return file
        if self.client is None:
            raise NotCachedError(f"the table of dataset {dataset.dataset_id} is not in the cache")
        failed: FetchError = RefusedError(f"dataset {dataset.dataset_id} has no table on the server")
        for ending, url in urls.items():
            check = _is_parquet if ending == "parquet" else _checksum_check(dataset.md5)
            try:
                body = self.client.download(url, check, elsewhere=ending != [*urls][-1])
            except FetchError as error:  # descriptions may name a Parquet file that is not there, or cannot be read
                failed = error
                continue
            file, path = self._table_file(dataset, ending)
            with replacing(file) as temporary:
                temporary.write_bytes(body)
            self.keep(path, file_digest(file).encode())
            return file
        raise failed

    def _table_file(self, dataset: DatasetDescription, ending: str) -> tuple[Path, str]:
        """Return where the cache has a table, and under which path it has its checksum."""
        name = f"{dataset.dataset_id}.{ending}"
        return self.cache.file(name), f"table/{name}"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum_check(md5: str) -> Callable[[bytes], None]:
    def check(body: bytes) -> None:
        if b"@data" not in body.lower():
            raise MalformedError("not a whole ARFF file")
        if md5 and hashlib.md5(body, usedforsecurity=False).hexdigest() != md5:
            raise UnreadableError("the table's checksum is another one")

    return check


def _is_parquet(body: bytes) -> None:
    import pyarrow as pa  # heavy
    import pyarrow.parquet as pq

    try:
        pq.ParquetFile(pa.BufferReader(body)).read_row_group(0)
    except (pa.ArrowException, OSError, ValueError) as error:
        if len(body) > 2 * len(PARQUET) and body.startswith(PARQUET) and body.endswith(PARQUET):
            raise UnreadableError("a Parquet file that cannot be read") from error
        raise MalformedError("not a whole Parquet file") from error

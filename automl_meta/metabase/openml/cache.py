"""What was fetched, on disk: each response in a file of its own, with its checksum.

A file is a line of JSON and, after it, the response as it came, compressed. It is written under another name and
renamed, so that a kill leaves no half of one. Names come from what was asked, never from who asked: no key is in
them.
"""

import gzip
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from automl_meta.errors import InputError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Page:
    """A response.

    Attributes
    ----------
    code : int
        0, or OpenML's code where it said that there is no result.
    """

    body: bytes
    code: int = 0


class PageCache:
    """The pages of one server in one folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    server : str
        The server's address; pages of different servers are kept apart.
    """

    def __init__(self, folder: Path, server: str) -> None:
        parts = urlsplit(server)
        host = parts.netloc.rpartition("@")[2].replace(":", "_") or "server"
        self.folder = folder / host
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: the cache cannot be made there ({error}). Try another --cache.") from error

    def get(self, path: str, variant: int = 0) -> Page | None:
        """Return the page of `path`, or None if it is not there or damaged.

        Parameters
        ----------
        variant : int
            A page may be asked for several times, because its order is not fixed.
        """
        file = self._file(path, variant)
        try:
            head, _, packed = file.read_bytes().partition(b"\n")
            known = json.loads(head)
            body = gzip.decompress(packed)
        except (OSError, ValueError, EOFError):
            return None
        if known.get("path") != path or known.get("sha256") != hashlib.sha256(body).hexdigest():
            return None
        return Page(body, int(known.get("code", 0)))

    def put(self, path: str, page: Page, variant: int = 0) -> None:
        """Keep a page."""
        head = {
            "format": FORMAT,
            "path": path,
            "variant": variant,
            "code": page.code,
            "sha256": hashlib.sha256(page.body).hexdigest(),
        }
        file = self._file(path, variant)
        file.parent.mkdir(exist_ok=True)
        # Not synced to the disk: what a power cut damages, the checksum tells, and it is fetched again.
        temporary = file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(json.dumps(head).encode() + b"\n" + gzip.compress(page.body, 6, mtime=0))
        temporary.replace(file)

    def file(self, name: str) -> Path:
        """Return the path of a file that is kept as it is, such as a table."""
        path = self.folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        return path

    def _file(self, path: str, variant: int) -> Path:
        digest = hashlib.sha256(f"{variant}/{path}".encode()).hexdigest()
        kind = path.partition("/")[0]
        return self.folder / (kind if kind.isalpha() else "other") / f"{digest[:32]}.page"

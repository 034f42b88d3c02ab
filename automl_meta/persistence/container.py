"""The zip around a model: known parts only, of bounded size, each with its checksum."""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_meta.errors import InputError
from automl_meta.files import replacing

FORMAT = 1
MANIFEST = "manifest.json"
PREDICTOR = "predictor.skops"
PARTS = ("schema.json", "leaderboard.json", "probe.json", PREDICTOR)
PROFILE, REPORT = "profile.json", "report.json"
OPTIONAL_PARTS = (PROFILE, REPORT)  # that the first files were made without
MOST_BYTES = 8 * 2**30  # of one part, unpacked
MOST_JSON_BYTES = 256 * 2**20
MOST_VALUES = 5_000_000  # in one part that is JSON: each takes up to a hundred times as many bytes as its text
STORED_FROM = 24 * 2**20  # bytes; compressing more takes longer than writing it, so what is larger unpacks to itself
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,30}")


class ModelFileError(InputError):
    """A model file cannot be used."""


def write_container(path: Path, manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Write a model file: all of it, or nothing.

    Raises
    ------
    InputError
        If the file cannot be written there.
    """
    described = {name: {"bytes": len(part), "sha256": _digest(part)} for name, part in parts.items()}
    # What is true of this file comes last: a manifest that was loaded says it of another one.
    text = to_json({**manifest, "format": FORMAT, "parts": described})
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        _write(archive, MANIFEST, text)
        for name, part in parts.items():
            _write(archive, name, part)


def _write(archive: zipfile.ZipFile, name: str, part: bytes) -> None:
    method = zipfile.ZIP_DEFLATED if len(part) < STORED_FROM else zipfile.ZIP_STORED
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), part, method, 1)


class Container:
    """An open model file whose outline was checked: names, sizes, format."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._check_outline()
        self.manifest = self.json(MANIFEST)
        self._check_format()

    def json(self, name: str) -> Any:
        """Return the content of a part that is JSON.

        Raises
        ------
        ModelFileError
            If it is missing, damaged, no JSON, or more than any model needs.
        """
        part = self.bytes(name)
        if most_values(part) > MOST_VALUES:
            raise self.damaged(f"{name} holds more than {MOST_VALUES:,} values")
        try:
            return json.loads(part)
        except (ValueError, RecursionError) as error:
            raise self.damaged(f"{name} is not JSON") from error

    def has(self, name: str) -> bool:
        """Return whether there is a part called `name`."""
        return name in self._archive.namelist()

    def bytes(self, name: str) -> bytes:
        """Return the content of a part, once its checksum is found right.

        Raises
        ------
        ModelFileError
            If it is missing or damaged.
        """
        try:
            part = self._archive.read(name)
        except KeyError as error:
            raise self.damaged(f"{name} is missing") from error
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise self.damaged(f"{name} cannot be unpacked") from error
        if name != MANIFEST and self._described(name) != _digest(part):
            raise self.damaged(f"{name} is not what was written: its checksum differs")
        return part

    def damaged(self, reason: str) -> ModelFileError:
        """Return the error that says why this is no good model file."""
        return ModelFileError(f"{self.path}: not a usable model file: {reason}. Try a fresh copy, or fit again.")

    def _described(self, name: str) -> str:
        try:
            return str(self.manifest["parts"][name]["sha256"])
        except (KeyError, TypeError) as error:
            raise self.damaged(f"the manifest does not describe {name}") from error

    def _check_outline(self) -> None:
        seen: set[str] = set()
        for info in self._archive.infolist():
            shown = repr(info.filename[:80])
            if info.filename not in (MANIFEST, *PARTS, *OPTIONAL_PARTS):
                raise self.damaged(f"it holds {shown}, which no model file has")
            if info.filename in seen:
                raise self.damaged(f"it holds {shown} twice")
            seen.add(info.filename)
            if info.flag_bits & 0x1:
                raise self.damaged(f"{shown} is encrypted")
            self._check_size(info, shown)
        missing = {MANIFEST, *PARTS} - seen
        if missing:
            raise self.damaged(f"{', '.join(sorted(missing))} is missing")
        stored = sum(info.compress_size for info in self._archive.infolist())
        if stored > self.path.stat().st_size:
            raise self.damaged("its parts overlap")

    def _check_size(self, info: zipfile.ZipInfo, shown: str) -> None:
        most = MOST_JSON_BYTES if info.filename.endswith(".json") else MOST_BYTES
        bomb = info.file_size >= STORED_FROM and info.compress_type != zipfile.ZIP_STORED
        if info.file_size > most or bomb:
            raise self.damaged(f"{shown} would unpack to {info.file_size:,} bytes")

    def _check_format(self) -> None:
        if not isinstance(self.manifest, dict):
            raise self.damaged("its manifest is not a table of entries")
        number = self.manifest.get("format")
        if not isinstance(number, int) or isinstance(number, bool):
            raise self.damaged("its manifest has no format number")
        if number != FORMAT:
            raise ModelFileError(f"{self.path}: has format {number}; known: {FORMAT}. {self._reading_version()}")

    def _reading_version(self) -> str:
        made = self.manifest.get("made")
        version = made.get("automl_meta") if isinstance(made, dict) else None
        if not isinstance(version, str) or not _VERSION.fullmatch(version):
            return "Try: pip install -U automl-meta"
        return f"automl-meta {version} made it, and reads it. Try: pip install 'automl-meta=={version}'"


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open the model file at `path` and check its outline.

    Raises
    ------
    ModelFileError
        If it does not exist, is no model file, or could harm.
    """
    if not path.is_file():
        raise ModelFileError(f"{path}: no such file. Try the path that `automl-meta fit` printed.")
    try:
        archive = zipfile.ZipFile(path)
    except PermissionError as error:
        raise ModelFileError(f"{path}: cannot be read. Try: chmod u+r {path}") from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        message = f"{path}: not a model file, or cut off. Try a fresh copy, or fit again."
        raise ModelFileError(message) from error
    with archive:
        yield Container(path, archive)


def to_json(content: Any) -> bytes:
    """Return `content` as JSON in UTF-8."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")


def most_values(part: bytes) -> int:
    """Return how many values a text that is JSON may hold; commas in strings count too."""
    return 1 + part.count(b",") + part.count(b"[") + part.count(b"{")


def _digest(part: bytes) -> str:
    return hashlib.sha256(part).hexdigest()

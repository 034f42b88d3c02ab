"""How values travel between machines that need not share a file system.

A value is pickled, and two kinds of things in it are translated on the way. A folder of the sender's, named by a
`Path`, becomes a folder of the receiver's; files in it that the answer names come along with the answer. The handle
of a shared value becomes that of the copy that the worker keeps.
"""

import copyreg
import io
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from automl_meta.execution.shared import SharedFile

SHARED_FOLDER = "shared"  # the token of the folder in which a worker keeps shared values

_places: ContextVar[Mapping[str, Path]] = ContextVar("places")


@dataclass(frozen=True, slots=True)
class Parcel:
    """A pickled value and what goes with it.

    Attributes
    ----------
    folders : mapping from token to Path
        The sender's folders that the value names.
    shared : frozenset of str
        Keys of the shared values that it refers to.
    files : mapping from (token, name) to bytes
        Files that come along, by the folder and their name in it.
    """

    content: bytes
    folders: Mapping[str, Path] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    files: Mapping[tuple[str, str], bytes] = field(default_factory=dict)


class ClusterShared:
    """A handle of a value that each worker fetches once; only its key travels.

    Parameters
    ----------
    file : SharedFile
        Where the sender keeps the value.
    folders : mapping from token to Path
        The sender's folders that the value names.
    on_release : callable
        Told the key, so that the cluster can let go of it too.
    """

    def __init__(
        self, key: str, file: SharedFile, folders: Mapping[str, Path], on_release: Callable[[str], None]
    ) -> None:
        self.key = key
        self._file = file
        self._folders = folders
        self._on_release = on_release

    def get(self) -> Any:
        """Return the value, in the sender's process; workers see a `SharedFile` instead."""
        with translating(self._folders):
            return self._file.get()

    def release(self) -> None:
        """Let go of the value here and on the cluster."""
        self._file.release()
        self._on_release(self.key)


def pack(value: Any) -> Parcel:
    """Pickle `value` for another machine."""
    folders: dict[str, Path] = {}
    shared: set[str] = set()

    def reduce_path(path: Path) -> Any:
        if not (path.is_absolute() and path.is_dir()):
            return path.__reduce__()
        token = sha256(str(path).encode()).hexdigest()[:16]
        folders[token] = path
        return _place, (token,)

    def reduce_handle(handle: ClusterShared) -> Any:
        shared.add(handle.key)
        return _shared_file, (handle.key,)

    content = _dumps(value, {type(Path()): reduce_path, ClusterShared: reduce_handle})
    return Parcel(content, folders=folders, shared=frozenset(shared))


def pack_answer(value: Any, places: Mapping[str, Path], carried: frozenset[str]) -> Parcel:
    """Pickle what work returned.

    Parameters
    ----------
    places : mapping from token to Path
        Where the sender's folders are here.
    carried : frozenset of str
        Tokens of the folders that the sender cannot see: files in them move into the parcel.
    """
    files: dict[tuple[str, str], bytes] = {}

    def reduce_path(path: Path) -> Any:
        for token, folder in places.items():
            if path.is_relative_to(folder):
                name = str(path.relative_to(folder))
                if token in carried and path.is_file():
                    files[token, name] = path.read_bytes()
                    path.unlink()
                return _place, (token, name)
        return path.__reduce__()

    return Parcel(_dumps(value, {type(Path()): reduce_path}), files=files)


def unpack(parcel: Parcel, places: Mapping[str, Path]) -> Any:
    """Return the value of a parcel, its files written to the folders at `places`.

    Raises
    ------
    ValueError
        If a file would lie outside of its folder.
    """
    for (token, name), content in parcel.files.items():
        path = places[token] / name
        if not path.resolve().is_relative_to(places[token].resolve()):
            raise ValueError(f"a file of the answer lies outside of its folder: {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with translating(places):
        return pickle.loads(parcel.content)


@contextmanager
def translating(places: Mapping[str, Path]) -> Iterator[None]:
    """Let what is unpickled meanwhile find the sender's folders at `places`, a mapping from token to Path."""
    before = _places.set(places)
    try:
        yield
    finally:
        _places.reset(before)


def _dumps(value: Any, reducers: Mapping[type, Callable[[Any], Any]]) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = {**copyreg.dispatch_table, **reducers}
    pickler.dump(value)
    return buffer.getvalue()


def _place(token: str, name: str = "") -> Path:
    folder = _places.get()[token]
    return folder / name if name else folder


def _shared_file(key: str) -> SharedFile:
    return SharedFile(_place(SHARED_FOLDER, key))

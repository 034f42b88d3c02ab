"""Universal Binary JSON, the part of it in which XGBoost writes models."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.soundness import UnsoundModelError, ensure

DEEPEST = 12
_NUMBERS = {b"i": ">i1", b"U": ">u1", b"I": ">i2", b"l": ">i4", b"L": ">i8", b"d": ">f4", b"D": ">f8"}
_READERS = {
    mark: (struct.Struct(f">{code}").unpack_from, np.dtype(_NUMBERS[mark]).itemsize)
    for mark, code in {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q", b"d": "f", b"D": "d"}.items()
}
_LENGTHS = frozenset((b"i", b"U", b"I", b"l", b"L"))
_SIMPLE = {b"Z": None, b"T": True, b"F": False}


class Packed(tuple[bytes, bytes]):
    """An array of numbers of one type: its mark, and its bytes; not made an array before it is needed."""

    __slots__ = ()


def parse(content: bytes) -> Any:
    """Return what `content` says: dicts with keys of text, lists, texts, numbers, and arrays that are `Packed`.

    Raises
    ------
    UnsoundModelError
        If it is not of this kind, is cut off, goes on after its end, or names an entry twice.
    """
    try:
        value, end = _value(content, 0, DEEPEST)
    except (struct.error, UnicodeDecodeError, IndexError) as error:
        raise UnsoundModelError("XGBoost's model is cut off") from error
    ensure(end == len(content), "XGBoost's model goes on after its end")
    return value


def joined(arrays: list[Any], mark: bytes) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return `Packed` arrays of the type `mark` one after another, and how long each is.

    Raises
    ------
    UnsoundModelError
        If one is of another type.
    """
    ensure(all(type(one) is Packed and one[0] == mark for one in arrays), "an array of XGBoost's is of another type")
    dtype = np.dtype(_NUMBERS[mark])
    counts = np.array([len(one[1]) for one in arrays], dtype=np.int64) // dtype.itemsize
    return np.frombuffer(b"".join(one[1] for one in arrays), dtype=dtype).astype(dtype.newbyteorder("=")), counts


def _value(content: bytes, at: int, deeper: int) -> tuple[Any, int]:
    mark = content[at : at + 1]
    if mark == b"S":
        return _text(content, at + 1)
    if mark == b"[":
        return _array(content, at + 1, deeper)
    if mark == b"{":
        return _object(content, at + 1, deeper)
    if mark in _READERS:
        read, size = _READERS[mark]
        return read(content, at + 1)[0], at + 1 + size
    ensure(mark in _SIMPLE, "XGBoost's model holds an unknown kind of value, or is cut off")
    return _SIMPLE[mark], at + 1


def _length(content: bytes, at: int) -> tuple[int, int]:
    mark = content[at : at + 1]
    ensure(mark in _LENGTHS, "XGBoost's model gives a length that is no number")
    read, size = _READERS[mark]
    length = read(content, at + 1)[0]
    ensure(0 <= length <= len(content), "XGBoost's model gives a length that it does not have")
    return length, at + 1 + size


def _text(content: bytes, at: int) -> tuple[str, int]:
    length, begin = _length(content, at)
    ensure(begin + length <= len(content), "XGBoost's model is cut off")
    return content[begin : begin + length].decode(), begin + length


def _array(content: bytes, at: int, deeper: int) -> tuple[Any, int]:
    ensure(deeper > 0, "XGBoost's model nests too deep")
    if content[at : at + 1] == b"$":
        mark = content[at + 1 : at + 2]
        ensure(
            mark in _NUMBERS and content[at + 2 : at + 3] == b"#", "XGBoost's model holds an unknown kind of array"
        )
        length, begin = _length(content, at + 3)
        end = begin + length * np.dtype(_NUMBERS[mark]).itemsize
        ensure(end <= len(content), "XGBoost's model is cut off")
        return Packed((mark, content[begin:end])), end
    ensure(content[at : at + 1] == b"#", "XGBoost's model holds an array of no length")
    length, at = _length(content, at + 1)
    values = []
    for _ in range(length):
        value, at = _value(content, at, deeper - 1)
        values.append(value)
    return values, at


def _object(content: bytes, at: int, deeper: int) -> tuple[dict[str, Any], int]:
    ensure(deeper > 0, "XGBoost's model nests too deep")
    found: dict[str, Any] = {}
    while content[at : at + 1] != b"}":
        key, at = _text(content, at)
        ensure(key not in found, "XGBoost's model names an entry twice")
        found[key], at = _value(content, at, deeper - 1)
    return found, at + 1

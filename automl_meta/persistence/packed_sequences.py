"""Long sequences of texts, of tuples of texts, and of arrays as one value each.

Storing an object a column takes a second a pipeline where there are thousands of columns, and an object a level as
long where there are many pipelines.
"""

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

LONG = 10  # items from which a sequence is packed, those of its items counted
KINDS: dict[str, type] = {"list": list, "tuple": tuple}


class PackedTexts(BaseEstimator):  # type: ignore[misc]
    """A list or tuple of strings as one JSON text."""

    def __init__(self, kind: str, texts: str) -> None:
        self.kind = kind
        self.texts = texts

    @classmethod
    def of(cls, sequence: list[str] | tuple[str, ...]) -> "PackedTexts":
        """Pack a list or tuple of strings."""
        return cls(type(sequence).__name__, json.dumps(sequence))

    def unpacked(self) -> Any:
        """Return the list or tuple.

        Raises
        ------
        ValueError
            If it is not one of strings.
        """
        texts = json.loads(self.texts)
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("packed texts hold something else")
        return _kind(self.kind)(texts)


class PackedTextTuples(BaseEstimator):  # type: ignore[misc]
    """A tuple of tuples of strings, such as the levels of each column, as one JSON text."""

    def __init__(self, texts: str) -> None:
        self.texts = texts

    @classmethod
    def of(cls, sequence: tuple[tuple[str, ...], ...]) -> "PackedTextTuples":
        """Pack a tuple of tuples of strings."""
        return cls(json.dumps(sequence))

    def unpacked(self) -> tuple[tuple[str, ...], ...]:
        """Return the tuple.

        Raises
        ------
        ValueError
            If it is not one of tuples of strings.
        """
        rows = json.loads(self.texts)
        if not isinstance(rows, list) or not all(
            isinstance(row, list) and all(isinstance(text, str) for text in row) for row in rows
        ):
            raise ValueError("packed tuples of texts hold something else")
        return tuple(tuple(row) for row in rows)


class PackedArrays(BaseEstimator):  # type: ignore[misc]
    """A list or tuple of one-dimensional arrays of one type as one array, and how long each is."""

    def __init__(self, kind: str, values: NDArray[Any], counts: NDArray[np.int64]) -> None:
        self.kind = kind
        self.values = values
        self.counts = counts

    @classmethod
    def of(cls, sequence: list[NDArray[Any]] | tuple[NDArray[Any], ...]) -> "PackedArrays":
        """Pack a list or tuple of arrays."""
        counts = np.array([len(array) for array in sequence], dtype=np.int64)
        return cls(type(sequence).__name__, np.concatenate(sequence), counts)

    def unpacked(self) -> Any:
        """Return the list or tuple.

        Raises
        ------
        ValueError
            If the lengths do not fit the array.
        """
        values, counts = np.asarray(self.values), np.asarray(self.counts)
        if (
            values.ndim != 1
            or counts.ndim != 1
            or counts.dtype != np.int64
            or counts.min(initial=0) < 0
            or counts.max(initial=0) > len(values)
            or counts.sum() != len(values)
        ):
            raise ValueError("packed arrays do not fit together")
        ends = np.cumsum(counts)
        return _kind(self.kind)(values[end - count : end].copy() for end, count in zip(ends, counts, strict=True))


def packed_sequence(sequence: Any) -> PackedTexts | PackedTextTuples | PackedArrays | None:
    """Return a long plain list or tuple of strings, of tuples of them or of like arrays packed, else None."""
    if type(sequence) not in KINDS.values():
        return None
    if type(sequence) is tuple and sequence and all(map(_is_tuple_of_texts, sequence)):
        return PackedTextTuples.of(sequence) if sum(map(len, sequence)) >= LONG else None
    if len(sequence) < LONG:
        return None
    if all(type(item) is str for item in sequence):
        return PackedTexts.of(sequence)
    if all(type(item) is np.ndarray and item.ndim == 1 and _is_plain(item.dtype) for item in sequence):
        return PackedArrays.of(sequence) if len({item.dtype for item in sequence}) == 1 else None
    return None


def _is_tuple_of_texts(value: Any) -> bool:
    return type(value) is tuple and all(type(item) is str for item in value)


def _is_plain(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "fiub" and dtype.isnative


def _kind(name: str) -> type:
    if name not in KINDS:
        raise ValueError(f"a packed {name} is not what was packed")
    return KINDS[name]

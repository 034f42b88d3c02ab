"""FlatBuffers, the format in which CatBoost writes models: read with a look at every offset before it is followed."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.pipelines.estimators.soundness import UnsoundModelError, ensure

_OFFSET, _SHORT, _SIGNED = struct.Struct("<I"), struct.Struct("<H"), struct.Struct("<i")


class Table:
    """A table of a FlatBuffers buffer; its fields are numbered as in the schema.

    Parameters
    ----------
    content : bytes
        All of the buffer.
    at : int, optional
        Where the table begins; the root table if None.
    """

    def __init__(self, content: bytes, at: int | None = None) -> None:
        self.content = content
        self.at = self._read(_OFFSET, 0) if at is None else at
        fields = self.at - self._read(_SIGNED, self.at)
        ensure(fields >= 0, "a table of CatBoost's leads outside of its buffer")
        size = self._read(_SHORT, fields)
        ensure(size >= 4 and size % 2 == 0 and fields + size <= len(content), "a table of CatBoost's is cut off")
        self._fields = struct.unpack_from(f"<{(size - 4) // 2}H", content, fields + 4)

    def number(self, field: int, form: str, default: float) -> Any:
        """Return a number; `form` is a letter of the module ``struct``."""
        place = self._place(field)
        return default if place is None else self._read(struct.Struct(f"<{form}"), place)

    def table(self, field: int) -> "Table":
        """Return a table within."""
        place = self._place(field)
        ensure(place is not None, "a table of CatBoost's lacks a part")
        assert place is not None
        return Table(self.content, self._followed(place))

    def tables(self, field: int) -> list["Table"]:
        """Return a list of tables, an empty one if it is not there."""
        begin, count = self._vector(field, _OFFSET.size)
        return [Table(self.content, self._followed(begin + _OFFSET.size * i)) for i in range(count)]

    def array(self, field: int, dtype: Any) -> NDArray[Any]:
        """Return a list of numbers or structures, an empty one if it is not there."""
        begin, count = self._vector(field, np.dtype(dtype).itemsize)
        return np.frombuffer(self.content, dtype=dtype, count=count, offset=begin) if count else np.empty(0, dtype)

    def text(self, field: int) -> str:
        """Return a text, an empty one if it is not there."""
        begin, count = self._vector(field, 1)
        return self._decoded(begin, count)

    def texts(self, field: int) -> list[str]:
        """Return a list of texts, an empty one if it is not there."""
        begin, count = self._vector(field, _OFFSET.size)
        places = [self._followed(begin + _OFFSET.size * i) for i in range(count)]
        return [self._decoded(*self._counted(place, 1)) for place in places]

    def has(self, field: int) -> bool:
        """Return whether a field is there."""
        return self._place(field) is not None

    def _place(self, field: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self.at + offset if offset else None

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where a list begins, and how many items of `size` bytes it has."""
        place = self._place(field)
        return (0, 0) if place is None else self._counted(self._followed(place), size)

    def _counted(self, place: int, size: int) -> tuple[int, int]:
        count, begin = self._read(_OFFSET, place), place + _OFFSET.size
        ensure(begin + size * count <= len(self.content), "a list of CatBoost's is cut off")
        return begin, count

    def _followed(self, place: int) -> int:
        return place + int(self._read(_OFFSET, place))

    def _decoded(self, begin: int, count: int) -> str:
        try:
            return self.content[begin : begin + count].decode()
        except UnicodeDecodeError as error:
            raise UnsoundModelError("a text of CatBoost's is none") from error

    def _read(self, form: struct.Struct, at: int) -> Any:
        ensure(0 <= at <= len(self.content) - form.size, "a table of CatBoost's leads outside of its buffer")
        return form.unpack_from(self.content, at)[0]

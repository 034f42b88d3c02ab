"""What is known of a table's columns: their roles, and how a cell is read."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from automl_meta.datasets.levels import GIVEN
from automl_meta.datasets.task import Task
from automl_meta.errors import InputError

FORMAT = 1

Label = str | int | float | bool


class ColumnRole(StrEnum):
    """What a column means, which decides how it is prepared for an algorithm."""

    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    IGNORED = "ignored"
    GROUP = "group"  # which rows belong together
    WEIGHT = "weight"  # how much a row counts

    @property
    def is_feature(self) -> bool:
        """Whether columns of this role are given to algorithms."""
        return self in FEATURE_ROLES


FEATURE_ROLES = frozenset(
    {ColumnRole.NUMERIC, ColumnRole.BOOLEAN, ColumnRole.CATEGORICAL, ColumnRole.DATE, ColumnRole.TEXT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """How numbers are written in a column of text: ``NumberFormat(prefix="$", thousands=",")`` reads "$1,200".

    A cell may leave the prefix or the suffix out. With ``magnitudes``, "1.2k" is 1200, and "3M" three million. With
    ``bounds``, "<0.1", "≥ 5" and "~7" are 0.1, 5 and 7. With ``units``, "1 kg" in a column of grams is 1000, and
    "2 h 5 m" in one of minutes is 125.
    """

    prefix: str = ""  # casefolded, as the suffix
    suffix: str = ""
    decimal: str = "."
    thousands: str = ""  # a space stands for any kind of blank
    magnitudes: bool = False
    bounds: bool = False
    units: tuple[tuple[str, float], ...] = ()  # casefolded, each with how many of the suffix it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table that a model was, or will be, fitted to."""

    name: str
    role: ColumnRole
    dtype: str  # of the table as it was read, e.g. "int64", "str"
    # CATEGORICAL and BOOLEAN only, sorted; for BOOLEAN (false, true); `GIVEN` alone where the texts do not count
    levels: tuple[str, ...] | None = None
    minimum: float | None = None  # NUMERIC only, of the present cells
    maximum: float | None = None
    missing: float = 0.0  # share of missing cells, 0 to 1
    note: str = ""  # what was inferred, for people: "numbers with a unit", "dates as text"
    number: NumberFormat | None = None  # NUMERIC that was text
    date_format: str | None = None  # DATE that was text or integers: as for `pandas.to_datetime`

    @property
    def is_presence(self) -> bool:
        """Whether all that counts of a cell is that it is given, whatever its text."""
        return self.levels == (GIVEN,)

    @property
    def is_text_in_files(self) -> bool:
        """Whether readers leave its cells as they are written, whatever the rows of one file make them look like."""
        written = self.number is not None or self.date_format is not None
        return written or self.role in (ColumnRole.CATEGORICAL, ColumnRole.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The target and the columns of a table, in the table's order, the target not among them."""

    task: Task
    target: str
    columns: tuple[Column, ...]
    classes: tuple[Label, ...] | None = None  # original labels in the order of their codes
    target_number: NumberFormat | None = None  # regressions only, of a target that was text

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that algorithms see, in order."""
        return tuple(column for column in self.columns if column.role.is_feature)

    @property
    def known_names(self) -> frozenset[str]:
        """The names of all columns, the target's among them."""
        return frozenset({self.target, *(column.name for column in self.columns)})

    def unknown(self, names: Iterable[object]) -> tuple[str, ...]:
        """Return those of `names` that no column has, nor the target."""
        known = self.known_names
        return tuple(str(name) for name in names if name not in known)

    @property
    def texts_in_files(self) -> frozenset[str]:
        """The names of the columns, and of the target, whose cells readers leave as they are written."""
        texts = {column.name for column in self.features if column.is_text_in_files}
        target_is_text = self.target_number is not None or any(isinstance(label, str) for label in self.classes or ())
        return frozenset(texts | {self.target} if target_is_text else texts)

    def names(self, *roles: ColumnRole) -> list[str]:
        """Return the names of the columns with one of `roles`, in order."""
        return [column.name for column in self.columns if column.role in roles]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict with everything in the schema and a format number."""
        return {
            "format": FORMAT,
            "task": self.task.value,
            "target": self.target,
            "columns": [_column_to_dict(column) for column in self.columns],
            "classes": None if self.classes is None else list(self.classes),
            "target_number": None if self.target_number is None else asdict(self.target_number),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Schema":
        """Return the schema that `to_dict` described.

        Raises
        ------
        InputError
            If the description has a format that this version does not know.
        """
        reader = {1: _read_v1}.get(content.get("format", 0))
        if reader is None:
            raise InputError(
                f"The schema has format {content.get('format')}; known: {FORMAT}. Try: pip install -U automl-meta"
            )
        return reader(content)


def _column_to_dict(column: Column) -> dict[str, Any]:
    content = asdict(column)
    content["role"] = column.role.value
    content["levels"] = None if column.levels is None else list(column.levels)
    return content


def _read_v1(content: Mapping[str, Any]) -> Schema:
    classes, number = content["classes"], content.get("target_number")
    return Schema(
        task=Task(content["task"]),
        target=content["target"],
        columns=tuple(_read_column_v1(column) for column in content["columns"]),
        classes=None if classes is None else tuple(classes),
        target_number=None if number is None else _read_number(number),
    )


def _read_column_v1(content: Mapping[str, Any]) -> Column:
    number = content["number"]
    levels = content["levels"]
    return Column(
        **{
            **content,
            "role": ColumnRole(content["role"]),
            "levels": None if levels is None else tuple(levels),
            "number": None if number is None else _read_number(number),
        }
    )


def _read_number(content: Mapping[str, Any]) -> NumberFormat:
    units = tuple((unit, factor) for unit, factor in content.get("units", ()))
    return NumberFormat(**{**content, "units": units})

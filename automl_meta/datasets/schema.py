"""What is known of a table's columns: their roles, and how a cell is read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

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

    A cell may leave the prefix or the suffix out.
    """

    prefix: str = ""  # casefolded, as the suffix
    suffix: str = ""
    decimal: str = "."
    thousands: str = ""  # a space stands for any kind of blank


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table that a model was, or will be, fitted to."""

    name: str
    role: ColumnRole
    dtype: str  # of the table as it was read, e.g. "int64", "str"
    levels: tuple[str, ...] | None = None  # CATEGORICAL and BOOLEAN only, sorted; for BOOLEAN (false, true)
    minimum: float | None = None  # NUMERIC only, of the present cells
    maximum: float | None = None
    missing: float = 0.0  # share of missing cells, 0 to 1
    note: str = ""  # what was inferred, for people: "numbers with a unit", "dates as text"
    number: NumberFormat | None = None  # NUMERIC that was text
    date_format: str | None = None  # DATE that was text or integers: as for `pandas.to_datetime`


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The target and the columns of a table, in the table's order, the target not among them."""

    task: Task
    target: str
    columns: tuple[Column, ...]
    classes: tuple[Label, ...] | None = None  # original labels in the order of their codes

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that algorithms see, in order."""
        return tuple(column for column in self.columns if column.role.is_feature)

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
    classes = content["classes"]
    return Schema(
        task=Task(content["task"]),
        target=content["target"],
        columns=tuple(_read_column_v1(column) for column in content["columns"]),
        classes=None if classes is None else tuple(classes),
    )


def _read_column_v1(content: Mapping[str, Any]) -> Column:
    number = content["number"]
    levels = content["levels"]
    return Column(
        **{
            **content,
            "role": ColumnRole(content["role"]),
            "levels": None if levels is None else tuple(levels),
            "number": None if number is None else NumberFormat(**number),
        }
    )

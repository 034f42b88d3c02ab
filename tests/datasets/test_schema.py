"""A schema is remembered as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.datasets import Column, ColumnRole, Label, NumberFormat, Schema, Task
from automl_meta.errors import InputError

TEXTS = st.text(max_size=8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.builds(
    Column,
    name=TEXTS,
    role=st.sampled_from(ColumnRole),
    dtype=TEXTS,
    levels=st.none() | st.lists(TEXTS, max_size=4).map(tuple),
    minimum=st.none() | FINITE,
    maximum=st.none() | FINITE,
    missing=st.floats(0, 1),
    note=TEXTS,
    number=st.none()
    | st.builds(
        NumberFormat,
        prefix=TEXTS,
        suffix=TEXTS,
        decimal=TEXTS,
        thousands=TEXTS,
        bounds=st.booleans(),
        units=st.lists(st.tuples(TEXTS, st.floats(1, 100)), max_size=3).map(tuple),
    ),
    date_format=st.none() | TEXTS,
)
LABELS = st.one_of(*(st.lists(kind, max_size=4).map(tuple) for kind in (TEXTS, st.integers(), FINITE, st.booleans())))
SCHEMAS = st.builds(
    Schema,
    task=st.sampled_from(Task),
    target=TEXTS,
    columns=st.lists(COLUMNS, max_size=4).map(tuple),
    classes=st.none() | LABELS,
)


def kinds(schema: Schema) -> list[type[Label]]:
    return [type(label) for label in schema.classes or ()]


@given(schema=SCHEMAS)
def test_schema_comes_back_from_json(schema: Schema) -> None:
    back = Schema.from_dict(json.loads(json.dumps(schema.to_dict(), allow_nan=False)))
    assert back == schema
    assert kinds(back) == kinds(schema)
    assert all(isinstance(column.role, ColumnRole) for column in back.columns)


def test_unknown_format_is_refused() -> None:
    content = Schema(task=Task.BINARY, target="y", columns=()).to_dict()
    with pytest.raises(InputError, match="format 99; known: 1"):
        Schema.from_dict({**content, "format": 99})


def test_first_format_is_still_read() -> None:
    """Never edit the text: it stands for files that exist."""
    text = """{"format": 1, "task": "binary", "target": "y", "classes": ["u", "v"], "columns": [
      {"name": "price", "role": "numeric", "dtype": "str", "levels": null, "minimum": 1.0, "maximum": 2.0,
       "missing": 0.5, "note": "", "number": {"prefix": "$", "suffix": "", "decimal": ".", "thousands": ","},
       "date_format": null},
      {"name": "town", "role": "categorical", "dtype": "str", "levels": ["a", "b"], "minimum": null,
       "maximum": null, "missing": 0.0, "note": "", "number": null, "date_format": null}]}"""
    assert Schema.from_dict(json.loads(text)) == Schema(
        task=Task.BINARY,
        target="y",
        classes=("u", "v"),
        columns=(
            Column(
                name="price",
                role=ColumnRole.NUMERIC,
                dtype="str",
                minimum=1.0,
                maximum=2.0,
                missing=0.5,
                number=NumberFormat(prefix="$", thousands=","),
            ),
            Column(name="town", role=ColumnRole.CATEGORICAL, dtype="str", levels=("a", "b")),
        ),
    )

"""Tables in Weka's Attribute-Relation File Format, dense and sparse.

The format: https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/
"""

import io
import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets.errors import DuplicateColumnsError, TableError, listed
from automl_meta.errors import quoted

_TOKEN = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_TOKEN}|[^\s{{]+)\s*(.+)", re.IGNORECASE)
_CELL = re.compile(rf"\s*({_TOKEN}|[^,]*?)\s*(?:,|$)")
_SPARSE_CELL = re.compile(rf"\s*(\d+)\s+({_TOKEN}|[^,]*?)\s*(?:,|$)")
_QUOTED = re.compile(_TOKEN)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def read_arff(text: str, source: str) -> pd.DataFrame:
    """Return the table in `text`: numbers as float64, nominal attributes as categories, the rest as texts.

    Raises
    ------
    TableError
        If a line cannot be read.
    DuplicateColumnsError
        If two attributes have the same name.
    """
    lines = list(io.StringIO(text, newline=None))
    attributes, start = _header(lines, source)
    names = [name for name, _ in attributes]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DuplicateColumnsError(source, f"several attributes are named {listed(repeated)}. Rename them.")
    rows = []
    for number, line in enumerate(lines[start:], start=start + 1):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        rows.append(_row(line, number, attributes, source))
    if not rows:
        raise TableError(source, "has attributes, but no rows.")
    cells = list(zip(*rows, strict=True))
    columns = [_column(values, *attribute, source) for values, attribute in zip(cells, attributes, strict=True)]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _header(lines: list[str], source: str) -> tuple[list[tuple[str, str]], int]:
    attributes: list[tuple[str, str]] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        lowered = line.casefold()
        if lowered.startswith("@data"):
            if not attributes:
                raise TableError(source, "has no @attribute before @data.")
            return attributes, number
        if lowered.startswith("@attribute"):
            match = _ATTRIBUTE.fullmatch(line)
            if match is None:
                raise TableError(source, f"line {number} is not an attribute with a name and a type: {line[:80]!r}")
            attributes.append((_unquoted(match[1]).strip(), match[2].strip()))
    raise TableError(source, "is not a complete ARFF file: it has no @data.")


def _row(line: str, number: int, attributes: list[tuple[str, str]], source: str) -> list[str | None]:
    if line.startswith("{"):
        return _sparse_row(line, number, attributes, source)
    if "'" not in line and '"' not in line and "\\" not in line:
        cells = [cell.strip() for cell in line.split("\t" if "," not in line and "\t" in line else ",")]
        values = [None if cell == "?" else cell for cell in cells]
    else:
        values = _quoted_cells(line, f"line {number}", source)
    if len(values) != len(attributes):
        raise TableError(source, f"line {number} has {len(values)} values for {len(attributes)} attributes.")
    return values


def _quoted_cells(line: str, where: str, source: str) -> list[str | None]:
    values: list[str | None] = []
    position = 0
    while True:
        match = _CELL.match(line, position)
        assert match is not None
        values.append(_cell(match[1], where, source))
        position = match.end()
        if position >= len(line):
            return values if not line.endswith(",") else [*values, ""]


def _sparse_row(line: str, number: int, attributes: list[tuple[str, str]], source: str) -> list[str | None]:
    """Return a sparse row in full: what is not written is 0, or the first of a nominal attribute's values."""
    values: list[str | None] = [_omitted(kind, name, source) for name, kind in attributes]
    body = line.strip("{} \t")
    position = 0
    while position < len(body):
        match = _SPARSE_CELL.match(body, position)
        if match is None or match.end() == position or int(match[1]) >= len(attributes):
            raise TableError(source, f"line {number} is not a sparse row of {len(attributes)} attributes.")
        values[int(match[1])] = _cell(match[2], f"line {number}", source)
        position = match.end()
    return values


def _cell(token: str, where: str, source: str) -> str | None:
    if token[:1] in ("'", '"') and not _QUOTED.fullmatch(token):
        raise TableError(source, f"{where} has a quote that never ends: {quoted(token)}.")
    return None if token == "?" else _unquoted(token)


def _omitted(kind: str, name: str, source: str) -> str:
    return _nominal_values(kind, name, source)[0] if kind.startswith("{") else "0"


def _nominal_values(kind: str, name: str, source: str) -> list[str]:
    inside = kind.strip().removeprefix("{").removesuffix("}").strip()
    return [value or "" for value in _quoted_cells(inside, f"attribute {quoted(name)}", source)]


def _column(values: tuple[str | None, ...], name: str, kind: str, source: str) -> "pd.Series[Any]":
    if kind.startswith("{"):
        levels = dict.fromkeys(
            [*_nominal_values(kind, name, source), *(value for value in values if value is not None)]
        )
        return pd.Series(pd.Categorical(values, categories=list(levels)))
    if kind.casefold().split()[0] in ("numeric", "real", "integer"):
        try:
            return pd.Series(np.array([np.nan if value is None else float(value) for value in values]))
        except ValueError as error:
            raise TableError(
                source, f"attribute {name!r} is {kind}, and has a cell that is not ({error})."
            ) from error
    return pd.Series(values, dtype=object)


def _unquoted(token: str) -> str:
    if len(token) >= 2 and token[0] in "'\"" and token[-1] == token[0]:
        token = token[1:-1]
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), token) if "\\" in token else token

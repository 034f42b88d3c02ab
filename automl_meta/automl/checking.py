"""How a table differs from the one that a model was fitted to, and whether that is to be minded."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_meta.datasets import FeatureCheck, Schema, features_from
from automl_meta.datasets.dataset import with_columns
from automl_meta.datasets.errors import listed
from automl_meta.datasets.profile import DriftCounter, TableProfile
from automl_meta.datasets.streaming import open_pieces
from automl_meta.errors import InputError
from automl_meta.persistence import FittedModel

KINDS = {
    "missing": "columns of the model that the table lacks",
    "extra": "columns that the model does not know",
    "type": "columns most of whose cells cannot be read as what they were",
    "unreadable": "some cells cannot be read as what they were",
    "unseen": "levels that the model never saw",
    "gaps": "many more missing cells than there were",
    "drift": "columns that are distributed differently",
}
MOST_UNREADABLE = 0.5  # of the cells; above it the column holds something else
MORE_MISSING = 0.1  # of the cells, beyond what was missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    column : str
        Name of the column; several are findings of their own.
    text : str
        A sentence for people.
    details : mapping
        JSON-ready numbers behind it.
    """

    kind: str
    column: str
    text: str
    details: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return asdict(self)


class TableCheck:
    """Adds up how the pieces of a table differ from a model's schema and training distribution.

    Parameters
    ----------
    names : sequence of str
        Of all of the table's columns.
    profile : TableProfile or None
        None leaves drift and gaps out.
    """

    def __init__(self, schema: Schema, profile: TableProfile | None, names: Sequence[str]) -> None:
        self._schema = schema
        self._drift = None if profile is None else DriftCounter(profile)
        known = {schema.target, *(column.name for column in schema.columns)}
        present = {str(name).strip() for name in names}
        self.extra = tuple(name for name in names if name not in known)
        self.missing = tuple(column.name for column in schema.features if column.name not in present)
        self.rows = 0
        self._unseen: dict[str, Counter[str]] = {}
        self._unreadable: Counter[str] = Counter()

    def add(self, X: pd.DataFrame, check: FeatureCheck) -> None:
        """Take in a piece: its canonical rows, and what reading them found."""
        self.rows += len(X)
        for column, levels in check.unseen.items():
            self._unseen.setdefault(column, Counter()).update(levels)
        self._unreadable.update(check.unreadable)
        if self._drift is not None:
            self._drift.add(X)

    def messages(self) -> list[str]:
        """Return what to tell people in passing, a few lines."""
        unseen = {name: dict(levels) for name, levels in self._unseen.items()}
        lines = FeatureCheck(extra=self.extra, unseen=unseen, unreadable=dict(self._unreadable)).messages()
        for kind, words in (("gaps", "have many more missing cells"), ("drift", "are distributed differently")):
            names = [finding.column for finding in self._drifted() if finding.kind == kind]
            if names:
                lines.append(f"Columns that {words} than in training: {listed(names, 8)}")
        return lines

    def findings(self) -> list[Finding]:
        """Return all differences, those of the columns' presence first."""
        found = [_finding("missing", name, "is missing") for name in self.missing]
        found += [_finding("extra", name, "is not known to the model, and is ignored") for name in self.extra]
        found += [self._unreadable_finding(name, cells) for name, cells in self._unreadable.items()]
        for name, levels in self._unseen.items():
            cells = levels.total()
            text = f"{cells} cells have values never seen before: {listed([one for one, _ in levels.most_common(5)])}"
            found.append(_finding("unseen", name, text, cells=cells, levels=len(levels)))
        return [*found, *self._drifted()]

    def _unreadable_finding(self, name: str, cells: int) -> Finding:
        role = next(column.role.value for column in self._schema.features if column.name == name)
        if cells > MOST_UNREADABLE * self.rows:
            text = f"was {role}, and {cells} of {self.rows} cells are not"
            return _finding("type", name, text, cells=cells, was=role)
        text = f"{cells} cells could not be read as {role}, and count as missing"
        return _finding("unreadable", name, text, cells=cells, was=role)

    def _drifted(self) -> list[Finding]:
        found = []
        for drift in self._drift.drifts() if self._drift is not None else ():
            if drift.name in self.missing:
                continue
            if drift.missing > drift.was_missing + MORE_MISSING:
                text = f"{drift.missing:.1%} of the cells are missing; it was {drift.was_missing:.1%}"
                found.append(_finding("gaps", drift.name, text, missing=drift.missing, was=drift.was_missing))
            if drift.drifted:
                text = (
                    f"is distributed differently: stability index {drift.index:.2f} (0.2 and more is a large shift)"
                )
                found.append(_finding("drift", drift.name, text, index=drift.index, p_value=drift.p_value))
        return found


def check_table(model: FittedModel, source: str) -> TableCheck:
    """Read a table piece by piece, and compare it with the one that `model` was fitted to.

    Columns that are missing count as a finding; the others are compared all the same.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    with open_pieces(source, model.schema) as table:
        check = TableCheck(model.schema, model.profile, table.names)
        for piece in table.pieces:
            complete = with_columns(piece, dict.fromkeys(check.missing, np.nan))
            X, found = features_from(complete, model.schema)
            check.add(X, found)
    return check


def parse_kinds(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of findings in texts such as ``drift,missing``; ``any`` is all of them.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in (*KINDS, "any")]
    if unknown:
        raise InputError(f"--fail-on {unknown[0]}: there is no such kind. Try one of: {', '.join(KINDS)}, any")
    return tuple(KINDS) if "any" in names else tuple(dict.fromkeys(names))


def _finding(kind: str, column: str, text: str, **details: Any) -> Finding:
    return Finding(kind=kind, column=column, text=text, details=details)

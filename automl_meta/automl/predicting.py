"""Predicting a table of any size, piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_meta.automl.checking import TableCheck
from automl_meta.datasets import MissingColumnsError, features_from, labels_from
from automl_meta.datasets.streaming import TablePieces
from automl_meta.ensembling.predictor import NO_RESIDUALS
from automl_meta.errors import InputError
from automl_meta.inspection import explain_rows
from automl_meta.persistence import FittedModel

EXPLAINED_ROWS = 500  # at once, so that the progress is seen
BASE = "(base)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be written beside the predictions.

    Attributes
    ----------
    probabilities : bool
        One column a class.
    interval : float or None
        Probability with which the truth is to lie between two further columns.
    contributions : bool
        One column a feature (the most important ones; the others together): what its value adds to the prediction,
        or to the probability of the second of two classes, or of the predicted one of several.
    """

    probabilities: bool = False
    interval: float | None = None
    contributions: bool = False


def predict_pieces(
    model: FittedModel, table: TablePieces, wanted: Wanted, *, threads: int = 1, check: TableCheck | None = None
) -> Iterator[pd.DataFrame]:
    """Yield predictions for each piece of a table, in the order of its rows.

    The first column is named as the target and holds labels or numbers.

    Parameters
    ----------
    check : TableCheck, optional
        Takes in every piece.

    Raises
    ------
    InputError
        If columns are missing, or the model has not what is wanted.
    """
    schema = model.schema
    present = {str(name).strip() for name in table.names}
    missing = tuple(column.name for column in schema.features if column.name not in present)
    if missing:
        raise MissingColumnsError(missing, schema.unknown(str(name).strip() for name in table.names))
    if wanted.probabilities and schema.classes is None:
        raise InputError("--proba: the model predicts numbers, not classes. Leave it out.")
    if wanted.interval is not None and schema.classes is not None:
        raise InputError("--interval: the model predicts classes; intervals are for numbers. Try --proba.")
    if wanted.interval is not None and model.predictor.residuals is None:
        raise InputError(f"--interval: {NO_RESIDUALS}")
    if wanted.contributions and model.profile is None:
        raise InputError("--explain: this model file was made without the columns' distributions. Fit again.")
    for piece in table.pieces:
        X, found = features_from(piece, schema)
        if check is not None:
            check.add(X, found)
        step = EXPLAINED_ROWS if wanted.contributions else max(len(X), 1)
        for start in range(0, len(X), step):
            yield _predicted(model, X.iloc[start : start + step].reset_index(drop=True), wanted, threads)


def _predicted(model: FittedModel, X: pd.DataFrame, wanted: Wanted, threads: int) -> pd.DataFrame:
    schema, predictor = model.schema, model.predictor
    columns: dict[str, object] = {}
    if schema.classes is None:
        columns[schema.target] = predictor.predict(X, threads=threads)
    else:
        probabilities = predictor.predict_proba(X, threads=threads)
        columns[schema.target] = labels_from(predictor.decide(probabilities), schema)
        if wanted.probabilities:
            for position, label in enumerate(schema.classes):
                columns[f"{schema.target}={label}"] = probabilities[:, position]
    if wanted.interval is not None and predictor.residuals is not None:
        lower, upper = predictor.residuals.bounds(wanted.interval)
        numbers = np.asarray(columns[schema.target])
        columns |= {f"{schema.target}_lower": numbers + lower, f"{schema.target}_upper": numbers + upper}
    if wanted.contributions and model.profile is not None:
        explained = explain_rows(predictor, X, schema, model.profile, columns=_most_important(model), threads=threads)
        columns[f"contribution:{BASE}"] = explained.base
        columns |= {f"contribution:{name}": values for name, values in explained.contributions.items()}
    return pd.DataFrame(columns)


def _most_important(model: FittedModel) -> list[str] | None:
    """Return the columns whose importance was measured, the most important first; None if none was."""
    inspected = model.report.get("inspection")
    rows = inspected.get("importances") if isinstance(inspected, dict) else None
    if not isinstance(rows, list):
        return None
    return [str(row["column"]) for row in rows if isinstance(row, dict) and "column" in row] or None

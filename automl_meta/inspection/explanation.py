"""Why a row is predicted as it is: what each of its cells adds to the prediction.

Shapley values by sampling (Štrumbelj and Kononenko, 2014): a row of the background (see `background`) turns into the
row to be explained, one column after the other in random order; each step's change of the prediction is the column's
contribution, averaged over several orders and their reverses. The contributions of a row add up to the difference
between its prediction and the background's, whatever the model is. All rows are compared with the same few background
rows, so that their contributions can be compared, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets import Schema
from automl_meta.datasets.dataset import with_columns
from automl_meta.datasets.profile import TableProfile
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.inspection.background import draw_background
from automl_meta.seeding import generator

ORDERS = 10  # half of them are the reverses of the others; each has a background row of its own
MOST_COLUMNS = 20  # that are told apart
ROWS_AT_ONCE = 20_000
OTHERS = "(other columns)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """What the predictions of some rows are made of.

    Attributes
    ----------
    base : array of shape (n_rows,)
        Prediction of the background; the same for all rows, unless different classes are explained.
    contributions : DataFrame of shape (n_rows, n_explained)
        By column; added to `base` they are the predictions.
    of : int array of shape (n_rows,) or None
        The class code whose probability is explained: the second of two classes, the predicted one of several; None
        for numbers.
    """

    base: NDArray[np.float64]
    contributions: pd.DataFrame
    of: NDArray[np.int64] | None


def explain_rows(
    predictor: EnsemblePredictor,
    X: pd.DataFrame,
    schema: Schema,
    profile: TableProfile,
    *,
    columns: Sequence[str] | None = None,
    orders: int = ORDERS,
    seed: int = 0,
    threads: int = 1,
) -> Explanation:
    """Return the contributions of the columns to the predictions of canonical rows.

    Parameters
    ----------
    columns : sequence of str, optional
        Those that are told apart, at most 20; the first 20 features if not given. The others change together.
    orders : int
        In which columns are switched; an even number.
    """
    names = [column.name for column in schema.features]
    apart = [name for name in (columns or names) if name in names][:MOST_COLUMNS]
    groups = [[name] for name in apart]
    rest = [name for name in names if name not in apart]
    labels = [*apart, OTHERS] if rest else apart
    groups += [rest] if rest else []
    of = _explained_classes(predictor, X, threads)
    step = max(1, ROWS_AT_ONCE // (len(groups) + 1))
    bases, contributions = np.zeros(len(X)), np.zeros((len(X), len(groups)))
    for start in range(0, len(X), step):
        rows = slice(start, min(start + step, len(X)))
        some = X.iloc[rows].reset_index(drop=True)
        chosen = None if of is None else of[rows]
        for number, order in enumerate(_orders(len(groups), orders, seed)):
            drawn = draw_background(schema, profile, 1, generator(seed, "explain", number))
            background = drawn.iloc[np.zeros(len(some), dtype=np.intp)].reset_index(drop=True)
            values = _path(predictor, background, some, [groups[i] for i in order], chosen, threads)
            bases[rows] += values[0] / orders
            contributions[rows, order] += (values[1:] - values[:-1]).T / orders
    frame = pd.DataFrame(contributions, columns=pd.Index(labels, dtype=object))
    return Explanation(base=bases, contributions=frame, of=of)


def _orders(n_groups: int, orders: int, seed: int) -> Iterator[list[int]]:
    for number in range(orders):
        order = generator(seed, "order", number // 2).permutation(n_groups).tolist()
        yield order if number % 2 == 0 else order[::-1]


def _explained_classes(predictor: EnsemblePredictor, X: pd.DataFrame, threads: int) -> NDArray[np.int64] | None:
    if predictor.n_classes == 0:
        return None
    if predictor.n_classes == 2:
        return np.ones(len(X), dtype=np.int64)
    return np.asarray(predictor.predict(X, threads=threads), dtype=np.int64)


def _path(
    predictor: EnsemblePredictor,
    background: pd.DataFrame,
    X: pd.DataFrame,
    groups: Sequence[Sequence[str]],
    of: NDArray[np.int64] | None,
    threads: int,
) -> NDArray[np.float64]:
    """Return the predictions on the way from the background to `X`, shape (n_groups + 1, n_rows)."""
    steps = [background]
    for group in groups:
        steps.append(with_columns(steps[-1], {name: X[name] for name in group}))
    stacked = pd.concat(steps, ignore_index=True)
    if of is None:
        numbers = np.asarray(predictor.predict(stacked, threads=threads), dtype=np.float64)
        return numbers.reshape(len(steps), len(X))
    probabilities = predictor.predict_proba(stacked, threads=threads)
    return probabilities[np.arange(len(stacked)), np.tile(of, len(steps))].reshape(len(steps), len(X))

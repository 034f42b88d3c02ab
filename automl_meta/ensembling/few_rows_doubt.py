"""How little a score on few rows says, in words: the interval that the truth may lie in."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from automl_meta.datasets.target import TINY_ROWS

LEVEL = 0.95


def doubt_in_words(y: NDArray[np.generic], honest: NDArray[np.float64]) -> str:
    """Return a sentence about a score on at most 60 rows; nothing of more.

    Parameters
    ----------
    y : array of shape (n_rows,)
        Codes or numbers of the rows that were held out.
    honest : array of shape (n_rows, n_classes) or (n_rows,)
        Predictions for them that are not optimistic, the decided class the largest.
    """
    n_rows = len(y)
    if n_rows > TINY_ROWS:
        return ""
    if honest.ndim == 2:
        right = int((honest.argmax(axis=1) == y).sum())
        low, high = share_interval(right, n_rows)
        return (
            f"{n_rows} rows are few: {right} of them were predicted rightly out of fold, so the accuracy on new rows "
            f"may be anything from {low:.0%} to {high:.0%}"
        )
    error = float(np.sqrt(np.mean((y.astype(np.float64) - honest) ** 2)))
    low, high = spread_interval(error, n_rows)
    return (
        f"{n_rows} rows are few: predictions were off by {error:.3g} out of fold (root mean square), so on new rows "
        f"it may be anything from {low:.3g} to {high:.3g}"
    )


def share_interval(hits: int, n_rows: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a probability after `hits` in `n_rows` trials (Wilson 1927)."""
    z = float(norm.ppf((1 + level) / 2))
    share, weight = hits / n_rows, z**2 / n_rows
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(share * (1 - share) / n_rows + weight / (4 * n_rows))
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))


def spread_interval(deviation: float, n_rows: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of the deviation of normal errors whose root mean square over `n_rows` is `deviation`."""
    tails = chi2.ppf([(1 + level) / 2, (1 - level) / 2], n_rows)
    low, high = deviation * np.sqrt(n_rows / tails)
    return float(low), float(high)

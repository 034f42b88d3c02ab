"""What a fit may be told of its rows besides features and target."""

from typing import Any

from numpy.typing import NDArray
from sklearn.utils.validation import has_fit_parameter


def row_extras(
    estimator: Any, sample_weight: NDArray[Any] | None, groups: NDArray[Any] | None, rows: Any = slice(None)
) -> dict[str, NDArray[Any]]:
    """Return those of weights and groups that are given and that the estimator's `fit` takes, of some `rows`."""
    given = {"sample_weight": sample_weight, "groups": groups}
    return {
        name: values[rows]
        for name, values in given.items()
        if values is not None and has_fit_parameter(estimator, name)
    }

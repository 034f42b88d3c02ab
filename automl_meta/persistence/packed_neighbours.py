"""Nearest neighbours without their search tree: it is built anew from the rows, so that no file can lead astray."""

import copy
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier, KNeighborsRegressor

NEIGHBOURS = (KNeighborsClassifier, KNeighborsRegressor)
SEARCH_TREES = {"kd_tree": KDTree, "ball_tree": BallTree}  # by scikit-learn's `_fit_method`


class PackedNeighbours(BaseEstimator):  # type: ignore[misc]
    """Nearest neighbours that lack the tree."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def of(cls, model: Any) -> "PackedNeighbours":
        """Pack fitted neighbours."""
        return cls(_with_tree(model, None))

    def unpacked(self) -> Any:
        """Return the model.

        Raises
        ------
        ValueError
            If it is something else, or its rows cannot be put into a tree.
        """
        if type(self.model) not in NEIGHBOURS or self.model._fit_method not in SEARCH_TREES:
            raise ValueError(f"a {type(self.model).__name__} is not what was packed")
        model = self.model
        tree = SEARCH_TREES[model._fit_method](
            model._fit_X, model.leaf_size, metric=model.effective_metric_, **model.effective_metric_params_
        )
        return _with_tree(model, tree)


def has_search_tree(value: Any) -> bool:
    """Return whether `value` is fitted neighbours that look for the nearest rows in a tree."""
    return isinstance(value, NEIGHBOURS) and getattr(value, "_tree", None) is not None


def _with_tree(model: Any, tree: Any) -> Any:
    copied = copy.copy(model)
    copied._tree = tree
    return copied

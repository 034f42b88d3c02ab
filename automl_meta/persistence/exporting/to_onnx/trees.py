"""Trees of scikit-learn and LightGBM as one operator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.exporting.to_onnx.columns import Prepared
from automl_meta.persistence.exporting.to_onnx.graph import ML, Floats, Graph


class Trees:
    """Gathers nodes, and adds the sum of all trees to the graph.

    A split of a category by a set of levels becomes a column of its own, 1 where the row goes right, that is split
    at a half.
    """

    def __init__(self, graph: Graph, prepared: Prepared, n_outputs: int) -> None:
        self.graph = graph
        self.prepared = prepared
        self.n_outputs = n_outputs
        self._nodes: dict[str, list[Any]] = {
            name: [] for name in ("treeids", "nodeids", "featureids", "values", "modes", "missing", "true", "false")
        }
        self._leaves: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", "ids", "weights")}
        self._sets: list[list[NDArray[np.float64]]] = [[] for _ in prepared.categories]

    def split(
        self, tree: int, node: int, feature: int, threshold: float, children: tuple[int, int], *, missing_left: bool
    ) -> None:
        """Add a node whose rows go to the first child where the column is at most `threshold`."""
        row = (tree, node, feature, threshold, "BRANCH_LEQ", int(missing_left), *children)
        for column, entry in zip(self._nodes.values(), row, strict=True):
            column.append(entry)

    def split_by_set(
        self, tree: int, node: int, category: int, goes_left: NDArray[np.bool_], children: tuple[int, int]
    ) -> None:
        """Add a node that sends the codes of a category, as in `Inputs`, left or right."""
        self._sets[category].append((~goes_left).astype(np.float64))
        # A negative number stands for the column, whose position is known when all of them are.
        mark = -1 - (category + len(self._sets) * (len(self._sets[category]) - 1))
        self.split(tree, node, mark, 0.5, children, missing_left=False)

    def leaf(self, tree: int, node: int, values: Mapping[int, float]) -> None:
        """Add a leaf that adds to the outputs."""
        row = (tree, node, 0, 0.0, "LEAF", 0, 0, 0)
        for column, entry in zip(self._nodes.values(), row, strict=True):
            column.append(entry)
        for output, weight in values.items():
            for name, entry in zip(self._leaves, (tree, node, output, weight), strict=True):
                self._leaves[name].append(entry)

    def added(self, *, single: bool = False) -> str:
        """Add the operator; return its sums, (n_rows, n_outputs).

        Parameters
        ----------
        single : bool
            Whether features are rounded to float32, as scikit-learn's trees and forests do.
        """
        graph, nodes, leaves = self.graph, self._nodes, self._leaves
        matrix = self._matrix()
        if single:
            matrix = graph.cast(graph.cast(matrix, "FLOAT"), "DOUBLE")
        as_tensor = graph.onnx.numpy_helper.from_array
        sums = graph.add(
            "TreeEnsembleRegressor",
            matrix,
            domain=ML,
            n_targets=self.n_outputs,
            nodes_treeids=nodes["treeids"],
            nodes_nodeids=nodes["nodeids"],
            nodes_featureids=self._features(),
            nodes_values_as_tensor=as_tensor(np.array(nodes["values"], dtype=np.float64), "values"),
            nodes_modes=nodes["modes"],
            nodes_missing_value_tracks_true=nodes["missing"],
            nodes_truenodeids=nodes["true"],
            nodes_falsenodeids=nodes["false"],
            target_treeids=leaves["treeids"],
            target_nodeids=leaves["nodeids"],
            target_ids=leaves["ids"],
            target_weights_as_tensor=as_tensor(np.array(leaves["weights"], dtype=np.float64), "weights"),
        )
        return graph.cast(sums, "DOUBLE")

    def _matrix(self) -> str:
        """Return the prepared columns, the categories' codes from 0 with NaN for missing, and the sets."""
        graph, prepared = self.graph, self.prepared
        columns = [] if prepared.matrix is None else [prepared.matrix]
        for code, levels in zip(prepared.categories, prepared.n_levels, strict=True):
            table = np.array([np.nan, *range(levels + 1)])[:, None]
            columns.append(graph.add("Gather", table, code, axis=0))
        for code, sets in zip(prepared.categories, self._sets, strict=True):
            if sets:
                columns.append(graph.add("Gather", np.column_stack(sets), code, axis=0))
        return graph.joined(columns)

    def _features(self) -> list[int]:
        n_categories = len(self._sets)
        first = self.prepared.width + n_categories
        starts = first + np.concatenate([[0], np.cumsum([len(sets) for sets in self._sets])]).astype(np.intp)
        features = []
        for feature in self._nodes["featureids"]:
            number, category = divmod(-1 - feature, n_categories) if feature < 0 else (0, 0)
            features.append(int(starts[category]) + number if feature < 0 else int(feature))
        return features


def add_trees(graph: Graph, prepared: Prepared, fitted: Sequence[Any], values: Sequence[Floats]) -> str:
    """Add the mean of scikit-learn's decision trees.

    Parameters
    ----------
    values : sequence of arrays of shape (n_nodes, n_outputs)
        What each node of each tree says.
    """
    trees = Trees(graph, prepared, values[0].shape[1])
    for number, (one, said) in enumerate(zip(fitted, values, strict=True)):
        tree = one.tree_
        for node in range(tree.node_count):
            left, right = int(tree.children_left[node]), int(tree.children_right[node])
            if left < 0:
                trees.leaf(number, node, dict(enumerate((said[node] / len(fitted)).tolist())))
            else:
                threshold = float(tree.threshold[node])
                trees.split(number, node, int(tree.feature[node]), threshold, (left, right), missing_left=False)
    return trees.added(single=True)


def add_hist_booster(graph: Graph, prepared: Prepared, model: Any) -> str:
    """Add the raw scores of scikit-learn's histogram boosting, (n_rows, trees a round)."""
    n_outputs = model.n_trees_per_iteration_
    trees = Trees(graph, prepared, n_outputs)
    categorical = model.is_categorical_
    flags = np.zeros(model.n_features_in_, dtype=bool) if categorical is None else np.asarray(categorical)
    # Inside, categories come first, as codes of the levels that the training rows have.
    inside = np.concatenate([np.flatnonzero(flags), np.flatnonzero(~flags)])
    known = model._preprocessor.named_transformers_["encoder"].categories_ if flags.any() else []
    in_order = [predictor for one_round in model._predictors for predictor in one_round]
    for number, predictor in enumerate(in_order):
        for node, cell in enumerate(predictor.nodes):
            if cell["is_leaf"]:
                trees.leaf(number, node, {number % n_outputs: float(cell["value"])})
                continue
            children, feature = (int(cell["left"]), int(cell["right"])), int(cell["feature_idx"])
            missing_left = bool(cell["missing_go_to_left"])
            if cell["is_categorical"]:
                category = int(inside[feature]) - prepared.width
                bits = predictor.raw_left_cat_bitsets[int(cell["bitset_idx"])]
                goes_left = np.full(prepared.n_levels[category] + 2, missing_left)
                for position, code in enumerate(known[feature]):
                    if not np.isnan(code):
                        goes_left[int(code) + 1] = bool((int(bits[position // 32]) >> (position % 32)) & 1)
                trees.split_by_set(number, node, category, goes_left, children)
            else:
                threshold = float(cell["num_threshold"])
                trees.split(number, node, int(inside[feature]), threshold, children, missing_left=missing_left)
    return graph.add("Add", trees.added(), np.asarray(model._baseline_prediction, dtype=np.float64).reshape(1, -1))


def add_lightgbm(graph: Graph, prepared: Prepared, booster: Any) -> str:
    """Add the raw scores of LightGBM's trees, (n_rows, trees a round).

    Raises
    ------
    ExportError
        If their leaves hold linear models.
    """
    content = booster.dump_model()
    n_outputs = int(content["num_tree_per_iteration"])
    trees = Trees(graph, prepared, n_outputs)
    for number, tree in enumerate(content["tree_info"]):
        waiting, n_nodes = [(0, tree["tree_structure"])], 1
        while waiting:
            node, cell = waiting.pop()
            if cell.get("leaf_coeff"):
                raise ExportError("its trees have linear models in their leaves")
            if "leaf_value" in cell:
                trees.leaf(number, node, {number % n_outputs: float(cell["leaf_value"])})
                continue
            children = (n_nodes, n_nodes + 1)
            n_nodes += 2
            waiting += [(children[0], cell["left_child"]), (children[1], cell["right_child"])]
            _add_lightgbm_split(trees, number, node, cell, children)
    return trees.added()


def _add_lightgbm_split(
    trees: Trees, tree: int, node: int, cell: Mapping[str, Any], children: tuple[int, int]
) -> None:
    feature = int(cell["split_feature"])
    if cell["decision_type"] == "==":
        category = feature - trees.prepared.width
        goes_left = np.zeros(trees.prepared.n_levels[category] + 2, dtype=bool)
        goes_left[[int(level) + 1 for level in cell["threshold"].split("||")]] = True
        trees.split_by_set(tree, node, category, goes_left, children)
        return
    threshold = float(cell["threshold"])
    # Where training rows had no missing cells, LightGBM reads them as zero.
    missing_left = bool(cell["default_left"]) if cell["missing_type"] == "NaN" else threshold >= 0
    trees.split(tree, node, feature, threshold, children, missing_left=missing_left)

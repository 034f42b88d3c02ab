"""An ONNX graph that is built node by node; numbers are float64 throughout."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.optional import require

Floats = NDArray[np.float64]
Operand = str | float | NDArray[Any]  # the name of a node's output, or a constant

ML = "ai.onnx.ml"  # the domain of trees and of lookups by strings
OPERATOR_SETS = {"": 17, ML: 3}
IR_VERSION = 8  # of the same year, 2022
PREFIX = "automl_meta/"  # of names inside the graph, so that no column has them


class Graph:
    """Nodes and constants; a method that adds nodes returns the name of the last one's output.

    Attributes
    ----------
    row_count : str
        Name of the number of rows, an int64 tensor of shape (1,); set once the first input is there.
    """

    def __init__(self) -> None:
        self.onnx = require("onnx", "onnx")
        self.row_count = ""
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def add(self, operator: str, *inputs: Operand, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output."""
        names = [one if isinstance(one, str) else self._constant(one) for one in inputs]
        output = f"{PREFIX}{len(self._nodes)}"
        self._nodes.append(self.onnx.helper.make_node(operator, names, [output], domain=domain, **attributes))
        return output

    def input(self, name: str, *, text: bool) -> str:
        """Add an input of shape (n_rows, 1): strings or float64 numbers."""
        kind = self.onnx.TensorProto.STRING if text else self.onnx.TensorProto.DOUBLE
        self._inputs.append(self.onnx.helper.make_tensor_value_info(name, kind, [None, 1]))
        if not self.row_count:
            self.row_count = self.add("Slice", self.add("Shape", name), np.array([0]), np.array([1]))
        return name

    def output(self, name: str, source: str, kind: str, shape: list[int | None]) -> None:
        """Give a node's output a name of its own; `kind` is ``DOUBLE``, ``INT64`` or ``STRING``.

        The name gets underscores at its end as long as a column has it.
        """
        while any(one.name == name for one in self._inputs):
            name += "_"
        self._nodes.append(self.onnx.helper.make_node("Identity", [source], [name]))
        tensor = self.onnx.helper.make_tensor_value_info(name, getattr(self.onnx.TensorProto, kind), shape)
        self._outputs.append(tensor)

    def cast(self, x: str, kind: str) -> str:
        """Convert to ``DOUBLE``, ``FLOAT`` or ``INT64``."""
        return self.add("Cast", x, to=getattr(self.onnx.TensorProto, kind))

    def joined(self, columns: list[str]) -> str:
        """Put matrices side by side."""
        return columns[0] if len(columns) == 1 else self.add("Concat", *columns, axis=1)

    def repeated(self, row: Floats) -> str:
        """Give every row the same numbers, those of `row` of shape (n_columns,)."""
        shape = self.add("Concat", self.row_count, np.array([len(row)]), axis=0)
        return self.add("Expand", row[None, :], shape)

    def clipped(self, x: str, low: Operand, high: Operand) -> str:
        """Move numbers into the range; NaN stays, which the operator Clip does not promise."""
        below = self.add("Where", self.add("Less", x, low), low, x)
        return self.add("Where", self.add("Greater", below, high), high, below)

    def interpolated(self, x: str, knots: NDArray[Any], values: NDArray[Any]) -> str:
        """Do as ``np.interp`` with one column, (n_rows, 1): the sum of how far each piece of the line is gone."""
        knots, values = np.asarray(knots, dtype=np.float64), np.asarray(values, dtype=np.float64)
        if len(knots) < 2:
            return self.repeated(values[:1])
        parts = self.add("Div", self.add("Sub", x, knots[None, :-1]), np.diff(knots)[None, :])
        gone = self.clipped(parts, 0.0, 1.0)
        return self.add("Add", self.add("MatMul", gone, np.diff(values)[:, None]), float(values[0]))

    def row_sums(self, x: str) -> str:
        """Sum each row of a matrix; shape (n_rows, 1)."""
        return self.add("ReduceSum", x, np.array([1]), keepdims=1)

    def softmax(self, scores: str) -> str:
        """Make probabilities of scores, (n_rows, n_classes)."""
        return self.add("Softmax", scores, axis=1)

    def model(self, description: str, metadata: dict[str, str]) -> Any:
        """Return the ``ModelProto``."""
        helper = self.onnx.helper
        graph = helper.make_graph(self._nodes, "automl_meta", self._inputs, self._outputs, self._constants)
        sets = [helper.make_opsetid(domain, version) for domain, version in OPERATOR_SETS.items()]
        model = helper.make_model(graph, opset_imports=sets, ir_version=IR_VERSION, producer_name="automl-meta")
        model.doc_string = description
        helper.set_model_props(model, metadata)
        return model

    def _constant(self, value: float | NDArray[Any]) -> str:
        name = f"{PREFIX}constant/{len(self._constants)}"
        self._constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

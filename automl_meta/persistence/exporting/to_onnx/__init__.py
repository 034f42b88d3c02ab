"""A fitted model as an ONNX graph, from the table's columns to predictions; every operator is of the standard."""

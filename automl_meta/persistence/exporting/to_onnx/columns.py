"""The table's columns as inputs of the graph, and what a pipeline's preprocessing makes of them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets import ColumnRole, Schema
from automl_meta.datasets.cells import MISSING
from automl_meta.datasets.inference import BOOLEAN_PAIRS
from automl_meta.datasets.levels import GIVEN, NEITHER
from automl_meta.persistence.exporting.code import ExportError
from automl_meta.persistence.exporting.to_onnx.graph import ML, Graph
from automl_meta.pipelines.encoders.categories import OneHotEncoder, slots
from automl_meta.pipelines.encoders.numeric import LARGEST_SCALED, LARGEST_UNSCALED, NumericEncoder
from automl_meta.pipelines.encoders.reduction import WideReducer
from automl_meta.pipelines.preprocessing import ColumnPreprocessor


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Names of nodes: `numbers` is a matrix of numeric and Boolean columns, None if there are none.

    `codes` has for each categorical column its level counted from 1, 0 for missing, one more than there are levels
    for new ones, shape (n_rows,).
    """

    numbers: str | None
    codes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What an estimator sees: a matrix, and right of it the columns that stay categories, as in `Inputs`."""

    matrix: str | None
    categories: list[str]
    n_levels: list[int]  # of the categories
    width: int  # columns of the matrix


def add_inputs(graph: Graph, schema: Schema) -> Inputs:
    """Add an input for each column of `schema`, in its order.

    Raises
    ------
    ExportError
        If there are dates or texts.
    """
    foreign = [column for column in schema.features if column.role in (ColumnRole.DATE, ColumnRole.TEXT)]
    if foreign:
        named = ", ".join(f"{column.name!r} ({column.role})" for column in foreign[:5])
        more = f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""
        raise ExportError(
            f"ONNX has no operators for dates and text as this model reads them: {named}{more}. "
            "Try --format python, or fit without these columns."
        )
    numbers, codes = [], []
    for column in schema.features:
        name = graph.input(column.name, text=column.role is not ColumnRole.NUMERIC)
        levels = list(column.levels or ())
        if column.role is ColumnRole.NUMERIC:
            numbers.append(name)
        elif column.role is ColumnRole.BOOLEAN:
            number = graph.add("LabelEncoder", name, domain=ML, default_float=NEITHER, **_boolean_words())
            numbers.append(graph.cast(number, "DOUBLE"))
        else:
            code = graph.add("LabelEncoder", name, domain=ML, **_level_codes(levels))
            codes.append(graph.add("Reshape", code, np.array([-1])))
    return Inputs(numbers=graph.joined(numbers) if numbers else None, codes=codes)


def add_preprocessing(graph: Graph, fitted: ColumnPreprocessor, inputs: Inputs) -> Prepared:
    """Add what a fitted preprocessor does.

    Raises
    ------
    ExportError
        If it reads categories as texts.
    """
    if fitted.level_texts_.size:
        raise ExportError("it reads the letters of categories that are nearly unique")
    columns = [] if inputs.numbers is None else [graph.add("Gather", inputs.numbers, fitted.plain_, axis=1)]
    if fitted.by_target_.size:
        chosen = [inputs.codes[column] for column in fitted.by_target_]
        n_levels = [len(fitted.levels[column]) for column in fitted.by_target_]
        columns.append(_looked_up(graph, chosen, _blocks(fitted.target_.means_, fitted.target_.starts_, n_levels)))
    blocks, width = _numbers(graph, fitted.numbers_, graph.joined(columns) if columns else None)
    for column in fitted.ordinal_:
        last = len(fitted.levels[column])
        table = np.array([*range(last + 1), (last + 1) / 2])[:, None]  # as `ColumnPreprocessor` has new levels
        blocks.append(graph.add("Gather", table, inputs.codes[column], axis=0))
    width += len(fitted.ordinal_)
    if fitted.indicated_.size and fitted.one_hot_.n_outputs_:
        chosen = [inputs.codes[column] for column in fitted.indicated_]
        n_levels = [len(fitted.levels[column]) for column in fitted.indicated_]
        blocks.append(_looked_up(graph, chosen, _indicators(fitted.one_hot_, n_levels)))
        width += fitted.one_hot_.n_outputs_
    matrix = graph.joined(blocks) if blocks else None
    if matrix is None and not fitted.native_.size:
        matrix, width = graph.repeated(np.zeros(1)), 1
    elif fitted.reducer_ is not None and matrix is not None:
        matrix, width = _reduced(graph, fitted.reducer_, matrix)
    return Prepared(
        matrix=matrix,
        categories=[inputs.codes[column] for column in fitted.native_],
        n_levels=[len(fitted.levels[column]) for column in fitted.native_],
        width=width,
    )


def _boolean_words() -> dict[str, list[Any]]:
    """Return the words that are read as false, true and missing, as attributes of a lookup."""
    words = dict.fromkeys(sorted(MISSING), np.nan)
    words |= {
        written: float(value)
        for pair in (*BOOLEAN_PAIRS, ("0", "1"))
        for value, word in enumerate(pair)
        for written in (word, word.capitalize(), word.upper())
    }
    return {"keys_strings": list(words), "values_floats": list(words.values())}


def _level_codes(levels: list[str]) -> dict[str, Any]:
    """Return the codes of levels, of missing cells and of new levels, as attributes of a lookup."""
    codes = dict.fromkeys(sorted(MISSING), 0) | {level: code for code, level in enumerate(levels, start=1)}
    other = 1 if levels == [GIVEN] else len(levels) + 1
    return {"keys_strings": list(codes), "values_int64s": list(codes.values()), "default_int64": other}


def _numbers(graph: Graph, fitted: NumericEncoder, block: str | None) -> tuple[list[str], int]:
    """Bound, impute and scale; return the blocks of columns, and how many columns they have."""
    blocks = []
    if block is not None and fitted.kept_.size:
        kept = graph.add("Gather", block, fitted.kept_, axis=1)
        for end, bound in ((np.inf, fitted.high_), (-np.inf, fitted.low_)):
            kept = graph.add("Where", graph.add("Equal", kept, end), bound[fitted.kept_], kept)
        if fitted.missing != "native":
            kept = graph.add("Where", graph.add("IsNaN", kept), fitted.median_, kept)
        blocks.append(_scaled(graph, fitted, kept))
    if block is not None and fitted.indicated_.size:
        missing = graph.add("IsNaN", graph.add("Gather", block, fitted.indicated_, axis=1))
        blocks.append(graph.cast(missing, "DOUBLE"))
    return blocks, len(fitted.kept_) + len(fitted.indicated_)


def _scaled(graph: Graph, fitted: NumericEncoder, x: str) -> str:
    if fitted.scaling == "quantile":
        columns = [
            graph.interpolated(graph.add("Gather", x, np.array([position]), axis=1), landmarks, normal)
            for position, (landmarks, normal) in enumerate(zip(fitted.landmarks_, fitted.normal_, strict=True))
        ]
        return graph.joined(columns)
    scale = np.where(fitted.scale_ > 0, fitted.scale_, 1.0)
    limit = LARGEST_UNSCALED if fitted.scaling == "none" else LARGEST_SCALED
    scaled = graph.clipped(graph.add("Div", graph.add("Sub", x, fitted.center_), scale), -limit, limit)
    if fitted.scaling != "robust_smooth":
        return scaled
    third = graph.add("Div", scaled, 3.0)
    return graph.add("Div", scaled, graph.add("Sqrt", graph.add("Add", graph.add("Mul", third, third), 1.0)))


def _looked_up(graph: Graph, codes: list[str], tables: list[NDArray[np.float64]]) -> str:
    """Return for each column of codes the row of its table, (n_levels + 2, n_outputs), all side by side."""
    return graph.joined(
        [graph.add("Gather", table, code, axis=0) for code, table in zip(codes, tables, strict=True) if table.size]
    )


def _blocks(table: NDArray[Any], starts: NDArray[np.intp], n_levels: list[int]) -> list[NDArray[Any]]:
    """Return for each column the rows that its codes have in an encoder's table for all columns."""
    return [
        table[slots(np.arange(levels + 2)[:, None], np.array(ends))[:, 0]]
        for ends, levels in zip(pairwise(starts), n_levels, strict=True)
    ]


def _indicators(fitted: OneHotEncoder, n_levels: list[int]) -> list[NDArray[np.float64]]:
    tables = []
    for target in _blocks(fitted.target_, fitted.starts_, n_levels):
        outputs = np.unique(target[target >= 0])
        tables.append((target[:, None] == outputs).astype(np.float64))
    return tables


def _reduced(graph: Graph, fitted: WideReducer, matrix: str) -> tuple[str, int]:
    if fitted.components_ is None:
        return graph.add("Gather", matrix, fitted.chosen_, axis=1), len(fitted.chosen_)
    standard = graph.add("Div", graph.add("Sub", matrix, fitted.mean_), fitted.scale_)
    components = np.ascontiguousarray(fitted.components_.T)
    return graph.add("MatMul", graph.clipped(standard, -1e6, 1e6), components), components.shape[1]

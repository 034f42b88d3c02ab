"""What is predicted: the task, the coded target, and labels back from codes."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.cells import Cells, look
from automl_meta.datasets.errors import MissingTargetError, TargetError, listed
from automl_meta.datasets.inference import numbers_in
from automl_meta.datasets.numbers import plain_numbers, read_numbers
from automl_meta.datasets.schema import Label, NumberFormat, Schema
from automl_meta.datasets.task import Task
from automl_meta.errors import quoted

TaskChoice = Task | Literal["auto", "classification", "binary", "multiclass", "regression"]

USUAL_NAMES = ("target", "class", "label", "y")
# What integers mean, judged on the targets of some 600 public tables.
MOST_NAMED_CLASSES = 100
MOST_INTEGER_CLASSES = 20
ROWS_PER_INTEGER_CLASS = 10  # fewer on average, and integers are taken for amounts
TINY_ROWS = 60  # up to so many, each class may have a single row: that is all there is to learn it from
FEWEST_FOR_NAMES = 10  # rows from which texts that are all different are taken for names, not for classes
MOST_ALONE = 0.5  # share of the rows that have a class of their own; with more, the classes are taken for names, too
_CLASS_NAME = re.compile(r"class|label", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Target:
    """A target that can be learned.

    Attributes
    ----------
    task : Task
    y : array of shape (n_rows_kept,)
        Codes, or numbers.
    kept : bool array of shape (n_rows,)
        Rows that have a target.
    classes : tuple of labels, or None for regression
    number : NumberFormat or None
        In which a regression's target was written, if it was text.
    notes : tuple of str
        For people.
    """

    task: Task
    y: NDArray[np.int64] | NDArray[np.float64]
    kept: NDArray[np.bool_]
    classes: tuple[Label, ...] | None
    number: NumberFormat | None
    notes: tuple[str, ...]


def guess_target(columns: list[str], source: str = "The table") -> str:
    """Return the first column called target, class, label or y, in any case.

    Raises
    ------
    MissingTargetError
        If there is none.
    """
    for usual in USUAL_NAMES:
        for name in columns:
            if name.casefold() == usual:
                return name
    raise MissingTargetError(source, None, tuple(columns))


def infer_task(cells: Cells, name: str = "") -> Task:
    """Return the task that a target's cells and name suggest.

    Texts, booleans and categories are classes; numbers with fractions are amounts. Integers are classes if there are
    at most 20 of them, without gaps, with 10 rows or more for each on average and none with only one; where the
    target is called class or label, up to 100 integers are classes, unless most rows have one of their own.
    """
    n_distinct = cells.n_distinct
    kind = Task.BINARY if n_distinct == 2 else Task.MULTICLASS
    if cells.kind == "date":
        return Task.REGRESSION
    if cells.kind == "boolean" or n_distinct == 2:
        return kind
    numbers = _numbers(cells)
    if numbers is None:
        return kind
    present = numbers[~np.isnan(numbers)]
    if (present != np.floor(present)).any():
        return Task.REGRESSION
    values, counts = np.unique(present, return_counts=True)
    if _CLASS_NAME.search(name) and n_distinct <= MOST_NAMED_CLASSES and _repeat(counts):
        return kind
    if counts.min() < 2:
        return Task.REGRESSION
    few = n_distinct <= MOST_INTEGER_CLASSES and len(present) >= ROWS_PER_INTEGER_CLASS * n_distinct
    return kind if few and values[-1] - values[0] == n_distinct - 1 else Task.REGRESSION


def prepare_target(name: str, series: "pd.Series[Any]", task: TaskChoice = "auto") -> Target:
    """Return the target in the form that algorithms learn.

    Raises
    ------
    TargetError
        If nothing can be learned from it: all missing, constant, fewer than two classes with two rows in more than
        60, text among the numbers of a regression, a task that does not fit.
    """
    cells = look(series)
    if cells.n_present == 0:
        raise TargetError(name, f"has no values: all {len(cells.missing)} cells are missing. Try another --target.")
    if cells.n_distinct == 1:
        value = cells.as_text().texts[0]
        raise TargetError(
            name, f"is constant, one class or number: each cell is {quoted(value)} or missing. Try another --target."
        )
    kept = ~cells.missing
    n_missing = int(cells.missing.sum())
    notes = (f"{n_missing} rows dropped: target {quoted(name)} is missing",) if n_missing else ()
    chosen = infer_task(cells, name) if task == "auto" else task
    if chosen == "regression":
        written = _format_of(cells)
        return Target(Task.REGRESSION, _amounts(name, cells, written)[kept], kept, None, written, notes)
    classes, codes = _classes(cells)
    chosen = _check_classes(name, classes, codes[kept], chosen, explicit=task != "auto")
    return Target(chosen, codes[kept], kept, classes, None, (*notes, *_notes_of_single_rows(classes, codes[kept])))


def _format_of(cells: Cells) -> NumberFormat | None:
    """Return how a regression target's numbers are written; None if they are no text."""
    if cells.kind != "text":
        return None
    found = numbers_in(cells)
    return NumberFormat() if found is None else found[0]


def _amounts(name: str, cells: Cells, written: NumberFormat | None) -> NDArray[np.float64]:
    """Return a regression target's numbers; missing is NaN.

    Raises
    ------
    TargetError
        If a cell is not a number; the text has its row and value.
    """
    if cells.kind == "date":
        raise TargetError(name, "has dates, which cannot be predicted. Try another --target, or a number of days.")
    if cells.kind in ("number", "boolean"):
        return cells.values
    numbers = read_numbers(cells.texts, written or NumberFormat())
    numbers = np.where(np.isnan(numbers), plain_numbers(cells.texts), numbers)
    strange = np.isnan(numbers)
    if strange.any():
        bad = cells.spread(strange, False)
        row = int(np.argmax(bad))
        raise TargetError(
            name,
            f"is to be predicted as a number, but {int(bad.sum())} of {cells.n_present} cells are not numbers; the "
            f"first is {quoted(cells.texts[cells.values[row]])} in data row {row + 1}. "
            "Correct or empty these cells, or try --task multiclass.",
        )
    return cells.spread(numbers, np.nan)


def target_from(frame: pd.DataFrame, schema: Schema) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return the coded target of a raw table under a schema; see `has_target` for rows without one.

    Raises
    ------
    MissingTargetError
        If the target's column is absent.
    TargetError
        If a cell is missing, is a class that the schema does not know, or is not a number in a regression.
    """
    cells = _target_cells(frame, schema)
    n_missing = int(cells.missing.sum())
    if n_missing:
        row = int(np.argmax(cells.missing))
        raise TargetError(schema.target, f"is missing in {n_missing} rows; the first is data row {row + 1}.")
    if schema.classes is None:
        return _amounts(schema.target, cells, schema.target_number)
    texts = cells.as_text()
    exact = {str(label): code for code, label in enumerate(schema.classes)}
    alike = {_label_text(label): code for code, label in enumerate(schema.classes)}
    found = [exact.get(text, alike.get(_label_text(text))) for text in texts.texts]
    unknown = [text for text, code in zip(texts.texts, found, strict=True) if code is None]
    if unknown:
        raise TargetError(
            schema.target,
            f"has classes that the model does not know: {listed(unknown)}. Known: {listed(schema.classes)}",
        )
    return np.array(found, dtype=np.int64)[texts.values.astype(np.intp)]


def has_target(frame: pd.DataFrame, schema: Schema) -> NDArray[np.bool_]:
    """Return which rows of a raw table have a target; shape (n_rows,).

    Raises
    ------
    MissingTargetError
        If the target's column is absent.
    """
    return ~_target_cells(frame, schema).missing


def labels_from(codes: NDArray[np.int64], schema: Schema) -> NDArray[Any]:
    """Return the original labels of class codes: bool, int64, float64, or object for texts; shape as `codes`.

    Raises
    ------
    ValueError
        If the schema is of a regression.
    """
    if schema.classes is None:
        raise ValueError("a regression has no labels")
    return class_labels(schema)[codes]


def class_labels(schema: Schema) -> NDArray[Any]:
    """Return the schema's classes as an array with a sensible dtype: bool, int64, float64, or object for texts."""
    classes = schema.classes or ()
    return np.array(classes, dtype=object) if any(isinstance(label, str) for label in classes) else np.array(classes)


def _target_cells(frame: pd.DataFrame, schema: Schema) -> Cells:
    names = [str(name).strip() for name in frame.columns]
    if schema.target not in names:
        raise MissingTargetError("The table", schema.target, tuple(names))
    return look(frame.iloc[:, names.index(schema.target)], [str(label) for label in schema.classes or ()])


def _numbers(cells: Cells) -> NDArray[np.float64] | None:
    """Return the numbers of cells that are, all but a few, numbers; None where they are texts."""
    if cells.kind == "number":
        return cells.values
    if cells.kind != "text" or cells.categorical:
        return None
    found = numbers_in(cells)
    return None if found is None else cells.spread(found[1], np.nan)


def _classes(cells: Cells) -> tuple[tuple[Label, ...], NDArray[np.int64]]:
    if cells.kind in ("number", "boolean"):
        values = np.unique(cells.values[~cells.missing])
        codes = np.searchsorted(values, cells.values)
        if cells.kind == "boolean":
            return tuple(bool(value) for value in values), codes.astype(np.int64)
        whole = bool((values == np.floor(values)).all())
        return tuple(int(value) if whole else float(value) for value in values), codes.astype(np.int64)
    texts = cells.as_text()
    labels = sorted(texts.texts)
    positions = {label: position for position, label in enumerate(labels)}
    found = np.array([positions[text] for text in texts.texts], dtype=np.int64)
    return tuple(labels), texts.spread(found, -1)


def _check_classes(
    name: str, classes: tuple[Label, ...], codes: NDArray[np.int64], task: TaskChoice, *, explicit: bool
) -> Task:
    counts = np.bincount(codes, minlength=len(classes))
    is_text, is_tiny = isinstance(classes[0], str), len(codes) <= TINY_ROWS
    can_be_validated = int((counts > 1).sum()) > 1
    alone = int((counts == 1).sum())
    are_names = not (explicit or is_tiny) and alone > MOST_ALONE * len(codes)
    if are_names or (alone == len(codes) and not _may_be_one_shot(classes, explicit=explicit)):
        advice = "Try another --target" if is_text else "Try --task regression"
        each = ", or --task multiclass if each is a class" if is_tiny or can_be_validated else ""
        which = "each" if alone == len(codes) else f"{alone}"
        raise TargetError(name, f"has a class of its own for {which} of the {len(codes)} rows. {advice}{each}.")
    if task == "binary" and len(classes) != 2:
        raise TargetError(name, f"has {len(classes)} classes, not 2: {listed(classes)}. Try --task multiclass.")
    if not (can_be_validated or is_tiny):
        other = "" if explicit or is_text else ", or try --task regression"
        raise TargetError(
            name,
            f"cannot be validated: {_of_single_rows(classes, counts, 'only one row')}, where two classes need two or "
            f"more. Remove or merge such rows, or add to them{other}.",
        )
    return Task.BINARY if len(classes) == 2 else Task.MULTICLASS


def _repeat(counts: NDArray[np.intp]) -> bool:
    """Return whether two classes have two rows, and no more than half of the rows have a class of their own."""
    alone = counts == 1
    return bool((~alone).sum() > 1 and alone.sum() <= MOST_ALONE * counts.sum())


def _of_single_rows(classes: tuple[Label, ...], counts: NDArray[np.intp], what: str) -> str:
    """Return which classes have a single row, in words."""
    alone = [str(classes[code]) for code in np.flatnonzero(counts == 1)]
    if len(alone) == 1:
        return f"class {quoted(alone[0])} has {what}"
    return f"{len(alone)} classes have {what} ({listed(alone, 5)})"


def _notes_of_single_rows(classes: tuple[Label, ...], codes: NDArray[np.int64]) -> tuple[str, ...]:
    counts = np.bincount(codes, minlength=len(classes))
    if counts.min() > 1:
        return ()
    if counts.max() == 1:
        return ("each class has a single row",)
    return (f"{_of_single_rows(classes, counts, 'a single row')}: trained on, never validated",)


def _may_be_one_shot(classes: tuple[Label, ...], *, explicit: bool) -> bool:
    """Return whether rows that all have classes of their own are taken for one example of each class."""
    if explicit:
        return len(classes) <= TINY_ROWS
    return isinstance(classes[0], str | bool) and len(classes) < FEWEST_FOR_NAMES


def _label_text(label: object) -> str:
    text = str(label).strip()
    number = plain_numbers([text])[0]
    return text.casefold() if text.casefold() in ("true", "false") else text if np.isnan(number) else repr(number)

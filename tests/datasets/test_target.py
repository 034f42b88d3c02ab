"""The target says the task; what cannot be learned is refused with a text that helps."""

import pickle
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import (
    Dataset,
    MissingTargetError,
    TableError,
    TargetError,
    Task,
    class_labels,
    dataset_from_arrays,
    guess_target,
    has_target,
    labels_from,
    make_dataset,
    target_from,
)
from automl_meta.datasets.target import TaskChoice
from automl_meta.errors import InputError

RNG = np.random.default_rng(0)


def with_target(values: Sequence[object], task: TaskChoice = "auto", name: str = "goal") -> Dataset:
    frame = pd.DataFrame({"x": RNG.normal(size=len(values)), name: values})
    return make_dataset(frame, name, task=task)


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a", "b"] * 4, Task.BINARY, ("a", "b")),
        (["b", " a", "c "] * 4, Task.MULTICLASS, ("a", "b", "c")),
        ([True, False, True] * 4, Task.BINARY, (False, True)),
        ([0, 1] * 6, Task.BINARY, (0, 1)),
        ([1.0, 2.0] * 6, Task.BINARY, (1, 2)),
        ([-1.5, 2.0] * 6, Task.BINARY, (-1.5, 2.0)),
        (["+", "-"] * 6, Task.BINARY, ("+", "-")),
        (pd.Categorical([3, 1, 2] * 4), Task.MULTICLASS, ("1", "2", "3")),
        ([0, 1, 2] * 10, Task.MULTICLASS, (0, 1, 2)),
        (range(60), Task.REGRESSION, None),
        ([0, 10, 20, 50] * 20, Task.REGRESSION, None),
        ([0.5, 1.5, 2.25] * 10, Task.REGRESSION, None),
        ([f"${row},000" for row in range(1, 40)], Task.REGRESSION, None),
    ],
)
def test_task_and_classes_are_inferred(
    values: Sequence[object], task: Task, classes: tuple[object, ...] | None
) -> None:
    dataset = with_target(values)
    assert dataset.task is task
    assert dataset.schema.classes == classes
    assert [type(label) for label in dataset.schema.classes or ()] == [type(label) for label in classes or ()]
    assert dataset.y.dtype == (np.float64 if task is Task.REGRESSION else np.int64)


def test_the_name_tells_classes_from_amounts() -> None:
    values = list(range(30)) * 3
    assert with_target(values, name="amount").task is Task.REGRESSION
    assert with_target(values, name="Class").task is Task.MULTICLASS


def test_counts_with_a_rare_end_are_amounts_unless_they_are_called_classes() -> None:
    values = [0, 1, 2] * 20 + [3]
    assert with_target(values).task is Task.REGRESSION
    assert with_target(values, name="label").task is Task.MULTICLASS


@pytest.mark.parametrize("values", [range(80), [0, 1, 2], [*range(50), *[50] * 20], [*range(50), *[50, 51] * 20]])
def test_numbers_that_hardly_repeat_are_amounts_whatever_they_are_called(values: Sequence[int]) -> None:
    assert with_target(values, name="class").task is Task.REGRESSION


def test_a_given_task_overrides() -> None:
    assert with_target([0, 1] * 6, "regression").y.tolist() == [0.0, 1.0] * 6
    assert with_target([0.5, 1.5, 2.5] * 6, "classification").schema.classes == (0.5, 1.5, 2.5)
    assert with_target(range(60), "regression").task is Task.REGRESSION
    assert with_target(["a", "b"] * 6, Task.BINARY).task is Task.BINARY
    assert with_target(["a", "b"] * 6, "multiclass").task is Task.BINARY


def test_rows_without_a_target_are_dropped_with_a_count() -> None:
    dataset = with_target(["a", None, "b", "NA", "a", "b", " ? "])
    assert dataset.n_rows == 4
    assert dataset.X.index.tolist() == [0, 1, 2, 3]
    assert dataset.notes == ("3 rows dropped: target 'goal' is missing",)


BAD: dict[str, tuple[Sequence[object], TaskChoice, str]] = {
    "all missing": ([None, "", "NA", "?"], "auto", "has no values: all 4 cells are missing"),
    "constant": (["a", "a", None, "a"], "auto", "is constant, one class or number: each cell is 'a' or missing"),
    "constant number": ([1.5] * 5, "regression", "is constant, one class or number: each cell is '1.5'"),
    "unique texts": ([f"name {row}" for row in range(12)], "auto", "a class of its own for each of the 12 rows"),
    "unique texts in a tiny table": ([f"name {row}" for row in range(60)], "auto", "--task multiclass if each is a"),
    "unique numbers as classes": (range(61), "multiclass", "Try --task regression"),
    "one class of more than one": (["a"] * 60 + ["rare"], "auto", "class 'rare' has only one row"),
    "long class of one": (["a"] * 60 + ["r" * 5000], "auto", r"class 'r{120}\.\.\.' has only one row"),
    "classes of one": (["a"] * 60 + ["c", "d"], "auto", r"2 classes have only one row \('c', 'd'\)"),
    "mostly unique texts": (
        [*(f"name {row}" for row in range(50)), *["a", "b"] * 10],
        "auto",
        "a class of its own for 50 of the 70 rows.*--task multiclass if each",
    ),
    "three classes as two": (["a", "b", "c"] * 4, "binary", "has 3 classes, not 2: 'a', 'b', 'c'. Try --task multi"),
    "text in numbers": (["1.5", "2.5", "abc", "4"], "regression", "1 of 4 cells .* 'abc' in data row 3"),
    "words as numbers": (
        ["a", "b"] * 4,
        "regression",
        "8 of 8 cells are not numbers; the first is 'a' in data row 1",
    ),
    "one word in many numbers": ([*map(str, RNG.normal(size=40)), "oops"], "auto", "'oops' in data row 41"),
    "dates": (pd.date_range("2020-01-01", periods=5), "auto", "has dates"),
}


ONE_SHOT: dict[str, tuple[Sequence[object], TaskChoice, Task]] = {
    "five texts": (["owl", "eel", "fox", "ant", "bee"], "auto", Task.MULTICLASS),
    "two booleans": ([True, False], "auto", Task.BINARY),
    "many texts, named as classes": ([f"name {row}" for row in range(60)], "multiclass", Task.MULTICLASS),
    "numbers, named as classes": (range(12), "classification", Task.MULTICLASS),
    "one class of one": (["a", "b", "a", "b", "rare"], "auto", Task.MULTICLASS),
    "one of two classes": (["a"] * 59 + ["b"], "auto", Task.BINARY),
    "one class of one in many rows": (["a", "b"] * 60 + ["rare"], "auto", Task.MULTICLASS),
    "classes of one in many rows": (["a", "b"] * 60 + ["c", "d", "e"], "auto", Task.MULTICLASS),
    "mostly unique texts, named as classes": (
        [*(f"name {row}" for row in range(50)), *["a", "b"] * 10],
        "multiclass",
        Task.MULTICLASS,
    ),
}


@pytest.mark.parametrize(("values", "choice", "task"), ONE_SHOT.values(), ids=ONE_SHOT)
def test_a_class_may_have_one_row(values: Sequence[object], choice: TaskChoice, task: Task) -> None:
    dataset = with_target(values, choice)
    assert dataset.task is task
    assert dataset.n_classes == len(set(values))
    assert [str(dataset.schema.classes[code]) for code in dataset.y] == [str(value) for value in values]


def test_a_class_with_one_row_is_told_of_in_tables_of_any_size() -> None:
    for repeats in (3, 300):
        notes = with_target(["a", "b"] * repeats + ["rare"]).notes
        assert notes == ("class 'rare' has a single row: trained on, never validated",)


@pytest.mark.parametrize(("values", "task", "message"), BAD.values(), ids=BAD)
def test_target_that_cannot_be_learned_is_refused(values: Sequence[object], task: TaskChoice, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        with_target(values, task)
    assert "'goal'" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_row_of_a_text_counts_rows_that_are_missing_too() -> None:
    with pytest.raises(TargetError, match="data row 4"):
        with_target(["1", None, "2.5", "x", "3"], "regression")


def test_absent_target_is_answered_with_the_nearest_name() -> None:
    frame = pd.DataFrame({"Churn": [1, 0], "age": [1, 2]})
    with pytest.raises(MissingTargetError, match=r"no column named 'churn'. Try --target 'Churn'"):
        make_dataset(frame, "churn")
    with pytest.raises(MissingTargetError, match="Try --target with one of: 'Churn', 'age'"):
        make_dataset(frame, "zzz")


@pytest.mark.parametrize("name", ["target", "Class", "LABEL", "y"])
def test_usual_names_are_guessed(name: str) -> None:
    assert guess_target(["a", name, "b"]) == name


def test_other_names_are_listed() -> None:
    with pytest.raises(MissingTargetError, match="Try --target with one of: 'a', 'b'") as caught:
        guess_target(["a", "b"], "data.csv")
    assert caught.value.columns == ("a", "b")


def test_errors_survive_the_way_between_processes() -> None:
    errors: list[InputError] = [
        MissingTargetError("data.csv", "a", ("b", "c")),
        TargetError("y", "is constant."),
        TableError("data.csv", "is empty."),
    ]
    for error in errors:
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["b", "a", "c"] * 4, "O"), ([True, False] * 6, "b"), ([3, 5, 4] * 10, "i"), ([0.5, 1.5] * 6, "f")],
)
def test_labels_come_back_from_codes(values: list[object], kind: str) -> None:
    dataset = with_target(values, "classification")
    labels = labels_from(dataset.y, dataset.schema)
    assert labels.tolist() == values
    assert labels.dtype.kind == kind == class_labels(dataset.schema).dtype.kind


def test_regression_has_no_labels() -> None:
    with pytest.raises(ValueError, match="regression"):
        labels_from(np.array([0]), with_target(range(60)).schema)


@pytest.mark.parametrize(
    ("fitted", "new", "codes"),
    [
        ([1, 2, 3] * 10, ["3", "1.0", " 2 "], [2, 0, 1]),
        (["1", "2", "x"] * 10, [1, 2.0, 1], [0, 1, 0]),
        ([True, False] * 5, ["true", "FALSE"], [1, 0]),
        (["a", "b"] * 5, pd.Categorical(["b", "a"]), [1, 0]),
        (["01", "1"] * 5, ["1", "01"], [1, 0]),
    ],
)
def test_target_of_another_table_is_coded_alike(
    fitted: Sequence[object], new: Sequence[object], codes: list[int]
) -> None:
    schema = with_target(fitted, "classification").schema
    assert target_from(pd.DataFrame({"goal": new}), schema).tolist() == codes


def test_target_of_another_table_must_be_known() -> None:
    schema = with_target(["a", "b"] * 5).schema
    with pytest.raises(TargetError, match=r"classes that the model does not know: 'c'. Known: 'a', 'b'"):
        target_from(pd.DataFrame({"goal": ["a", "c"]}), schema)
    frame = pd.DataFrame({"goal": ["a", None, "b"]})
    with pytest.raises(TargetError, match="missing in 1 rows; the first is data row 2"):
        target_from(frame, schema)
    assert target_from(frame[has_target(frame, schema)], schema).tolist() == [0, 1]
    with pytest.raises(MissingTargetError):
        target_from(pd.DataFrame({"other": [1]}), schema)


def test_regression_target_of_another_table_may_be_text() -> None:
    schema = with_target(range(60)).schema
    assert target_from(pd.DataFrame({"goal": ["1.5", "-2"]}), schema).tolist() == [1.5, -2.0]


def test_arrays_side_by_side() -> None:
    X = RNG.normal(size=(20, 3))
    dataset = dataset_from_arrays(X, ["u", "v"] * 10)
    assert list(dataset.X.columns) == ["x0", "x1", "x2"]
    assert dataset.schema.target == "target"
    assert (dataset.X.to_numpy() == X).all()


def test_frame_and_series_are_joined_by_position_not_by_index() -> None:
    frame = pd.DataFrame({"target": RNG.normal(size=6)}, index=range(6, 0, -1))
    dataset = dataset_from_arrays(frame, pd.Series(["u", "v"] * 3, index=range(100, 106), name="target"))
    assert dataset.schema.target == "target_"
    assert dataset.X["target"].tolist() == frame["target"].tolist()
    assert labels_from(dataset.y, dataset.schema).tolist() == ["u", "v"] * 3


def test_lengths_must_agree() -> None:
    with pytest.raises(InputError, match="X has 3 rows and y has 2"):
        dataset_from_arrays(np.zeros((3, 1)), [0, 1])
    with pytest.raises(InputError, match="one value for each row"):
        dataset_from_arrays(np.zeros((3, 1)), np.zeros((3, 2)))


def test_taking_rows_keeps_the_schema() -> None:
    dataset = with_target(["a", "b"] * 10)
    part = dataset.take(np.array([3, 1, 1]))
    assert part.y.tolist() == [1, 1, 1]
    assert part.X["x"].tolist() == dataset.X["x"].iloc[[3, 1, 1]].tolist()
    assert part.schema is dataset.schema

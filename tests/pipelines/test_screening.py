from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f_oneway
from sklearn.feature_selection import f_classif, f_regression

from automl_meta.datasets import Task, make_dataset
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.encoders.screening import KEPT_COLUMNS, MOST_COLUMNS, screened
from automl_meta.pipelines.preprocessing import Preprocessing, build_preprocessor

Test = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
NO_CODES = np.zeros((60, 0), dtype=np.intp)
TARGETS = [(2, f_classif), (4, f_classif), (0, f_regression)]


def noise(n_columns: int, n_rows: int = 60) -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, size=(n_rows, n_columns))


def target(n_classes: int, n_rows: int = 60) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, n_classes, n_rows) if n_classes else rng.normal(size=n_rows)


def test_all_columns_are_looked_at_where_there_are_not_too_many() -> None:
    numbers, categories = screened(noise(MOST_COLUMNS - 2), np.zeros((60, 2), dtype=np.intp), target(2), 2)
    assert (numbers.tolist(), categories.tolist()) == (list(range(MOST_COLUMNS - 2)), [0, 1])


@pytest.mark.parametrize(("n_classes", "test"), TARGETS)
def test_numbers_are_kept_in_the_order_of_the_f_test(n_classes: int, test: Test) -> None:
    values, y = noise(MOST_COLUMNS + 1), target(n_classes)
    expected = np.sort(np.argsort(-test(values, y)[0])[:KEPT_COLUMNS])
    numbers, categories = screened(values, NO_CODES, y, n_classes)
    np.testing.assert_array_equal(numbers, expected)
    assert not categories.size


def test_categories_are_kept_in_the_order_of_the_f_test() -> None:
    rng = np.random.default_rng(0)
    codes, y = rng.integers(0, 5, size=(60, MOST_COLUMNS + 1)), target(0)
    codes[:5] = np.arange(5)[:, None]  # every level in every column
    statistics = [f_oneway(*(y[column == level] for level in range(5))).statistic for column in codes.T]
    _, categories = screened(np.zeros((60, 0)), codes, y, 0)
    np.testing.assert_array_equal(categories, np.sort(np.argsort(-np.array(statistics))[:KEPT_COLUMNS]))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_classes", [0, 2, 4])
def test_what_tells_of_the_target_is_kept_of_numbers_and_categories(n_classes: int) -> None:
    values, y = noise(MOST_COLUMNS), target(n_classes)
    values[:, 7] += 5 * y
    values[::2, 7] = np.nan
    values[:, 8], values[0, 9], values[:, 10] = np.nan, np.inf, 2.5
    codes = np.random.default_rng(2).integers(0, 3, size=(60, 40))
    codes[:, 30] = y > np.median(y)
    codes[:, 31] = np.arange(60)  # one row a level
    numbers, categories = screened(values, codes, y, n_classes)
    assert 7 in numbers
    assert 30 in categories
    assert not {8, 10} & set(numbers)
    assert 31 not in categories
    assert len(numbers) + len(categories) == KEPT_COLUMNS


def test_a_constant_target_is_no_obstacle() -> None:
    for n_classes in (0, 2):
        numbers, _ = screened(noise(MOST_COLUMNS + 1), NO_CODES, np.zeros(60, dtype=np.int64), n_classes)
        assert len(numbers) == KEPT_COLUMNS


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("categorical", ["native", "ordinal", "onehot", "target"])
def test_a_wide_table_reaches_the_algorithm_narrower(task: Task, categorical: str) -> None:
    y = {Task.BINARY: target(2), Task.MULTICLASS: target(3), Task.REGRESSION: target(0)}[task]
    frame = pd.DataFrame(noise(MOST_COLUMNS + 5)).add_prefix("n")
    levels = np.where(y > np.median(y), "high", "low")
    frame = frame.assign(level=levels, other=np.resize(["a", "b", "c"], 60))
    dataset = make_dataset(frame.assign(y=y), "y", task=task)
    context = FitContext(task=task, n_classes=dataset.n_classes, seed=0)
    preprocessor = build_preprocessor(Preprocessing(categorical=categorical), dataset.schema, context)
    prepared = preprocessor.fit_transform(dataset.X, dataset.y)
    again = preprocessor.transform(dataset.X)
    assert prepared.shape == again.shape
    assert KEPT_COLUMNS <= prepared.shape[1] <= KEPT_COLUMNS + 6  # a category can be several numbers

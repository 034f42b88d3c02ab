"""Tables at the edge: every value is finite or missing, and nothing is printed or warned."""

import warnings

import numpy as np
import pandas as pd
import pytest
from metafeature_tables import dataset_of, mixed_frame

from automl_meta.datasets import Dataset
from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.metafeatures import extract, extract_dataset, metafeature_names

N = 40
RNG = np.random.default_rng(0)
TABLES = {
    "no_column": pd.DataFrame(index=range(N)),
    "constant": pd.DataFrame(np.ones((N, 3)), columns=list("abc")),
    "all_missing": pd.DataFrame(np.full((N, 3), np.nan), columns=list("abc")),
    "infinite": pd.DataFrame({"a": [np.inf] * 20 + [1.0] * 20, "b": [-np.inf] * N}),
    "huge": pd.DataFrame(RNG.normal(size=(N, 3)) * 1e300, columns=list("abc")),
    "tiny": pd.DataFrame(RNG.normal(size=(N, 3)) * 1e-300, columns=list("abc")),
    "large_and_close": pd.DataFrame(1e15 + RNG.normal(size=(N, 2)), columns=list("ab")),
    "equal_rows": pd.DataFrame(np.repeat(RNG.normal(size=(4, 3)), 10, axis=0), columns=list("abc")),
    "equal_columns": pd.DataFrame(np.repeat(RNG.normal(size=(N, 1)), 3, axis=1), columns=list("abc")),
    "levels_all_differ": pd.DataFrame({"a": pd.Categorical.from_codes(range(N), [f"l{i}" for i in range(N)])}),
    "levels_all_missing": pd.DataFrame({"a": pd.Categorical.from_codes([-1] * N, ["u", "v"])}),
    "one_text": pd.DataFrame({"a": pd.Series([None] * (N - 1) + ["x y"], dtype=object)}),
    "one_date": pd.DataFrame({"a": pd.to_datetime([None] * (N - 1) + ["2020-01-01"]).astype("datetime64[ns]")}),
    "more_columns_than_rows": pd.DataFrame(RNG.normal(size=(N, 90))).rename(columns=str),
}
TARGETS = {
    "binary": ("binary", RNG.integers(0, 2, N)),
    "one_class": ("binary", np.zeros(N)),
    "lone_row_of_a_class": ("binary", np.eye(N)[0]),
    "two_rows_a_class": ("multiclass", np.arange(N) // 2),
    "one_row_a_class": ("multiclass", np.arange(N)),
    "numbers": ("regression", RNG.normal(size=N)),
    "constant_number": ("regression", np.full(N, 3.5)),
    "huge_numbers": ("regression", RNG.normal(size=N) * 1e300),
}


def check(dataset: Dataset, capfd: pytest.CaptureFixture[str]) -> int:
    """Check what holds for every table, and return how many of its values are there."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = extract_dataset(dataset, time_limit=None)
    assert tuple(found.values) == metafeature_names(dataset.task)
    numbers = np.array(list(found.values.values()))
    assert np.array_equal(np.isnan(numbers), [name in found.left_out for name in found.values])
    assert not np.isinf(numbers).any()
    assert capfd.readouterr() == ("", "")
    return int(np.isfinite(numbers).sum())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("table", TABLES)
def test_odd_table_is_described(table: str, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    task, y = TARGETS[target]
    assert check(dataset_of(TABLES[table], y, task), capfd) > 0


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 6])
def test_few_rows_are_described(n_rows: int, task: Task, capfd: pytest.CaptureFixture[str]) -> None:
    assert check(dataset_of(mixed_frame(RNG, n_rows), np.arange(n_rows) % 3, task), capfd) > 0


def test_no_row_is_described(capfd: pytest.CaptureFixture[str]) -> None:
    assert check(dataset_of(mixed_frame(RNG, 0), np.empty(0), "regression"), capfd) > 0


@pytest.mark.slow
def test_ten_thousand_columns_are_described_within_the_caps(capfd: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(RNG.normal(size=(60, 10_000))).rename(columns=str)
    dataset = dataset_of(frame, np.arange(60) % 2, "binary")
    check(dataset, capfd)
    assert extract_dataset(dataset, groups=["general"], time_limit=None).values["nr_attr"] == 10_000


@pytest.mark.slow
def test_a_million_rows_are_described_within_the_caps(capfd: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(RNG.normal(size=(1_000_000, 3)), columns=list("abc"))
    dataset = dataset_of(frame, RNG.integers(0, 3, len(frame)), "multiclass")
    check(dataset, capfd)
    found = extract_dataset(dataset, groups=["general"], time_limit=None)
    assert found.values["nr_inst"] == 1_000_000
    assert found.rows_used <= 10_000


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.ones((1, 3)), [0]),
        (np.ones((30, 2)), np.arange(30) % 2),
        (np.full((30, 2), np.nan), np.arange(30) % 2),
        (RNG.normal(size=(30, 2)), np.zeros(30)),
        (np.array([["a", None], ["b", "c"]], dtype=object), ["x", "y"]),
        (pd.DataFrame(index=range(5)), np.arange(5) / 2),
    ],
    ids=["one row", "constants", "all missing", "one class", "two rows of text", "no column"],
)
def test_what_nothing_can_be_learned_from_is_described(X: object, y: object) -> None:
    found = extract(X, y)
    assert found.values["nr_inst"] == len(y)  # type: ignore[arg-type]


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(InputError, match="3 rows"):
        extract(np.ones((3, 2)), [0, 1])

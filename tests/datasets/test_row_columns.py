import numpy as np
import pandas as pd
import pytest

from automl_meta.datasets import (
    ColumnRole,
    RowColumnError,
    RowColumns,
    Schema,
    dataset_from_arrays,
    features_from,
    make_dataset,
    weights_from,
)
from automl_meta.errors import InputError

N_ROWS = 40


def visits(**changes: object) -> pd.DataFrame:
    random = np.random.default_rng(0)
    columns = {
        "size": random.normal(size=N_ROWS),
        "patient": random.choice(["ann", "bob", "cid"], N_ROWS),
        "day": [f"{1 + row % 28:02d}.{1 + row // 28:02d}.2024" for row in random.permutation(N_ROWS)],
        "weight": random.integers(0, 3, N_ROWS),
        "ill": random.choice(["no", "yes"], N_ROWS),
    }
    return pd.DataFrame({**columns, **changes})


def test_groups_and_weights_are_no_features_and_times_are() -> None:
    table = visits()
    grouped = make_dataset(table, "ill", rows=RowColumns(groups="patient", weight="weight"))
    kept = table[table["weight"] > 0]
    assert list(grouped.X.columns) == ["size", "day"]
    assert grouped.weights is not None
    assert grouped.weights.tolist() == kept["weight"].tolist()
    assert grouped.groups is not None
    for group in np.unique(grouped.groups):
        assert kept["patient"].to_numpy()[grouped.groups == group].tolist().count("ann") in (
            0,
            (grouped.groups == group).sum(),
        )
    assert "weight" in " ".join(grouped.notes)
    ordered = make_dataset(table, "ill", rows=RowColumns(time="day"))
    assert "day" in ordered.X.columns
    dates = pd.to_datetime(table["day"], format="%d.%m.%Y").to_numpy()
    assert ordered.times is not None
    assert np.argsort(ordered.times, kind="stable").tolist() == np.argsort(dates, kind="stable").tolist()


def test_an_ignored_time_column_still_orders_the_rows() -> None:
    dataset = make_dataset(visits(), "ill", ignore=["day"], rows=RowColumns(time="day"))
    assert "day" not in dataset.X.columns
    assert dataset.times is not None


@pytest.mark.parametrize("times", [np.arange(N_ROWS) / 7, pd.date_range("2020", periods=N_ROWS, tz="UTC")])
def test_times_may_be_numbers_or_dates(times: object) -> None:
    dataset = make_dataset(visits(day=times), "ill", rows=RowColumns(time="day"))
    assert dataset.times is not None
    assert dataset.times.tolist() == list(range(N_ROWS))


def test_taking_rows_takes_what_is_known_of_them() -> None:
    dataset = make_dataset(visits(), "ill", rows=RowColumns(groups="patient", weight="weight"))
    some = dataset.take(np.array([5, 2]))
    assert dataset.groups is not None
    assert some.groups is not None
    assert dataset.weights is not None
    assert some.weights is not None
    assert some.groups.tolist() == dataset.groups[[5, 2]].tolist()
    assert some.weights.tolist() == dataset.weights[[5, 2]].tolist()
    assert some.times is None


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (RowColumns(groups="pateint"), {}, r"--groups 'pateint': there is no such column. Did you mean 'patient'\?"),
        (RowColumns(groups="ill"), {}, "this is the target"),
        (RowColumns(groups="patient"), {"patient": "ann"}, "one group"),
        (RowColumns(groups="patient"), {"patient": ["ann", None] * 20}, "20 cells are empty; .* data row 2"),
        (RowColumns(groups="patient", time="day"), {}, "by groups or by time"),
        (RowColumns(groups="patient", weight="patient"), {}, "already"),
        (RowColumns(time="patient"), {}, "neither dates nor numbers"),
        (RowColumns(time="day"), {"day": "2024-01-01"}, "the same time"),
        (RowColumns(time="day"), {"day": [1.0, np.nan] * 20}, "20 cells are empty or not a time"),
        (RowColumns(weight="size"), {}, "below 0"),
        (RowColumns(weight="weight"), {"weight": [1.0, np.inf] * 20}, "20 cells are not finite numbers"),
        (RowColumns(weight="weight"), {"weight": 0}, "all weights are zero"),
        (RowColumns(weight="patient"), {}, "not numbers"),
    ],
)
def test_what_is_wrong_with_a_column_is_said(rows: RowColumns, changes: dict[str, object], message: str) -> None:
    with pytest.raises(RowColumnError, match=message):
        make_dataset(visits(**changes), "ill", rows=rows)


def test_a_row_is_named_by_its_place_in_the_table() -> None:
    patients = ["ann", "bob"] * 20
    patients[30] = ""
    target = ["", *(["no", "yes"] * 20)][:N_ROWS]  # the first row has no target, and is dropped
    with pytest.raises(RowColumnError, match="1 cell is empty; the first is in data row 31"):
        make_dataset(visits(patient=patients, ill=target), "ill", rows=RowColumns(groups="patient"))


def test_arrays_of_weights_and_groups_are_understood_beside_the_features() -> None:
    random = np.random.default_rng(0)
    X, y, weights = random.normal(size=(30, 2)), np.arange(30) % 2, np.arange(30) % 3
    dataset = dataset_from_arrays(X, y, sample_weight=weights, groups=np.arange(30) // 5)
    assert dataset.X.shape == (20, 2)
    assert dataset.weights is not None
    assert dataset.weights.tolist() == weights[weights > 0].tolist()
    with pytest.raises(InputError, match="X has 30 rows and groups has 2"):
        dataset_from_arrays(X, y, groups=[0, 1])


def test_the_schema_remembers_the_columns_and_new_tables_need_not_have_them() -> None:
    table = visits()
    dataset = make_dataset(table, "ill", rows=RowColumns(groups="patient", weight="weight"))
    schema = Schema.from_dict(dataset.schema.to_dict())
    assert schema.names(ColumnRole.GROUP, ColumnRole.WEIGHT) == ["patient", "weight"]
    _, check = features_from(table.drop(columns=["patient", "weight"]), schema)
    assert check.messages() == []
    assert features_from(table, schema)[1].messages() == []
    assert weights_from(table.drop(columns="weight"), schema) is None
    found = weights_from(table, schema)
    assert found is not None
    assert found.tolist() == table["weight"].tolist()

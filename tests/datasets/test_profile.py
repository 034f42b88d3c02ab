import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import features_from, make_dataset
from automl_meta.datasets.profile import DriftCounter, TableProfile, drifted_names, profile_of


def people(n_rows: int, seed: int, *, older: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": random.normal(40 + older, 10, n_rows).round(1),
            "town": random.choice(["Ulm", "Bern", "Graz"], n_rows, p=[0.6, 0.3, 0.1]),
            "member": random.choice(["yes", "no"], n_rows),
            "since": pd.Timestamp("2019-01-01") + pd.to_timedelta(random.integers(0, 700, n_rows), unit="D"),
            "letter": [" ".join(["word"] * k) for k in random.integers(3, 9, n_rows)],
            "target": random.choice(["a", "b"], n_rows),
        }
    )


DATASET = make_dataset(people(600, 0), "target")
PROFILE = profile_of(DATASET)


def drifts(table: pd.DataFrame, pieces: int = 1) -> dict[str, float]:
    counter = DriftCounter(PROFILE)
    for part in np.array_split(np.arange(len(table)), pieces):
        counter.add(features_from(table.iloc[part], DATASET.schema)[0])
    return {drift.name: drift.index for drift in counter.drifts()}


def test_another_sample_of_the_same_table_has_not_drifted() -> None:
    counter = DriftCounter(PROFILE)
    for seed in range(1, 6):
        counter.add(features_from(people(100, seed), DATASET.schema)[0])
    assert drifted_names(counter.drifts()) == []


def test_few_rows_are_not_called_drift() -> None:
    for seed in range(20):
        counter = DriftCounter(PROFILE)
        counter.add(features_from(people(8, seed), DATASET.schema)[0])
        assert drifted_names(counter.drifts()) == []


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("age", lambda t: t.assign(age=t.age + 12)),
        ("age", lambda t: t.assign(age=np.where(t.index % 2, np.nan, t.age))),
        ("town", lambda t: t.assign(town="Graz")),
        ("town", lambda t: t.assign(town=np.where(t.index % 2, "Rome", t.town))),
        ("member", lambda t: t.assign(member="yes")),
        ("since", lambda t: t.assign(since=t.since + pd.Timedelta("500D"))),
        ("letter", lambda t: t.assign(letter=t.letter * 3)),
    ],
)
def test_what_changed_is_named_and_nothing_else(column: str, change) -> None:
    counter = DriftCounter(PROFILE)
    counter.add(features_from(change(people(300, 7)), DATASET.schema)[0])
    assert drifted_names(counter.drifts()) == [column]


@settings(deadline=None, max_examples=25)
@given(pieces=st.integers(1, 20), older=st.floats(0, 5))
def test_a_table_in_pieces_drifts_as_much_as_the_whole(pieces: int, older: float) -> None:
    table = people(120, 3, older=older)
    assert drifts(table, pieces) == drifts(table)


def test_new_levels_count_as_rare_ones_and_not_as_missing() -> None:
    X, _ = features_from(people(200, 7).assign(town=["Rome", None] * 100), DATASET.schema)
    town = PROFILE.columns[[column.name for column in PROFILE.columns].index("town")]
    assert town.counts(X["town"]).tolist() == [0, 0, 0, 100, 100]
    described = profile_of(replace(DATASET, X=X)).columns[1]
    assert (described.levels, described.shares) == ((), (0.5, 0.5))


def test_profile_comes_back_from_json() -> None:
    assert TableProfile.from_dict(json.loads(json.dumps(PROFILE.to_dict()))) == PROFILE


def test_profile_of_the_future_is_refused() -> None:
    with pytest.raises(ValueError, match="format 9"):
        TableProfile.from_dict({**PROFILE.to_dict(), "format": 9})


def test_profile_is_small_whatever_the_table() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame({f"c{i}": random.normal(size=500) for i in range(200)})
    table["many"] = random.integers(0, 300, 500).astype(str) + "x"
    table["target"] = random.choice(["a", "b"], 500)
    text = json.dumps(profile_of(make_dataset(table, "target")).to_dict())
    assert len(text) < 300_000

"""Dates are read in the one format that fits the whole column."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets.dates import are_compact_dates, infer_date_format, read_dates

FORMATS = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d/%m/%y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y%m%dT%H%M%S",
    "%b %d %Y",
]


def inferred(texts: list[str]) -> str | None:
    return infer_date_format(texts, np.ones(len(texts), dtype=np.intp))


@pytest.mark.parametrize("written", FORMATS)
@given(days=st.lists(st.integers(0, 15_000), min_size=1, max_size=20), seconds=st.integers(0, 86_399))
@settings(max_examples=10, deadline=None)
def test_written_dates_come_back(written: str, days: list[int], seconds: int) -> None:
    # A thirteenth decides between day and month.
    dates = pd.DatetimeIndex(["2001-05-13", *(pd.Timestamp("1980-01-01") + pd.to_timedelta(days, unit="D"))])
    dates += pd.to_timedelta(seconds, unit="s")
    texts = list(dict.fromkeys(dates.strftime(written)))
    found = inferred(texts)
    assert found is not None
    expected = pd.to_datetime(pd.Series(texts), format=written)
    assert (read_dates(texts, found) == expected.to_numpy()).all()


def test_one_day_after_the_twelfth_decides_for_the_column() -> None:
    assert inferred(["01/02/2020", "03/04/2020", "25/04/2020"]) == "%d/%m/%Y"
    assert inferred(["01/02/2020", "03/04/2020", "04/25/2020"]) == "%m/%d/%Y"


@pytest.mark.parametrize(
    ("texts", "written"),
    [(["Mar-21", "Apr-20"], "%b-%y"), (["03/2021", "11/2020"], "%m/%Y"), (["4:11 AM", "11:05 PM"], "%I:%M %p")],
)
def test_months_and_hours_are_dates(texts: list[str], written: str) -> None:
    assert inferred(texts) == written
    assert not np.isnat(read_dates(texts, written)).any()


@pytest.mark.parametrize("stand_ins", [["9999-12-31"], ["0000-00-00", "unknown"]])
def test_one_or_two_texts_may_stand_for_no_date(stand_ins: list[str]) -> None:
    days = [f"2021-03-{day:02}" for day in range(1, 29)]
    counts = np.array([*[1] * len(days), *[10] * len(stand_ins)])
    assert infer_date_format([*days, *stand_ins], counts) == "ISO8601"
    assert infer_date_format([*days[:10], *stand_ins], counts[18:]) is None


@pytest.mark.parametrize(
    "texts", [["1.2.3", "4.5.6"], ["192.168.0.1"], ["2020", "2021"], ["12-15", "20-25"], ["99/99/2020"], ["abc"]]
)
def test_what_is_no_date_is_none(texts: list[str]) -> None:
    assert inferred(texts) is None


def test_zones_are_turned_into_utc() -> None:
    texts = ["2020-01-01T00:00:00+02:00", "2020-01-01T00:00:00Z"]
    found = inferred(texts)
    assert found is not None
    assert read_dates(texts, found).tolist() == read_dates(["2019-12-31 22:00", "2020-01-01"], found).tolist()


@pytest.mark.parametrize("zone", [" UTC", "UTC", " GMT", "gmt", "Z", " Z", "+00", " -00", "+0000", " +00:00"])
@pytest.mark.parametrize("date", ["2009-06-{}", "{}.06.2009", "06/{}/2009"])
def test_a_zone_is_read_however_it_is_written(date: str, zone: str) -> None:
    days = range(10, 30)
    texts = [f"{date.format(day)} 17:26:21{zone}" for day in days]
    found = inferred(texts)
    assert found is not None
    expected = np.array([f"2009-06-{day}T17:26:21" for day in days], dtype="datetime64[ns]")
    assert (read_dates(texts, found) == expected).all()


@pytest.mark.parametrize("date", ["2024-01-15", "15.01.2024"])
def test_zones_of_one_column_are_read_as_one_clock(date: str) -> None:
    texts = [f"{date} 10:00:00{zone}" for zone in ("UTC", "+02", "-0530", "+01:00")]
    found = inferred(texts)
    assert found is not None
    expected = np.array(
        [f"2024-01-15T{time}" for time in ("10:00", "08:00", "15:30", "09:00")], dtype="datetime64[ns]"
    )
    assert (read_dates(texts, found) == expected).all()


@pytest.mark.parametrize("texts", [["10:00-12", "11:00-14"], ["room UTC", "hall UTC"], ["2020-01-15 UTC"]])
def test_zones_do_not_make_dates_of_what_is_none(texts: list[str]) -> None:
    assert inferred(texts) is None


def test_compact_dates_must_all_be_dates() -> None:
    assert are_compact_dates(np.array([20200229.0, 19991231.0]))
    assert not are_compact_dates(np.array([20200230.0, 19991231.0]))
    assert not are_compact_dates(np.array([20200.0]))

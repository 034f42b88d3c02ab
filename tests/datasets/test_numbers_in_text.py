"""Numbers are read out of text in the one format that a column has."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.datasets import NumberFormat
from automl_meta.datasets.cells import look
from automl_meta.datasets.inference import numbers_in
from automl_meta.datasets.numbers import plain_numbers, read_numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1248 CC", "998 cc", "1,197 CC"], [1248, 998, 1197]),
        (["$1,200", "$ 35.50", "-$3", "$-4"], [1200, 35.5, -3, -4]),
        (["45%", "7 %", "12.5%"], [45, 7, 12.5]),
        (["1 234,5", "17,25", "-3"], [1234.5, 17.25, -3]),
        (["1.234,50 €", "99,00 €"], [1234.5, 99]),
        (["1,234", "5,678,901"], [1234, 5678901]),
        (["1.234.567", "12.345"], [1234567, 12345]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["1'234.5", "12"], [1234.5, 12]),
        (["1e5", "2.5E-3", "+3"], [1e5, 2.5e-3, 3]),
        (["\u22125", "4"], [-5, 4]),
        (["1\u00a0234", "5\u202f678"], [1234, 5678]),
        ([".5", "1."], [0.5, 1]),
        (["EUR 5", "EUR 6.5"], [5, 6.5]),
        (["950", "1.2k", "15.4K"], [950, 1200, 15400]),
        (["$1.5M", "$900K", "$20M"], [1.5e6, 9e5, 2e7]),
        (["12 m", "3.5 m"], [12, 3.5]),
        (["6'3\"", "5' 8\"", "5'"], [6.25, 5 + 8 / 12, 5]),
        (["7 ft 1 in", "6 ft"], [7 + 1 / 12, 6]),
        (["5h 30m", "1h", "2h,15m"], [5.5, 1, 2.25]),
    ],
)
def test_numbers_are_read_out_of_text(texts: list[str], numbers: list[float]) -> None:
    found = numbers_in(look(pd.Series(texts)))
    assert found is not None
    assert found[1].tolist() == pytest.approx(numbers)


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b", "c"],
        ["A1", "A2", "A3"],
        ["1a", "2b", "3c"],
        ["10-20", "20-30"],
        ["1.2.3", "1.2.4"],
        ["007", "042"],
        ["3 months", "6 months", "1 year"],
        ["8 GB", "16 GB", "512 MB"],
        ["5 kg", "7 s", "9 km"],
        ["<50", ">50"],
        ["<=50K", ">50K"],
        ["12,34,56", "1,2"],
    ],
)
def test_codes_are_not_numbers(texts: list[str]) -> None:
    assert numbers_in(look(pd.Series(texts))) is None


WEIGHTS = [f"{100 + row} g" for row in range(85)]


def test_the_heaviest_are_not_missing_because_they_are_in_another_unit() -> None:
    found = numbers_in(look(pd.Series([*WEIGHTS, "1 kg", "2 kg"])))
    assert found is not None
    assert found[1][-3:].tolist() == [184, 1000, 2000]
    assert read_numbers(["250 mg"], found[0]).tolist() == [0.25]


@pytest.mark.parametrize(
    ("common", "others", "numbers"),
    [
        ("{}m", ["5h 30m", "1h", "1h5m"], [330, 60, 65]),
        ("{} months", ["2 years", "1 year and 6 months"], [24, 18]),
        ("{} GB", ["512 MB", "1 TB"], [0.5, 1024]),
        ("{} min", ["2 m", "1.5 h", "3 d"], [2, 90, 4320]),
        ("{} m", ["3 d"], None),  # minutes or months
    ],
)
def test_other_units_are_converted(common: str, others: list[str], numbers: list[float] | None) -> None:
    found = numbers_in(look(pd.Series([*map(common.format, range(1, 31)), *others * 3])))
    if numbers is None:
        assert found is None
    else:
        assert found is not None
        assert found[1][30:].tolist() == pytest.approx(numbers)


def test_amounts_in_a_unit_that_cannot_be_converted_are_no_words_for_missing() -> None:
    assert numbers_in(look(pd.Series([*WEIGHTS, *["1 crate"] * 15]))) is None
    assert numbers_in(look(pd.Series([*WEIGHTS, *["unknown"] * 15]))) is not None


def test_bounds_among_numbers_are_the_numbers() -> None:
    values = [*(f"{row / 10}" for row in range(1, 51)), *["<0.1"] * 30, *[">100"] * 20, "≤ 7", "~8"]
    found = numbers_in(look(pd.Series(values)))
    assert found is not None
    assert found[1][-4:].tolist() == [0.1, 100, 7, 8]
    assert np.isnan(read_numbers(["<0.1"], NumberFormat())[0])  # as columns without bounds were always read


def test_terms_that_do_not_descend_are_no_sum() -> None:
    written = NumberFormat(suffix="m", units=(("h", 60.0), ("m", 1.0)))
    assert np.isnan(read_numbers(["5m 3h", "3h 3h", "5 3h", "3h 5"], written)).all()


def test_cells_in_another_unit_are_not_numbers() -> None:
    numbers = read_numbers(["19.7 kmpl", "26.6 km/kg", "20"], NumberFormat(suffix="kmpl"))
    assert numbers.tolist()[::2] == [19.7, 20]
    assert np.isnan(numbers[1])


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
@settings(deadline=None)
def test_plain_numbers_are_those_of_python(values: list[float]) -> None:
    assert plain_numbers([repr(value) for value in values]).tolist() == values


@given(
    values=st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30, unique=True),
    prefix=st.sampled_from(["", "$", "€ ", "USD "]),
    suffix=st.sampled_from(["", " kg", "%", " km/h"]),
    style=st.sampled_from([(".", ""), (".", ","), (",", "."), (",", " "), (".", " ")]),
)
@settings(deadline=None)
def test_formatted_numbers_come_back(values: list[int], prefix: str, suffix: str, style: tuple[str, str]) -> None:
    decimal, thousands = style
    table = str.maketrans({",": thousands, ".": decimal})
    texts = [f"{prefix}{value / 4:,.2f}{suffix}".translate(table) for value in values]
    found = numbers_in(look(pd.Series(texts)))
    assert found is not None
    cells = look(pd.Series(texts))
    assert cells.spread(found[1], np.nan).tolist() == pytest.approx([value / 4 for value in values], abs=0.0051)


@pytest.mark.parametrize("text", ["", "1_000", "inf", "nan", "0x10", "12 kg"])
def test_what_is_not_a_plain_number_is_missing(text: str) -> None:
    assert np.isnan(plain_numbers([text, "1"])[0])

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_meta.reporting.svg import Chart, Scale, number_label, padded, shortened
from automl_meta.reporting.words import as_sentence, listed, metric_value, plain_number

numbers = st.floats(-1e12, 1e12, allow_nan=False)


@given(low=numbers, size=st.floats(1e-6, 1e12))
def test_ticks_are_few_ascending_and_on_the_scale(low: float, size: float) -> None:
    high = low + size
    if not high > low or size < 1e-9 * abs(low):
        return
    ticks = Scale(low, high, 0, 100).ticks()
    assert len(ticks) <= 7
    assert ticks == sorted(ticks)
    assert all(low - 1e-6 * size <= tick <= high + 1e-6 * size for tick in ticks)


@given(values=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=8))
def test_a_range_is_never_empty(values: list[float]) -> None:
    low, high = padded(value for value in values if not abs(value) > 1e300)
    assert low < high
    assert math.isfinite(low)
    assert math.isfinite(high)


@given(points=st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5))
def test_nothing_is_drawn_outside_the_picture(points: list[tuple[float, float]]) -> None:
    chart = Chart("x", padded(x for x, _ in points), padded(y for _, y in points))
    chart.line(points, name="<line>")
    chart.dots(points)
    text = str(chart.markup())
    assert "&lt;line&gt;" in text
    for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', text):
        assert 0 <= float(x) <= 460
        assert 0 <= float(y) <= 300


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.25, "0.25"), (15_000, "15k"), (2_500_000, "2.5M"), (-3e9, "-3G"), (1e15, "1.0e+15")],
)
def test_numbers_on_an_axis_are_short(value: float, text: str) -> None:
    assert number_label(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (float("nan"), "-"), (0.98765, "0.9877"), (12.3456, "12.35"), (1234.5, "1,234"), (40.0, "40")],
)
def test_numbers_are_written_for_people(value: float | None, text: str) -> None:
    assert plain_number(value) == text


def test_losses_are_shown_without_the_minus() -> None:
    assert metric_value("neg_log_loss", -0.25) == "0.2500"
    assert metric_value("r2", -0.25) == "-0.2500"
    assert metric_value("r2", None) == "-"


def test_texts_are_cut_and_listed() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abc", 4) == "abc"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_a_sentence_begins_large_and_keeps_its_other_letters() -> None:
    assert as_sentence("12 rows are few. RMSE is high") == "12 rows are few. RMSE is high."
    assert as_sentence("greedy: better in R2") == "Greedy: better in R2."

"""Numbers written in text: "1248 CC", "$1,200", "45%", "1 234,5"."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.schema import NumberFormat

UNIT_SHARE = 0.8  # of the numbers that have the most common unit, or none
MAGNITUDES = {"": 1.0, "k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12}

_CURRENCY = r"(?:[$€£¥₹₽₩]|(?:US|AU?|CA?|NZ|HK|SG?)\$|(?:USD|EUR|GBP|CHF|JPY|INR|AUD|CAD|Rs\.?)(?=[\s\d]))"
_BLANKS = " \u00a0\u202f"
_SIGN = "[+\u2212-]"
_EXPONENT = r"e[+-]?\d+"
_PARTS = re.compile(
    rf"{_SIGN}?\s*(?P<prefix>{_CURRENCY}?)\s*{_SIGN}?(?P<digits>(?:\d[\d.,'{_BLANKS}]*\d|\d)\.?|[.,]\d+)"
    rf"(?:{_EXPONENT})?\s*(?P<suffix>[^\d]{{0,20}})",
    re.IGNORECASE,
)
# In order of preference where a column can be read in several ways.
_STYLES = ((".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"))


def plain_numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return what `float` makes of each text; NaN where it makes nothing, or nothing finite."""
    try:
        numbers = np.array([float(text.replace("_", "x")) for text in texts], dtype=np.float64)
    except ValueError:
        numbers = np.array([_plain(text) for text in texts], dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def infer_format(texts: Sequence[str], counts: NDArray[np.intp]) -> NumberFormat | None:
    """Return the one format in which most of the distinct `texts` are numbers, or None.

    Parameters
    ----------
    texts : sequence of str
        Distinct and stripped.
    counts : int array of shape (n_texts,)
        How often each occurs.

    Returns
    -------
    NumberFormat or None
        None if fewer than half of the cells are numbers, or fewer than 80 % of the numbers have the most common
        prefix and suffix, or none.
    """
    written = _numbers_in(texts, counts)
    if written is None:
        return None
    magnitudes = _have_magnitudes({unit[1] for unit, _, _ in written}, texts)
    if magnitudes:
        written = [((prefix, ""), digits, count) for (prefix, _), digits, count in written]
    units: Counter[tuple[str, str]] = Counter()
    for unit, _, count in written:
        units[unit] += count
    bare = units.pop(("", ""), 0)
    unit, n_unit = min(units.items(), key=lambda item: (-item[1], item[0]), default=(("", ""), 0))
    if bare + n_unit < UNIT_SHARE * (bare + units.total()):
        return None
    style = _best_style([(digits, count) for other, digits, count in written if other in (unit, ("", ""))])
    if style is None:
        return None
    return NumberFormat(prefix=unit[0], suffix=unit[1], decimal=style[0], thousands=style[1], magnitudes=magnitudes)


def read_numbers(texts: Sequence[str], written: NumberFormat) -> NDArray[np.float64]:
    """Return the numbers that distinct `texts` are under a format; NaN where one is not."""
    suffix = "|".join(MAGNITUDES) if written.magnitudes else f"(?:{re.escape(written.suffix)})?"
    pattern = re.compile(
        rf"({_SIGN}?)\s*(?:{re.escape(written.prefix)})?\s*({_SIGN}?)"
        rf"({_style(written.decimal, written.thousands)})({_EXPONENT})?\s*({suffix})",
        re.IGNORECASE,
    )
    dropped = _BLANKS if written.thousands == " " else written.thousands
    table = str.maketrans({**dict.fromkeys(dropped), written.decimal: "."})
    factors = MAGNITUDES if written.magnitudes else {}
    numbers = [_read(pattern.fullmatch(text), table, factors) for text in texts]
    return np.array(numbers, dtype=np.float64)


def _plain(text: str) -> float:
    if text[:1] not in "+-.0123456789" or "_" in text:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _read(match: re.Match[str] | None, table: dict[int, str | None], factors: Mapping[str, float]) -> float:
    if match is None:
        return np.nan
    sign, inner, digits, exponent, suffix = match.groups()
    value = float(digits.translate(table) + (exponent or "")) * factors.get(suffix.casefold(), 1.0)
    if not np.isfinite(value):
        return np.nan
    return -value if (sign or inner) in ("-", "\u2212") else value


def _numbers_in(texts: Sequence[str], counts: NDArray[np.intp]) -> list[tuple[tuple[str, str], str, int]] | None:
    """Return unit, digits and count of each text that has a number; None as soon as too few can have one."""
    written = []
    allowed = 0.5 * counts.sum()
    for text, count in zip(texts, counts.tolist(), strict=True):
        parts = _PARTS.fullmatch(text)
        if parts is None:
            allowed -= count
            if allowed < 0:
                return None
            continue
        unit = (parts["prefix"].casefold(), parts["suffix"].strip().casefold())
        written.append((unit, parts["digits"], count))
    return written


def _have_magnitudes(suffixes: set[str], texts: Sequence[str]) -> bool:
    """Return whether numbers are written as 950, 1.2k and 3M.

    A lone "5 m" may be metres, and a lone "12B" a door; "5k" and "5M" are neither.
    """
    if not suffixes <= MAGNITUDES.keys() or suffixes == {""}:
        return False
    attached = {text[-1] for text in texts if text[-2:-1].isdigit()}
    return bool(attached & {"k", "K", "M"}) or suffixes >= {"m", "b"}


def _best_style(written: Iterable[tuple[str, int]]) -> tuple[str, str] | None:
    """Return the first of the styles in which the most cells are numbers."""
    best, fewest = None, sum(count for _, count in written)
    for style in _STYLES:
        pattern = re.compile(_style(*style))
        unread = sum(count for digits, count in written if not pattern.fullmatch(digits))
        if unread < fewest:
            best, fewest = style, unread
        if unread == 0:
            break
    return best


def _style(decimal: str, thousands: str) -> str:
    """Return the pattern of unsigned numbers with such a decimal point and such groups of thousands."""
    point = re.escape(decimal)
    fraction = rf"(?:{point}\d*)?"
    if not thousands:
        return rf"\d+{fraction}|{point}\d+"
    gap = f"[{_BLANKS}]" if thousands == " " else re.escape(thousands)
    return rf"(?:[1-9]\d{{0,2}}(?:{gap}\d{{3}})+|\d+){fraction}|{point}\d+"

"""Numbers written in text: "1248 CC", "$1,200", "45%", "1 234,5", "<0.1", "2 h 5 min"."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.schema import NumberFormat
from automl_meta.datasets.units import conversions, descend

MANY = 20  # more distinct numbers than this make it believable that some cells are written otherwise
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
_BOUND = r"(?:[<>]=?|[\u2264\u2265\u2248~])\s*"
_BOUNDED = re.compile(_BOUND)
_PLAIN = r"\d+(?:[.,]\d+)?"
_UNIT = r"(?:[^\W\d]+|['\"])"
_GAP = r"[\s,]*(?:and\s+)?"  # between the hours and the minutes
_TERM = re.compile(rf"({_PLAIN})\s*({_UNIT})")
_TERMS = re.compile(rf"{_SIGN}?(?:{_PLAIN}\s*{_UNIT}{_GAP}){{2,}}")
# In order of preference where a column can be read in several ways.
_STYLES = ((".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A text that has a number, or several with a unit each, as "2 h 5 min" has."""

    prefix: str = ""
    units: tuple[str, ...]  # casefolded; ("",) if there is none
    digits: tuple[str, ...]
    bounded: bool = False
    count: int = 0


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
        None if fewer than half of the cells are numbers; or fewer than 80 % of the numbers have units that can be
        converted into each other, or else the most common prefix and suffix, or none.
    """
    numbers = _numbers_in(texts, counts)
    if numbers is None:
        return None
    if _have_magnitudes({unit for number in numbers for unit in number.units}, texts):
        found = _of_one_unit([replace(number, units=("",)) for number in numbers])
        return None if found is None else replace(found, magnitudes=True)
    alone = [number for number in numbers if len(number.units) == 1]
    found = _of_several_units(numbers)
    if found is None and 2 * sum(number.count for number in alone) >= counts.sum():
        return _of_one_unit(alone)
    return found


def read_numbers(texts: Sequence[str], written: NumberFormat) -> NDArray[np.float64]:
    """Return the numbers that distinct `texts` are under a format; NaN where one is not."""
    factors = MAGNITUDES if written.magnitudes else dict(written.units)
    style = _style(written.decimal, written.thousands)
    units = "|".join(map(re.escape, factors or [written.suffix]))
    more = rf"{_GAP}({style})\s*({units})"
    rest = rf"(?:{_GAP}(?:{style})\s*(?:{units}))*" if written.units else ""
    pattern = re.compile(
        rf"{f'(?:{_BOUND})?' if written.bounds else ''}({_SIGN}?)\s*(?:{re.escape(written.prefix)})?\s*({_SIGN}?)"
        rf"({style})({_EXPONENT})?\s*((?:{units})?)({rest})",
        re.IGNORECASE,
    )
    dropped = _BLANKS if written.thousands == " " else written.thousands
    table = str.maketrans({**dict.fromkeys(dropped), written.decimal: "."})
    terms = re.compile(more, re.IGNORECASE)
    numbers = [_read(pattern.fullmatch(text), terms, table, factors) for text in texts]
    return np.array(numbers, dtype=np.float64)


def is_bounded(text: str) -> bool:
    """Return whether a text begins as "<0.1", "≥ 5" and "~7" do."""
    return _BOUNDED.match(text) is not None


def _plain(text: str) -> float:
    if text[:1] not in "+-.0123456789" or "_" in text:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _read(
    match: re.Match[str] | None, terms: re.Pattern[str], table: dict[int, str | None], factors: Mapping[str, float]
) -> float:
    if match is None:
        return np.nan
    sign, inner, digits, exponent, unit, rest = match.groups()
    parts = [(digits.translate(table) + (exponent or ""), unit)]
    if rest:
        parts += [(digits.translate(table), unit) for digits, unit in terms.findall(rest)]
    sizes = [factors.get(unit.casefold(), 1.0) for _, unit in parts]
    if rest and not (unit and all(after < before for before, after in pairwise(sizes))):
        return np.nan
    value = sum(float(digits) * size for (digits, _), size in zip(parts, sizes, strict=True))
    if not np.isfinite(value):
        return np.nan
    return -value if (sign or inner) in ("-", "\u2212") else value


def _numbers_in(texts: Sequence[str], counts: NDArray[np.intp]) -> list[_Written] | None:
    """Return what has a number; None as soon as fewer than half of the cells can have one.

    Bounds count only among many numbers: "<50" and ">50" alone are two classes.
    """
    written = []
    allowed = 0.5 * counts.sum()
    for text, count in zip(texts, counts.tolist(), strict=True):
        number = _number_in(text)
        if number is None:
            allowed -= count
            if allowed < 0:
                return None
            continue
        written.append(replace(number, count=count))
    exact = [number for number in written if not number.bounded]
    if len(exact) < len(written) and len(exact) <= MANY:
        allowed -= sum(number.count for number in written if number.bounded)
        return None if allowed < 0 else exact
    return written


def _number_in(text: str) -> _Written | None:
    bound = _BOUNDED.match(text)
    if bound is not None:
        text = text[bound.end() :]
    if _TERMS.fullmatch(text):
        digits, units = zip(*_TERM.findall(text), strict=True)
        units = tuple(unit.casefold() for unit in units)
        if descend(units):
            return _Written(units=units, digits=digits, bounded=bound is not None)
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    return _Written(
        prefix=parts["prefix"].casefold(),
        units=(parts["suffix"].strip().casefold(),),
        digits=(parts["digits"],),
        bounded=bound is not None,
    )


def _of_one_unit(numbers: Sequence[_Written]) -> NumberFormat | None:
    """Return the format of those with the most common prefix and suffix, and of those without."""
    units: Counter[tuple[str, str]] = Counter()
    for number in numbers:
        units[number.prefix, number.units[0]] += number.count
    bare = units.pop(("", ""), 0)
    unit, n_unit = min(units.items(), key=lambda item: (-item[1], item[0]), default=(("", ""), 0))
    if bare + n_unit < UNIT_SHARE * (bare + units.total()):
        return None
    kept = [number for number in numbers if (number.prefix, number.units[0]) in (unit, ("", ""))]
    return _format(kept, NumberFormat(prefix=unit[0], suffix=unit[1]))


def _of_several_units(numbers: Sequence[_Written]) -> NumberFormat | None:
    """Return the format of those with units that can be converted into each other, and of those without."""
    units: Counter[tuple[str, ...]] = Counter()
    for number in numbers:
        if number.units != ("",) and not number.prefix:
            units[number.units] += number.count
    found = conversions(units)
    if found is None:
        return None
    main, factors = found
    kept = [number for number in numbers if not number.prefix and {"", *factors} >= set(number.units)]
    if sum(number.count for number in kept) < UNIT_SHARE * sum(number.count for number in numbers):
        return None
    return _format(kept, NumberFormat(suffix=main, units=tuple(sorted(factors.items()))))


def _format(numbers: Sequence[_Written], written: NumberFormat) -> NumberFormat | None:
    style = _best_style([(digits, number.count) for number in numbers for digits in number.digits])
    if style is None:
        return None
    bounds = any(number.bounded for number in numbers)
    return replace(written, decimal=style[0], thousands=style[1], bounds=bounds)


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

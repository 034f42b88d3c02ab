"""Numbers written in text: "1248 CC", "$1,200", "45%", "1 234,5", "<0.1", "2 h 5 min"."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
_BOUNDS = ("<", ">", "\u2264", "\u2265", "\u2248", "~")
_BOUND = r"(?:[<>]=?|[\u2264\u2265\u2248~])\s*"
_BOUNDED = re.compile(_BOUND)
_PLAIN = r"\d+(?:[.,]\d+)?"
_UNIT = r"(?:[^\W\d]+|['\"])"
_GAP = r"[\s,]*(?:and\s+)?"  # between the hours and the minutes
_TERM = re.compile(rf"({_PLAIN})\s*({_UNIT})")
_TERMS = re.compile(rf"{_SIGN}?(?:{_PLAIN}\s*{_UNIT}{_GAP}){{2,}}")
# In order of preference where a column can be read in several ways.
_STYLES = ((".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"))


@dataclass(slots=True, kw_only=True)
class _Alike:
    """Texts that have numbers in the same units: one each, or several, as "2 h 5 min" has."""

    prefix: str  # casefolded, as the units
    units: tuple[str, ...]  # ("",) if there is none
    bounded: bool
    digits: list[tuple[str, int]] = field(default_factory=list)  # of each number, with its count
    n_texts: int = 0
    n_cells: int = 0


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
    written = _numbers_in(texts, counts)
    if written is None:
        return None
    if _have_magnitudes({unit for alike in written for unit in alike.units}, texts):
        found = _of_one_unit([replace(alike, units=("",)) for alike in written])
        return None if found is None else replace(found, magnitudes=True)
    found = _of_several_units(written)
    alone = [alike for alike in written if len(alike.units) == 1]
    if found is None and 2 * _n_cells(alone) >= counts.sum():
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
    return text[:1] in _BOUNDS


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
    size = factors.get(unit.casefold(), 1.0)
    value = float(digits.translate(table) + (exponent or "")) * size
    for digits, smaller in terms.findall(rest) if rest else ():
        before, size = size, factors[smaller.casefold()]
        if not unit or size >= before:
            return np.nan
        value += float(digits.translate(table)) * size
    if not np.isfinite(value):
        return np.nan
    return -value if (sign or inner) in ("-", "\u2212") else value


def _numbers_in(texts: Sequence[str], counts: NDArray[np.intp]) -> list[_Alike] | None:
    """Return what has a number; None as soon as fewer than half of the cells can have one.

    Bounds count only among many numbers: "<50" and ">50" alone are two classes.
    """
    written: dict[tuple[str, tuple[str, ...], bool], _Alike] = {}
    allowed = 0.5 * counts.sum()
    for text, count in zip(texts, counts.tolist(), strict=True):
        bounded = text[:1] in _BOUNDS
        number = _number_in(_BOUNDED.sub("", text, count=1) if bounded else text)
        if number is None:
            allowed -= count
            if allowed < 0:
                return None
            continue
        prefix, units, digits = number
        alike = written.get((prefix, units, bounded))
        if alike is None:
            alike = written[prefix, units, bounded] = _Alike(prefix=prefix, units=units, bounded=bounded)
        alike.digits.extend((part, count) for part in digits)
        alike.n_texts += 1
        alike.n_cells += count
    exact = [alike for alike in written.values() if not alike.bounded]
    if sum(alike.n_texts for alike in exact) > MANY:
        return list(written.values())
    allowed -= _n_cells(alike for alike in written.values() if alike.bounded)
    return exact if allowed >= 0 else None


def _number_in(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """Return the prefix, the units and the digits of the numbers that a text consists of."""
    if not text[-1:].isdigit() and _TERMS.fullmatch(text):
        digits, units = zip(*_TERM.findall(text), strict=True)
        units = tuple(map(str.casefold, units))
        if descend(units):
            return "", units, digits
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return None
    prefix, number, suffix = parts.group("prefix", "digits", "suffix")
    return prefix.casefold(), (suffix.strip().casefold(),), (number,)


def _n_cells(written: Iterable[_Alike]) -> int:
    return sum(alike.n_cells for alike in written)


def _of_one_unit(written: Sequence[_Alike]) -> NumberFormat | None:
    """Return the format of what has the most common prefix and suffix, and of what has none."""
    units: Counter[tuple[str, str]] = Counter()
    for alike in written:
        units[alike.prefix, alike.units[0]] += alike.n_cells
    bare = units.pop(("", ""), 0)
    unit, n_unit = min(units.items(), key=lambda item: (-item[1], item[0]), default=(("", ""), 0))
    if bare + n_unit < UNIT_SHARE * (bare + units.total()):
        return None
    kept = [alike for alike in written if (alike.prefix, alike.units[0]) in (unit, ("", ""))]
    return _format(kept, NumberFormat(prefix=unit[0], suffix=unit[1]))


def _of_several_units(written: Sequence[_Alike]) -> NumberFormat | None:
    """Return the format of what has units that can be converted into each other, and of what has none."""
    units: Counter[tuple[str, ...]] = Counter()
    for alike in written:
        if alike.units != ("",) and not alike.prefix:
            units[alike.units] += alike.n_cells
    found = conversions(units)
    if found is None:
        return None
    main, factors = found
    kept = [alike for alike in written if not alike.prefix and {"", *factors} >= set(alike.units)]
    if _n_cells(kept) < UNIT_SHARE * _n_cells(written):
        return None
    return _format(kept, NumberFormat(suffix=main, units=tuple(sorted(factors.items()))))


def _format(written: Sequence[_Alike], units: NumberFormat) -> NumberFormat | None:
    style = _best_style([number for alike in written for number in alike.digits])
    if style is None:
        return None
    return replace(units, decimal=style[0], thousands=style[1], bounds=any(alike.bounded for alike in written))


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

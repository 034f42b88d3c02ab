"""Dates written in text or as integers."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_meta.datasets.cells import nanoseconds

DATE_SHARE = 0.95  # of the present cells that must be dates in one format
LEAST_SHARE = 0.5  # of them, where the others are but one or two stand-ins: "unknown", 0000-00-00, 9999-12-31
MOST_STAND_INS = 2
FEWEST_BESIDE_THEM = 20  # distinct dates
ISO = "ISO8601"
COMPACT = "%Y%m%d"

_ZONES = ("UTC", "GMT")  # by name
_ZONE = rf"(?P<zone> ?(?:Z|{'|'.join(_ZONES)}|[+-]\d{{2}}(?::?\d{{2}})?))"
_TIME = (
    r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?P<part>\.\d+)?)?)"
    rf"(?P<half> ?[AaPp][Mm])?{_ZONE}?)?"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_LONG = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
# The date part's shape, and the formats it may have, the likelier first.
_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(f"(?:{shape}){_TIME}", re.IGNORECASE), formats)
    for shape, formats in (
        (r"\d{4}-\d{2}(?:-\d{2})?", (ISO,)),
        (r"\d{8}T\d{6}", ("%Y%m%dT%H%M%S",)),
        (r"\d{4}-\d{1,2}-\d{1,2}", ("%Y-%m-%d",)),
        (r"\d{4}/\d{1,2}/\d{1,2}", ("%Y/%m/%d",)),
        (r"\d{4}\.\d{1,2}\.\d{1,2}", ("%Y.%m.%d",)),
        (r"\d{1,2}/\d{1,2}/\d{4}", ("%m/%d/%Y", "%d/%m/%Y")),
        (r"\d{1,2}-\d{1,2}-\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
        (r"\d{1,2}\.\d{1,2}\.\d{4}", ("%d.%m.%Y", "%m.%d.%Y")),
        (r"\d{1,2}/\d{1,2}/\d{2}", ("%m/%d/%y", "%d/%m/%y")),
        (r"\d{1,2}-\d{1,2}-\d{2}", ("%d-%m-%y", "%m-%d-%y", "%y-%m-%d")),
        (r"\d{1,2}\.\d{1,2}\.\d{2}", ("%d.%m.%y",)),
        *((rf"\d{{1,2}}{gap}{_MONTH}{gap}\d{{4}}", (f"%d{gap}%b{gap}%Y",)) for gap in "- /"),
        *((rf"\d{{1,2}}{gap}{_MONTH}{gap}\d{{2}}", (f"%d{gap}%b{gap}%y",)) for gap in "- /"),
        (rf"{_MONTH} \d{{1,2}}, \d{{4}}", ("%b %d, %Y",)),
        (rf"{_MONTH} \d{{1,2}} \d{{4}}", ("%b %d %Y",)),
        (rf"{_MONTH}-\d{{2}}", ("%b-%y",)),
        (r"\d{1,2}/\d{4}", ("%m/%Y",)),
        (rf"\d{{1,2}} {_LONG} \d{{4}}", ("%d %B %Y",)),
        (rf"{_LONG} \d{{1,2}}, \d{{4}}", ("%B %d, %Y",)),
        *((rf"{_MONTH}{gap}\d{{4}}", (f"%b{gap}%Y",)) for gap in "- "),
        *((rf"{_LONG}{gap}\d{{4}}", (f"%B{gap}%Y",)) for gap in "- "),
        (r"\d{1,2}:\d{2}", ("%H:%M",)),
        (r"\d{1,2}:\d{2}:\d{2}", ("%H:%M:%S",)),
        (r"\d{1,2}:\d{2} [AP]M", ("%I:%M %p",)),
        (r"\d{1,2}:\d{2}[AP]M", ("%I:%M%p",)),
        (r"\d{1,2}:\d{2}:\d{2} [AP]M", ("%I:%M:%S %p",)),
    )
)


def infer_date_format(texts: Sequence[str], counts: NDArray[np.intp]) -> str | None:
    """Return the format in which at least 95 % of the cells are dates, or all but one or two distinct texts; or None.

    Whether 03/04/2020 is in March or in April is decided on the whole column; where nothing decides, slashes mean
    month first, other separators day first.

    Parameters
    ----------
    texts : sequence of str
        Distinct and stripped.
    counts : int array of shape (n_texts,)
        How often each occurs.
    """
    for shape, formats in _SHAPES:
        matches = _matches(shape, texts, counts)
        if matches is None:
            continue
        best, most = None, 0
        for date in formats:
            for written in _with_times(date, matches):
                are_dates = ~np.isnat(read_dates(texts, written))
                read = int(counts[are_dates].sum())
                if read > most and _are_enough(are_dates, counts):
                    best, most = written, read
        if best is not None:
            return best
    return None


def read_dates(texts: Sequence[str], written: str) -> NDArray[np.datetime64]:
    """Return the dates that `texts` are under a format, in UTC; NaT where one is not."""
    cells = pd.Index([_with_offset(text) for text in texts], dtype=object)
    parsed = pd.to_datetime(cells, format=written, errors="coerce", utc=True)
    return nanoseconds(parsed)


def are_compact_dates(numbers: NDArray[np.float64]) -> bool:
    """Return whether all distinct whole numbers are dates written yyyymmdd, from 1900 to 2100."""
    if len(numbers) == 0 or numbers.min() < 19000101 or numbers.max() > 21001231:
        return False
    return not np.isnat(read_dates([f"{number:.0f}" for number in numbers], COMPACT)).any()


def _with_offset(text: str) -> str:
    """Return a text whose zone is a name or hours alone, as "10:00 UTC" and "10:00+02", with the offset in full."""
    if text[-3:].upper() in _ZONES:
        return f"{text[:-3]}+00:00"
    hours_alone = ":" in text and text[-3:-2] in ("+", "-") and text[-2:].isdecimal()
    return f"{text}:00" if hours_alone else text


def _are_enough(are_dates: NDArray[np.bool_], counts: NDArray[np.intp]) -> bool:
    share = counts[are_dates].sum() / counts.sum()
    n_dates, n_others = int(are_dates.sum()), int((~are_dates).sum())
    stand_ins = n_others <= MOST_STAND_INS and n_dates >= FEWEST_BESIDE_THEM
    return bool(share >= DATE_SHARE or (share >= LEAST_SHARE and stand_ins))


def _matches(shape: re.Pattern[str], texts: Sequence[str], counts: NDArray[np.intp]) -> list[re.Match[str]] | None:
    """Return the texts that have a shape; None as soon as too few can have it."""
    matches = []
    allowed = (1 - LEAST_SHARE) * counts.sum()
    for text, count in zip(texts, counts.tolist(), strict=True):
        match = shape.fullmatch(text)
        if match is not None:
            matches.append(match)
            continue
        allowed -= count
        if allowed < 0:
            return None
    return matches


def _time_format(match: re.Match[str]) -> str:
    time = match["time"]
    if not time:
        return ""
    seconds = {1: "", 2: ":%S"}[time.count(":")] + (".%f" if match["part"] else "")
    half = {None: "", 2: "%p", 3: " %p"}[len(match["half"]) if match["half"] else None]
    zone = match["zone"] or ""
    gap = re.search(r"[T ]+(?=\d{1,2}:)", match.string)
    before = gap.group() if gap else " "
    return f"{before}{'%I' if half else '%H'}:%M{seconds}{half}" + (
        " %z" if zone.startswith(" ") else "%z" if zone else ""
    )


def _with_times(date: str, matches: list[re.Match[str]]) -> list[str]:
    return [ISO] if date == ISO else sorted({date + _time_format(match) for match in matches})

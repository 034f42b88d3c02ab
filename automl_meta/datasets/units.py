"""Units of one dimension, which a column may mix: grams and kilograms, hours and minutes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

DAY = 86_400.0
YEAR = 365.25 * DAY

_MASS = {
    "μg": 1e-6, "ug": 1e-6, "mcg": 1e-6, "mg": 1e-3, "g": 1.0, "gram": 1.0, "grams": 1.0, "kg": 1e3, "kgs": 1e3,
    "t": 1e6, "oz": 28.349523125, "lb": 453.59237, "lbs": 453.59237,
}  # fmt: skip
_METRES = {"μm": 1e-6, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "m": 1.0, "km": 1e3}
_FEET = {
    '"': 1.0, "in": 1.0, "inch": 1.0, "inches": 1.0, "'": 12.0, "ft": 12.0, "foot": 12.0, "feet": 12.0, "yd": 36.0,
    "mi": 63_360.0, "mile": 63_360.0, "miles": 63_360.0,
}  # fmt: skip
_VOLUME = {"μl": 1e-6, "ul": 1e-6, "ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0, "litre": 1.0, "litres": 1.0}
_STORAGE = {"kb": 1.0, "mb": 2.0**10, "gb": 2.0**20, "tb": 2.0**30}
_FREQUENCY = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
_SHORT_TIMES = {
    "ms": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "h": 3600.0, "hr": 3600.0,
    "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "d": DAY, "day": DAY, "days": DAY,
}  # fmt: skip
_LONG_TIMES = {
    "d": DAY, "day": DAY, "days": DAY, "w": 7 * DAY, "wk": 7 * DAY, "wks": 7 * DAY, "week": 7 * DAY, "weeks": 7 * DAY,
    "mo": YEAR / 12, "mos": YEAR / 12, "mth": YEAR / 12, "mths": YEAR / 12, "month": YEAR / 12, "months": YEAR / 12,
    "y": YEAR, "yr": YEAR, "yrs": YEAR, "year": YEAR, "years": YEAR,
}  # fmt: skip
_MINUTES = {"min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0}

# Casefolded units with their sizes; "m" is a minute beside hours, a month beside years, a metre beside kilometres.
DIMENSIONS: tuple[Mapping[str, float], ...] = (
    _MASS,
    _METRES,
    _FEET,
    _VOLUME,
    _STORAGE,
    _FREQUENCY,
    {**_SHORT_TIMES, **_LONG_TIMES, **_MINUTES},
    {**_SHORT_TIMES, **_MINUTES, "m": 60.0},
    {**_LONG_TIMES, "m": YEAR / 12},
)


def descend(units: Iterable[str]) -> bool:
    """Return whether each unit is smaller than the one before, as in "2 h 5 min", in some dimension."""
    units = tuple(units)
    return any(_descend(units, sizes) for sizes in DIMENSIONS)


def conversions(counts: Mapping[tuple[str, ...], int]) -> tuple[str, dict[str, float]] | None:
    """Return a column's most common unit, and how many of it each unit of its dimension is.

    Parameters
    ----------
    counts : mapping
        Number of cells by the units that occur in them, casefolded; a cell may have several.

    Returns
    -------
    tuple or None
        None if the column does not mix units of one dimension, or if it is unclear which dimension is meant: "5 m"
        and "3 d" may be minutes and days, or months and days.
    """
    covered = [sum(count for units, count in counts.items() if sizes.keys() >= set(units)) for sizes in DIMENSIONS]
    best = [sizes for sizes, cells in zip(DIMENSIONS, covered, strict=True) if cells == max(covered)]
    cells: Counter[str] = Counter()
    for units, count in counts.items():
        if best[0].keys() >= set(units):
            cells.update(dict.fromkeys(units, count))
    if len(cells) < 2:
        return None
    main = min(cells, key=lambda unit: (-cells[unit], unit))
    if any(not sizes.keys() >= cells.keys() for sizes in best):
        return None
    factors = [{unit: size / sizes[main] for unit, size in sizes.items()} for sizes in best]
    if any(other[unit] != factors[0][unit] for other in factors for unit in cells):
        return None
    return main, {unit: size for unit, size in factors[0].items() if all(unit in other for other in factors)}


def _descend(units: tuple[str, ...], sizes: Mapping[str, float]) -> bool:
    known = [sizes.get(unit, 0.0) for unit in units]
    return 0.0 not in known and all(after < before for before, after in pairwise(known))

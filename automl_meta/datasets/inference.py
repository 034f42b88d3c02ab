"""What a column means: pure functions from its cells to its role."""

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_meta.datasets.cells import Cells, level_text
from automl_meta.datasets.dates import COMPACT, are_compact_dates, infer_date_format
from automl_meta.datasets.errors import listed
from automl_meta.datasets.levels import GIVEN
from automl_meta.datasets.numbers import MANY, infer_format, is_bounded, plain_numbers, read_numbers
from automl_meta.datasets.schema import Column, ColumnRole, NumberFormat
from automl_meta.datasets.wording import is_composed, is_free_text, is_nearly_unique

BOOLEAN_PAIRS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))
NUMBER_SHARE = 0.95  # of the present cells that must be numbers
LONGEST_NUMBER = 15  # digits
FEWEST_FOR_IDENTIFIER = 10  # rows; in fewer, being unique says nothing
# Of the cells so many have to be missing, and so many given, that which they are may tell something.
FEWEST_GAPS, SHARE_OF_GAPS = 5, 0.005

_IDENTIFIER_NAME = re.compile(
    r"(?:^|[\W_])(?:ids?|uuid|guid|key|index|idx|rownames?|row)(?:$|[\W_])|^unnamed: \d+$", re.I
)
_CAMEL_IDENTIFIER = re.compile(r"[a-z](?:ID|Id)(?:$|[A-Z_\W])")
_FIRST_UNIT = re.compile(r"[^\W\d]+|['\"]")
_ORDER_NAME = re.compile(r"time|date|year|month|week|day|hour|age|trend|rank|period|season|step|^t$", re.I)


def infer_column(name: str, cells: Cells) -> Column:
    """Return a column's role with everything that is needed to read other tables the same way."""
    missing = float(cells.missing.mean()) if len(cells.missing) else 0.0
    if cells.n_present == 0:
        return Column(
            name=name, role=ColumnRole.CONSTANT, dtype=cells.dtype, missing=1.0, note="all cells are missing"
        )
    if cells.n_distinct == 1 and cells.n_present == len(cells.missing):
        return Column(name=name, role=ColumnRole.CONSTANT, dtype=cells.dtype, note="all cells are equal")
    if cells.kind == "date":
        return Column(name=name, role=ColumnRole.DATE, dtype=cells.dtype, missing=missing)
    if cells.kind == "boolean":
        return _boolean_dtype(name, cells, missing)
    if cells.kind == "number":
        return _from_numbers(name, cells, missing)
    return _from_texts(name, cells, missing)


def names_an_identifier(name: str) -> bool:
    """Return whether a column is called as identifiers are: id, customer_id, CustomerId, uuid, key, index."""
    return bool(_IDENTIFIER_NAME.search(name) or _CAMEL_IDENTIFIER.search(name))


def numbers_in(cells: Cells) -> tuple[NumberFormat, NDArray[np.float64]] | None:
    """Return the format in which a column of text holds numbers, with the number of each text; None if it holds none.

    Nearly all cells must be numbers, or, in a column of many distinct numbers, all but one or two words that stand
    for missing ("unknown"). What has a digit is no such word: it may be the largest number, in an unknown unit.
    """
    if any(len(text) > 1 and text[0] == "0" and text.isdecimal() for text in cells.texts):
        return None  # codes such as 01234
    written = infer_format(cells.texts, cells.counts)
    if written is None or (len(cells.texts) <= MANY and _mixes_units(cells.texts, written)):
        return None
    numbers = read_numbers(cells.texts, written)
    long = np.array([len(text) > LONGEST_NUMBER and text.isdecimal() for text in cells.texts], dtype=bool)
    if len(np.unique(numbers[long])) < long.sum():
        return None  # codes that differ only in digits which numbers do not have
    strays = np.isnan(numbers)
    if not strays.any():
        return written, numbers
    share = 1 - cells.counts[strays].sum() / cells.n_present
    enough = share >= NUMBER_SHARE or (share >= 0.5 and _are_words(cells.texts, strays))
    return (written, numbers) if enough and (~strays).sum() > MANY else None


def boolean_levels(cells: Cells) -> tuple[str, str] | None:
    """Return (false, true), casefolded, if the texts are exactly such a pair, else None."""
    texts = {text.casefold() for text in cells.texts}
    return next((pair for pair in BOOLEAN_PAIRS if texts == set(pair)), None)


def levels_of(cells: Cells) -> tuple[str, ...]:
    """Return a column's levels: in the order of their numbers if all are numbers, else of their texts."""
    levels = sorted({level_text(text) for text in cells.as_text().texts})
    numbers = plain_numbers(levels)
    if not np.isnan(numbers).any():
        levels = [levels[position] for position in np.argsort(numbers, kind="stable")]
    return tuple(levels)


def _are_words(texts: tuple[str, ...], strays: NDArray[np.bool_]) -> bool:
    """Return whether one or two words are all that is no number."""
    words = [texts[position] for position in np.flatnonzero(strays)[:3]]
    return len(words) <= 2 and not any(map(str.isdigit, "".join(words)))


def _mixes_units(texts: tuple[str, ...], written: NumberFormat) -> bool:
    """Return whether some of the numbers have another unit than others, or none: "3 months", "1 year" may be classes.

    Those with several units, as 6'2" has, count by the first.
    """
    if written.units:
        return len({unit.group().casefold() if unit else "" for unit in map(_FIRST_UNIT.search, texts)}) > 1
    bare = {text[-1].isdigit() and text.lstrip("+-\u2212 ")[:1] in ".,0123456789" for text in texts}
    return bool(written.prefix or written.suffix) and len(bare) == 2


def _boolean_dtype(name: str, cells: Cells, missing: float) -> Column:
    if cells.n_distinct == 1:
        return _categorical(name, cells, missing)
    return Column(name=name, role=ColumnRole.BOOLEAN, dtype=cells.dtype, levels=("false", "true"), missing=missing)


def _from_numbers(name: str, cells: Cells, missing: float) -> Column:
    present = cells.values[~cells.missing]
    whole = bool((present == np.floor(present)).all())
    low, high = float(present.min()), float(present.max())
    if whole and low >= 19000101 and high <= 21001231 and cells.n_distinct > MANY:
        if are_compact_dates(np.unique(present)):
            return Column(
                name=name,
                role=ColumnRole.DATE,
                dtype=cells.dtype,
                missing=missing,
                note="dates as yyyymmdd",
                date_format=COMPACT,
            )
    if whole and not missing and cells.n_distinct == len(present) >= FEWEST_FOR_IDENTIFIER:
        counted = high - low == len(present) - 1 and low in (0.0, 1.0) and not _ORDER_NAME.search(name)
        if counted or names_an_identifier(name):
            note = "counts the rows" if counted else "unique, and named like an identifier"
            return Column(name=name, role=ColumnRole.IDENTIFIER, dtype=cells.dtype, note=note)
    note = f"{cells.n_infinite} infinite cells, read as missing" if cells.n_infinite else ""
    if cells.n_distinct == 1:
        return replace(_categorical(name, cells, missing), note=note)
    return Column(
        name=name, role=ColumnRole.NUMERIC, dtype=cells.dtype, minimum=low, maximum=high, missing=missing, note=note
    )


def _from_texts(name: str, cells: Cells, missing: float) -> Column:
    pair = boolean_levels(cells)
    if pair is not None:
        return Column(name=name, role=ColumnRole.BOOLEAN, dtype=cells.dtype, levels=pair, missing=missing)
    if not cells.categorical:
        found = numbers_in(cells)
        if found is not None:
            return _numbers_in_text(name, cells, missing, *found)
        date_format = infer_date_format(cells.texts, cells.counts)
        if date_format is not None:
            return Column(
                name=name,
                role=ColumnRole.DATE,
                dtype=cells.dtype,
                missing=missing,
                note=f"dates as text, {date_format}",
                date_format=date_format,
            )
    if is_free_text(cells):
        return Column(name=name, role=ColumnRole.TEXT, dtype=cells.dtype, missing=missing)
    if cells.n_distinct == cells.n_present >= FEWEST_FOR_IDENTIFIER:
        if not cells.categorical and is_composed(cells.texts):
            note = "unique texts whose parts repeat"
            return Column(name=name, role=ColumnRole.TEXT, dtype=cells.dtype, missing=missing, note=note)
        if _has_telling_gaps(cells):
            return Column(
                name=name,
                role=ColumnRole.CATEGORICAL,
                dtype=cells.dtype,
                levels=(GIVEN,),
                missing=missing,
                note="unique texts: only which cells have one counts",
            )
        return Column(name=name, role=ColumnRole.IDENTIFIER, dtype=cells.dtype, missing=missing, note="unique texts")
    if is_nearly_unique(cells):
        return Column(name=name, role=ColumnRole.TEXT, dtype=cells.dtype, missing=missing, note="nearly unique")
    return _categorical(name, cells, missing)


def _numbers_in_text(
    name: str, cells: Cells, missing: float, written: NumberFormat, numbers: NDArray[np.float64]
) -> Column:
    strays = np.isnan(numbers)
    n_strays = int(cells.counts[strays].sum())
    looked_up = cells.spread(numbers, np.nan)
    inner = infer_column(name, Cells("number", cells.dtype, looked_up))
    if inner.role is ColumnRole.CATEGORICAL:  # one number, or nothing
        return _categorical(name, cells, missing)
    if written == NumberFormat() and inner.role is not ColumnRole.NUMERIC:
        return inner  # the rows' numbers, or compact dates
    example = min(np.flatnonzero(~strays), key=lambda i: (-len(cells.texts[i]), cells.texts[i]))
    note = f"numbers as text, like {cells.texts[example]!r}"
    if written.units:
        note += f", in {written.suffix}, other units converted"
    bounded = [position for position, text in enumerate(cells.texts) if written.bounds and is_bounded(text)]
    if bounded:
        most = cells.texts[min(bounded, key=lambda i: (-cells.counts[i], cells.texts[i]))]
        note += f"; {int(cells.counts[bounded].sum())} cells are bounds (most often {most!r}), read as the number"
    if n_strays:
        words = listed(sorted(cells.texts[i] for i in np.flatnonzero(strays)), 3)
        note += f"; {n_strays} cells are not ({words}), read as missing"
    return Column(
        name=name,
        role=ColumnRole.NUMERIC,
        dtype=cells.dtype,
        minimum=float(np.nanmin(numbers)),
        maximum=float(np.nanmax(numbers)),
        missing=float(np.isnan(looked_up).mean()),
        note=note,
        number=written,
    )


def _has_telling_gaps(cells: Cells) -> bool:
    """Return whether so many cells are missing, and so many are not, that which they are may tell something."""
    n_rows = len(cells.missing)
    return min(cells.n_present, n_rows - cells.n_present) >= max(FEWEST_GAPS, SHARE_OF_GAPS * n_rows)


def _categorical(name: str, cells: Cells, missing: float) -> Column:
    levels = levels_of(cells)
    return Column(name=name, role=ColumnRole.CATEGORICAL, dtype=cells.dtype, levels=levels, missing=missing)

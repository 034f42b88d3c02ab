"""The statistics of categories in a model of CatBoost's: which there are, and whether the model has their tables."""

from typing import Any

import numpy as np

from automl_meta.pipelines.estimators.flatbuffer import Table
from automl_meta.pipelines.estimators.soundness import ensure

_FLOAT_SPLIT, _LEVEL = (
    np.dtype([("number", "<i4"), ("border", "<f4")]),
    np.dtype([("number", "<i4"), ("value", "<i4")]),
)
_BUCKET = np.dtype([("hash", "<u8"), ("index", "<u4")])
_FREE = 2**64 - 1  # the hash of a bucket that holds nothing
_BORDERS, _BUCKETS, _MEAN, _FLOAT_MEAN, _COUNTER, _FREQUENCY = range(6)  # the types of statistics
_MOST_TARGETS = 10_000

Base = tuple[bytes, bytes, bytes, int, int]  # of what columns, borders and levels; the type; by which targets


class Statistics:
    """What the trees split by, and what of it is a statistic.

    Attributes
    ----------
    n_borders, n_levels, n_ctr_borders : list of int
        Of each number, of each category that is split by its levels, and of each statistic.
    """

    def __init__(self, trees: Table) -> None:
        numbers, categories, by_level = trees.tables(5), trees.tables(4), trees.tables(6)
        self._categories = {one.number(0, "i", -1) for one in categories if one.number(3, "B", 1)}
        self._borders = {
            (one.number(1, "i", -1), border) for one in numbers for border in one.array(3, "<f4").view("<u4").tolist()
        }
        self._levels = {(one.number(0, "i", -1), level) for one in by_level for level in one.array(1, "<i4").tolist()}
        self._ctrs = [(one.table(0), one.array(1, "<f4")) for one in trees.tables(7)]
        self.n_borders = [len(one.array(3, "<f4")) for one in numbers]
        self.n_levels = [len(one.array(1, "<i4")) for one in by_level]
        self.n_ctr_borders = [len(borders) for _, borders in self._ctrs]
        known = all(one.number(0, "i", -1) in self._categories for one in by_level)
        ensure(known, "CatBoost's trees split by a category that is not there")
        treated = all(0 <= one.number(5, "b", 0) <= 2 for one in numbers)
        ensure(treated, "CatBoost's trees read missing numbers in an unknown way")

    def check(self, tables: list[Table]) -> None:
        """Check the tables of the statistics: that those which are asked for are there, and hold what they point to.

        Raises
        ------
        UnsoundModelError
            If they do not.
        """
        n_targets = {self._base(table.table(0)): _checked_targets(table) for table in tables}
        ensure(len(n_targets) == len(tables), "CatBoost's model holds the same statistics twice")
        for ctr, _ in self._ctrs:
            base = self._base(ctr.table(0))
            ensure(base in n_targets, "CatBoost's trees ask for statistics that are not there")
            if base[3] in (_BORDERS, _BUCKETS):
                within = 0 <= ctr.number(1, "i", 0) < n_targets[base]
                ensure(within, "CatBoost's trees ask for statistics of a target that is not there")

    def _base(self, base: Table) -> Base:
        """Return what a statistic is of, once it is sure that this is there."""
        mix = base.table(0)
        columns, borders, levels = mix.array(0, "<i4"), mix.array(1, _FLOAT_SPLIT), mix.array(2, _LEVEL)
        kind = base.number(1, "b", 0)
        ensure(_BORDERS <= kind <= _FREQUENCY, "CatBoost's model has statistics of an unknown kind")
        split = zip(borders["number"].tolist(), borders["border"].copy().view("<u4").tolist(), strict=True)
        there = (
            self._categories.issuperset(columns.tolist())
            and self._borders.issuperset(split)
            and self._levels.issuperset(zip(levels["number"].tolist(), levels["value"].tolist(), strict=True))
        )
        ensure(there, "CatBoost's model has statistics of what is not there")
        return columns.tobytes(), borders.tobytes(), levels.tobytes(), kind, base.number(2, "i", 0)


def _checked_targets(table: Table) -> int:
    """Return of how many targets a table counts, once it is sure that its index leads to what it holds."""
    kind = table.table(0).number(1, "b", 0)
    n_targets = table.number(4, "i", 0)
    ensure(0 <= n_targets <= _MOST_TARGETS, "CatBoost's statistics are of an unknown number of targets")
    raw = table.array(1, "u1")
    ensure(len(raw) % _BUCKET.itemsize == 0, "an index of CatBoost's statistics is cut off")
    buckets: Any = raw.view(_BUCKET)
    used = buckets["hash"] != _FREE
    # The search for a hash goes round until it meets a bucket that is free.
    searchable = len(buckets) & (len(buckets) - 1) == 0 and len(buckets) > used.sum()
    ensure(searchable, "an index of CatBoost's statistics has no end")
    size = 8 if kind in (_MEAN, _FLOAT_MEAN) else 4 if kind in (_COUNTER, _FREQUENCY) else 4 * max(n_targets, 2)
    held = len(table.array(2, "u1")) // size
    ensure((buckets["index"][used] < held).all(), "an index of CatBoost's statistics leads outside of them")
    ensure(table.has(1) and table.has(2), "CatBoost's statistics lack a part")
    return int(n_targets)

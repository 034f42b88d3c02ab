"""Meta-features from OpenML's qualities, where the data itself is not wanted.

Only what means the same, name by name; shares in per cent become shares. What the server did not compute is missing.
OpenML's entropies of columns are not taken: they leave numeric columns out, ours bin them.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np

from automl_meta.metabase.records import MetaFeatureRecord

EXTRACTOR = "openml-qualities-1"  # marks what was not computed here
Qualities = Mapping[str, float]


def _get(name: str, factor: float = 1.0) -> Callable[[Qualities], float]:
    return lambda q: q.get(name, math.nan) * factor


def _features(q: Qualities) -> float:
    return q.get("NumberOfFeatures", math.nan) - 1.0  # OpenML counts the target


def _numeric(q: Qualities) -> float:
    """Return numeric features; the target of a regression, which has no classes, is one of OpenML's."""
    return q.get("NumberOfNumericFeatures", math.nan) - (0.0 if _is_classification(q) else 1.0)


def _symbolic(q: Qualities) -> float:
    return q.get("NumberOfSymbolicFeatures", math.nan) - (1.0 if _is_classification(q) else 0.0)


def _is_classification(q: Qualities) -> bool:
    return q.get("NumberOfClasses", 0.0) >= 2


def _ratio(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.nan


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


# Our name, and how it follows from the qualities.
MAPPING: dict[str, Callable[[Qualities], float]] = {
    "nr_inst": _get("NumberOfInstances"),
    "nr_attr": _features,
    "log_nr_inst": lambda q: _log(q.get("NumberOfInstances", math.nan)),
    "log_nr_attr": lambda q: _log(_features(q)),
    "attr_to_inst": lambda q: _ratio(_features(q), q.get("NumberOfInstances", math.nan)),
    "inst_to_attr": lambda q: _ratio(q.get("NumberOfInstances", math.nan), _features(q)),
    "nr_num": _numeric,
    "nr_cat": _symbolic,
    "cat_to_num": lambda q: _ratio(_symbolic(q), _numeric(q)),
    "num_to_cat": lambda q: _ratio(_numeric(q), _symbolic(q)),
    "share_num": lambda q: _ratio(_numeric(q), _features(q)),
    "share_cat": lambda q: _ratio(_symbolic(q), _features(q)),
    "nr_class": lambda q: q["NumberOfClasses"] if _is_classification(q) else math.nan,
    "freq_class.max": _get("MajorityClassPercentage", 0.01),
    "freq_class.min": _get("MinorityClassPercentage", 0.01),
    "majority": _get("MajorityClassPercentage", 0.01),
    "minority": _get("MinorityClassPercentage", 0.01),
    "rows_with_missing": _get("PercentageOfInstancesWithMissingValues", 0.01),
    "missing_cells": lambda q: _ratio(
        q.get("NumberOfMissingValues", math.nan), q.get("NumberOfInstances", math.nan) * _features(q)
    ),
    "class_ent": lambda q: q.get("ClassEntropy", math.nan) if _is_classification(q) else math.nan,
    "mean.mean": _get("MeanMeansOfNumericAtts"),
    "sd.mean": _get("MeanStdDevOfNumericAtts"),
    "skewness.mean": _get("MeanSkewnessOfNumericAtts"),
    "kurtosis.mean": _get("MeanKurtosisOfNumericAtts"),
    **{
        f"{ours}.{summary}": _get(f"Quartile{quarter}{theirs}OfNumericAtts")
        for ours, theirs in (("mean", "Means"), ("sd", "StdDev"), ("skewness", "Skewness"), ("kurtosis", "Kurtosis"))
        for summary, quarter in (("q1", 1), ("median", 2), ("q3", 3))
    },
}


def metafeatures_from(qualities: Qualities) -> MetaFeatureRecord:
    """Return the meta-features that follow from `qualities`, marked as not computed here."""
    names = tuple(MAPPING)
    values = np.array([MAPPING[name](qualities) for name in names], dtype=np.float64)
    return MetaFeatureRecord(names=names, values=values, extractor=EXTRACTOR)

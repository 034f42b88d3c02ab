"""OpenML's evaluation measures, and what they are called here."""

import math
from dataclasses import dataclass

from automl_meta.errors import InputError


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure.

    Attributes
    ----------
    metric : str
        A scorer's name, higher is better; "seconds" for the time of fit and predict.
    factor : float
        What OpenML's values are multiplied with.
    of_probabilities : bool
        Whether predicted probabilities are measured; of labels alone it says something else.
    """

    metric: str
    factor: float
    classification: bool
    of_probabilities: bool = False


SECONDS = "seconds"
MEASURES = {
    # With more than two classes OpenML weights the classes' areas by size; only the order on a dataset counts.
    "area_under_roc_curve": Measure("roc_auc", 1.0, True, of_probabilities=True),
    "predictive_accuracy": Measure("accuracy", 1.0, True),
    "f_measure": Measure("f1_weighted", 1.0, True),
    "root_mean_squared_error": Measure("neg_root_mean_squared_error", -1.0, False),
    "mean_absolute_error": Measure("neg_mean_absolute_error", -1.0, False),
    "usercpu_time_millis": Measure(SECONDS, 1e-3, True),
}
DEFAULTS = ("area_under_roc_curve", "root_mean_squared_error")


def measures_for(names: tuple[str, ...], *, classification: bool) -> dict[str, Measure]:
    """Return those of the measures called `names` that a kind of task has.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise InputError(f"no measure {unknown[0]!r} of OpenML is known. Try --measure with: {', '.join(MEASURES)}")
    return {
        name: MEASURES[name]
        for name in names
        if MEASURES[name].classification == classification or MEASURES[name].metric == SECONDS
    }


def score_of(measure: Measure, value: float) -> float:
    """Return OpenML's value as a score; NaN stays NaN."""
    return math.nan if math.isnan(value) else measure.factor * value

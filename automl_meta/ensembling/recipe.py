"""A way to combine, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is done to the members' predictions.

    Attributes
    ----------
    kind : str
        One of `nested.KINDS`.
    calibration : {"none", "temperature", "isotonic"}
    decision : {"none", "tuned", "costs"}
        What the predicted class is chosen by: probabilities alone, weights tuned for the metric, or costs.
    """

    kind: str
    calibration: str
    decision: str

"""What a user may ask of an ensemble."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl_meta.errors import InputError

Refit = Literal["auto", "bag", "refit"]
ASKED_KINDS = {
    "auto": ("best", "greedy", "stack", "layers"),
    "best": ("best",),
    "greedy": ("greedy",),
    "stack": ("stack", "layers"),
    "layers": ("layers",),
    "average": ("average",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleOptions:
    """What the user may ask of the ensemble.

    Attributes
    ----------
    kind
        ``auto``, ``best``, ``greedy``, ``stack``, ``layers`` or ``average``; a ``stack`` may have learners of the
        catalogue in it, an ``average`` is what ``auto`` means where rows are few.
    max_members : int
        Distinct members at most, those that only feed others not counted.
    seconds_per_1000_rows : float
        That predicting may take; at least one member is kept whatever it takes.
    one_model : bool
        Whether members will be one model instead of the bag of fold models, which takes longer.
    negative_weights : bool
        Whether the weights of a stack may be negative.
    calibrate : bool
        Whether probabilities may be calibrated where that improves the log loss.
    decide : bool
        Whether class weights (thresholds) may be tuned for a metric of classes.
    mistake_costs : array of shape (n_classes, n_classes) or None
        By which the predicted class is chosen, see `parse_costs`.
    """

    kind: str = "auto"
    max_members: int = 8
    seconds_per_1000_rows: float = np.inf
    one_model: bool = False
    negative_weights: bool = False
    calibrate: bool = True
    decide: bool = True
    mistake_costs: NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in ASKED_KINDS:
            raise InputError(f"no ensemble kind {self.kind!r}. Try one of: {', '.join(ASKED_KINDS)}")
        if self.max_members < 1:
            raise InputError(f"an ensemble needs at least one member, not {self.max_members}")

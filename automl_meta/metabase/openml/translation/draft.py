"""A configuration in the making, and what is lost on the way."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from ConfigSpace import CategoricalHyperparameter, UniformIntegerHyperparameter

from automl_meta.datasets.task import Task
from automl_meta.pipelines.catalogue import find_algorithm, search_space
from automl_meta.pipelines.configuration import Configuration, Value
from automl_meta.pipelines.cube import active_only

# Where more of the same changes nothing that matters: a value beyond the bound is taken as the bound, and the
# translation is approximate. A value beyond any other bound cannot be translated.
SATURATES_BELOW = frozenset(
    {
        *(("decision_tree", "ccp_alpha"), ("lda", "shrinkage_factor"), ("qda", "reg_param")),
        *(("gaussian_nb", "var_smoothing"), ("hist_gradient_boosting", "l2_regularization")),
        *(("xgboost", "reg_alpha"), ("xgboost", "reg_lambda"), ("xgboost", "min_child_weight")),
        *(("lightgbm", "lambda_l1"), ("lightgbm", "lambda_l2"), ("ridge", "alpha")),
    }
)
SATURATES_ABOVE = frozenset({("decision_tree", "max_depth"), ("logistic_regression", "C")})


class Grade(StrEnum):
    """How well a configuration says what a setup did."""

    EXACT = "exact"  # the same algorithm with the same hyperparameters
    APPROXIMATE = "approximate"  # something is lost, and it is known what


class UntranslatableError(Exception):
    """No configuration says what the setup did; the text is the reason, in the words of the summary."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A configuration, and what it does not say of the setup.

    Attributes
    ----------
    labels_only : bool
        Whether the setup gave no probabilities, so that measures of them were computed from its labels.
    """

    configuration: Configuration
    losses: tuple[str, ...] = ()
    labels_only: bool = False

    @property
    def grade(self) -> Grade:
        """Exact if nothing is lost."""
        return Grade.APPROXIMATE if self.losses else Grade.EXACT


@cache
def _defaults(algorithm: str, task: Task) -> Mapping[str, Value]:
    """Return a value for every hyperparameter, also those that the others make inactive."""
    return {name: part.default_value for name, part in search_space(algorithm, task).items()}


class Draft:
    """Collects hyperparameters of one algorithm; those that are not set have the catalogue's defaults.

    Parameters
    ----------
    algorithm : str
        A name of the catalogue.

    Attributes
    ----------
    labels_only : bool
        As of `Translation`; to be set.

    Raises
    ------
    UntranslatableError
        If the algorithm is not for `task`.
    """

    def __init__(self, algorithm: str, task: Task) -> None:
        known = find_algorithm(algorithm)
        if task not in known.tasks:
            raise UntranslatableError(f"{algorithm} is not for {task} tasks")
        self.algorithm = algorithm
        self.task = task
        self.labels_only = False
        self._space = search_space(algorithm, task)
        self._version = known.version
        self._values = dict(_defaults(algorithm, task))
        self._losses: list[str] = []

    def __contains__(self, name: str) -> bool:
        """Return whether the algorithm has a hyperparameter of this name."""
        return name in self._space

    def lose(self, what: str) -> None:
        """Note that the configuration does not say this of the setup."""
        if what not in self._losses:
            self._losses.append(what)

    def set_or_lose(self, name: str, value: Value, what: str) -> None:
        """Set a choice if the algorithm has it, else keep the default and note what is lost."""
        if value in self._space[name].choices:
            self.set(name, value)
        else:
            self.lose(what)

    def set(self, name: str, value: Value) -> None:
        """Set a hyperparameter.

        Raises
        ------
        UntranslatableError
            If its range does not have the value.
        """
        part = self._space[name]
        if isinstance(part, CategoricalHyperparameter):
            if value not in part.choices:
                raise UntranslatableError(f"{self.algorithm} has no {name}={value}")
            self._values[name] = value
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise UntranslatableError(f"{name} of {self.algorithm} is not a number")
        held = self._held(name, float(value), float(part.lower), float(part.upper))
        if isinstance(part, UniformIntegerHyperparameter):
            if not held.is_integer():
                raise UntranslatableError(f"{name} of {self.algorithm} is not a whole number")
            self._values[name] = int(held)
        else:
            self._values[name] = held

    def _held(self, name: str, value: float, lower: float, upper: float) -> float:
        if lower <= value <= upper:
            return value
        key = (self.algorithm, name)
        if value < lower and key in SATURATES_BELOW:
            self.lose(f"{name} below {lower:g} is taken as {lower:g}")
            return lower
        if value > upper and key in SATURATES_ABOVE:
            self.lose(f"{name} above {upper:g} is taken as {upper:g}")
            return upper
        side = f"below {lower:g}" if value < lower else f"above {upper:g}"
        raise UntranslatableError(f"{name} of {self.algorithm} is {side}")

    def finish(self) -> Translation:
        """Return what came of it."""
        values = active_only(self._space, self._values)
        configuration = Configuration(self.algorithm, values, self._version)
        return Translation(configuration, tuple(self._losses), self.labels_only)

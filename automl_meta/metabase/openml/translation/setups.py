"""A setup as OpenML lists it: a flow and the values of its parameters."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from automl_meta.datasets.task import Task
from automl_meta.metabase.openml.translation.draft import UntranslatableError

MAX_VALUE = 20_000  # characters of a parameter's value; longer ones are not kept
TOO_LONG = "\N{HORIZONTAL ELLIPSIS}"  # what is kept of them

_VERSION = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a setup.

    Attributes
    ----------
    component : str
        Name of the flow, or part of a flow, that it belongs to, without a version.
    value : str
        As the server has it.
    """

    component: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Setup:
    """A flow with its parameters.

    Attributes
    ----------
    flow_name : str
        With the version that the server appends in parentheses, or without.
    """

    setup_id: int
    flow_id: int
    flow_name: str
    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        """The flow's name without its version."""
        return without_version(self.flow_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a translation needs to know of the dataset.

    Attributes
    ----------
    n_rows : int
        Of the training part of a fold.
    n_features : int
        Columns without the target.
    """

    task: Task
    n_rows: int
    n_features: int
    n_classes: int = 0


@dataclass(frozen=True, slots=True)
class Component:
    """A flow's name taken apart: ``Pipeline(scaler=StandardScaler,model=SVC)``."""

    name: str  # with its module path, without its own components
    children: tuple[tuple[str, "Component"], ...]  # step and component

    @property
    def class_name(self) -> str:
        """The last part of the name: module paths change with versions."""
        return self.name.rpartition(".")[2]

    def __iter__(self) -> Iterator["Component"]:
        """Yield this component and all inside it, outermost first."""
        yield self
        for _, child in self.children:
            yield from child


def without_version(name: str) -> str:
    """Return a flow's name without the version that ends it."""
    return _VERSION.sub("", name.strip())


@lru_cache(1 << 10)
def parse_flow_name(name: str) -> Component:
    """Take a flow's name apart.

    Raises
    ------
    UntranslatableError
        If its parentheses do not match, or nest deeper than any real flow does.
    """
    component, end = _component(name, 0, 0)
    if end != len(name):
        raise UntranslatableError("the flow's name cannot be read")
    return component


DEEPEST = 20


def _component(text: str, start: int, depth: int) -> tuple[Component, int]:
    if depth > DEEPEST:
        raise UntranslatableError("the flow's name cannot be read")
    end = start
    while end < len(text) and text[end] not in "(),":
        end += 1
    name = text[start:end].strip()
    children: list[tuple[str, Component]] = []
    if end < len(text) and text[end] == "(":
        closing = text.find(")", end)
        if text[end + 1 : closing].isdecimal():  # a component's own version
            return Component(name, ()), closing + 1
        while text[end] != ")":
            step, equals, _ = text[end + 1 :].partition("=")
            if not equals or set(step) & set("(),"):  # components without names of their steps, as Weka's
                step, begin = "", end + 1
            else:
                begin = end + 1 + len(step) + 1
            child, end = _component(text, begin, depth + 1)
            children.append((step.strip(), child))
            if end >= len(text) or text[end] not in ",)":
                raise UntranslatableError("the flow's name cannot be read")
        end += 1
    if not name:
        raise UntranslatableError("the flow's name cannot be read")
    return Component(name, tuple(children)), end


def number(text: object) -> float:
    """Return a number that a setup spells; NaN if it is none."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return math.nan
    try:
        return float(text)
    except ValueError:
        return math.nan

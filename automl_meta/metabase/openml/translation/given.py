"""Reading the parameters of one component."""

import math
from collections.abc import Mapping
from typing import Any

from automl_meta.metabase.openml.translation.draft import Draft, UntranslatableError
from automl_meta.metabase.openml.translation.serialized import Named
from automl_meta.metabase.openml.translation.setups import number


class Given:
    """What a setup says of one component.

    Parameters
    ----------
    what : str
        The component, for reasons.
    values : mapping from name to value
        As `read_value` gives them, or texts.
    absent : str
        What is noted where a default is filled in that the setup does not spell; nothing if defaults are known.
    """

    def __init__(self, what: str, values: Mapping[str, Any], draft: Draft, absent: str = "") -> None:
        self.what = what
        self.draft = draft
        self._values = values
        self._absent = absent

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def without(self, value: Any) -> "Given":
        """Return what is given but for the parameters that have this value."""
        kept = {name: one for name, one in self._values.items() if not _same(one, value)}
        return Given(self.what, kept, self.draft)

    def value(self, name: str, default: Any, *, newer: bool = False) -> Any:
        """Return the value of a parameter, `default` if it is not given.

        Parameters
        ----------
        newer : bool
            Old versions did not have the parameter, and did what `default` says.

        Raises
        ------
        UntranslatableError
            If it is something that has a name only, such as a function.
        """
        if name not in self._values:
            if self._absent and not newer:
                self.draft.lose(self._absent)
            return default
        value = self._values[name]
        if isinstance(value, Named):
            raise UntranslatableError(f"{name} of {self.what} is a {value.kind}")
        return value

    def number(self, name: str, default: float, *, newer: bool = False) -> float:
        """Return a number.

        Raises
        ------
        UntranslatableError
            If it is none.
        """
        found = number(self.value(name, default, newer=newer))
        if math.isnan(found):
            raise UntranslatableError(f"{name} of {self.what} is not a number")
        return found

    def flag(self, name: str, default: bool) -> bool:
        """Return a truth value, in Python's spelling, in R's or in Weka's."""
        value = self.value(name, default)
        return value if isinstance(value, bool) else str(value).strip().lower() in ("true", "t", "1")

    def text(self, name: str, default: str, *, newer: bool = False) -> str:
        """Return a text, without quotes around it, in lower case."""
        return str(self.value(name, default, newer=newer)).strip().strip("'\"").lower()

    def expect(self, name: str, *allowed: Any) -> None:
        """Check that a parameter without an equivalent does nothing; the first of `allowed` is the default.

        Raises
        ------
        UntranslatableError
            If it does something.
        """
        value = self.value(name, allowed[0], newer=True)
        if not any(_same(value, one) for one in allowed):
            raise UntranslatableError(f"{name} of {self.what} has no equivalent")

    def drop(self, name: str, *harmless: Any) -> None:
        """Note as lost a parameter that matters little, unless its value is `harmless`; the first is the default."""
        if not any(_same(self.value(name, harmless[0], newer=True), one) for one in harmless):
            self.draft.lose(f"{name} is lost")

    def same(self, pairs: Mapping[str, str], defaults: Mapping[str, float]) -> None:
        """Set hyperparameters from parameters that mean the same, by `pairs` of parameter and hyperparameter."""
        for parameter, hyperparameter in pairs.items():
            self.draft.set(hyperparameter, self.number(parameter, defaults[parameter]))

    def weight(self, name: str = "class_weight") -> None:
        """Set the weights of classes.

        Raises
        ------
        UntranslatableError
            If they are given class by class.
        """
        value = self.value(name, None, newer=True)
        if "class_weight" not in self.draft:
            return
        if value not in (None, "", "balanced", "balanced_subsample"):
            raise UntranslatableError(f"{name} of {self.what} has no equivalent")
        if value == "balanced_subsample":
            self.draft.lose("classes are weighted by the whole training part, not by the sample of a tree")
        self.draft.set("class_weight", "balanced" if value else "none")

    def trees(self, name: str, default: float, least: int = 30) -> None:
        """Check the number of trees: ours grow 300, and more than a few hundred are alike.

        Raises
        ------
        UntranslatableError
            If there are fewer than `least`.
        """
        count = self.number(name, default)
        if count < least:
            raise UntranslatableError(f"{self.what} with fewer than {least} trees")
        if not 100 <= count <= 1000:
            self.draft.lose("the number of trees is lost")


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, bool) or isinstance(other, bool) or value is None or other is None:
        return value is other or str(value).lower() == str(other).lower()
    one, two = number(value), number(other)
    if not (math.isnan(one) or math.isnan(two)):
        return one == two
    return str(value) == str(other)

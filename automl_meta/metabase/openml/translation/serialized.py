"""Values as openml-python writes them: JSON, with marked objects for what JSON cannot say.

A marked object names a class or a function. It is read as data: nothing is ever imported.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MARK = "oml-python:serialized_object"
_PYTHON = {"None": None, "True": True, "False": False, "nan": float("nan"), "NaN": float("nan")}


@dataclass(frozen=True, slots=True)
class Named:
    """Something that the flow named instead of giving its value, such as a function.

    Attributes
    ----------
    kind : str
        "function", "type", "component_reference", "rv_frozen" or "cv_object".
    name : str
        What it is called, for people.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@lru_cache(1 << 14)
def read_value(text: str) -> Any:
    """Return what a parameter's text says: a JSON value with `Named` in it; the text itself if it is no JSON.

    Old flows spell None, True and False as Python does. The value must not be changed: the same text gives it again.
    """
    text = text.strip()
    if text in _PYTHON:
        return _PYTHON[text]
    try:
        return json.loads(text, object_hook=_named)
    except (ValueError, RecursionError):
        return text.strip("'\"")


def _named(content: dict[str, Any]) -> Any:
    if MARK not in content:
        return content
    value = content.get("value")
    if isinstance(value, dict):
        value = value.get("key") or value.get("step_name") or value.get("dist") or value.get("name") or ""
    return Named(str(content[MARK]), str(value)[:100])

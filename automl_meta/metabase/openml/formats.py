"""What OpenML's server sends, as values: XML and, for evaluations, JSON.

XML is read without a document type: a response that declares one is refused before it is parsed, so nothing is
expanded and nothing outside is read. An error page of a proxy is refused the same way.
"""

import io
import json
import math
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from automl_meta.metabase.openml.translation.setups import MAX_VALUE, TOO_LONG, Parameter, without_version

OML = "{http://openml.org/openml}"
_PARAMETERS = f"{OML}parameters/{OML}parameter"
_SAID = tuple(OML + name for name in ("parameter_name", "value", "flow_name", "full_name"))
LARGE = 16 << 20  # bytes of a list
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']""")
_KNOWN_ENCODINGS = (b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1")


class MalformedError(Exception):
    """A response is not what was asked for: cut off, an error page, or not to be trusted."""


class UnreadableError(MalformedError):
    """A response is what was asked for, and whole, but cannot be used: the same once more would not help."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run's value of one measure, as one evaluation engine computed it.

    Attributes
    ----------
    value : float
        NaN where the server has none.
    uploaded : int
        Seconds since 1970; 0 if unknown.
    parameters : tuple of Parameter or None
        None if the setup was known already.
    """

    run_id: int
    engine: int
    setup_id: int
    flow_id: int
    flow_name: str
    measure: str
    value: float
    uploaded: int
    parameters: tuple[Parameter, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDescription:
    """A task: a dataset, its target, and how predictions are estimated."""

    task_id: int
    kind: int  # 1 is supervised classification, 2 is supervised regression
    dataset_id: int
    target: str
    procedure: str
    repeats: int
    folds: int
    percentage: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDescription:
    """A dataset, and where its data is."""

    dataset_id: int
    name: str
    version: int
    licence: str
    url: str
    parquet_url: str
    md5: str
    default_target: str
    ignored: tuple[str, ...]  # row ids and columns not to be used


def error_code(body: bytes) -> int | None:
    """Return the code of an error that the server describes, or None if the body is no such description."""
    try:
        if _looks_like_json(body):
            return int(json.loads(body)["error"]["code"])
        root = _root(body)
        return int(_text(root, "code")) if root.tag == f"{OML}error" else None
    except (MalformedError, ValueError, KeyError, TypeError):
        return None


def read_evaluations(body: bytes, known_setups: Container[int] = ()) -> Iterator[Evaluation]:
    """Yield the rows of ``evaluation/setup/list``, XML or JSON.

    Parameters
    ----------
    known_setups : container of int
        Setups whose parameters need not be read again.

    Raises
    ------
    MalformedError
        If the body is not such a list, or not all of one.
    """
    if _looks_like_json(body):
        yield from _evaluations_from_json(body, known_setups)
        return
    for element in _evaluation_elements(body):
        try:
            yield _evaluation(element, known_setups)
        except (KeyError, ValueError) as error:
            raise MalformedError(f"an evaluation that cannot be understood ({error})") from error


def _evaluation_elements(body: bytes) -> Iterator[ElementTree.Element]:
    """Yield the rows of a list; those of a large one are forgotten one by one, as a tree takes much memory."""
    if len(body) <= LARGE:  # several times quicker
        yield from _root(body, "evaluations").iterfind(f"{OML}evaluation")
        return
    _check_plain(body)
    root: ElementTree.Element | None = None
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(body), ("start", "end")):
            if root is None:
                root = element
                if element.tag != f"{OML}evaluations":
                    raise MalformedError(f"expected evaluations, got {element.tag}")
            elif event == "end" and element.tag == f"{OML}evaluation":
                yield element
                root.clear()
    except (ElementTree.ParseError, ValueError) as error:
        raise MalformedError(f"not a whole list of evaluations ({error})") from error


def _evaluation(element: ElementTree.Element, known_setups: Container[int]) -> Evaluation:
    texts = {part.tag.removeprefix(OML): (part.text or "").strip() for part in element}
    if int(texts["setup_id"]) in known_setups:
        return _evaluation_from(texts, None)
    listed = element.iterfind(_PARAMETERS)
    return _evaluation_from(texts, tuple(_parameter(*map(parameter.findtext, _SAID)) for parameter in listed))


def _evaluation_from(texts: Mapping[str, Any], parameters: tuple[Parameter, ...] | None) -> Evaluation:
    return Evaluation(
        run_id=int(texts["run_id"]),
        engine=int(texts.get("evaluation_engine_id") or 1),
        setup_id=int(texts["setup_id"]),
        flow_id=int(texts["flow_id"]),
        flow_name=str(texts["flow_name"]),
        measure=str(texts["function"]),
        value=_number(texts.get("value")),
        uploaded=_seconds(str(texts.get("upload_time") or "")),
        parameters=parameters,
    )


def _parameter(name: str | None, value: str | None, component: str | None, full_name: str | None) -> Parameter:
    if name is None:
        raise KeyError("parameter_name")
    component = component or (full_name or "").removesuffix(f"_{name}")
    value = value or ""
    return _shared_parameter(component, name, value if len(value) <= MAX_VALUE else TOO_LONG)


@lru_cache(1 << 16)
def _shared_parameter(component: str, name: str, value: str) -> Parameter:
    """Return the same object for the same text: most of a list repeats itself."""
    return Parameter(without_version(component), name, value)


def _spelled(value: Any) -> str:
    """Return a value as XML would have it."""
    if value is None or value == []:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _number(value: Any) -> float:
    if value in (None, "", []):
        return math.nan
    found = float(value)
    return found if math.isfinite(found) else math.nan


def _seconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0


def _evaluations_from_json(body: bytes, known_setups: Container[int]) -> Iterator[Evaluation]:
    try:
        rows = _listed(json.loads(body)["evaluations"], "evaluation")
        for row in rows:
            parameters = None
            if int(row["setup_id"]) not in known_setups:
                listed = _listed(row.get("parameters") or [], "parameter")
                parameters = tuple(
                    _parameter(
                        parameter["parameter_name"],
                        _spelled(parameter.get("value")),
                        parameter.get("flow_name"),
                        parameter.get("full_name"),
                    )
                    for parameter in listed
                )
            yield _evaluation_from(row, parameters)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedError(f"not a whole list of evaluations ({error!r:.80})") from error


def _listed(content: Any, name: str) -> list[dict[str, Any]]:
    """Return a list, which JSON made from XML may wrap in an object, and may be one item without a list."""
    if isinstance(content, dict) and name in content:
        content = content[name]
    return content if isinstance(content, list) else [content]


def read_suite(body: bytes) -> tuple[int, ...]:
    """Return the tasks of a ``study``.

    Raises
    ------
    MalformedError
        If the body is not one.
    """
    root = _root(body, "study")
    try:
        return tuple(int(element.text or "") for element in root.iterfind(f"{OML}tasks/{OML}task_id"))
    except ValueError as error:
        raise MalformedError(f"a suite that cannot be understood ({error})") from error


def read_task(body: bytes) -> TaskDescription:
    """Return a ``task``.

    Raises
    ------
    MalformedError
        If the body is not one.
    """
    root = _root(body, "task")
    try:
        inputs = {element.get("name"): element for element in root.iterfind(f"{OML}input")}
        data = inputs["source_data"].find(f"{OML}data_set")
        procedure = inputs["estimation_procedure"].find(f"{OML}estimation_procedure")
        if data is None or procedure is None:
            raise MalformedError("a task without a dataset or an estimation procedure")
        given = {e.get("name"): (e.text or "").strip() for e in procedure.iterfind(f"{OML}parameter")}
        return TaskDescription(
            task_id=int(_text(root, "task_id")),
            kind=int(_text(root, "task_type_id")),
            dataset_id=int(_text(data, "data_set_id")),
            target=_text(data, "target_feature"),
            procedure=_text(procedure, "type"),
            repeats=int(given.get("number_repeats") or 1),
            folds=int(given.get("number_folds") or 0),
            percentage=int(given.get("percentage") or 0),
        )
    except (KeyError, ValueError) as error:
        raise MalformedError(f"a task that cannot be understood ({error})") from error


def read_task_list(body: bytes) -> tuple[tuple[int, int], ...]:
    """Return ids of tasks and of their datasets.

    Raises
    ------
    MalformedError
        If the body is not a list of tasks.
    """
    root = _root(body, "tasks")
    tasks = root.iterfind(f"{OML}task")
    try:
        return tuple((int(_text(task, "task_id")), int(_text(task, "did"))) for task in tasks)
    except ValueError as error:
        raise MalformedError(f"a task that cannot be understood ({error})") from error


def read_dataset_description(body: bytes) -> DatasetDescription:
    """Return a ``data_set_description``.

    Raises
    ------
    MalformedError
        If the body is not one.
    """
    root = _root(body, "data_set_description")
    ignored = [
        e.text or "" for name in ("row_id_attribute", "ignore_attribute") for e in root.iterfind(f"{OML}{name}")
    ]
    try:
        return DatasetDescription(
            dataset_id=int(_text(root, "id")),
            name=_text(root, "name"),
            version=int(_text(root, "version") or 1),
            licence=_text(root, "licence"),
            url=_text(root, "url"),
            parquet_url=_text(root, "parquet_url"),
            md5=_text(root, "md5_checksum"),
            default_target=_text(root, "default_target_attribute"),
            ignored=tuple(name.strip() for text in ignored for name in text.split(",") if name.strip()),
        )
    except ValueError as error:
        raise MalformedError(f"a dataset that cannot be understood ({error})") from error


def read_qualities(body: bytes) -> dict[str, float]:
    """Return name and value of ``data_qualities``; those that were not computed, or are -1, are left out.

    Raises
    ------
    MalformedError
        If the body is not such a list.
    """
    found = {}
    for element in _root(body, "data_qualities").iterfind(f"{OML}quality"):
        try:
            value = _number(_text(element, "value"))
        except ValueError:
            continue
        if not math.isnan(value) and value != -1:
            found[_text(element, "name")] = value
    return found


def _root(body: bytes, expected: str = "") -> ElementTree.Element:
    _check_plain(body)
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError) as error:
        raise MalformedError(f"not a whole document ({error})") from error
    if expected and root.tag != OML + expected:
        raise MalformedError(f"expected {expected}, got {root.tag}")
    return root


def _check_plain(body: bytes) -> None:
    """Refuse what could declare entities, also in an encoding that hides it."""
    encoding = _ENCODING.match(body.lstrip())
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or (encoding and encoding[1].lower() not in _KNOWN_ENCODINGS):
        raise MalformedError("an encoding that the server does not use")
    if b"\x00" in body[:1024] or b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"<!doctype" in body[:1024]:
        raise MalformedError("a document type, which the server never sends")


def _text(element: ElementTree.Element, name: str) -> str:
    return (element.findtext(OML + name) or "").strip()


def _looks_like_json(body: bytes) -> bool:
    return body[:64].lstrip().startswith((b"{", b"["))

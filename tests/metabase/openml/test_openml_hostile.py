"""What an evil server, or an evil run, may send: refused or ignored; nothing is executed, nothing expanded."""

import gzip
import json
import sys
import tracemalloc
from pathlib import Path

import pytest
from openml_server import NS, LocalServer
from openml_world import World
from test_openml_rebuild import archive_of, options_for

from automl_meta.datasets.task import Task
from automl_meta.metabase.openml.cache import Page, PageCache
from automl_meta.metabase.openml.formats import (
    MalformedError,
    error_code,
    read_dataset_description,
    read_evaluations,
    read_qualities,
    read_suite,
    read_task,
    read_task_list,
)
from automl_meta.metabase.openml.rebuild import rebuild
from automl_meta.metabase.openml.translation import Parameter, Problem, Setup, UntranslatableError, translate
from automl_meta.metabase.openml.translation.serialized import Named, read_value
from automl_meta.metabase.openml.translation.weka_flows import parse_command_line

PROBLEM = Problem(task=Task.BINARY, n_rows=900, n_features=20, n_classes=2)
READERS = [
    lambda body: list(read_evaluations(body)),
    read_suite,
    read_task,
    read_task_list,
    read_dataset_description,
    read_qualities,
]
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + f"]><oml:evaluations {NS}><oml:evaluation>&j;</oml:evaluation></oml:evaluations>".encode()
)
OUTSIDE = (
    f'<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]><oml:study {NS}>'
    "<oml:tasks><oml:task_id>&secret;</oml:task_id></oml:tasks></oml:study>"
).encode()


def evaluation(parameters: str) -> bytes:
    return (
        f"<oml:evaluations {NS}><oml:evaluation><oml:run_id>1</oml:run_id><oml:task_id>2</oml:task_id>"
        "<oml:setup_id>3</oml:setup_id><oml:flow_id>4</oml:flow_id><oml:flow_name>weka.J48(1)</oml:flow_name>"
        f"<oml:parameters>{parameters}</oml:parameters><oml:evaluation_engine_id>1</oml:evaluation_engine_id>"
        "<oml:function>predictive_accuracy</oml:function><oml:upload_time>2014-04-06 23:30:40</oml:upload_time>"
        "<oml:value>0.5</oml:value></oml:evaluation></oml:evaluations>"
    ).encode()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?>' + OUTSIDE,
        b"<!DOCTYPE html><html><body>Bad gateway</body></html>",
        b"<html><body>Down</body></html>",
        b"",
        b"   ",
        b"\x00\x01\x02",
        evaluation("")[:200],
        b'{"evaluations": {"evaluation": [{"run_id"',
        f"<oml:study {NS}><oml:tasks><oml:task_id>many</oml:task_id></oml:tasks></oml:study>".encode(),
        f"<oml:tasks {NS}><oml:task><oml:task_id>1</oml:task_id><oml:did/></oml:task></oml:tasks>".encode(),
        b"[" * 100_000,
        json.dumps({"evaluations": {"evaluation": [{"run_id": {"a": 1}}]}}).encode(),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_plain_is_refused(reader: object, body: bytes) -> None:
    with pytest.raises(MalformedError):
        reader(body)  # type: ignore[operator]


def test_a_bomb_takes_no_memory() -> None:
    tracemalloc.start()
    with pytest.raises(MalformedError, match="document type"):
        list(read_evaluations(BOMB))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_an_error_is_not_read_from_a_bomb() -> None:
    assert error_code(BOMB.replace(b"oml:evaluations", b"oml:error")) is None


def test_a_value_of_fifty_megabytes_is_not_kept() -> None:
    big = "9" * 50_000_000
    body = evaluation(
        f"<oml:parameter><oml:flow_name>weka.J48</oml:flow_name><oml:parameter_name>M</oml:parameter_name>"
        f"<oml:value>{big}</oml:value></oml:parameter>"
    )
    (row,) = read_evaluations(body)
    assert row.parameters is not None
    assert len(row.parameters[0].value) < 10
    with pytest.raises(UntranslatableError, match="too long"):
        translate(Setup(row.setup_id, row.flow_id, row.flow_name, row.parameters), PROBLEM)


FOREST = "sklearn.ensemble.forest.RandomForestClassifier"
EVIL = {
    "a function": {"oml-python:serialized_object": "function", "value": "os.system"},
    "a type": {"oml-python:serialized_object": "type", "value": "subprocess.Popen"},
    "a frozen distribution": {
        "oml-python:serialized_object": "rv_frozen",
        "value": {"dist": "evil_module.Evil", "args": ["rm -rf /"], "kwds": {}},
    },
    "a splitter": {
        "oml-python:serialized_object": "cv_object",
        "value": {"name": "evil_module.Evil", "parameters": {}},
    },
    "a component": {"oml-python:serialized_object": "component_reference", "value": {"key": "__import__('os')"}},
}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_serialised_objects_are_data(
    evil: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    setup = Setup(1, 1, f"{FOREST}(1)", (Parameter(FOREST, "max_features", json.dumps(evil)),))
    with pytest.raises(UntranslatableError, match=f"max_features .* is a {evil['oml-python:serialized_object']}"):
        translate(setup, PROBLEM)
    assert "evil_module" not in sys.modules
    assert isinstance(read_value(json.dumps(evil)), Named)


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.pipeline.Pipeline(" * 2000 + ")" * 2000,
        "sklearn." + "a=(" * 500,
        "sklearn.x(1)(2)(3)",
        "sklearn.pipeline.Pipeline()",
        "sklearn.pipeline.Pipeline(=)",
        "weka.",
        "mlr.",
        "mlr.classif.",
        "sklearn.\x00",
        "sklearn." + "x" * 1_000_000,
    ],
    ids=lambda name: repr(name[:30]),
)
def test_names_that_mean_nothing_are_refused(name: str) -> None:
    with pytest.raises(UntranslatableError):
        translate(Setup(1, 1, name, ()), PROBLEM)


@pytest.mark.parametrize(
    "value", ["[" * 50_00, '{"a":' * 3000, "NaN", "1e999", "-inf", "\\u0000", '"' * 999, "null", "[1, 2]", "{}"]
)
def test_values_that_mean_nothing_do_not_get_through(value: str) -> None:
    setup = Setup(1, 1, f"{FOREST}(1)", (Parameter(FOREST, "min_samples_leaf", value),))
    with pytest.raises(UntranslatableError):
        translate(setup, PROBLEM)


@pytest.mark.parametrize("text", ["weka.J48 -M 'open", 'weka.J48 -M "open', "-M '"])
def test_command_lines_with_open_quotes_are_refused(text: str) -> None:
    with pytest.raises(UntranslatableError):
        parse_command_line(text)


def test_a_command_line_is_only_read() -> None:
    name, options = parse_command_line("weka.classifiers.trees.J48 -C 0.25 -U -M $(touch x) ; rm -rf /")
    assert (name, options["C"], options["U"]) == ("J48", "0.25", "true")


def test_a_page_of_another_path_is_not_taken(tmp_path: Path) -> None:
    cache = PageCache(tmp_path, "http://localhost/api/v1/xml")
    cache.put("task/1", Page(b"one"))
    (page,) = tmp_path.rglob("*.page")
    cache.put("task/2", Page(b"two"))
    other = next(path for path in tmp_path.rglob("*.page") if path != page)
    other.write_bytes(page.read_bytes())
    assert cache.get("task/2") is None
    packed = page.read_bytes().partition(b"\n")
    page.write_bytes(packed[0] + b"\n" + gzip.compress(b"another"))
    assert cache.get("task/1") is None


def test_names_of_datasets_cannot_leave_the_cache(server: LocalServer, small_world: World, tmp_path: Path) -> None:
    for dataset in small_world.datasets.values():
        dataset.name = "../../outside"
    try:
        rebuild(tmp_path / "r.sqlite", options_for(), archive_of(server, tmp_path / "in" / "cache"))
        assert {path.name for path in tmp_path.iterdir()} <= {"in", "r.sqlite", "config", "openml"}
    finally:
        for position, dataset in enumerate(small_world.datasets.values()):
            dataset.name = f"table-{position}"

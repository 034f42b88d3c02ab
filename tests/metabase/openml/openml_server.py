"""A small server that speaks OpenML's interface from a `World`, and can be told to misbehave."""

import gzip
import hashlib
import io
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import pandas as pd
from openml_world import SUITE, World, WorldRun
from world_tables import FOLDS, WorldDataset, qualities_of

NS = 'xmlns:oml="http://openml.org/openml"'
NO_RESULT = 542
CODES = (542, 674, 512, 372, 500, 482, 111, 543, 545, 546, 107)


@dataclass
class Faults:
    """How often what goes wrong, each from 0 to 1 and on its own."""

    slow: float = 0.0
    status: float = 0.0  # 502, 503 or 504
    refuse: float = 0.0  # 412 with any code
    cut: float = 0.0  # half a response, with or without saying so
    repeat: float = 0.0  # another page than the one that was asked for
    reorder: float = 0.0  # the list in another order than before
    html: float = 0.0  # an error page that claims to be fine
    seed: int = 0
    seconds: float = 0.002  # of a slow answer
    happened: dict[str, int] = field(default_factory=dict)

    @classmethod
    def all(cls, rate: float, seed: int = 0) -> "Faults":
        return cls(rate, rate, rate, rate, rate, rate, rate, seed=seed)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def draw(self, *names: str) -> str | None:
        """Return one of the faults that happen now, or None."""
        with self._lock:
            found = [name for name in names if self._random.random() < getattr(self, name)]
            fault = self._random.choice(found) if found else None
            if fault:
                self.happened[fault] = self.happened.get(fault, 0) + 1
            return fault

    def choose(self, choices: tuple[int, ...]) -> int:
        with self._lock:
            return self._random.choice(choices)

    def shuffled(self, rows: list[Any]) -> list[Any]:
        with self._lock:
            return self._random.sample(rows, len(rows))


class LocalServer:
    """The server on a free port of this machine, while it is used as a context manager."""

    def __init__(self, world: World, faults: Faults | None = None) -> None:
        self.world = world
        self.faults = faults or Faults()
        self.paths: list[str] = []  # what was asked for, without keys
        self.keys: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/api/v1/xml"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.keys.update(parse_qs(parts.query).get("api_key", []))
        self.paths.append(parts.path)
        if self.faults.draw("slow"):
            time.sleep(self.faults.seconds)
        fault = self.faults.draw("status", "refuse", "html", "cut")
        if fault == "status":
            status = self.faults.choose((502, 503, 504))
            self._send(handler, status, b"<html><head><title>Bad Gateway</title></head></html>")
        elif fault == "refuse":
            self._send(handler, 412, error_xml(self.faults.choose(CODES)))
        elif fault == "html":
            self._send(handler, 200, b"<!DOCTYPE html><html><body>Down for maintenance</body></html>")
        else:
            status, body = self.content(parts.path)
            self._send(handler, status, body, cut=fault == "cut")

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, *, cut: bool = False) -> None:
        packed = "gzip" in handler.headers.get("Accept-Encoding", "")
        honest = cut and self.faults.choose((0, 1)) == 1
        if honest:  # a proxy that passes on half of it as if it were all
            body = body[: len(body) // 2]
        content = gzip.compress(body, 1) if packed else body
        handler.send_response(status)
        if packed:
            handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        broken = cut and not honest
        handler.wfile.write(content[: len(content) // 2] if broken else content)
        if broken:
            handler.close_connection = True

    def content(self, path: str) -> tuple[int, bytes]:
        """Return status and body of what a path names."""
        words = unquote(path).strip("/").split("/")
        if words[:2] == ["data", "download"]:
            return 200, arff_of(self.world.datasets[int(words[2])]).encode()
        if words[0] == "datasets":
            return 200, parquet_of(self.world.datasets[int(words[1])])
        if words[:2] != ["api", "v1"]:
            return 404, b"not found"
        as_json, rest = words[2] == "json", words[3:]
        match rest:
            case ["study", _]:
                return 200, self._study()
            case ["task", "list", *filters]:
                return self._task_list(pairs(filters))
            case ["task", number]:
                return self._task(int(number))
            case ["data", "qualities", number]:
                return self._qualities(int(number))
            case ["data", "features", number]:
                return 200, features_xml(self.world.datasets[int(number)])
            case ["data", number]:
                return self._data(int(number))
            case ["evaluation", "setup", "list", *filters]:
                return self._evaluations(pairs(filters), setups=True, as_json=as_json)
            case ["evaluation", "list", *filters]:
                return self._evaluations(pairs(filters), setups=False, as_json=as_json)
            case ["user", "list", "user_id", numbers]:
                users = "".join(
                    f"<oml:user><oml:id>{n}</oml:id><oml:username>u{n}</oml:username></oml:user>"
                    for n in numbers.split(",")
                )
                return 200, f"<oml:users {NS}>{users}</oml:users>".encode()
        return 412, error_xml(100)

    def _study(self) -> bytes:
        tasks = "".join(f"<oml:task_id>{number}</oml:task_id>" for number in self.world.tasks)
        data = "".join(f"<oml:data_id>{number}</oml:data_id>" for number in self.world.datasets)
        return (
            f"<oml:study {NS}><oml:id>{SUITE}</oml:id><oml:alias>OpenML-CC18</oml:alias>"
            "<oml:main_entity_type>task</oml:main_entity_type><oml:name>CC18</oml:name>"
            "<oml:description>Curated &amp; checked</oml:description><oml:status>active</oml:status>"
            "<oml:creation_date>2019-02-21T18:47:13</oml:creation_date><oml:creator>1</oml:creator>"
            f"<oml:data>{data}</oml:data><oml:tasks>{tasks}</oml:tasks></oml:study>"
        ).encode()

    def _task_list(self, filters: Mapping[str, str]) -> tuple[int, bytes]:
        wanted = [
            task
            for task in self.world.tasks.values()
            if int(filters["data_id"]) == task.dataset.dataset_id
            and int(filters["type"]) == (1 if task.is_classification else 2)
        ]
        if not wanted:
            return 412, error_xml(482)
        rows = "".join(
            f"<oml:task><oml:task_id>{task.task_id}</oml:task_id><oml:task_type_id>{filters['type']}</oml:task_type_id>"
            f"<oml:did>{task.dataset.dataset_id}</oml:did><oml:name>{task.dataset.name}</oml:name></oml:task>"
            for task in wanted
        )
        return 200, f"<oml:tasks {NS}>{rows}</oml:tasks>".encode()

    def _task(self, number: int) -> tuple[int, bytes]:
        task = self.world.tasks.get(number)
        if task is None:
            return 412, error_xml(151)
        kind, name = (1, "Supervised Classification") if task.is_classification else (2, "Supervised Regression")
        return 200, (
            f"<oml:task {NS}><oml:task_id>{number}</oml:task_id><oml:task_name>Task {number}</oml:task_name>"
            f"<oml:task_type_id>{kind}</oml:task_type_id><oml:task_type>{name}</oml:task_type>"
            f'<oml:input name="source_data"><oml:data_set><oml:data_set_id>{task.dataset.dataset_id}'
            "</oml:data_set_id><oml:target_feature>class</oml:target_feature></oml:data_set></oml:input>"
            '<oml:input name="estimation_procedure"><oml:estimation_procedure><oml:id>1</oml:id>'
            "<oml:type>crossvalidation</oml:type>"
            f"<oml:data_splits_url>{self.root}/api_splits/get/{number}/splits.arff</oml:data_splits_url>"
            '<oml:parameter name="number_repeats">1</oml:parameter>'
            f'<oml:parameter name="number_folds">{FOLDS}</oml:parameter>'
            '<oml:parameter name="percentage"></oml:parameter>'
            '<oml:parameter name="stratified_sampling">true</oml:parameter>'
            '</oml:estimation_procedure></oml:input><oml:input name="cost_matrix"><oml:cost_matrix></oml:cost_matrix>'
            '</oml:input><oml:input name="evaluation_measures"><oml:evaluation_measures><oml:evaluation_measure>'
            "predictive_accuracy</oml:evaluation_measure></oml:evaluation_measures></oml:input></oml:task>"
        ).encode()

    def _data(self, number: int) -> tuple[int, bytes]:
        dataset = self.world.datasets.get(number)
        if dataset is None:
            return 412, error_xml(111)
        parquet = f"<oml:parquet_url>{self.root}/datasets/{number}/dataset.pq</oml:parquet_url>"
        return 200, (
            f"<oml:data_set_description {NS}><oml:id>{number}</oml:id><oml:name>{dataset.name}</oml:name>"
            "<oml:version>1</oml:version><oml:description>Made &lt;up&gt;</oml:description>"
            "<oml:description_version>1</oml:description_version><oml:format>ARFF</oml:format>"
            "<oml:upload_date>2014-04-06T23:19:24</oml:upload_date><oml:licence>Public</oml:licence>"
            f"<oml:url>{self.root}/data/download/{number}/dataset.arff</oml:url>"
            f"{parquet if dataset.has_parquet else ''}<oml:file_id>{number}</oml:file_id>"
            "<oml:default_target_attribute>class</oml:default_target_attribute>"
            "<oml:visibility>public</oml:visibility><oml:status>active</oml:status>"
            f"<oml:md5_checksum>{hashlib.md5(arff_of(dataset).encode()).hexdigest()}</oml:md5_checksum>"
            "</oml:data_set_description>"
        ).encode()

    def _qualities(self, number: int) -> tuple[int, bytes]:
        rows = "".join(
            f"<oml:quality><oml:name>{name}</oml:name>"
            + ("" if value is None else f"<oml:value>{value}</oml:value>")
            + "</oml:quality>"
            for name, value in qualities_of(self.world.datasets[number]).items()
        )
        return 200, f"<oml:data_qualities {NS}>{rows}</oml:data_qualities>".encode()

    def _evaluations(self, filters: Mapping[str, str], *, setups: bool, as_json: bool) -> tuple[int, bytes]:
        limit, offset = int(filters.get("limit", 10_001)), int(filters.get("offset", 0))
        if limit > 10_000:
            return 412, error_xml(546)
        measure = filters["function"]
        wanted = {
            name: set(map(int, filters[name].split(","))) for name in ("task", "flow", "uploader") if name in filters
        }
        rows = [
            (run, engine)
            for run in self.world.runs
            if run.task.task_id in wanted.get("task", {run.task.task_id})
            and run.setup.flow_id in wanted.get("flow", {run.setup.flow_id})
            and run.uploader in wanted.get("uploader", {run.uploader})
            and measure in run.values
            for engine in run.engines
        ]
        if self.faults.draw("reorder"):
            rows = self.faults.shuffled(rows)
        if offset and self.faults.draw("repeat"):
            offset = max(offset - limit, 0)
        page = rows[offset : offset + limit]
        if not page:
            return 412, error_json(NO_RESULT) if as_json else error_xml(NO_RESULT)
        render = evaluations_json if as_json else evaluations_xml
        return 200, render(page, measure, setups=setups)


def pairs(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2], strict=True))


def error_xml(code: int) -> bytes:
    return f"<oml:error {NS}><oml:code>{code}</oml:code><oml:message>No luck</oml:message></oml:error>".encode()


def error_json(code: int) -> bytes:
    return json.dumps({"error": {"code": str(code), "message": "No luck"}}).encode()


def evaluations_xml(page: list[tuple[WorldRun, int]], measure: str, *, setups: bool) -> bytes:
    rows = "\n".join(evaluation_xml(run, engine, measure, setups=setups) for run, engine in page)
    return f"<oml:evaluations {NS}>\n{rows}\n</oml:evaluations>\n".encode()


def evaluation_xml(run: WorldRun, engine: int, measure: str, *, setups: bool) -> str:
    dataset, value = run.task.dataset, run.values[measure]
    parameters = "".join(
        f"<oml:parameter><oml:id>{number}</oml:id><oml:flow_id>{run.setup.flow_id}</oml:flow_id>"
        + "".join(f"<oml:{name}>{escape(text)}</oml:{name}>" for name, text in parameter.items())
        + "</oml:parameter>\n"
        for number, parameter in enumerate(run.setup.parameters)
    )
    return (
        f"<oml:evaluation><oml:run_id>{run.run_id}</oml:run_id><oml:uploader>{run.uploader}</oml:uploader>"
        f"<oml:task_id>{run.task.task_id}</oml:task_id><oml:setup_id>{run.setup.setup_id}</oml:setup_id>"
        f"<oml:flow_id>{run.setup.flow_id}</oml:flow_id><oml:flow_name>{run.setup.flow_name}</oml:flow_name>"
        + (f"<oml:parameters>{parameters}</oml:parameters>" if setups else "")
        + f"<oml:data_id>{dataset.dataset_id}</oml:data_id><oml:data_name>{dataset.name}</oml:data_name>"
        f"<oml:evaluation_engine_id>{engine}</oml:evaluation_engine_id><oml:function>{measure}</oml:function>"
        f"<oml:upload_time>{run.upload_time}</oml:upload_time>"
        + ("" if value is None else f"<oml:value>{value + (engine - 1) * 1e-3}</oml:value>")
        + "</oml:evaluation>"
    )


def evaluations_json(page: list[tuple[WorldRun, int]], measure: str, *, setups: bool) -> bytes:
    rows = []
    for run, engine in page:
        row: dict[str, Any] = {
            "run_id": run.run_id,
            "task_id": run.task.task_id,
            "setup_id": run.setup.setup_id,
            "flow_id": run.setup.flow_id,
            "flow_name": run.setup.flow_name,
            "evaluation_engine_id": engine,
            "function": measure,
            "upload_time": run.upload_time,
            "array_data": [],
        }
        if run.values[measure] is not None:
            row["value"] = run.values[measure] + (engine - 1) * 1e-3  # type: ignore[operator]
        if setups:
            row["parameters"] = {"parameter": run.setup.parameters}
        rows.append(row)
    # What is made from XML has no list where there is one item.
    return json.dumps({"evaluations": {"evaluation": rows if len(rows) > 1 else rows[0]}}).encode()


def features_xml(dataset: WorldDataset) -> bytes:
    rows = []
    for index, name in enumerate(dataset.frame.columns):
        column = dataset.frame[name]
        levels = list(column.cat.categories) if isinstance(column.dtype, pd.CategoricalDtype) else []
        values = "".join(f"<oml:nominal_value>{escape(level)}</oml:nominal_value>" for level in levels)
        rows.append(
            f"<oml:feature><oml:index>{index}</oml:index><oml:name>{name}</oml:name>"
            f"<oml:data_type>{'nominal' if levels else 'numeric'}</oml:data_type>{values}"
            f"<oml:is_target>{str(name == 'class').lower()}</oml:is_target><oml:is_ignore>false</oml:is_ignore>"
            "<oml:is_row_identifier>false</oml:is_row_identifier>"
            f"<oml:number_of_missing_values>{int(column.isna().sum())}</oml:number_of_missing_values></oml:feature>"
        )
    return f"<oml:data_features {NS}>{''.join(rows)}</oml:data_features>".encode()


def arff_of(dataset: WorldDataset) -> str:
    lines = [f"@RELATION {dataset.name}", ""]
    for name in dataset.frame.columns:
        column = dataset.frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            lines.append(f"@ATTRIBUTE {name} {{{', '.join(quoted(level) for level in column.cat.categories)}}}")
        else:
            lines.append(f"@ATTRIBUTE {name} REAL")
    lines += ["", "@DATA"]
    for row in dataset.frame.astype(object).itertuples(index=False):
        lines.append(",".join("?" if cell != cell else quoted(str(cell)) for cell in row))
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    return f"'{text}'" if " " in text else text


def parquet_of(dataset: WorldDataset) -> bytes:
    buffer = io.BytesIO()
    dataset.frame.to_parquet(buffer, index=False)
    return buffer.getvalue()

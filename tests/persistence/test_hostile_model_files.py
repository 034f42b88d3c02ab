"""Files that are broken, or made to harm, are refused with one message; none runs code, none fills the memory."""

import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_array, save_npz
from sklearn.linear_model import LogisticRegression
from test_model_files import fitted

from automl_meta.datasets import Task
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.ensembling.combiners import WeightedAverage
from automl_meta.persistence import ModelFileError, load_model, save_model
from automl_meta.persistence.container import MOST_VALUES

MARK = "ran.txt"
Parts = dict[str, bytes]


class RunsCode:
    def __reduce__(self):
        return (Path.touch, (Path(MARK),))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("good")
    save_model(folder / "x.automl", fitted(Task.BINARY, ["decision_tree", "knn"], folder, "greedy"))
    return (folder / "x.automl").read_bytes()


def parts_of(good: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Parts, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def consistent(parts: Parts) -> bytes:
    """Zip parts whose checksums in the manifest are right: what somebody who means harm would do."""
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"] = {
        name: {"bytes": len(part), "sha256": hashlib.sha256(part).hexdigest()}
        for name, part in parts.items()
        if name != "manifest.json"
    }
    return zipped({**parts, "manifest.json": json.dumps(manifest).encode()})


def with_part(name: str, content: bytes) -> Callable[[bytes], bytes]:
    return lambda good: consistent({**parts_of(good), name: content})


def with_json(name: str, change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def make(good: bytes) -> bytes:
        parts = parts_of(good)
        return consistent({**parts, name: json.dumps(change(json.loads(parts[name]))).encode()})

    return make


def with_inner(change: Callable[[Parts], Any]) -> Callable[[bytes], bytes]:
    """Change the members of the stored ensemble's own zip."""

    def make(good: bytes) -> bytes:
        parts = parts_of(good)
        inner = parts_of(parts["predictor.skops"])
        changed = change(inner) or inner
        return consistent({**parts, "predictor.skops": zipped(changed, method=zipfile.ZIP_STORED)})

    return make


def with_inner_schema(change: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], bytes]:
    def edit(inner: Parts) -> Parts:
        schema = json.loads(inner["schema.json"])
        changed = change(schema) or schema
        return {**inner, "schema.json": json.dumps(changed).encode()}

    return with_inner(edit)


def with_type(module: str, name: str) -> Callable[[bytes], bytes]:
    return with_inner_schema(lambda schema: schema.update(__module__=module, __class__=name))


def first_array(inner: Parts) -> str:
    return next(name for name in inner if name.endswith(".npy"))


def huge_header(inner: Parts) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    inner[first_array(inner)] = buffer.getvalue() + b"\0" * 64


def pickled_array(inner: Parts) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([RunsCode()], dtype=object), allow_pickle=True)
    inner[first_array(inner)] = buffer.getvalue()


def duplicate_member(good: bytes) -> bytes:
    buffer = io.BytesIO(good)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("schema.json", b"{}")
    return buffer.getvalue()


def encrypted(good: bytes) -> bytes:
    content = bytearray(good)
    entry = content.find(b"PK\x01\x02")
    content[entry + 8] |= 1
    return bytes(content)


def overlapping(good: bytes) -> bytes:
    """Let every entry of the directory claim a size that only all of them together do not have."""
    content = bytearray(good)
    entry = content.find(b"PK\x01\x02")
    while entry >= 0:
        struct.pack_into("<I", content, entry + 20, len(good) - 100)
        entry = content.find(b"PK\x01\x02", entry + 4)
    return bytes(content)


def bomb(name: str) -> Callable[[bytes], bytes]:
    return with_part(name, b" " * (64 * 2**20))


def deflated_zeros(good: bytes) -> bytes:
    """Claim an ensemble that unpacks to a hundred times its size, which is what a fixed ratio would let through."""
    part = np.random.default_rng(0).bytes(2**18) + bytes(25 * 2**20)
    return consistent({**parts_of(good), "predictor.skops": part})


def many_values(good: bytes) -> bytes:
    part = b'{"a":[' + b",".join([b"{}"] * (MOST_VALUES + 1)) + b"]}"
    return consistent({**parts_of(good), "report.json": part})


def sparse_bomb(extension: str) -> Callable[[bytes], bytes]:
    """Let a sparse matrix, whose arrays are packed, unpack to a thousand times its size."""

    def edit(inner: Parts) -> Parts:
        stream = io.BytesIO()
        matrix = csr_array((np.zeros(4 * 2**20), np.zeros(4 * 2**20, dtype=np.int32), [0, 4 * 2**20]))
        save_npz(stream, matrix)
        schema = json.loads(inner["schema.json"])
        node = {"__class__": "spmatrix", "__module__": "scipy.sparse._matrix", "__loader__": "SparseMatrixNode"}
        schema["content"]["content"]["residuals"] = {**node, "type": "scipy", "file": f"77.{extension}"}
        return {**inner, f"77.{extension}": stream.getvalue(), "schema.json": json.dumps(schema).encode()}

    return with_inner(edit)


def doubled(schema: dict[str, Any]) -> None:
    """Put into the ensemble a list that holds the same list twice, which holds the same list twice, and so on."""
    node: dict[str, Any] = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
    node["__id__"] = 10**9
    for depth in range(1, 60):
        again = {"__class__": "", "__module__": "", "__loader__": "CachedNode", "__id__": node["__id__"]}
        node = {**node, "content": [node, again], "__id__": 10**9 + depth}
    schema["content"]["content"]["decision"] = node


def estimator_bytes(value: Any) -> bytes:
    return skops.io.dumps(value)


def flipped(position: float) -> Callable[[bytes], bytes]:
    """Flip one byte of the stored ensemble, wherever zip's own checksums are looked at."""

    def make(good: bytes) -> bytes:
        parts = parts_of(good)
        content = bytearray(parts["predictor.skops"])
        content[int(position * len(content))] ^= 0xFF
        return zipped({**parts, "predictor.skops": bytes(content)})

    return make


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda good: good[: int(share * len(good))]


def without(name: str) -> Callable[[bytes], bytes]:
    return lambda good: zipped({key: part for key, part in parts_of(good).items() if key != name})


def extra(name: str, content: bytes = b"x") -> Callable[[bytes], bytes]:
    return lambda good: zipped({**parts_of(good), name: content})


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "one byte": lambda good: b"P",
    "text": lambda good: b"id,target\n1,2\n",
    "noise": lambda good: np.random.default_rng(0).bytes(5000),
    "zip signature and nothing": lambda good: b"PK\x03\x04" + b"\0" * 100,
    "an empty zip": lambda good: zipped({}),
    "a pickle": lambda good: pickle.dumps(RunsCode()),
    "cut at 10 %": cut(0.1),
    "cut at 50 %": cut(0.5),
    "cut at 99 %": cut(0.99),
    "cut by a byte": lambda good: good[:-1],
    "flipped at 20 %": flipped(0.2),
    "flipped at 80 %": flipped(0.8),
    "twice the same member": duplicate_member,
    "encrypted": encrypted,
    "overlapping": overlapping,
    "no manifest": without("manifest.json"),
    "no schema": without("schema.json"),
    "no leaderboard": without("leaderboard.json"),
    "no probe": without("probe.json"),
    "no ensemble": without("predictor.skops"),
    "path traversal": extra("../../evil.txt"),
    "absolute path": extra("/tmp/evil.txt"),
    "backslashes": extra("..\\evil.txt"),
    "a pickle beside": extra("model.pkl", pickle.dumps(RunsCode())),
    "a program beside": extra("__init__.py", b"import os"),
    "bomb in the schema": bomb("schema.json"),
    "bomb in the leaderboard": bomb("leaderboard.json"),
    "bomb in the ensemble": bomb("predictor.skops"),
    "manifest is a list": lambda good: zipped({**parts_of(good), "manifest.json": b"[1]"}),
    "manifest is no JSON": lambda good: zipped({**parts_of(good), "manifest.json": b"{'a': 1}"}),
    "manifest is no UTF-8": lambda good: zipped({**parts_of(good), "manifest.json": b"\xff\xfe{}\xff"}),
    "manifest nests deep": lambda good: zipped({**parts_of(good), "manifest.json": b"[" * 10**6}),
    "format of the future": with_json("manifest.json", lambda m: {**m, "format": 99}),
    "format zero": with_json("manifest.json", lambda m: {**m, "format": 0}),
    "format is text": with_json("manifest.json", lambda m: {**m, "format": "1"}),
    "format is true": with_json("manifest.json", lambda m: {**m, "format": True}),
    "no format": with_json("manifest.json", lambda m: {k: v for k, v in m.items() if k != "format"}),
    "no libraries": with_json("manifest.json", lambda m: {**m, "libraries": None}),
    "schema is a number": with_part("schema.json", b"1"),
    "schema without columns": with_json("schema.json", lambda s: {k: v for k, v in s.items() if k != "columns"}),
    "schema of the future": with_json("schema.json", lambda s: {**s, "format": 99}),
    "unknown task": with_json("schema.json", lambda s: {**s, "task": "guess"}),
    "unknown role": with_json("schema.json", lambda s: {**s, "columns": [{**s["columns"][0], "role": "x"}]}),
    "more classes than the ensemble": with_json("schema.json", lambda s: {**s, "classes": ["a", "b", "c"]}),
    "ensemble is a pickle": with_part("predictor.skops", pickle.dumps(RunsCode())),
    "ensemble is another estimator": with_part("predictor.skops", estimator_bytes(LogisticRegression())),
    "ensemble is a dict": with_part("predictor.skops", estimator_bytes({"a": 1})),
    "leaderboard is a number": with_part("leaderboard.json", b"1"),
    "report is a list": with_part("report.json", b"[]"),
    "bomb in the report": bomb("report.json"),
    "profile is a number": with_part("profile.json", b"1"),
    "profile of the future": with_json("profile.json", lambda p: {**p, "format": 99}),
    "profile of other columns": with_json("profile.json", lambda p: {**p, "columns": p["columns"][:2]}),
    "profile without shares": with_json(
        "profile.json", lambda p: {**p, "columns": [{**column, "shares": []} for column in p["columns"]]}
    ),
    "profile of words": with_json(
        "profile.json", lambda p: {**p, "columns": [{**column, "edges": ["x"]} for column in p["columns"]]}
    ),
    "ensemble of no members": with_part(
        "predictor.skops", estimator_bytes(EnsemblePredictor("binary", 2, [], WeightedAverage(np.ones(1))))
    ),
    "ensemble of the wrong combiner": with_part(
        "predictor.skops", estimator_bytes(EnsemblePredictor("binary", 2, [["x"]], LogisticRegression()))
    ),
    "ensemble is text": with_part("predictor.skops", b"hello"),
    "os.system": with_type("os", "system"),
    "subprocess.Popen": with_type("subprocess", "Popen"),
    "builtins.eval": with_type("builtins", "eval"),
    "a class of ours that is not listed": with_type("automl_meta.datasets.dataset", "Dataset"),
    "a module that does not exist": with_type("no_such_module", "Thing"),
    "unknown loader": with_inner_schema(lambda s: s.update(__loader__="EvalNode")),
    "loader missing": with_inner_schema(lambda s: {k: v for k, v in s.items() if k != "__loader__"}),
    "content missing": with_inner_schema(lambda s: {k: v for k, v in s.items() if k != "content"}),
    "future protocol": with_inner_schema(lambda s: s.update(protocol=10**6)),
    "inner schema missing": with_inner(lambda inner: {k: v for k, v in inner.items() if k != "schema.json"}),
    "inner schema is no JSON": with_inner(lambda inner: {**inner, "schema.json": b"{"}),
    "inner schema nests deep": with_inner(lambda inner: {**inner, "schema.json": b'{"a":' * 10**5}),
    "inner array missing": with_inner(lambda inner: {k: v for k, v in inner.items() if k != first_array(inner)}),
    "inner array claims terabytes": with_inner(huge_header),
    "inner array is a pickle": with_inner(pickled_array),
    "inner array is noise": with_inner(lambda inner: {**inner, first_array(inner): b"\x93NUMPY noise"}),
    "inner path traversal": with_inner(lambda inner: {**inner, "../../evil.npy": b"x"}),
    "inner program": with_inner(lambda inner: {**inner, "evil.py": b"import os"}),
    "zeros in the ensemble": deflated_zeros,
    "millions of values": many_values,
    "bomb in a sparse matrix": sparse_bomb("npz"),
    "bomb in a sparse matrix of another name": sparse_bomb("npy"),
    "the same list twice, sixty deep": with_inner_schema(doubled),
    "inner members compressed": lambda good: consistent(
        {**parts_of(good), "predictor.skops": zipped(parts_of(parts_of(good)["predictor.skops"]))}
    ),
}


def test_the_corpus_is_large() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_are_refused_with_one_message(
    name: str, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.automl"
    path.write_bytes(HOSTILE[name](good))
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    message = str(caught.value)
    assert "bad.automl" in message
    assert len(message.splitlines()) == 1
    assert len(message) < 700
    assert [entry.name for entry in tmp_path.iterdir()] == ["bad.automl"], "nothing ran, nothing was unpacked"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zeros in the ensemble", "would unpack"),
        ("millions of values", "more than 5,000,000 values"),
        ("bomb in a sparse matrix", "is packed|no use for"),
        ("bomb in a sparse matrix of another name", "is packed|no use for"),
        ("the same list twice, sixty deep", "again and again"),
    ],
)
def test_what_would_fill_the_memory_is_refused_before_it_is_unpacked(
    name: str, reason: str, good: bytes, tmp_path: Path
) -> None:
    (tmp_path / "bad.automl").write_bytes(HOSTILE[name](good))
    with pytest.raises(ModelFileError, match=reason):
        load_model(tmp_path / "bad.automl")


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "builtins.eval"])
def test_unknown_types_are_refused_by_name(name: str, good: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.automl").write_bytes(HOSTILE[name](good))
    with pytest.raises(ModelFileError, match=name.replace(".", r"\.")):
        load_model(tmp_path / "bad.automl")


def test_the_untouched_file_is_accepted_when_zipped_anew(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.automl").write_bytes(consistent(parts_of(good)))
    assert load_model(tmp_path / "x.automl").schema.target == "target"


def test_files_made_without_profile_and_report_still_load(good: bytes, tmp_path: Path) -> None:
    parts = {name: part for name, part in parts_of(good).items() if name not in ("profile.json", "report.json")}
    (tmp_path / "x.automl").write_bytes(consistent(parts))
    model = load_model(tmp_path / "x.automl")
    assert model.profile is None
    assert model.report == {}


def test_a_file_of_another_format_says_which_version_reads_it(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.automl").write_bytes(HOSTILE["format of the future"](good))
    with pytest.raises(ModelFileError, match=r"pip install 'automl-meta==[0-9]"):
        load_model(tmp_path / "x.automl")


def test_missing_files_and_folders_are_said_plainly(tmp_path: Path) -> None:
    for path in (tmp_path / "none.automl", tmp_path):
        with pytest.raises(ModelFileError, match="no such file"):
            load_model(path)

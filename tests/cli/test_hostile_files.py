"""Broken and hostile tables and model files, as the command line meets them: exit code 2, one screen, no file."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run

SCREEN = 25  # lines
ROWS = "".join(f"{i % 7},{i % 5 / 2},{'x' if i % 2 else 'y'}\n" for i in range(40))
GOOD = "a,b,t\n" + ROWS


def parquet(**columns: object) -> bytes:
    path = Path("made.parquet")
    pd.DataFrame(columns).to_parquet(path)
    content = path.read_bytes()
    path.unlink()
    return content


def flipped(content: bytes, share: float) -> bytes:
    changed = bytearray(content)
    changed[int(share * len(content))] ^= 0xFF
    return bytes(changed)


Content = str | bytes | Callable[[], bytes]
ARFF = "@relation r\n@attribute a numeric\n@attribute t {x,y}\n@data\n"
LINES = "".join(json.dumps({"a": i % 7, "t": "xy"[i % 2]}) + "\n" for i in range(30))

# Name of the file, and what it holds; the target is t.
TABLES: dict[str, tuple[str, Content]] = {
    "nothing": ("d.csv", ""),
    "blanks": ("d.csv", "   \n\n  \n"),
    "one line break": ("d.csv", "\n"),
    "a header": ("d.csv", "a,b,t\n"),
    "a header without an end": ("d.csv", "a,b,t"),
    "a byte": ("d.csv", b"\x80"),
    "zeros": ("d.csv", b"\0" * 4000),
    "noise": ("d.csv", np.random.default_rng(0).bytes(5000)),
    "all bytes": ("d.csv", bytes(range(256)) * 30),
    "a byte order mark alone": ("d.csv", b"\xef\xbb\xbf"),
    "half a UTF-16": ("d.csv", GOOD.encode("utf-16")[:-1]),
    "UTF-16 that is none": ("d.csv", b"\xff\xfe\x00\xd8" + GOOD.encode()),
    "UTF-32 that is none": ("d.csv", b"\xff\xfe\x00\x00" + GOOD.encode()),
    "a row too short": ("d.csv", GOOD + "1,2\n" + ROWS),
    "a row too long": ("d.csv", GOOD + "1,2,x,4\n" + ROWS),
    "a quote that never ends": ("d.csv", GOOD + '"1,2,x\n' + ROWS),
    "two columns of one name": ("d.csv", "a,a,t\n" + ROWS),
    "two columns of one name after stripping": ("d.csv", "a, a ,t\n" + ROWS),
    "the target twice": ("d.csv", "a,t,t\n" + ROWS),
    "no target": ("d.csv", "a,b,c\n" + ROWS),
    "target only": ("d.csv", "t\n" + "x\ny\n" * 20),
    "constant target": ("d.csv", "a,b,t\n" + "".join(f"{i},{i % 3},x\n" for i in range(30))),
    "target all missing": ("d.csv", "a,b,t\n" + "".join(f"{i},{i % 3},\n" for i in range(30))),
    "a class of its own for each row": ("d.csv", "a,b,t\n" + "".join(f"{i % 4},{i % 3},n{i}\n" for i in range(30))),
    "one of two classes of one row": ("d.csv", "a,b,t\n" + "1,2,x\n2,1,x\n" * 40 + "1,2,lonely\n"),
    "one row": ("d.csv", "a,b,t\n1,2,x\n"),
    "two rows of two numbers": ("d.csv", "a,b,t\n1,2,3.5\n2,3,4.5\n"),
    "constant columns": ("d.csv", "a,b,t\n" + "1,z,x\n1,z,y\n" * 20),
    "empty columns": ("d.csv", "a,b,t\n" + ",,x\n,,y\n" * 20),
    "identifiers only": ("d.csv", "id,t\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(40))),
    "a web page": ("d.csv", "<!DOCTYPE html><html><body>not found</body></html>"),
    "XML": ("d.csv", "<?xml version='1.0'?><rows/>"),
    "a PDF": ("d.csv", b"%PDF-1.7\n" + b"x" * 500),
    "a picture": ("d.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 200),
    "a spreadsheet": ("d.xlsx", b"PK\x03\x04" + b"\0" * 300),
    "an old spreadsheet": ("d.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 300),
    "a database": ("d.csv", b"SQLite format 3\0" + b"\0" * 300),
    "an archive": ("d.tar", b"d.csv" + b"\0" * 1000),
    "gzip of nothing": ("d.csv.gz", gzip.compress(b"")),
    "gzip cut off": ("d.csv.gz", gzip.compress(GOOD.encode())[:-12]),
    "gzip flipped": ("d.csv.gz", flipped(gzip.compress(GOOD.encode()), 0.5)),
    "gzip's first bytes": ("d.csv.gz", b"\x1f\x8b"),
    "zlib, not gzip": ("d.csv.gz", zlib.compress(GOOD.encode()) + b"\0"),
    "gzip of noise": ("d.csv.gz", gzip.compress(np.random.default_rng(1).bytes(3000))),
    "gzip of a web page": ("d.csv.gz", gzip.compress(b"<html></html>")),
    "Parquet's first bytes": ("d.parquet", b"PAR1"),
    "Parquet cut off": ("d.parquet", lambda: parquet(a=range(40), t=list("xy") * 20)[:-30]),
    "Parquet's footer damaged": ("d.parquet", lambda: flipped(parquet(a=range(40), t=list("xy") * 20), 0.98)),
    "Parquet without rows": ("d.parquet", lambda: parquet(a=[], t=[])),
    "Parquet without columns": ("d.parquet", lambda: parquet()),
    "Parquet in name alone": ("d.parquet", b"PAR1 this is no Parquet PAR1"),
    "JSON of a number": ("d.json", "1"),
    "JSON of numbers": ("d.json", "[1, 2, 3]"),
    "JSON cut off": ("d.json", '[{"a": 1, "t": "x"}, {"a": 2'),
    "JSON that nests deep": ("d.json", "[" * 100_000),
    "JSON lines that nest deep": ("d.jsonl", '{"a":' * 100_000),
    "JSON lines with a list": ("d.jsonl", LINES + "[1, 2]\n"),
    "JSON lines with a word": ("d.jsonl", LINES + "hello\n"),
    "JSON lines without names": ("d.jsonl", "{}\n" * 20),
    "JSON with single quotes": ("d.jsonl", "{'a': 1, 't': 'x'}\n" * 20),
    "ARFF without data": ("d.arff", ARFF),
    "ARFF without attributes": ("d.arff", "@relation r\n@data\n1,x\n"),
    "ARFF of an unknown type": ("d.arff", "@relation r\n@attribute a quaternion\n@data\n1\n"),
    "ARFF with a row too long": ("d.arff", ARFF + "1,x\n2,y,z\n"),
    "ARFF with a quote among the levels that never ends": ("d.arff", ARFF.replace("{x", "{'x") + "1,x\n" * 70),
    "ARFF with a quote that never ends": ("d.arff", ARFF + "1,'x\n2,y\n"),
    "ARFF with a quote in a sparse row that never ends": ("d.arff", ARFF + "{0 1, 1 'x}\n" * 70),
    "ARFF that is text": ("d.arff", "Dear reader,\nthis is a letter.\n"),
    "a separator that is declared and not used": ("d.csv", "sep=|\n" + GOOD),
    "a line of a million characters": ("d.csv", "a" * 1_000_000 + "\n1\n"),
    "a cell of a million characters where a number should be": ("d.arff", ARFF + "9" * 10 + "q" * 1_000_000 + ",x\n"),
}


def test_the_corpus_is_large() -> None:
    assert len(TABLES) >= 60


@pytest.mark.parametrize("name", list(TABLES))
def test_hostile_tables_are_refused_on_one_screen(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file, content = TABLES[name]
    content = content() if callable(content) else content
    Path(file).write_bytes(content.encode() if isinstance(content, str) else content)
    assert run("fit", file, "--target", "t", "--max-evaluations", "1", "--jobs", "0") == 2
    message = capsys.readouterr().err
    assert message.startswith("Error: ")
    assert "Traceback" not in message
    assert len(message.splitlines()) <= SCREEN
    assert len(message) < 80 * SCREEN
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("command", ["predict", "evaluate", "check"])
def test_every_command_refuses_a_file_that_is_no_model(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text(GOOD)
    Path("m.automl").write_bytes(b"PK\x03\x04 no model")
    assert run(command, "m.automl", "d.csv") == 2
    assert "m.automl" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "m.automl"]


@pytest.mark.parametrize("command", ["show", "report", "export"])
def test_commands_that_take_only_a_model_refuse_it_too(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.automl").write_bytes(b"")
    assert run(command, "m.automl") == 2
    assert "m.automl" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["m.automl"]

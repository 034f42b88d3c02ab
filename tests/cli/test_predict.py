import json
import os
import shlex
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run
from small_ensembles import made, shop_table

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run as fit
from automl_meta.datasets import Task, make_dataset, streaming
from automl_meta.ensembling import make_predictor
from automl_meta.errors import InputError
from automl_meta.persistence import load_model, make_model, save_model

QUICK = {"time_budget": None, "max_evaluations": 2, "top_k": 2, "jobs": 0, "include": ("decision_tree", "knn")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")
    for task in Task:
        result = fit(make_dataset(shop_table(task), "target", task=task), RunOptions(**QUICK))
        save_model(path / f"{task.value}.automl", result.model)
        shop_table(task, 130).drop(columns="target").to_csv(path / f"{task.value}.csv", index=False)
    return path


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_streamed_predictions_are_those_of_the_whole(
    task: Task, ending: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming.open_pieces, "__kwdefaults__", {"rows": 17, "streamed_from": 0})
    model = load_model(folder / f"{task.value}.automl")
    frame = pd.read_csv(folder / f"{task.value}.csv")
    more = () if task is Task.REGRESSION else ("--proba",)
    output = tmp_path / f"predictions.{ending}"
    assert run("predict", folder / f"{task.value}.automl", folder / f"{task.value}.csv", *more, "-o", output) == 0
    written = pd.read_csv(output) if ending == "csv" else pd.read_parquet(output)
    labels, _ = model.predict(frame)
    # Some processors sum products of matrices of another size in another order.
    if task is Task.REGRESSION:
        np.testing.assert_allclose(written["target"], labels, rtol=1e-9)
    else:
        probabilities, _ = model.predict_proba(frame)
        assert written["target"].tolist() == labels.tolist()
        np.testing.assert_allclose(written.iloc[:, 1:].to_numpy(), probabilities, rtol=1e-9, atol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_intervals_hold_the_prediction(folder: Path, tmp_path: Path) -> None:
    model, table = folder / "regression.automl", folder / "regression.csv"
    assert run("predict", model, table, "--interval", "0.8", "-o", tmp_path / "p.csv") == 0
    written = pd.read_csv(tmp_path / "p.csv")
    assert (written["target_lower"] < written["target"]).all()
    assert (written["target"] < written["target_upper"]).all()
    lower, upper, _ = load_model(model).predict_interval(pd.read_csv(table), 0.8)
    np.testing.assert_allclose(written["target_lower"], lower)
    np.testing.assert_allclose(written["target_upper"], upper)


def test_no_interval_where_nothing_was_validated(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = made(Task.REGRESSION)
    plan = replace(fitted.plan, residuals=None)
    models = dict(zip(plan.members, fitted.predictor.members, strict=True))
    model = make_model(dataset=fitted.dataset, predictor=make_predictor(plan, models, 0), plan=plan)
    path = tmp_path / "few.automl"
    save_model(path, model)
    assert run("predict", path, folder / "regression.csv", "--interval", "-o", tmp_path / "p.csv") == 2
    assert "no rows were held out" in capsys.readouterr().err
    with pytest.raises(InputError, match="no rows were held out"):
        model.predict_interval(pd.read_csv(folder / "regression.csv"), 0.8)


@pytest.mark.parametrize("task", list(Task))
def test_contributions_add_up(task: Task, folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "few.csv"
    pd.read_csv(folder / f"{task.value}.csv")[:9].to_csv(table, index=False)
    more = () if task is Task.REGRESSION else ("--proba",)
    assert run("predict", folder / f"{task.value}.automl", table, "--explain", *more, "-o", tmp_path / "p.csv") == 0
    written = pd.read_csv(tmp_path / "p.csv")
    total = written.filter(like="contribution:").sum(axis=1)
    explained = {
        Task.REGRESSION: written["target"],
        Task.BINARY: written.get("target=yes"),
        Task.MULTICLASS: written.filter(like="target=").max(axis=1),
    }[task]
    np.testing.assert_allclose(total, explained, atol=1e-5)
    assert {"contribution:amount", "contribution:colour", "contribution:(base)"} <= set(written)


@pytest.mark.parametrize(
    ("model", "arguments", "word"),
    [
        ("regression", ("--proba",), "--proba"),
        ("binary", ("--interval",), "--interval"),
        ("regression", ("--interval", "1.5"), "between 0 and 1"),
    ],
)
def test_what_the_model_has_not_is_refused_and_nothing_is_written(
    model: str,
    arguments: tuple[str, ...],
    word: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = folder / f"{model}.csv"
    assert run("predict", folder / f"{model}.automl", table, *arguments, "-o", tmp_path / "p.csv") == 2
    assert word in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_damage_in_the_middle_of_a_large_table_leaves_no_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streaming.open_pieces, "__kwdefaults__", {"rows": 10, "streamed_from": 0})
    lines = (folder / "binary.csv").read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([*lines[:90], "1,2", *lines[90:]]))
    (tmp_path / "out").mkdir()
    code = run("predict", folder / "binary.automl", tmp_path / "bad.csv", "-o", tmp_path / "out" / "p.csv")
    assert code == 2
    assert "row 91" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def changed(folder: Path, tmp_path: Path) -> Path:
    table = shop_table(Task.BINARY, 200).drop(columns=["target", "noise"])
    table["amount"] += 4
    table["colour"] = np.where(table.index % 3 == 0, "violet", table["colour"])
    table["day"] = "sometime"
    table["surplus"] = 1
    table.to_csv(tmp_path / "changed.csv", index=False)
    return tmp_path / "changed.csv"


def test_check_finds_what_changed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", folder / "binary.automl", changed(folder, tmp_path), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    found = {(finding["kind"], finding["column"]) for finding in document["findings"]}
    assert {
        ("missing", "noise"),
        ("extra", "surplus"),
        ("type", "day"),
        ("unseen", "colour"),
        ("drift", "amount"),
        ("drift", "colour"),
    } <= found
    assert ("gaps", "colour") not in found  # they are new, not missing
    assert document["rows"] == 200
    assert ("drift", "member") not in found


@pytest.mark.parametrize(
    ("kinds", "code"),
    [("drift", 1), ("missing", 1), ("unreadable", 0), ("any", 1), ("unreadable,type", 1), ("nonsense", 2)],
)
def test_check_is_a_gate(
    kinds: str, code: int, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", folder / "binary.automl", changed(folder, tmp_path), "--fail-on", kinds) == code
    assert ("failed" in capsys.readouterr().out) == (code == 1)


def test_check_of_the_same_kind_of_table_finds_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", folder / "binary.automl", folder / "binary.csv", "--fail-on", "any") == 0
    assert "like the table" in capsys.readouterr().out


def test_predicting_another_kind_of_table_says_so(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pd.read_csv(folder / "binary.csv").assign(amount=lambda t: t.amount + 5)
    table.to_csv(tmp_path / "t.csv", index=False)
    assert run("predict", folder / "binary.automl", tmp_path / "t.csv", "-o", tmp_path / "p.csv") == 0
    assert "distributed differently" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("p.csv.gz", {"compression": "gzip"}),
        ("p.TSV", {"sep": "\t"}),
        ("p.tab.gz", {"sep": "\t", "compression": "gzip"}),
        ("p", {}),
    ],
)
def test_predictions_are_what_the_name_of_their_file_says(
    name: str, how: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    model, table = folder / "binary.automl", folder / "binary.csv"
    assert run("predict", model, table, "-o", tmp_path / "plain.csv") == 0
    assert run("predict", model, table, "-o", tmp_path / name) == 0
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / name, **how), pd.read_csv(tmp_path / "plain.csv"))


@pytest.mark.parametrize("name", ["p.PARQUET", "p.pq"])
def test_parquet_is_written_whatever_the_case_of_its_ending(name: str, folder: Path, tmp_path: Path) -> None:
    assert run("predict", folder / "binary.automl", folder / "binary.csv", "-o", tmp_path / name) == 0
    assert len(pd.read_parquet(tmp_path / name)) == 130


@pytest.mark.parametrize("name", ["p.json", "p.xlsx", "p.parquet.gz", "p.csv.zip"])
def test_endings_of_other_formats_are_refused_at_once(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", folder / "binary.automl", folder / "binary.csv", "-o", tmp_path / name) == 2
    assert "written as CSV, TSV" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_written_to_and_a_link_is_followed(folder: Path, tmp_path: Path) -> None:
    model, table = folder / "binary.automl", folder / "binary.csv"
    pipe, link, file = tmp_path / "pipe", tmp_path / "link.csv", tmp_path / "file.csv"
    os.mkfifo(pipe)
    link.symlink_to(file)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert run("predict", model, table, "-o", pipe) == 0
    reader.join()
    assert run("predict", model, table, "-o", link) == 0
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert read == [file.read_bytes()]


@pytest.mark.parametrize("output", [(), ("-o", "-")])
def test_standard_output_gets_the_bytes_that_a_file_gets(
    output: tuple[str, ...], folder: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    model, table = folder / "multiclass.automl", folder / "multiclass.csv"
    assert run("predict", model, table, "-o", tmp_path / "p.csv") == 0
    assert run("predict", model, table, *output) == 0
    assert capsysbinary.readouterr().out == (tmp_path / "p.csv").read_bytes()


def test_what_is_suggested_can_be_typed(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "my script.py"
    assert run("export", folder / "binary.automl", "-o", script) == 0
    assert shlex.quote(str(script)) in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("command", ["show", "report", "predict"])
def test_a_folder_is_no_model(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["-"] if command == "predict" else []
    assert run(command, tmp_path, *more) == 2
    assert "is a folder" in capsys.readouterr().err

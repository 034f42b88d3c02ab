import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run

from automl_meta.persistence import load_model

CHEAP = ("--include", "decision_tree,knn,logistic_regression")
QUICK = ("--max-evaluations", "3", "--top-k", "2", "--jobs", "0", *CHEAP)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a table of strings, dates, blanks and numbers in it."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    n = 90
    spent = rng.gamma(2.0, 50.0, n)
    colour = rng.choice(["red", "green", "blue", ""], n)
    table = pd.DataFrame(
        {
            "spent": [f"${value:,.2f}" for value in spent],
            "colour": colour,
            "joined": pd.date_range("2020-01-01", periods=n, freq="9D").strftime("%Y-%m-%d"),
            "stays": np.where(spent + 40 * (colour == "red") + rng.normal(0, 20, n) > 100, "yes", "no"),
        }
    )
    table.to_csv("shop.csv", index=False)
    return tmp_path


def test_fit_saves_a_model_that_predicts_in_the_order_of_the_rows(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "shop.csv", "--target", "stays", "--json", *QUICK) == 0
    output = capsys.readouterr()
    document = json.loads(output.out)
    assert document["task"] == "binary"
    assert document["target"] == "stays"
    assert document["metric"] == "roc_auc"
    assert document["evaluations"] == len(document["leaderboard"]) == 3
    assert 0.5 < document["score"] <= 1
    assert {"score_error", "seconds", "ensemble"} <= set(document)
    assert "leaderboard" in output.err

    table = pd.read_csv("shop.csv")
    table = table.drop(columns="stays").iloc[::-1, ::-1].assign(extra=1)
    table.to_csv("new.csv", index=False)
    assert run("predict", document["model"], "new.csv", "--proba", "-o", "predictions.csv") == 0
    assert "extra" in capsys.readouterr().err
    predicted = pd.read_csv("predictions.csv")
    labels, _ = load_model(Path(document["model"])).predict(table)
    assert predicted["stays"].tolist() == labels.tolist()
    assert np.allclose(predicted[["stays=no", "stays=yes"]].sum(axis=1), 1)


def test_show_tells_what_the_model_is_made_of(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "shop.csv", "--target", "stays", "--quiet", *QUICK)
    assert capsys.readouterr().out == ""
    assert run("show", "shop.automl") == 0
    text = capsys.readouterr().out
    for word in ("binary", "stays", "roc_auc", "spent", "colour", "joined", "weight"):
        assert word in text


@pytest.mark.slow
def test_same_seed_and_count_give_the_same_model_whatever_the_workers(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("fit", "shop.csv", "--target", "stays", "--json", "--max-evaluations", "6", "--top-k", "3")
    cheap = ("--include", "decision_tree,logistic_regression,linear_svm,extra_trees", "--repeats", "1")
    documents, predictions = [], []
    for number in ("0", "1", "3"):
        assert run(*command, *cheap, "--jobs", number, "-o", f"{number}.automl") == 0
        documents.append(json.loads(capsys.readouterr().out))
        predictions.append(load_model(Path(f"{number}.automl")).predict_proba(pd.read_csv("shop.csv"))[0])
    first = documents[0]
    for document, prediction in zip(documents[1:], predictions[1:], strict=True):
        assert [row["id"] for row in document["leaderboard"]] == [row["id"] for row in first["leaderboard"]]
        assert document["score"] == first["score"]
        assert document["ensemble"]["members"] == first["ensemble"]["members"]
        assert np.array_equal(prediction, predictions[0])


def write(text: str, name: str = "data.csv") -> None:
    Path(name).write_text(text)


ROWS = "\n".join(f"{i % 7},{i % 3},{'a' if i % 2 else 'b'}" for i in range(30))

BAD_INPUT = {
    "missing file": (lambda: None, ("nowhere.csv", "--target", "t"), "nowhere.csv"),
    "empty file": (lambda: write(""), ("data.csv", "--target", "t"), "empty"),
    "header without rows": (lambda: write("a,b,t\n"), ("data.csv", "--target", "t"), "rows"),
    "absent target": (lambda: write(f"a,b,kind\n{ROWS}"), ("data.csv", "--target", "knid"), "'kind'"),
    "no target given": (lambda: write(f"a,b,kind\n{ROWS}"), ("data.csv",), "--target"),
    "constant target": (lambda: write("a,t\n1,x\n2,x\n3,x\n"), ("data.csv", "--target", "t"), "constant"),
    "target all missing": (lambda: write("a,t\n1,\n2,\n3,\n"), ("data.csv", "--target", "t"), "missing"),
    "target unique per row": (
        lambda: write("a,t\n" + "\n".join(f"{i % 5},name{i}" for i in range(40))),
        ("data.csv", "--target", "t"),
        "t",
    ),
    "class with one row": (
        lambda: write("a,t\n" + "\n".join(f"{i % 9},x" for i in range(70)) + "\n9,lonely\n"),
        ("data.csv", "--target", "t"),
        "lonely",
    ),
    "text in a regression target": (
        lambda: write("a,t\n" + "\n".join(f"{i % 5},{i}.5" for i in range(30)) + "\n3,plenty\n"),
        ("data.csv", "--target", "t", "--task", "regression"),
        "plenty",
    ),
    "duplicate column names": (lambda: write(f"a,a,t\n{ROWS}"), ("data.csv", "--target", "t"), "'a'"),
    "not a table": (
        lambda: Path("data.csv").write_bytes(bytes(range(256)) * 40),
        ("data.csv", "--target", "t"),
        "data.csv",
    ),
    "unreadable encoding": (
        lambda: Path("data.csv").write_bytes(b"\xff\xfea\x00,\x00t\x00\n\x00\xd8"),
        ("data.csv", "--target", "t"),
        "data.csv",
    ),
    "metric of another task": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--metric", "rmse"),
        "roc_auc",
    ),
    "unknown metric": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--metric", "roc_ouc"),
        "roc_auc",
    ),
    "budget too small": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--time-budget", "0.5"),
        "Try --time-budget",
    ),
    "output folder does not exist": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "-o", "no/where.automl"),
        "does not exist",
    ),
    "output is a folder": (
        lambda: (write(f"a,b,t\n{ROWS}"), Path("folder").mkdir()),
        ("data.csv", "--target", "t", "-o", "folder"),
        "folder",
    ),
    "unknown algorithm": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--include", "lightgmb"),
        "lightgbm",
    ),
    "column to ignore is absent": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--ignore", "c"),
        "'c'",
    ),
    "negative budget": (
        lambda: write(f"a,b,t\n{ROWS}"),
        ("data.csv", "--target", "t", "--time-budget", "-3"),
        "above 0",
    ),
}


@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_one_screen_exit_code_2_and_no_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    prepare, arguments, word = BAD_INPUT[kind]
    prepare()
    before = sorted(tmp_path.iterdir())
    assert run("fit", "--jobs", "0", *arguments) == 2
    message = capsys.readouterr().err
    assert word in message
    assert "Traceback" not in message
    assert "Internal error" not in message
    assert len(message.splitlines()) <= 24
    assert sorted(tmp_path.iterdir()) == before


def test_model_file_that_is_not_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write("hello", "no.automl")
    write("a\n1\n")
    for command in (("predict", "no.automl", "data.csv"), ("show", "no.automl"), ("show", "absent.automl")):
        assert run(*command) == 2
        assert command[1] in capsys.readouterr().err


def test_missing_column_is_named_when_predicting(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("fit", "shop.csv", "--target", "stays", "--quiet", *QUICK)
    pd.read_csv("shop.csv").drop(columns=["colour", "stays"]).to_csv("less.csv", index=False)
    assert run("predict", "shop.automl", "less.csv") == 2
    assert "'colour'" in capsys.readouterr().err


def test_rows_with_a_missing_target_are_dropped_with_a_count(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pd.read_csv("shop.csv")
    table.loc[:4, "stays"] = None
    table.to_csv("holes.csv", index=False)
    assert run("fit", "holes.csv", "--target", "stays", *QUICK) == 0
    text = capsys.readouterr().out
    assert "85 rows" in text
    assert "5 rows" in text

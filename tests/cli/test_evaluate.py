import json
from pathlib import Path

import pytest
from commands import run
from sklearn.datasets import load_wine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wine")
    table = load_wine(as_frame=True).frame.sample(frac=1.0, random_state=0)
    table[:120].to_csv(path / "train.csv", index=False)
    table[120:].to_csv(path / "test.csv", index=False)
    command = ["fit", str(path / "train.csv"), "--quiet", "--max-evaluations", "2", "--top-k", "2", "--jobs", "0"]
    assert run(*command, "--include", "lda", "-o", str(path / "wine.automl")) == 0
    return path


def test_evaluate_scores_every_metric_with_an_interval_around_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", str(folder / "wine.automl"), str(folder / "test.csv"), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == 58
    assert {row["metric"] for row in document["scores"]} >= {"roc_auc", "neg_log_loss", "accuracy"}
    for row in document["scores"]:
        lower, upper = row["interval"]
        assert lower <= row["score"] <= upper


@pytest.mark.parametrize(("minimum", "code"), [("accuracy=0.5", 0), ("accuracy=1.01", 1), ("log_loss=-0.0001", 1)])
def test_exit_code_is_a_gate(folder: Path, minimum: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    model, test = str(folder / "wine.automl"), str(folder / "test.csv")
    assert run("evaluate", model, test, "--min-score", minimum) == code
    assert ("missed" in capsys.readouterr().out) == bool(code)


@pytest.mark.parametrize("minimum", ["accuracy", "accuracy=high", "rmse=3"])
def test_gate_that_makes_no_sense_is_exit_code_2(
    folder: Path, minimum: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, test = str(folder / "wine.automl"), str(folder / "test.csv")
    assert run("evaluate", model, test, "--min-score", minimum) == 2
    assert "Error" in capsys.readouterr().err

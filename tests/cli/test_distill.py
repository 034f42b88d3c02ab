import json
from pathlib import Path

import pytest
from commands import run

QUICK = ("--max-evaluations", "2", "--include", "logistic_regression,lda", "--jobs", "0", "--quiet", "--refit", "bag")


def test_a_model_is_shown_and_distilled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("fit", "sklearn:wine", "-o", "wine.automl", *QUICK) == 0
    assert run("show", "wine.automl") == 0
    text = capsys.readouterr().out
    for word in ("weight", "score without it", "bag of the folds'", "of which is optimism", "predicting 1,000 rows"):
        assert word in " ".join(text.split())
    assert run("distill", "wine.automl", "sklearn:wine", "--algorithm", "logistic_regression", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["honest"]
    assert document["difference"] == pytest.approx(document["score"] - document["ensemble_score"])
    assert Path(document["model"]).name == "wine-small.automl"
    assert run("show", document["model"]) == 0
    assert "distilled" in capsys.readouterr().out


def test_an_unknown_small_algorithm_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run("fit", "sklearn:wine", "-o", "wine.automl", *QUICK)
    assert run("distill", "wine.automl", "sklearn:wine", "--algorithm", "lightbgm") == 2
    assert "lightgbm" in capsys.readouterr().err

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from commands import run

from automl_meta.persistence import load_model

QUICK = ("--max-evaluations", "3", "--top-k", "3", "--jobs", "0", "--include", "ridge,knn,decision_tree", "--json")


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return a table whose shops are worth much to know, and write it into the working folder."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    shop = np.repeat(np.arange(20), 8)
    size = random.normal(size=20)[shop] + 0.01 * random.normal(size=160)  # tells the shop, not what it earns
    table = pd.DataFrame(
        {
            "shop": [f"s{number}" for number in shop],
            "size": size,
            "visitors": random.normal(size=160),
            "day": pd.date_range("2024-01-01", periods=160).strftime("%Y-%m-%d")[random.permutation(160)],
            "count": random.integers(0, 4, 160),
        }
    )
    table["earned"] = 3 * random.normal(size=20)[shop] + table["visitors"] + 0.1 * random.normal(size=160)
    table.to_csv("sales.csv", index=False)
    return table


def fit(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    assert run("fit", "sales.csv", "--target", "earned", "--metric", "r2", *options, *QUICK) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_groups_make_the_estimate_one_of_new_groups(sales: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    mixed = fit(capsys, "--ignore", "shop")
    kept_together = fit(capsys, "--groups", "shop")
    assert isinstance(mixed["score"], float)
    assert isinstance(kept_together["score"], float)
    assert kept_together["score"] < mixed["score"] - 0.2
    assert run("predict", "sales.automl", "sales.csv", "-o", "predictions.csv") == 0
    assert len(pd.read_csv("predictions.csv")) == len(sales)
    assert "shop" not in capsys.readouterr().err


def test_forward_splits_end_in_models_of_all_rows(sales: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    document = fit(capsys, "--time-column", "day")
    assert document["evaluations"] == 3
    model = load_model(Path("sales.automl"))
    assert all(len(member) == 1 for member in model.predictor.members)
    predicted, _ = model.predict(sales)
    assert np.isfinite(predicted).all()


def test_weights_count_in_the_score_and_in_evaluate(sales: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    fit(capsys, "--sample-weight", "count")
    assert run("evaluate", "sales.automl", "sales.csv", "--json") == 0
    weighted = json.loads(capsys.readouterr().out)["scores"]
    counted = sales.loc[sales.index.repeat(sales["count"])].drop(columns="count")
    counted.to_csv("counted.csv", index=False)
    assert run("evaluate", "sales.automl", "counted.csv", "--json") == 0
    repeated = json.loads(capsys.readouterr().out)["scores"]
    for one, other in zip(weighted, repeated, strict=True):
        if "median" not in one["metric"]:
            assert one["score"] == pytest.approx(other["score"])


def test_repeats_sharpen_the_estimate_and_leave_the_model_as_small(
    sales: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    document = fit(capsys, "--repeats", "2", "--folds", "3", "--ensemble", "best", "--refit", "bag")
    assert document["evaluations"] == 3
    assert [len(member) for member in load_model(Path("sales.automl")).predictor.members] == [3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--groups", "shops"), "Did you mean 'shop'?"),
        (("--groups", "earned"), "this is the target"),
        (("--sample-weight", "visitors"), "below 0"),
        (("--time-column", "shop"), "neither dates nor numbers"),
        (("--time-column", "day", "--repeats", "2"), "one way only"),
    ],
)
def test_columns_that_will_not_do_are_refused_on_one_screen(
    options: tuple[str, ...], message: str, sales: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "sales.csv", "--target", "earned", *options, *QUICK) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told

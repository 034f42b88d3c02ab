"""Tables of a few rows give a usable model, and what is not known of it is said."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_iris

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import RunResult, run
from automl_meta.cli import main
from automl_meta.datasets import make_dataset
from automl_meta.persistence import load_model, save_model

FLOWERS = np.array(["setosa", "versicolor", "virginica"])
QUICK = {"time_budget": None, "max_evaluations": 20, "jobs": 0, "exclude": ("extra_trees", "random_forest")}
QUICK_COMMAND = ("--max-evaluations", "20", "--jobs", "0", "--exclude", "extra_trees,random_forest")


def irises(*counts: int) -> pd.DataFrame:
    """Return so many rows of each kind of iris."""
    iris = load_iris(as_frame=True).frame
    parts = [iris[iris["target"] == code].head(count) for code, count in enumerate(counts)]
    table = pd.concat(parts)
    return table.assign(target=FLOWERS[table["target"]])


def accuracy(result: RunResult) -> float:
    iris = load_iris(as_frame=True).frame
    labels, _ = result.model.predict(iris.drop(columns="target"))
    return float(np.mean(labels == FLOWERS[iris["target"]]))


@pytest.mark.parametrize("counts", [(3, 2, 0), (2, 2, 2), (4, 4, 4), (8, 6, 6), (1, 4, 4)])
def test_few_rows_give_a_model_that_is_scored_and_doubted(counts: tuple[int, int, int]) -> None:
    table = irises(*counts)
    result = run(make_dataset(table, "target"), RunOptions(**QUICK))
    held_out = sum(count for count in counts if count > 1)
    assert result.plan.kind == "average"
    assert len(result.plan.honest.plain) == held_out
    assert np.isfinite(result.plan.score)
    assert f"{held_out} rows are few" in result.plan.doubt
    assert set(result.plan.refitted) == set(result.plan.members)
    assert accuracy(result) > (0.55 if 0 in counts else 0.7)


def test_one_row_a_class_is_fitted_without_validation() -> None:
    result = run(make_dataset(irises(1, 1, 1), "target"), RunOptions(**QUICK))
    plan, told = result.plan, result.model.manifest["ensemble"]
    assert len(plan.members) > 1
    assert len(plan.honest.plain) == 0
    assert told["score"] is None
    assert told["fold_scores"] == []
    assert "nobody knows" in told["doubt"]
    assert all(row["status"] == "ok" and row["score"] is None for row in result.leaderboard)
    assert accuracy(result) > 0.75


def test_what_nothing_is_known_of_keeps_the_costs_of_mistakes() -> None:
    cost = "setosa:versicolor=100,setosa:virginica=100"
    result = run(make_dataset(irises(1, 1, 1), "target"), RunOptions(**QUICK, cost=cost))
    labels, _ = result.model.predict(load_iris(as_frame=True).data)
    assert (labels == "setosa").sum() > 60


def test_six_numbers_are_learned_from() -> None:
    table = load_diabetes(as_frame=True).frame
    result = run(make_dataset(table.head(6), "target"), RunOptions(**QUICK))
    assert "6 rows are few: predictions were off by" in result.plan.doubt
    predicted, _ = result.model.predict(table)
    assert np.isfinite(predicted).all()
    assert 20 < predicted.mean() < 350


def test_three_numbers_are_learned_from_without_validation(tmp_path: Path) -> None:
    table = load_diabetes(as_frame=True).frame
    result = run(make_dataset(table.head(3), "target"), RunOptions(**QUICK))
    assert "nobody knows" in result.plan.doubt
    save_model(tmp_path / "m.automl", result.model)
    predicted, _ = load_model(tmp_path / "m.automl").predict(table)
    assert np.isfinite(predicted).all()


def test_what_scores_are_made_of_is_predicted_without_seeing_it() -> None:
    """On labels that mean nothing, a leak would show as an accuracy above chance."""
    right = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame(rng.normal(size=(20, 4)), columns=list("abcd")).assign(target=rng.permutation(20) % 2)
        dataset = make_dataset(table, "target", task="binary")
        plan = run(dataset, RunOptions(**{**QUICK, "seed": seed})).plan
        right.append(np.mean(plan.honest.weighed.argmax(axis=1) == dataset.y))
    assert np.mean(right) < 0.62


def test_what_the_user_asks_for_is_done_with_few_rows_too() -> None:
    dataset = make_dataset(irises(4, 4, 4), "target")
    only = RunOptions(time_budget=None, max_evaluations=3, top_k=2, jobs=0, include=("decision_tree",))
    assert {row["algorithm"] for row in run(dataset, only).leaderboard} == {"decision_tree"}
    wide = RunOptions(**{**QUICK, "max_evaluations": 4}, search="uniform", ensemble="greedy")
    result = run(dataset, wide)
    assert {row["origin"] for row in result.leaderboard}.isdisjoint({"few rows"})
    assert result.plan.kind == "greedy"


@pytest.fixture
def five(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with tables of five and of fifteen rows in it."""
    monkeypatch.chdir(tmp_path)
    irises(3, 2, 0).to_csv("five.csv", index=False)
    irises(1, 1, 1).to_csv("one.csv", index=False)
    irises(5, 5, 5).tail(14).to_csv("test.csv", index=False)
    return tmp_path


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_commands_say_what_is_not_known(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("fit", "one.csv", "--target", "target", "--report", "fit.html", "--json", *QUICK_COMMAND) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["score"] is None
    said = " ".join(output.err.split())
    assert "each class has a single row" in said
    assert "none can be held out" in said
    assert "nothing is validated" in said
    assert "nobody knows" in (five / "fit.html").read_text()

    assert command("show", "one.automl") == 0
    assert "nothing is validated" in " ".join(capsys.readouterr().out.split())
    assert command("report", "one.automl", "-o", "one.html") == 0
    assert command("predict", "one.automl", "test.csv", "--proba", "-o", "p.csv") == 0
    probabilities = pd.read_csv("p.csv").filter(like="target=")
    assert list(probabilities) == [f"target={flower}" for flower in FLOWERS]
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1)
    assert (probabilities > 0).all(axis=None)
    assert command("evaluate", "one.automl", "test.csv", "--min-score", "accuracy=0.7") == 0
    assert command("evaluate", "one.automl", "test.csv", "--min-score", "accuracy=1.01") == 1


def test_costs_are_told_of_a_model_that_could_not_be_validated(
    five: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    irises(1, 5, 0).to_csv("lonely.csv", index=False)
    fit = ("fit", "lonely.csv", "--target", "target", "--cost", "fp=1,fn=5", *QUICK_COMMAND)
    for arguments in (fit, ("show", "lonely.automl")):
        assert command(*arguments) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert "versicolor taken for setosa costs 5, setosa taken for versicolor costs 1" in said
        assert "nothing is validated" in said


def test_no_short_list_is_told_of_where_none_of_it_is_allowed(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("fit", "test.csv", "--target", "target", "--include", "lightgbm", *QUICK_COMMAND) == 0
    assert "rows are few: not what ranks first" not in " ".join(capsys.readouterr().out.split())


def test_five_rows_are_fitted_from_the_command_line(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("fit", "five.csv", "--target", "target", *QUICK_COMMAND) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "5 rows are few: not what ranks first on larger tables is tried" in said
    assert "so the accuracy on new rows may be anything from" in said
    assert command("show", "five.automl") == 0
    assert "may be anything from" in " ".join(capsys.readouterr().out.split())


def test_what_needs_a_validation_is_refused_without(five: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("fit", "one.csv", "--target", "target", *QUICK_COMMAND) == 0
    assert command("export", "one.automl", "-o", "script.py") == 2
    assert "too few rows" in capsys.readouterr().err
    assert command("export", "one.automl", "--format", "pickle", "-o", "one.pickle") == 0
    assert command("distill", "one.automl", "one.csv", "-o", "small.automl") == 2
    assert "too few" in capsys.readouterr().err


@pytest.mark.slow
def test_all_that_holds_where_rows_are_few_can_be_fitted() -> None:
    for table in (irises(1, 1, 1), irises(3, 3, 3), load_diabetes(as_frame=True).frame.head(12)):
        result = run(make_dataset(table, "target"), RunOptions(time_budget=None, max_evaluations=20, jobs=0))
        assert {row["status"] for row in result.leaderboard} == {"ok"}

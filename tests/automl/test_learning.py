import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import make_dataset
from automl_meta.metabase import MetaBase, personal_path

SECRETS = ("Rumpelstiltskin", "secret_column", "secret_target", "secret_name", "miller", "spinner")


def test_learning_from_a_run_keeps_scores_and_nothing_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "secret_column": rng.choice(["Rumpelstiltskin", "Straw", "Gold"], 60),
            "size": rng.normal(size=60),
            "secret_target": rng.choice(["miller", "spinner"], 60),
        }
    )
    dataset = make_dataset(frame, "secret_target", name="secret_name")
    options = RunOptions(
        time_budget=None,
        max_evaluations=3,
        include=("logistic_regression", "knn"),
        jobs=0,
        folds=2,
        learn=True,
    )
    result = run(dataset, options)
    with MetaBase.open(personal_path(), "r") as store:
        (record,) = store.datasets()
        runs = list(store.runs(record.name))
        assert (record.n_rows, record.n_classes) == (60, 2)
        assert store.metafeatures()[record.name].values.size > 100
    assert {r.configuration.id for r in runs} == {e.configuration.id for e in result.evaluations}
    assert all(len(r.scores["roc_auc"]) == 2 for r in runs)
    with sqlite3.connect(personal_path()) as connection:
        text = "\n".join(connection.iterdump())
    content = text.encode() + personal_path().read_bytes()
    for secret in SECRETS:
        assert secret.encode() not in content


def test_a_run_that_was_not_asked_to_learns_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    frame = pd.DataFrame({"a": np.arange(40) % 7, "b": np.arange(40) % 3, "y": np.arange(40) % 2})
    options = RunOptions(time_budget=None, max_evaluations=1, include=("knn",), jobs=0, folds=2)
    run(make_dataset(frame, "y"), options)
    assert not personal_path().exists()


def test_a_damaged_personal_meta_base_costs_a_warning_and_not_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    personal_path().parent.mkdir(parents=True)
    personal_path().write_text("this is no database" * 100)
    frame = pd.DataFrame({"a": np.arange(40) % 7, "b": np.arange(40) % 3, "y": np.arange(40) % 2})
    options = RunOptions(time_budget=None, max_evaluations=1, include=("knn",), jobs=0, folds=2, learn=True)
    assert len(run(make_dataset(frame, "y"), options).evaluations) == 1
    assert "your personal meta-base is left out" in caplog.text
    assert "nothing was learned from this run" in caplog.text


def in_no_folder(personal: Path, stack: ExitStack) -> None:
    personal.parent.parent.rmdir()
    personal.parent.parent.write_text("not a folder")


def locked(personal: Path, stack: ExitStack) -> None:
    personal.parent.mkdir()
    MetaBase.open(personal, "w").close()
    other = stack.enter_context(closing(sqlite3.connect(personal, isolation_level=None)))
    other.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize("spoil", [in_no_folder, locked])
def test_a_personal_meta_base_that_cannot_be_written_costs_a_warning_and_not_the_model(
    spoil: Callable[[Path, ExitStack], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("automl_meta.metabase.connection.BUSY_SECONDS", 0.01)
    frame = pd.DataFrame({"a": np.arange(40) % 7, "b": np.arange(40) % 3, "y": np.arange(40) % 2})
    options = RunOptions(time_budget=None, max_evaluations=1, include=("knn",), jobs=0, folds=2, learn=True)
    with ExitStack() as stack:
        spoil(personal_path(), stack)
        assert run(make_dataset(frame, "y"), options).model is not None
    assert "nothing was learned from this run" in caplog.text

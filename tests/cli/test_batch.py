import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import run
from small_ensembles import shop_table

import automl_meta
from automl_meta.cli.batch_jobs import Job, read_batch
from automl_meta.cli.batch_running import BatchRunner, JobResult
from automl_meta.cli.batch_summary import annotation, exit_code, write_junit
from automl_meta.cli.fit import fit
from automl_meta.datasets import Task
from automl_meta.errors import InputError

JOBS = """
output = "models"
cores = 1
[defaults]
max-evaluations = 1
folds = 3
repeats = 1
include = ["decision_tree", "knn"]
racing = false
[[job]]
name = "good"
data = "binary.csv"
min-score = ["roc_auc=0.6"]
[[job]]
data = "broken.csv"
target = "target"
[[job]]
name = "strict"
data = "regression.csv"
test = "regression_test.csv"
min-score = "rmse=-0.0001"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = Path(automl_meta.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    for task in (Task.BINARY, Task.REGRESSION):
        table = shop_table(task, 110)
        table[:80].to_csv(tmp_path / f"{task.value}.csv", index=False)
        table[80:].to_csv(tmp_path / f"{task.value}_test.csv", index=False)
    (tmp_path / "broken.csv").write_text("a,target\n1,2,3\n")
    (tmp_path / "jobs.toml").write_text(JOBS)
    return tmp_path


@pytest.mark.slow
def test_a_batch_goes_on_after_failures_tells_of_all_and_resumes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    more = ("--junit", folder / "results.xml", "--html", folder / "results.html", "--json")
    assert run("batch", folder / "jobs.toml", *more) == 2
    output = capsys.readouterr()
    document = json.loads(output.out)
    good, broken, strict = document["jobs"]
    assert (good["status"], broken["status"], strict["status"]) == ("ok", "failed", "missed")
    assert good["metric"] == "roc_auc"
    assert good["score"] > 0.6
    assert "cells" in broken["message"]
    assert "neg_root_mean_squared_error" in strict["missed"][0]
    assert {"good.automl", "good.html", "good.log", "good.json"} <= {p.name for p in (folder / "models").iterdir()}
    assert not (folder / "models" / "broken.automl").exists()
    assert "::error title=strict" in output.err
    assert "\x1b" not in output.err

    suite = ElementTree.parse(folder / "results.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert "models/good.html" in (folder / "results.html").read_text()

    before = (folder / "models" / "good.automl").stat().st_mtime_ns
    (folder / "broken.csv").write_text((folder / "binary.csv").read_text())
    assert run("batch", folder / "jobs.toml", "--json") == 1
    good, mended, strict = json.loads(capsys.readouterr().out)["jobs"]
    assert good["resumed"]
    assert strict["resumed"]
    assert not mended["resumed"]
    assert mended["status"] == "ok"
    assert (folder / "models" / "good.automl").stat().st_mtime_ns == before


def test_options_of_a_job_are_typed_as_fit_takes_them(folder: Path) -> None:
    batch = read_batch(folder / "jobs.toml", fit, 4)
    runner = BatchRunner(batch, fit.params)
    typed = runner._typed(batch.jobs[0], 12.34)
    assert typed[0] == "binary.csv"
    text = " ".join(typed)
    for words in ("--max-evaluations 1", "--include decision_tree", "--include knn", "--no-racing", "--jobs 1"):
        assert words in text
    assert "--time-budget 12.3" in text


def test_processes_here_are_asked_for_unless_a_cluster_does_the_work(folder: Path) -> None:
    (folder / "j.toml").write_text(
        'cores = 6\nparallel = 2\n[[job]]\nname = "here"\ndata = "x.csv"\n'
        '[[job]]\nname = "there"\ndata = "x.csv"\ncluster = "local:1"\n'
    )
    batch = read_batch(folder / "j.toml", fit, 4)
    here, there = (BatchRunner(batch, fit.params)._typed(job, None) for job in batch.jobs)
    assert here == ["x.csv", "--jobs", "3"]
    assert there == ["x.csv", "--cluster", "local:1"]


@pytest.mark.slow
def test_the_file_of_jobs_alone_says_what_they_do(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[tool.automl-meta]\nmetric = "rmse"\nrun-dir = "elsewhere"\nconfig-of-a-later-version = 1\n'
    )
    options = "max-evaluations = 1\nfolds = 3\nrepeats = 1\ninclude = 'decision_tree'\n"
    (folder / "j.toml").write_text(f'[[job]]\ndata = "binary.csv"\n{options}')
    (result,) = BatchRunner(read_batch(folder / "j.toml", fit, 1), fit.params).run(lambda _: None)
    assert (result.status, result.metric) == ("ok", "roc_auc"), result.message
    assert not (folder / "elsewhere").exists()


def test_one_budget_is_shared_by_the_jobs_that_are_left(folder: Path) -> None:
    jobs = "".join(f'[[job]]\nname = "j{i}"\ndata = "x.csv"\n' for i in range(4))
    (folder / "j.toml").write_text(f"time-budget = 100\nparallel = 2\n{jobs}time-budget = 10\n")
    batch = read_batch(folder / "j.toml", fit, 2)
    runner = BatchRunner(batch, fit.params)
    shares = [runner._share(job) for job in batch.jobs]
    assert shares[0] == pytest.approx(50, abs=1)
    assert shares[2] == pytest.approx(100, abs=1)
    assert shares[3] == 10


def test_a_job_without_time_fails_and_says_so(folder: Path) -> None:
    (folder / "j.toml").write_text('time-budget = 0.5\n[[job]]\nname = "late"\ndata = "binary.csv"\n')
    (result,) = BatchRunner(read_batch(folder / "j.toml", fit, 1), fit.params).run(lambda _: None)
    assert result.status == "failed"
    assert "budget" in result.message


def test_a_job_whose_test_table_is_not_there_fails_before_it_is_fitted(folder: Path) -> None:
    (folder / "j.toml").write_text('[[job]]\nname = "one"\ndata = "binary.csv"\ntest = "gone.csv"\n')
    batch = read_batch(folder / "j.toml", fit, 1)
    (result,) = BatchRunner(batch, fit.params).run(lambda _: None)
    assert (result.status, result.message) == ("failed", "gone.csv: there is no such file.")
    assert not (batch.output / "one.log").exists()


def test_a_job_that_was_stopped_with_the_batch_is_done_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "j.toml").write_text('[[job]]\nname = "one"\ndata = "binary.csv"\n')
    batch = read_batch(folder / "j.toml", fit, 1)
    stops = iter([True, False])

    def cut_short(runner: BatchRunner, job: Job, seconds: float | None) -> JobResult:
        (runner.batch.output / "one.automl").touch()  # a process that is asked to end saves its best so far
        runner._stopped = next(stops)
        return result("ok", metric="roc_auc", score=0.6, score_error=0.1)

    monkeypatch.setattr(BatchRunner, "_fitted", cut_short)
    (stopped,) = BatchRunner(batch, fit.params).run(lambda _: None)
    (again,) = BatchRunner(batch, fit.params).run(lambda _: None)
    assert (stopped.status, stopped.message) == ("failed", "the batch was stopped")
    assert (again.status, again.resumed) == ("ok", False)


def test_a_folder_that_cannot_be_made_is_refused(folder: Path) -> None:
    (folder / "models").touch()
    with pytest.raises(InputError, match="no folder can be made here"):
        BatchRunner(read_batch(folder / "jobs.toml", fit, 1), fit.params).run(lambda _: None)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "holds no jobs"),
        ("job = 3", "holds no jobs"),
        ("[[job]]\nname = 'x'", "names no table"),
        ("[[job]]\ndata = 'x.csv'\ntagret = 'y'", "Did you mean 'target'"),
        ("[[job]]\ndata = 'x.csv'\noutput = 'y'", "no option 'output'"),
        ("[[job]]\ndata = 'x.csv'\nmin-score = 'high'", "METRIC=VALUE"),
        ("[[job]]\ndata = 'x.csv'\nname = '../x'", "cannot be a file's"),
        ("[[job]]\ndata = 'x.csv'\n[[job]]\ndata = 'x.csv'", "two jobs"),
        ("time-budget = -1\n[[job]]\ndata = 'x.csv'", "above 0"),
        ("budget = 1\n[[job]]\ndata = 'x.csv'", "no setting 'budget'"),
        ("time-budget = inf\n[[job]]\ndata = 'x.csv'", "above 0"),
        ("parallel = 0.5\n[[job]]\ndata = 'x.csv'", "parallel = 0.5 is not a whole number"),
        ("[[job]]\ndata = 'x.csv'\nfolds = 2.5", "folds = 2.5 is not a whole number"),
        ("[[job]]\ndata = 'x.csv'\nmin-score = 'acuracy=0.8'", "no metric named 'acuracy'"),
        ("[[job", "is not TOML"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(text: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.toml").write_text(text)
    with pytest.raises(InputError, match=word):
        read_batch(tmp_path / "jobs.toml", fit, 1)


@pytest.mark.parametrize(
    ("metric", "instead"),
    [("recall", "roc_auc"), ("precision", "f1"), ("mse", "r2"), ("mape", "r2"), ("rmsle", "r2")],
)
def test_a_gate_on_what_is_not_scored_out_of_fold_is_refused_unless_it_can_be_judged(
    metric: str, instead: str, tmp_path: Path
) -> None:
    jobs = tmp_path / "jobs.toml"
    job = f"[[job]]\ndata = 'x.csv'\nmin-score = '{metric}=0.7'\n"
    jobs.write_text(job)
    with pytest.raises(InputError, match=f"job 1, min-score: '{metric}' is not scored out of fold") as refused:
        read_batch(jobs, fit, 1)
    words = str(refused.value).replace(",", "").split()
    assert {"(test", instead} <= set(words)
    for more in ("test = 'y.csv'", f"metric = '{metric}'"):
        jobs.write_text(f"{job}{more}\n")
        assert read_batch(jobs, fit, 1).jobs[0].gates == {metric: 0.7}


def test_a_gate_on_what_is_scored_out_of_fold_needs_no_test_table(tmp_path: Path) -> None:
    gates = {metric: -1.0 for metric in ("auc", "f1", "log_loss", "rmse", "mae", "r2")}
    minima = ", ".join(f"'{metric}={minimum}'" for metric, minimum in gates.items())
    (tmp_path / "jobs.toml").write_text(f"[[job]]\ndata = 'x.csv'\nmin-score = [{minima}]\n")
    assert read_batch(tmp_path / "jobs.toml", fit, 1).jobs[0].gates == gates


def result(status: str, **more: object) -> JobResult:
    return JobResult(**{"name": "a", "status": status, "seconds": 1.0, **more})


@pytest.mark.parametrize(
    ("statuses", "code"), [((), 0), (("ok",), 0), (("ok", "missed"), 1), (("missed", "failed", "ok"), 2)]
)
def test_exit_code_is_that_of_the_worst(statuses: tuple[str, ...], code: int) -> None:
    assert exit_code([result(status) for status in statuses]) == code


def test_annotations_are_one_line(tmp_path: Path) -> None:
    assert annotation(result("ok")) is None
    line = annotation(result("failed", message="100 % wrong,\nreally: yes"))
    assert line == "::error title=a%3A failed::100 %25 wrong,%0Areally: yes"


def test_junit_takes_any_text(tmp_path: Path) -> None:
    write_junit(tmp_path / "x.xml", [result("failed", message="<&>\x00\x1b ]]> \ud800")])
    (case,) = ElementTree.parse(tmp_path / "x.xml").getroot()
    assert "<&>" in case[0].text

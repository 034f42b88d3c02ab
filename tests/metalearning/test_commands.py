import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bases import table_like, write_metabase
from click.testing import CliRunner

from automl_meta.cli.benchmark import benchmark, experiences
from automl_meta.cli.recommend import recommend
from automl_meta.datasets import RowColumns, Task, read_dataset
from automl_meta.errors import InputError
from automl_meta.metabase import MetaBase
from automl_meta.pipelines.catalogue import UnknownAlgorithmError
from automl_meta.pipelines.few_rows import few_rows_configurations


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    write_metabase(folder / "base.sqlite")
    X, y = table_like(20, Task.BINARY)
    pd.DataFrame(X).add_prefix("x").assign(y=y).to_csv(folder / "data.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def own_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by XDG_CACHE_HOME, under which matplotlib would build its list of fonts anew.
    monkeypatch.setattr("automl_meta.metalearning.memory.cache_directory", lambda: folder / "cache")


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_recommend_prints_a_list_with_evidence(folder: Path) -> None:
    text = run(recommend, folder / "data.csv", "--target", "y", "--metabase", folder / "base.sqlite", "--top", 3)
    assert "Looks most like binary" in text
    assert "ranked by roc_auc on 12 datasets" in text


def test_recommend_as_json_is_complete(folder: Path) -> None:
    base = folder / "base.sqlite"
    text = run(recommend, folder / "data.csv", "--target", "y", "--metabase", base, "--top", 4, "--json")
    content = json.loads(text)
    assert [row["rank"] for row in content["recommendations"]] == [1, 2, 3, 4]
    assert content["metric"] == "roc_auc"
    assert {"score", "seconds", "evidence", "configuration"} <= set(content["recommendations"][0])


def test_recommend_forgets_and_says_which_metric_it_uses(folder: Path) -> None:
    base = folder / "base.sqlite"
    arguments = ["--target", "y", "--metabase", base, "--metric", "accuracy", "--forget", "binary5", "--json"]
    content = json.loads(run(recommend, folder / "data.csv", *arguments))
    assert content["known_datasets"] == 11
    assert (content["asked_metric"], content["metric"]) == ("accuracy", "roc_auc")
    assert "binary5" not in [row["dataset"] for row in content["similar_datasets"]]


def test_recommend_forgets_several_at_once(folder: Path) -> None:
    arguments = ["--target", "y", "--metabase", folder / "base.sqlite", "--forget", "binary5, family0", "--json"]
    content = json.loads(run(recommend, folder / "data.csv", *arguments))
    assert content["known_datasets"] == 9
    with pytest.raises(InputError, match="no dataset or family 'binary99'"):
        run(recommend, folder / "data.csv", *arguments[:-2], "binary5,binary99")


def few_rows(folder: Path) -> Path:
    path = folder / "few.csv"
    X, y = table_like(2, Task.BINARY)
    table = pd.DataFrame(X[:30]).add_prefix("x").assign(shop=[f"s{i // 5}" for i in range(30)], weight=1.5, y=y[:30])
    table.to_csv(path, index=False)
    return path


def test_of_few_rows_recommend_gives_what_fit_tries_and_says_why(folder: Path) -> None:
    base = ["--target", "y", "--metabase", folder / "base.sqlite"]
    content = json.loads(run(recommend, few_rows(folder), *base, "--groups", "shop", "--json"))
    dataset = read_dataset(str(few_rows(folder)), "y", rows=RowColumns(groups="shop"))
    given = [row["configuration"]["algorithm"] for row in content["recommendations"]]
    assert content["short_list"]
    assert given == [configuration.algorithm for configuration in few_rows_configurations(dataset)]
    text = run(recommend, few_rows(folder), *base)
    assert "30 rows are few" in text
    assert "ranked by" not in text


def test_of_few_rows_recommend_says_that_the_ranking_misleads_where_it_gives_it(folder: Path) -> None:
    arguments = ["--target", "y", "--metabase", folder / "base.sqlite", "--include", "lightgbm"]
    text = run(recommend, few_rows(folder), *arguments)
    assert "Rows are few: what ranks first on larger tables misleads here" in text
    assert not json.loads(run(recommend, few_rows(folder), *arguments, "--json"))["short_list"]


def test_recommend_keeps_to_the_algorithms_that_are_wanted(folder: Path) -> None:
    arguments = ["--target", "y", "--metabase", folder / "base.sqlite", "--json"]

    def algorithms(*more: str) -> set[str]:
        content = json.loads(run(recommend, folder / "data.csv", *arguments, *more))
        return {row["configuration"]["algorithm"] for row in content["recommendations"]}

    everything = algorithms("--top", "25")
    kept = sorted(everything)[:2]
    assert algorithms("--include", ",".join(kept)) == set(kept)
    assert algorithms("--top", "25", "--exclude", ",".join(kept)) == everything - set(kept)
    with pytest.raises(UnknownAlgorithmError):
        algorithms("--include", "magic")


@pytest.mark.parametrize(("option", "features"), [("--groups", 9), ("--sample-weight", 9), ("--time-column", 10)])
def test_columns_that_say_something_of_the_rows_are_no_features_of_what_is_recommended(
    folder: Path, option: str, features: int
) -> None:
    X, y = table_like(20, Task.BINARY)
    table = pd.DataFrame(X).add_prefix("x").assign(row=[1 + i // 4 for i in range(len(X))], y=y)
    table.to_csv(folder / "rows.csv", index=False)
    arguments = ["--target", "y", "--metabase", folder / "base.sqlite", option, "row"]
    assert f"{features} features" in run(recommend, folder / "rows.csv", *arguments)


def test_benchmark_forgets_several_at_once_whatever_kind_of_task_knows_them(folder: Path) -> None:
    base = [folder / "base.sqlite"]
    found = experiences(base, "all", (), ("binary5,regression7", "regression3"))
    assert [len(experience.datasets) for _, experience, _ in found] == [11, 10]
    with pytest.raises(InputError, match="no dataset or family 'regression7'"):
        experiences(base, "classification", (), ("binary5,regression7",))


def test_dataset_whose_name_has_a_comma_can_be_forgotten(folder: Path) -> None:
    other = folder / "commas.sqlite"
    with MetaBase.open(folder / "base.sqlite") as store, MetaBase.open(other, "w") as target:
        for record in store.datasets(Task.BINARY):
            name = "binary, 5" if record.name == "binary5" else record.name
            target.add_dataset(replace(record, name=name, family=name))
            target.set_metafeatures(name, store.metafeatures()[record.name])
            for run_ in store.runs(record.name):
                target.add_run(replace(run_, dataset=name))
    arguments = ["--target", "y", "--metabase", other, "--json", "--forget"]
    content = json.loads(run(recommend, folder / "data.csv", *arguments, "binary, 5", "--forget", "binary6,binary7"))
    assert content["known_datasets"] == 9
    assert "binary, 5" not in [row["dataset"] for row in content["similar_datasets"]]
    [(_, experience, _)] = experiences([other], "classification", (), ("binary, 5",))
    assert len(experience.datasets) == 11


def test_benchmark_prints_a_table_and_writes_a_page(folder: Path) -> None:
    page = folder / "out.html"
    methods = "combined,portfolio"
    text = run(
        benchmark, "--metabase", folder / "base.sqlite", "--methods", methods, "--evaluations", 5, "--folds", 3,
        "--report", page,
    )  # fmt: skip
    assert "classification, roc_auc: 12 datasets, 25 configurations" in text
    assert "regression, neg_root_mean_squared_error" in text
    content = page.read_text(encoding="utf-8")
    assert content.count("<svg") == 2
    assert "src=" not in content  # nothing is fetched


def test_benchmark_is_as_if_what_it_forgets_had_never_been_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder / "odd.sqlite"
    with MetaBase.open(folder / "base.sqlite") as store, MetaBase.open(other, "w") as target:
        record = store.dataset("binary5")
        assert record is not None
        target.add_dataset(replace(record, name="odd", family="odd"))
        for run in list(store.runs("binary5"))[:4]:
            target.add_run(replace(run, dataset="odd", scores={"f1": (0.5,) * 3}))
    monkeypatch.setattr("automl_meta.metalearning.kept_configurations.MOST_CONFIGURATIONS", 6)
    never = experiences([folder / "base.sqlite"], "classification", ("f1",), ())
    forgotten = experiences([folder / "base.sqlite", other], "classification", ("f1",), ("odd",))
    for (title, known, metric), (its_title, its, its_metric) in zip(never, forgotten, strict=True):
        assert (title, metric, known.configurations) == (its_title, its_metric, its.configurations)
        np.testing.assert_array_equal(its.scores, known.scores)


def test_benchmark_as_json_compares_with_random_search(folder: Path) -> None:
    arguments = ["--task", "classification", "--methods", "combined", "--evaluations", 3, "--folds", 3, "--json"]
    (result,) = json.loads(run(benchmark, "--metabase", folder / "base.sqlite", *arguments))
    rows = {(row["method"], row["evaluations"]): row for row in result["table"]}
    assert rows["combined", 1]["regret"] < rows["random", 1]["regret"]
    assert rows["combined", 1]["random_needs"] > 1
    assert rows["random", 3]["random_needs"] == 3
    assert result["datasets"] == 12


@pytest.mark.slow
def test_benchmark_on_a_cluster_gives_the_same_figures(folder: Path) -> None:
    pytest.importorskip("distributed")
    arguments = ["--metabase", folder / "base.sqlite", "--methods", "average-rank", "--folds", 3, "--evaluations", 5]
    here, there = (
        json.loads(run(benchmark, *arguments, "--json", *where)) for where in ((), ("--cluster", "local:1"))
    )
    for document in (*here, *there):
        del document["seconds"]  # the only figures that two runs may differ in
    assert here == there
    assert here[0]["curves"]


def test_benchmark_refuses_what_it_cannot_judge(folder: Path) -> None:
    with pytest.raises(InputError, match="no method is called"):
        run(benchmark, "--metabase", folder / "base.sqlite", "--methods", "magic")
    with pytest.raises(InputError, match="no dataset or family"):
        run(benchmark, "--metabase", folder / "base.sqlite", "--forget", "nobody", "--methods", "average-rank")
    empty = write_metabase(folder / "empty.sqlite", n_datasets=1)
    with pytest.raises(InputError, match="two datasets"):
        run(benchmark, "--metabase", empty, "--methods", "average-rank")

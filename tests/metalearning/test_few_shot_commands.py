"""Few-shot methods on the command line: trained once, then used by name."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest
from bases import table_like, write_metabase, write_twin
from click.testing import CliRunner

from automl_meta.cli.benchmark import benchmark
from automl_meta.cli.metabase import metabase
from automl_meta.cli.recommend import recommend
from automl_meta.datasets import Task
from automl_meta.errors import InputError
from automl_meta.metalearning.chosen import chosen_model
from automl_meta.metalearning.memory import remember

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few shot")
    write_metabase(folder / "base.sqlite", tasks=[Task.BINARY], n_columns=12)
    X, y = table_like(20, Task.BINARY)
    pd.DataFrame(X).add_prefix("x").assign(y=y).to_csv(folder / "data.csv", index=False)
    return folder


@pytest.fixture(autouse=True)
def own_folders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_meta.metalearning.memory.cache_directory", lambda: folder / "cache")
    monkeypatch.setattr("automl_meta.metalearning.chosen.personal_path", lambda: folder / "own" / "personal.sqlite")


def run(command: object, *arguments: object) -> str:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])  # type: ignore[arg-type]
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def train(folder: Path, methods: str, *more: object) -> dict[str, object]:
    base = folder / "base.sqlite"
    given = ["--metabase", base, "--methods", methods, "--task", "binary", "--steps", 20, "--json", *more]
    return json.loads(run(metabase, "train-meta-models", *given))  # type: ignore[no-any-return]


def recommended(folder: Path, *more: object) -> dict[str, object]:
    given = ["--target", "y", "--metabase", folder / "base.sqlite", "--json", *more]
    return json.loads(run(recommend, folder / "data.csv", *given))  # type: ignore[no-any-return]


def test_what_was_trained_is_used_by_name_and_not_trained_again(folder: Path) -> None:
    with pytest.raises(InputError, match="metabase train-meta-models") as error:
        recommended(folder, "--meta-model", "siamese")
    assert str(folder / "base.sqlite") in shlex.split(str(error.value))
    first = train(folder, "siamese")
    assert [one["status"] for one in first["trained"]] == ["trained"]  # type: ignore[attr-defined, index]
    again = train(folder, "siamese")
    assert [one["status"] for one in again["trained"]] == ["there already"]  # type: ignore[attr-defined, index]
    content = recommended(folder, "--meta-model", "siamese", "--top", 4)
    assert [row["rank"] for row in content["recommendations"]] == [1, 2, 3, 4]  # type: ignore[attr-defined, index]
    alike = [row["similarity"] for row in content["similar_datasets"]]  # type: ignore[attr-defined, index]
    default = [row["similarity"] for row in recommended(folder)["similar_datasets"]]  # type: ignore[attr-defined, index]
    assert alike != default  # the learned distance is the evidence
    assert sum(alike) <= 1.0 + 1e-6


def test_training_that_has_too_little_to_learn_from_has_an_exit_code(folder: Path, tmp_path: Path) -> None:
    base = write_metabase(tmp_path / "small.sqlite", tasks=[Task.BINARY], n_datasets=3, n_columns=12)
    given = ["train-meta-models", "--metabase", base, "--methods", "siamese", "--task", "binary", "--json"]
    result = CliRunner().invoke(metabase, list(map(str, given)))
    assert result.exit_code == 1, result.output
    assert [one["status"] for one in json.loads(result.stdout)["trained"]] == ["too few datasets"]


def test_weights_that_know_a_dataset_are_not_used_when_it_is_forgotten(folder: Path) -> None:
    train(folder, "matching")
    with pytest.raises(InputError, match="were trained on binary5"):
        recommended(folder, "--meta-model", "matching", "--forget", "binary5")


def test_weights_that_know_a_forgotten_table_by_another_name_are_not_used(folder: Path, tmp_path: Path) -> None:
    train(folder, "matching")
    base, personal = folder / "base.sqlite", tmp_path / "personal.sqlite"
    twin = write_twin(base, personal)
    paths = [base, personal]
    known = remember(paths, Task.BINARY)
    assert chosen_model("matching", known, paths) is not None
    forgotten = remember(paths, Task.BINARY, forget=[twin])
    with pytest.raises(InputError, match="were trained on binary5"):
        chosen_model("matching", forgotten, paths, forget=[twin])


def test_weights_beside_a_metabase_are_found_unless_they_came_from_another(folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "other.sqlite"
    base.write_bytes((folder / "base.sqlite").read_bytes())
    train(folder, "deep-kernel", "-o", tmp_path / "meta-models")
    arguments = ["--target", "y", "--metabase", base, "--meta-model", "deep-kernel", "--json"]
    assert json.loads(run(recommend, folder / "data.csv", *arguments))["recommendations"]
    write_metabase(base, tasks=[Task.BINARY], n_columns=13)  # now it is another one
    with pytest.raises(InputError, match="has not been trained on this meta-base"):
        run(recommend, folder / "data.csv", *arguments)


def test_the_mixture_uses_its_members(folder: Path) -> None:
    train(folder, "mixture")
    content = recommended(folder, "--meta-model", "mixture", "--top", 3)
    assert len(content["recommendations"]) == 3  # type: ignore[arg-type]


def test_a_classical_method_can_be_chosen_too(folder: Path) -> None:
    content = recommended(folder, "--meta-model", "portfolio", "--top", 3)
    assert len({row["configuration"]["algorithm"] for row in content["recommendations"]}) >= 1  # type: ignore[attr-defined, index]
    with pytest.raises(InputError, match="no method is called 'magic'"):
        recommended(folder, "--meta-model", "magic")


def test_nothing_else_can_be_trained(folder: Path) -> None:
    with pytest.raises(InputError, match="no method that is trained"):
        train(folder, "portfolio")


def test_benchmark_judges_them_and_says_how_long_they_took(folder: Path) -> None:
    from automl_meta.metalearning.neural.training import Training

    base = folder / "base.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("automl_meta.metalearning.neural.model.Training", lambda: Training(steps=10, check_every=5))
        given = ["--metabase", base, "--methods", "combined,neural-process", "--evaluations", 3, "--folds", 2]
        (result,) = json.loads(run(benchmark, *given, "--task", "classification", "--json"))
    assert set(result["seconds"]) == {"combined", "neural-process", "random"}
    assert result["seconds"]["neural-process"]["fit"] > 0
    assert result["seconds"]["neural-process"]["propose"] > 0

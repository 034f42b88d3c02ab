import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.cli import main

sys.path.insert(0, str(Path(__file__).parent / "metabase" / "openml"))

from openml_server import LocalServer
from openml_world import make_world

README = (Path(__file__).parents[1] / "README.md").read_text()
COMMANDS = re.findall(r"^ {4}automl-meta (.+)$", README, flags=re.MULTILINE)
QUICKER = ["--max-evaluations", "2", "--top-k", "2", "--jobs", "0"]


@pytest.fixture(scope="module")
def openml_server() -> Iterator[LocalServer]:
    """Run a server that stands for openml.org."""
    with LocalServer(make_world(n_tasks=6, n_runs=300)) as running:
        yield running


@pytest.fixture(scope="module")
def example_folder(tmp_path_factory: pytest.TempPathFactory, openml_server: LocalServer) -> Path:
    """Return a folder with the README's tables in it, and what its first commands make."""
    folder = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    n = 150
    months = rng.integers(1, 60, n)
    contract = rng.choice(["monthly", "yearly"], n)
    leaves = (contract == "monthly") & (months < 40)
    table = pd.DataFrame({"months": months, "contract": contract, "Churn": np.where(leaves, "Yes", "No")})
    table[:100].to_csv(folder / "churn.csv", index=False)
    table[100:].to_csv(folder / "test.csv", index=False)
    table[100:].drop(columns="Churn").to_csv(folder / "new.csv", index=False)
    fit = ["fit", str(folder / "churn.csv"), "--target", "Churn", "-o", str(folder / "churn.automl"), *QUICKER]
    with pytest.raises(SystemExit) as ended:
        main([*fit, "--run-dir", str(folder / "churn-run")])
    assert ended.value.code == 0
    cc18 = ["metabase", "rebuild", "--suite", "cc18", "-o", str(folder / "cc18.sqlite"), "--pause", "0"]
    with pytest.raises(SystemExit) as ended:
        main([*cc18, "--server", openml_server.url, "--cache", str(folder / "openml-cache")])
    assert ended.value.code == 0
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_command_runs(
    command: str, example_folder: Path, openml_server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(example_folder)
    monkeypatch.setenv("OPENML_SERVER", openml_server.url)
    # A budget counts from the start of the process, which here is that of all tests.
    arguments = shlex.split(re.sub(r"--time-budget \d+", "", command), comments=True)
    if "rebuild" in arguments:
        arguments += ["--pause", "0", "--cache", "openml-cache"]
    if "--run-dir" in arguments:
        arguments[arguments.index("--run-dir") + 1] += "-2"  # the example's own is there already
    with pytest.raises(SystemExit) as ended:
        main(arguments + QUICKER if arguments[0] == "fit" and "--resume" not in arguments else arguments)
    assert ended.value.code == 0


def test_readme_names_one_command_to_begin_and_one_to_test() -> None:
    commands = re.findall(r"^ {4}(pip install .+)$", README, flags=re.MULTILINE)
    assert [command.split(" && ")[1].split()[0] for command in commands] == ["automl-meta", "make"]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_readme_links_lead_somewhere(link: str) -> None:
    assert (Path(__file__).parents[1] / link).exists()

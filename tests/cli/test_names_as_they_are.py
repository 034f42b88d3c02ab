"""Names of columns, classes and files are printed as they are written, whatever they look like."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_meta.cli import main
from automl_meta.cli.resuming import default_output

NAMES = ("weight [kg]", "rate [/min]", "[bold]", ":smile:", "self", "index", "level_0", "__index_level_0__")
CLASSES = ("[hot]", "[/hot]", "[red]x")


def printed(*arguments: str | Path, code: int = 0) -> str:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert int(ended.value.code or 0) == code, said.getvalue()
    return said.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(90, len(NAMES))), columns=list(NAMES))
    table["is [/it]"] = list(CLASSES) * 30
    table.to_csv(folder / "t.csv", index=False)
    table.drop(columns=NAMES[0]).to_csv(folder / "less.csv", index=False)
    options = ("--target", "is [/it]", "--max-evaluations", "1", "--include", "gaussian_nb", "--jobs", "1")
    said = printed("fit", folder / "t.csv", *options, "-o", folder / "[m].automl")
    assert all(name in said for name in (*NAMES, "is [/it]"))
    return folder


def test_show_names_all_columns(folder: Path) -> None:
    said = printed("show", folder / "[m].automl")
    assert all(name in said for name in (*NAMES, *CLASSES, "[m].automl"))


def test_evaluate_names_all_classes(folder: Path) -> None:
    said = printed("evaluate", folder / "[m].automl", folder / "t.csv")
    assert all(said.count(name) >= 2 for name in CLASSES)


def test_check_names_the_missing_column(folder: Path) -> None:
    said = printed("check", folder / "[m].automl", folder / "less.csv", "--fail-on", "missing", code=1)
    assert NAMES[0] in said


def test_batch_tells_of_a_column_that_is_not_there(folder: Path) -> None:
    jobs = folder / "jobs.toml"
    jobs.write_text(f"[[job]]\ndata = '{folder / 't.csv'}'\ntarget = '[/no]'\nmax-evaluations = 1\n")
    said = printed("batch", jobs, "--junit", folder / "j.xml", code=2)
    assert "[/no]" in said
    assert (folder / "j.xml").is_file()


@pytest.mark.parametrize(
    ("data", "model"),
    [
        ("sales.2023.csv", "sales.2023.automl"),
        ("s3.5/1.5_m.csv.gz", "1.5_m.automl"),
        ("x.PARQUET", "x.automl"),
        ("v1.2", "v1.2.automl"),
        ("sklearn:wine", "sklearn_wine.automl"),
        ("-", "stdin.automl"),
    ],
)
def test_only_the_ending_of_a_table_is_left_out_of_the_name_of_its_model(data: str, model: str) -> None:
    assert default_output(data) == Path(model)

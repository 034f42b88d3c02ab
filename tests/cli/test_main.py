import importlib
import subprocess
import sys

import click
import pytest

from automl_meta.cli import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = getattr(importlib.import_module(f"automl_meta.cli.{name}"), name)
    assert isinstance(command, click.Command)
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert "automl-meta" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['automl-meta', '--help']\n"
        "from automl_meta.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'pandas', 'sklearn', 'numpy', 'scipy', 'lightgbm', 'openml'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "gone.csv"),
        ("recommend", "gone.csv"),
        ("describe", "gone.csv"),
        ("predict", "gone.automl", "gone.csv"),
        ("show", "gone.automl"),
    ],
)
def test_file_that_is_not_there_is_refused_before_anything_heavy_is_imported(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from automl_meta.cli import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as ended: print(ended.code)\n"
        "print(sorted({'pandas', 'sklearn', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["2", "[]"]
    assert f"{arguments[1]}: " in result.stderr
    assert "no such file" in result.stderr


def test_unknown_command_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fitt"])
    assert ended.value.code == 2
    assert "fitt" in capsys.readouterr().err

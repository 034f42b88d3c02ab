import re
from pathlib import Path

from automl_meta.cli import COMMANDS
from automl_meta.cli.metabase import metabase

PAGE = Path(__file__).parents[2] / "docs" / "ci.md"


def test_exit_codes_of_every_command_are_told_once() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Exit codes\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = [name for row in rows for name in re.findall("`(.+?)`", row)]
    known = [*(name for name in COMMANDS if name != "metabase"), *(f"metabase {name}" for name in metabase.commands)]
    assert sorted(told) == sorted(known)

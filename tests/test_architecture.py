import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "automl_meta"
ORDER = (
    "datasets",
    "metafeatures",
    "pipelines",
    "execution",
    "evaluation",
    "metabase",
    "metalearning",
    "tuning",
    "ensembling",
    "inspection",
    "persistence",
    "reporting",
    "automl",
    "cli",
)
FOUNDATIONS = {"errors", "files", "optional", "seeding"}


def imported_packages(folder: Path) -> set[str]:
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            parts = [module.split(".") for module in modules if module.startswith("automl_meta.")]
            found |= {part[1] for part in parts}
    return found & {path.stem for path in ROOT.iterdir()}


@pytest.mark.parametrize("package", ORDER)
def test_package_imports_only_earlier_ones(package: str) -> None:
    assert imported_packages(ROOT / package) <= {*ORDER[: ORDER.index(package) + 1], *FOUNDATIONS}


def test_every_room_is_in_the_order() -> None:
    assert {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(ORDER)


@pytest.mark.parametrize("module", sorted(FOUNDATIONS))
def test_foundations_stand_on_nothing_but_each_other(module: str) -> None:
    imported = re.findall(r"^from automl_meta\.(\w+)", (ROOT / f"{module}.py").read_text(), flags=re.MULTILINE)
    assert set(imported) <= FOUNDATIONS


def test_only_the_command_line_prints() -> None:
    printing = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if path.parent.name != "cli"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []

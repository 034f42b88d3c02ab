from pathlib import Path

import pytest
from small_ensembles import shop_table

from automl_meta.datasets import Task


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, with a table of columns of every role in it."""
    monkeypatch.chdir(tmp_path)
    shop_table(Task.BINARY, 90).to_csv("shop.csv", index=False)
    return tmp_path

"""Commands as they are typed."""

from pathlib import Path

import pytest

from automl_meta.cli import main


def run(*arguments: str | Path) -> int:
    """Return the exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)

from pathlib import Path

import psutil
import pytest

from automl_meta.execution import memory

MIB = 2**20
VERSION_2 = ("memory.max", "memory.current", "inactive_file")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def container(folder: Path, names: tuple[str, str, str], limit: str) -> None:
    most, held, spare = names
    (folder / most).write_text(f"{limit}\n")
    (folder / held).write_text(f"{50 * MIB}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{spare} {20 * MIB}\n")


@pytest.mark.parametrize("names", [VERSION_2, VERSION_1])
def test_memory_of_a_container_is_what_it_may_hold(
    names: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container(tmp_path, names, str(100 * MIB))
    monkeypatch.setattr(memory, "CONTAINER", ((tmp_path, *names),))
    assert memory.physical_mb() == 100
    # What it holds of files that are not in use, it gives up for the asking.
    assert memory.fair_share_mb(2) == pytest.approx(memory.SHARE_OF_FREE * 70 / 2)


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096), None])
def test_container_without_a_limit_may_hold_what_the_machine_has(
    limit: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit is not None:
        container(tmp_path, VERSION_2, limit)
    monkeypatch.setattr(memory, "CONTAINER", ((tmp_path, *VERSION_2),))
    assert memory.physical_mb() == psutil.virtual_memory().total / MIB
    assert memory.fair_share_mb(1) > 0

"""A candidate can do no harm: whatever it does, it is one failed row, and the run ends well, as do those after it."""

from collections.abc import Iterator
from pathlib import Path

import faults
import numpy as np
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.automl.run_folder import RunFolder
from automl_meta.datasets import read_dataset
from automl_meta.execution import LocalExecutor
from automl_meta.tuning import tuner

# Those that only a time limit ends need a time budget; the others depend on nothing.
TIMED = ("hang_in_c", "sleep_in_python")
STATUSES = {
    "raise_an_error": "failed",
    "return_nan": "failed",
    "hang_in_c": "timeout",
    "eat_memory": "memory",
    "exit_at_once": "crashed",
    "print_much": "failed",
    "crash": "crashed",
    "sleep_in_python": "timeout",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def workers(folder: Path) -> Iterator[LocalExecutor]:
    """Start two workers for all runs: what a fault leaves behind, the next run has to bear."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("FAULT_FILE", str(folder / "fault"))
        with LocalExecutor(2, log=folder / "log") as executor:
            yield executor


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS)
def test_run_ends_well_with_one_failed_candidate(
    fault: str, folder: Path, workers: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuner, "evaluate", faults.evaluate)
    (folder / "fault").write_text(fault)
    options = RunOptions(
        time_budget=12.0 if fault in TIMED else None,
        max_evaluations=4,
        search="none",
        include=("lda", "knn", "gaussian_nb", "decision_tree"),
        jobs=2,
        memory_limit=1000,
        top_k=8,
    )
    result = run(
        read_dataset("sklearn:wine"), options, executor=workers, folder=RunFolder.create(folder / f"run of {fault}")
    )
    rows = {row["algorithm"]: row for row in result.leaderboard if row["status"] != "ok"}
    assert set(rows) <= {faults.VICTIM}
    assert [row["status"] for row in result.leaderboard].count("ok") >= 2
    if faults.VICTIM in rows:
        assert rows[faults.VICTIM]["status"] == STATUSES[fault]
        assert len(rows[faults.VICTIM]["error"]) < 200
    else:
        assert fault in TIMED  # the others were so quick that it was still running when all was done
    assert np.isfinite(result.plan.score)
    log = folder / "log"
    assert not log.exists() or log.stat().st_size < 20e6

"""A candidate can do no harm: whatever it does, it is one failed row, and the run ends well."""

from pathlib import Path

import faults
import numpy as np
import pytest

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run, warm_workers
from automl_meta.automl.run_folder import RunFolder
from automl_meta.datasets import read_dataset
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


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS)
def test_run_ends_well_with_one_failed_candidate(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuner, "evaluate", faults.evaluate)
    monkeypatch.setenv("FAULT", fault)
    options = RunOptions(
        time_budget=12.0 if fault in TIMED else None,
        max_evaluations=4,
        search="none",
        include=("lda", "knn", "gaussian_nb", "decision_tree"),
        jobs=2,
        memory_limit=1000,
        top_k=8,
    )
    dataset = read_dataset("sklearn:wine")
    folder = RunFolder.create(tmp_path / "run")
    with warm_workers(options, folder.log) as executor:
        result = run(dataset, options, executor=executor, folder=folder)
    rows = {row["algorithm"]: row for row in result.leaderboard if row["status"] != "ok"}
    assert set(rows) <= {faults.VICTIM}
    assert [row["status"] for row in result.leaderboard].count("ok") >= 2
    if faults.VICTIM in rows:
        assert rows[faults.VICTIM]["status"] == STATUSES[fault]
        assert len(rows[faults.VICTIM]["error"]) < 200
    else:
        assert fault in TIMED  # the others were so quick that it was still running when all was done
    assert np.isfinite(result.plan.score)
    assert not folder.log.exists() or folder.log.stat().st_size < 20e6

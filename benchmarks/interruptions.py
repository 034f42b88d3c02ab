"""Is anything lost when a run is stopped? SIGINT and SIGKILL at random moments, and going on afterwards.

    python benchmarks/interruptions.py --runs 20

After each signal there must be either a whole model that predicts, or a run that `fit --resume` completes.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

FIT = [sys.executable, "-m", "automl_meta", "fit"]
TABLE = "sklearn:breast_cancer"


@click.command()
@click.option("--runs", type=int, default=20, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(runs: int, seed: int) -> None:
    """Stop runs and say what became of them; the exit code is 1 if anything was lost."""
    rng = random.Random(seed)
    lost = 0
    for number in range(runs):
        kind = (signal.SIGINT, signal.SIGKILL)[number % 2]
        moment = rng.uniform(0.5, 15.0)
        with tempfile.TemporaryDirectory() as folder:
            what = stop_and_go_on(Path(folder), kind, moment)
        lost += what.startswith("LOST")
        click.echo(f"{number + 1:3d} {kind.name} after {moment:4.1f} s: {what}")
    click.echo(f"{runs - lost} of {runs} ended well")
    raise SystemExit(lost > 0)


def stop_and_go_on(folder: Path, kind: signal.Signals, moment: float) -> str:
    """Return what became of a run that was stopped with `kind` after so many seconds."""
    command = [*FIT, TABLE, "--time-budget", "15", "--run-dir", "run", "-o", "model.automl"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    process.send_signal(kind)
    process.wait()
    model = folder / "model.automl"
    if model.exists():
        return "a model" if predicts(folder) else "LOST: a model that does not predict"
    if not (folder / "run" / "run.json").exists():
        return "nothing had begun" if not list(folder.glob("*.automl")) else "LOST: half a model"
    kept = len(list((folder / "run" / "candidates").glob("*.npz")))
    again = subprocess.run(
        [*FIT, "--resume", "run", "-o", "model.automl"], cwd=folder, capture_output=True, text=True
    )
    if again.returncode or not predicts(folder):
        return f"LOST: {again.stderr.strip()[-200:]}"
    return f"went on from {kept} candidates to a model"


def predicts(folder: Path) -> bool:
    """Return whether the model predicts."""
    command = [sys.executable, "-m", "automl_meta", "predict", "model.automl", TABLE, "-o", "predictions.csv"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


if __name__ == "__main__":
    main()

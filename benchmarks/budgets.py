"""Is the time budget kept, and spent? Wall seconds of `automl-meta fit` on real tables and a large synthetic one.

    AUTOML_META_DATASETS=... python benchmarks/budgets.py --output budgets.csv

One line a run: wall seconds of the whole process, the share of the budget that went into evaluations, how the search
ended, and whether there was a model. Rows that the output has already are not measured again.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd

# Varied in kind of task, rows, columns, classes, strings and missing cells; none is simulated.
DATASETS = (
    "tic_tac_toe",
    "cylinder_bands",
    "custdata_health_ins",
    "soybean",
    "micro_mass_pure_spectra",
    "dplyr_storms",
    "online_food_orders",
    "mammography",
    "vehicle",
    "colic",
    "bayesrules_coffee_ratings",
    "wish_summer_products",
    "aer_houseprices",
    "avocado_prices",
    "ecdat_wages",
)
SYNTHETIC = "synthetic 200000 x 50"
COLUMNS = ("dataset", "budget", "wall_seconds", "search_share", "evaluations", "stopped", "exit_code", "model")


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("budgets.csv"), show_default=True)
@click.option("--budget", "budgets", type=float, multiple=True, default=(10, 20, 60), show_default=True)
@click.option("--dataset", "names", multiple=True, default=(*DATASETS, SYNTHETIC))
def main(output: Path, budgets: tuple[float, ...], names: tuple[str, ...]) -> None:
    """Measure what is missing in the output, and print the summary."""
    folder = Path(os.environ["AUTOML_META_DATASETS"])
    index = pd.read_csv(folder / "index.csv").set_index("name")
    done = set()
    if output.exists():
        done = {(row["dataset"], float(row["budget"])) for row in csv.DictReader(output.open())}
    else:
        output.write_text(",".join(COLUMNS) + "\n")
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            if all((name, budget) in done for budget in budgets):
                continue
            table, target = synthetic(Path(scratch)) if name == SYNTHETIC else located(folder, index, name)
            for budget in budgets:
                if (name, budget) not in done:
                    row = measure(name, table, target, budget, Path(scratch))
                    with output.open("a", newline="") as file:
                        csv.writer(file).writerow([row[column] for column in COLUMNS])
                    click.echo(", ".join(f"{key} {value}" for key, value in row.items()))
    summarise(pd.read_csv(output))


def located(folder: Path, index: pd.DataFrame, name: str) -> tuple[Path, str]:
    """Return the file of a dataset and its target."""
    return folder / index.loc[name, "path"], str(index.loc[name, "target"])


def synthetic(folder: Path) -> tuple[Path, str]:
    """Write a table of 200,000 rows and 50 columns, if it is not there."""
    path = folder / "synthetic.csv"
    if not path.exists():
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(200_000, 50)).round(4), columns=[f"x{i}" for i in range(50)])
        signal = frame["x0"] * frame["x1"] + np.sin(3 * frame["x2"]) + rng.normal(size=len(frame))
        frame.assign(label=np.where(signal > 0, "yes", "no")).to_csv(path, index=False)
    return path, "label"


def measure(name: str, table: Path, target: str, budget: float, folder: Path) -> dict[str, object]:
    """Return one row."""
    model = folder / "model.automl"
    model.unlink(missing_ok=True)
    command = [sys.executable, "-m", "automl_meta", "fit", str(table), "--target", target, "--json"]
    command += ["--time-budget", f"{budget:g}", "-o", str(model)]
    start = time.perf_counter()
    process = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - start
    document = json.loads(process.stdout) if process.returncode == 0 else {}
    return {
        "dataset": name,
        "budget": budget,
        "wall_seconds": round(wall, 2),
        "search_share": round(document.get("timings", {}).get("search", 0.0) / budget, 3),
        "evaluations": document.get("evaluations", 0),
        "stopped": document.get("stopped", process.stderr.strip()[-200:]),
        "exit_code": process.returncode,
        "model": model.exists(),
    }


def summarise(rows: pd.DataFrame) -> None:
    """Print, for each budget, how often it was kept and how much of it was searched."""
    for budget, group in rows.groupby("budget"):
        grace = 1.0 if budget <= 10 else 0.0
        kept = int((group["wall_seconds"] <= budget + grace).sum())
        whole = group[~group["stopped"].str.contains("not expected to help")]
        click.echo(
            f"{budget:g} s: kept in {kept} of {len(group)}, at most {group['wall_seconds'].max():.2f} s, "
            f"models {int(group['model'].sum())}; of budgets not ended early {whole['search_share'].median():.0%} "
            f"(median), at least {whole['search_share'].min():.0%}, went into evaluations"
        )


if __name__ == "__main__":
    main()

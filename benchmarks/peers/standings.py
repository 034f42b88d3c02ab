"""Tables and a plot of what the harness measured."""

import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

SAME_RUN = ["budget", "dataset", "seed"]


def describe(rows: pd.DataFrame) -> str:
    """Return the tables as text: scores, ranks, wins with their confidence, time, memory, failures."""
    parts = []
    for budget, group in latest(rows).groupby("budget"):
        shared = run_by_all(group)
        scores = shared.pivot_table(index="dataset", columns="tool", values="score", aggfunc="mean", dropna=False)
        parts += [f"## {budget:g} s: {len(scores)} datasets, {shared['seed'].nunique()} seeds", ""]
        left_out = n_runs(group) - n_runs(shared)
        if left_out:
            parts += [f"Left out: {left_out} of {n_runs(group)} tables and seeds, which not all tools have run.", ""]
        if len(shared):
            parts += [markdown(scores), "", markdown(summary(shared, budget)), "", markdown(wins(shared)), ""]
    return "\n".join(parts)


def latest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each run: what failed is measured again, and added."""
    return rows.drop_duplicates([*SAME_RUN, "tool"], keep="last")


def run_by_all(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of those datasets and seeds that all tools have run, well or not."""
    runs_of = rows.groupby(SAME_RUN)["tool"].transform("nunique")
    return rows[runs_of == rows["tool"].nunique()]


def n_runs(rows: pd.DataFrame) -> int:
    """Return how many datasets and seeds there are."""
    return len(rows[SAME_RUN].drop_duplicates())


def by_tool(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of each dataset and seed, a column a tool; NaN for who failed."""
    return rows.set_index(["dataset", "seed", "tool"])["score"].unstack("tool")


def ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each tool's rank on each dataset and seed, 1 is best; whoever has no score shares the last ranks."""
    return by_tool(rows).fillna(-np.inf).rank(axis=1, ascending=False)


def summary(rows: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Return one line a tool: mean rank, normalised score, seconds, over budget, memory, failures."""
    scores = by_tool(rows)
    low, high = scores.min(axis=1), scores.max(axis=1)
    scaled = scores.sub(low, axis=0).div((high - low).where(high > low, 1.0), axis=0).fillna(0.0)
    tools = rows.groupby("tool")
    return pd.DataFrame(
        {
            "mean rank": ranks(rows).mean().round(2),
            "normalised score": scaled.mean().round(3),
            "fit seconds, median": tools["fit_seconds"].median().round(1),
            "fit seconds, most": tools["fit_seconds"].max().round(1),
            "over budget": tools["fit_seconds"].agg(lambda seconds: int((seconds > budget).sum())),
            "memory, most MiB": tools["peak_memory_mb"].max().round(),
            "failures": tools["score"].agg(lambda values: int(values.isna().sum())),
        }
    ).sort_values("mean rank")


def wins(rows: pd.DataFrame) -> pd.DataFrame:
    """Return who beats whom on how many datasets, with Wilson's interval of that share.

    A dataset is won by who is better on more of its seeds. Whoever has no score is worse than whoever has one. A draw
    is half a dataset won; half a dataset is rounded down for the interval's lower end and up for its upper end.
    """
    scores = by_tool(rows).fillna(-np.inf)
    lines = []
    for one, other in combinations(scores.columns, 2):
        better = (scores[one] > scores[other]).astype(int) - (scores[one] < scores[other]).astype(int)
        by_dataset = np.sign(better.groupby(level="dataset").sum())
        won, n = int((by_dataset + 1).sum()) / 2, len(by_dataset)
        low, high = share_interval(won, n)
        lines.append((one, other, f"{won / n:.0%}", f"{low:.0%} to {high:.0%}"))
    return pd.DataFrame(lines, columns=["tool", "is better than", "on", "95 %"]).set_index("tool")


def share_interval(won: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share, `won` of `n`, which may end in a half."""
    low = binomtest(math.floor(won), n).proportion_ci(method="wilson").low
    return float(low), float(binomtest(math.ceil(won), n).proportion_ci(method="wilson").high)


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with five digits."""
    rows = table.reset_index()
    lines = [list(rows.columns), ["---", *["---:"] * (rows.shape[1] - 1)]]
    lines += [
        [f"{value:.5g}" if isinstance(value, float) else str(value) for value in row] for row in rows.to_numpy()
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Draw the mean ranks with their standard errors over datasets."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    ranked = [ranks(run_by_all(group)) for _, group in latest(rows).groupby("budget")]
    table = pd.concat(ranked).groupby("dataset").mean()
    order = table.mean().sort_values().index
    errors = table.std() / np.sqrt(len(table))
    figure, axes = plt.subplots(figsize=(7, 0.4 * len(order) + 1.2))
    axes.errorbar(table.mean()[order], range(len(order)), xerr=errors[order], fmt="o", capsize=3)
    axes.set(yticks=range(len(order)), yticklabels=list(order), xlabel="mean rank (1 is best)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path)

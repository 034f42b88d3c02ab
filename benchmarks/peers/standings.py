"""Tables and a plot of what the harness measured."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

DRAWS = 2000


def describe(rows: pd.DataFrame) -> str:
    """Return the tables as text: scores, ranks, wins with their confidence, time, memory, failures."""
    parts = []
    for budget, group in rows.groupby("budget"):
        scores = group.pivot_table(index="dataset", columns="tool", values="score", aggfunc="mean", dropna=False)
        parts += [f"## {budget:g} s: {len(scores)} datasets, {group['seed'].nunique()} seeds", ""]
        parts += [markdown(scores), "", markdown(summary(group, budget)), "", markdown(wins(scores)), ""]
    return "\n".join(parts)


def ranks(rows: pd.DataFrame) -> pd.DataFrame:
    """Return each tool's rank on each dataset and seed, 1 is best; whoever has no score shares the last ranks."""
    scores = rows.pivot_table(index=["dataset", "seed"], columns="tool", values="score", dropna=False)
    return scores.fillna(-np.inf).rank(axis=1, ascending=False)


def summary(rows: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Return one line a tool: mean rank, normalised score, seconds, over budget, memory, failures."""
    scores = rows.pivot_table(index=["dataset", "seed"], columns="tool", values="score", dropna=False)
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


def wins(scores: pd.DataFrame) -> pd.DataFrame:
    """Return who beats whom on how many datasets, with a bootstrap interval over datasets."""
    rng = np.random.default_rng(0)
    lines = []
    for one, other in combinations(scores.columns, 2):
        better = np.sign(scores[one].fillna(-np.inf) - scores[other].fillna(-np.inf)).fillna(0.0).to_numpy()
        share = (better + 1) / 2
        means = share[rng.integers(0, len(share), (DRAWS, len(share)))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        lines.append((one, other, f"{share.mean():.0%}", f"{low:.0%} to {high:.0%}"))
    return pd.DataFrame(lines, columns=["tool", "is better than", "on", "95 %"]).set_index("tool")


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

    table = ranks(rows).groupby("dataset").mean()
    order = table.mean().sort_values().index
    errors = table.std() / np.sqrt(len(table))
    figure, axes = plt.subplots(figsize=(7, 0.4 * len(order) + 1.2))
    axes.errorbar(table.mean()[order], range(len(order)), xerr=errors[order], fmt="o", capsize=3)
    axes.set(yticks=range(len(order)), yticklabels=list(order), xlabel="mean rank (1 is best)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path)

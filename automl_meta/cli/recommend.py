"""What to try on a table, and why; nothing is trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.inputs import TABLE
from automl_meta.cli.output import console_for, plain_table, print_json
from automl_meta.cli.recommendation_text import RANKS, STANDINGS, evidence, expected, seconds
from automl_meta.cli.table_options import separated, table_options

if TYPE_CHECKING:
    from automl_meta.datasets import Dataset
    from automl_meta.metalearning import Advisor, Recommendation

METAFEATURE_SECONDS = 1.0  # what is not found out by then is left missing; the similarity copes with gaps


@click.command()
@click.argument("data", type=TABLE)
@table_options
@click.option("--metric", help="What to rank by: a scikit-learn scorer's name. [default: the task's]")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many to list.")
@click.option(
    "--time-budget",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that one evaluation may take; prefers what is likely to end in time.",
)
@click.option(
    "--metabase", type=click.Path(path_type=Path), help="Meta-base to learn from. [default: the shipped and your own]"
)
@click.option("--meta-model", metavar="NAME", help="Method that ranks, e.g. deep-kernel. [default: combined]")
@click.option("--forget", multiple=True, help="Dataset or family that the meta-base is not to know; repeatable.")
@click.option("--no-cache", is_flag=True, help="Learn anew, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def recommend(
    data: str,
    target: str | None,
    task: str,
    ignore: tuple[str, ...],
    metric: str | None,
    top: int,
    time_budget: float | None,
    metabase: Path | None,
    meta_model: str | None,
    forget: tuple[str, ...],
    no_cache: bool,
    as_json: bool,
) -> None:
    """Say what to try on DATA and why, e.g. `automl-meta recommend churn.csv --target Churn`.

    DATA is a file, sklearn:NAME or openml:ID. Nothing is trained: the meta-base knows what did well on datasets like
    this one. The list is in the order in which to try; each line adds most to what those above it reach.
    """
    from automl_meta.datasets import read_dataset
    from automl_meta.evaluation import make_folds, suitable_scheme
    from automl_meta.metabase import metabase_paths
    from automl_meta.metafeatures import extract_dataset
    from automl_meta.metalearning import Advisor, Effort, chosen_model, remember

    dataset = read_dataset(data, target, task=task, ignore=separated(ignore))  # type: ignore[arg-type]
    paths = metabase_paths(metabase)
    memory = remember(paths, dataset.task, metric, forget=forget, use_cache=not no_cache)
    found = extract_dataset(dataset, time_limit=METAFEATURE_SECONDS)
    chosen = chosen_model(meta_model, memory, paths, forget=forget)
    n_folds, repeats = suitable_scheme(dataset)
    folds = make_folds(dataset, n_folds, seed=0, repeats=repeats)
    effort = Effort.of(folds, dataset.n_rows)
    advisor = Advisor(memory, found.to_dict(), chosen=chosen, effort=effort)
    recommendations = advisor.recommendations(top, time_budget=time_budget)
    if as_json:
        print_json(as_document(dataset, advisor, recommendations))
    else:
        print_recommendations(dataset, advisor, recommendations)


def as_document(dataset: "Dataset", advisor: "Advisor", recommendations: "list[Recommendation]") -> dict[str, Any]:
    """Return everything that the table shows, and the whole hyperparameters."""
    memory = advisor.memory
    return {
        "dataset": dataset.name,
        "task": dataset.task.value,
        "rows": dataset.n_rows,
        "metric": memory.metric,
        "asked_metric": memory.asked,
        "known_datasets": len(memory.experience.datasets),
        "similar_datasets": [
            {"dataset": name, "similarity": weight} for name, weight in advisor.similar_datasets[:10]
        ],
        "recommendations": [
            {"rank": rank, **recommendation.to_dict()} for rank, recommendation in enumerate(recommendations, 1)
        ],
    }


def print_recommendations(dataset: "Dataset", advisor: "Advisor", recommendations: "list[Recommendation]") -> None:
    """Print the table, with a line above on what it rests on."""
    console = console_for()
    memory = advisor.memory
    console.print(
        f"{dataset.name}: {dataset.task.value}, {dataset.n_rows:,} rows, {dataset.X.shape[1]:,} features; "
        f"ranked by {memory.metric} on {len(memory.experience.datasets)} datasets",
    )
    if memory.note:
        console.print(memory.note)
    if advisor.knows_nothing:
        console.print("The meta-base knows too little of this kind of task; this is the catalogue's own order.")
    table = plain_table("#", "configuration", "expected", "seconds", RANKS, right=("#", "seconds"))
    for rank, recommendation in enumerate(recommendations, 1):
        table.add_row(
            str(rank),
            str(recommendation.configuration),
            expected(recommendation),
            seconds(recommendation),
            evidence(recommendation),
        )
    console.print(table)
    alike = [f"{name} ({weight:.0%})" for name, weight in advisor.similar_datasets[:5]]
    if alike and not advisor.knows_nothing:
        console.print(f"\nLooks most like {', '.join(alike)}.")
    if recommendations and recommendations[0].score is None and not advisor.knows_nothing:
        console.print(STANDINGS)

"""What to try on a table, and why; nothing is trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.fit_options import as_in_fit
from automl_meta.cli.inputs import POSITIVE, TABLE
from automl_meta.cli.output import console_for, print_json
from automl_meta.cli.recommendation_text import NO_SHORT_LIST, STANDINGS, ranked_table, short_table
from automl_meta.cli.table_options import forget_option, separated, table_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from automl_meta.datasets import Dataset
    from automl_meta.evaluation.folds import Fold
    from automl_meta.metalearning import Advisor, Recommendation

METAFEATURE_SECONDS = 1.0  # what is not found out by then is left missing; the similarity copes with gaps


@as_in_fit("groups", "time_column", "sample_weight", "include", "exclude")
@click.command()
@click.argument("data", type=TABLE)
@table_options
@click.option("--metric", help="What to rank by: a scikit-learn scorer's name. [default: the task's]")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many to list.")
@click.option(
    "--time-budget",
    type=POSITIVE,
    help="Seconds that one evaluation may take; prefers what is likely to end in time.",
)
@click.option(
    "--metabase", type=click.Path(path_type=Path), help="Meta-base to learn from. [default: the shipped and your own]"
)
@click.option("--meta-model", metavar="NAME", help="Method that ranks, e.g. deep-kernel. [default: combined]")
@forget_option
@click.option("--no-cache", is_flag=True, help="Learn anew, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def recommend(data: str, top: int, time_budget: float | None, no_cache: bool, as_json: bool, **given: Any) -> None:
    """Say what to try on DATA and why, e.g. `automl-meta recommend churn.csv --target Churn`.

    DATA is a file, sklearn:NAME or openml:ID. Nothing is trained: the meta-base knows what did well on datasets like
    this one. The list is in the order in which to try; each line adds most to what those above it reach. For a table
    of up to 60 rows, where that misleads, it is the short list that `fit` tries instead.
    """
    from automl_meta.automl.search import short_list
    from automl_meta.evaluation import make_folds, suitable_scheme
    from automl_meta.metalearning import Effort

    dataset = _read(data, given)
    advisor = _advisor(dataset, given, use_cache=not no_cache)
    n_folds, repeats = suitable_scheme(dataset)
    folds = make_folds(dataset, n_folds, seed=0, repeats=repeats)
    advisor.expect(Effort.of(folds, dataset.n_rows))
    listed = short_list(dataset, advisor)[:top] if dataset.is_tiny else []
    if listed:
        recommendations = advisor.chosen_elsewhere(listed)
    else:
        recommendations = advisor.recommendations(top, time_budget=time_budget)
    if as_json:
        print_json(as_document(dataset, advisor, recommendations, short_list=bool(listed)))
    elif listed:
        print_short_list(dataset, folds, recommendations)
    else:
        print_recommendations(dataset, advisor, recommendations)


def _read(data: str, given: dict[str, Any]) -> "Dataset":
    from automl_meta.datasets import RowColumns, read_dataset

    rows = RowColumns(groups=given["groups"], time=given["time_column"], weight=given["sample_weight"])
    return read_dataset(data, given["target"], task=given["task"], ignore=given["ignore"], rows=rows)


def _advisor(dataset: "Dataset", given: dict[str, Any], *, use_cache: bool) -> "Advisor":
    from automl_meta.automl.advice import allowed_algorithms
    from automl_meta.metabase import metabase_paths
    from automl_meta.metafeatures import extract_dataset
    from automl_meta.metalearning import Advisor, chosen_model, remember

    forget = given["forget"]
    algorithms = allowed_algorithms(dataset.task, separated(given["include"]), separated(given["exclude"]))
    paths = metabase_paths(given["metabase"])
    memory = remember(paths, dataset.task, given["metric"], forget=forget, use_cache=use_cache)
    found = extract_dataset(dataset, time_limit=METAFEATURE_SECONDS)
    chosen = chosen_model(given["meta_model"], memory, paths, forget=forget)
    return Advisor(memory, found.to_dict(), algorithms=algorithms, chosen=chosen)


def as_document(
    dataset: "Dataset", advisor: "Advisor", recommendations: "list[Recommendation]", *, short_list: bool
) -> dict[str, Any]:
    """Return everything that the table shows, and the whole hyperparameters."""
    memory = advisor.memory
    return {
        "dataset": dataset.name,
        "task": dataset.task.value,
        "rows": dataset.n_rows,
        "short_list": short_list,
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


def print_short_list(
    dataset: "Dataset", folds: "Sequence[Fold]", recommendations: "Sequence[Recommendation]"
) -> None:
    """Print what `fit` tries where rows are few, and why it is not what the meta-base ranks first."""
    from automl_meta.automl.search import few_rows_in_words

    console = console_for()
    console.print(_size(dataset))
    console.print(few_rows_in_words(dataset, folds), soft_wrap=True)
    console.print(short_table(recommendations))


def print_recommendations(dataset: "Dataset", advisor: "Advisor", recommendations: "list[Recommendation]") -> None:
    """Print the table, with a line above on what it rests on."""
    console = console_for()
    memory = advisor.memory
    console.print(f"{_size(dataset)}; ranked by {memory.metric} on {len(memory.experience.datasets)} datasets")
    if dataset.is_tiny:
        console.print(NO_SHORT_LIST, soft_wrap=True)
    if memory.note:
        console.print(memory.note)
    if advisor.knows_nothing:
        console.print("The meta-base knows too little of this kind of task; this is the catalogue's own order.")
    console.print(ranked_table(recommendations))
    alike = [f"{name} ({weight:.0%})" for name, weight in advisor.similar_datasets[:5]]
    if alike and not advisor.knows_nothing:
        console.print(f"\nLooks most like {', '.join(alike)}.")
    if recommendations and recommendations[0].score is None and not advisor.knows_nothing:
        console.print(STANDINGS)


def _size(dataset: "Dataset") -> str:
    return f"{dataset.name}: {dataset.task.value}, {dataset.n_rows:,} rows, {dataset.X.shape[1]:,} features"

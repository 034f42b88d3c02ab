"""Training the few-shot methods on a store."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.cli.inputs import POSITIVE, SEED
from automl_meta.cli.output import console_for, print_json
from automl_meta.cli.table_options import separated
from automl_meta.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from automl_meta.metalearning.neural.campaign import Job
    from automl_meta.metalearning.neural.training import Training

KINDS = ("all", "binary", "multiclass", "regression")
TOO_FEW = "too few datasets"


@click.command("train-meta-models")
@click.option(
    "--metabase",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The store. [default: $AUTOML_META_METABASE, or the shipped one]",
)
@click.option("--methods", multiple=True, help="Repeatable, or separated by commas. [default: all few-shot methods]")
@click.option("--task", type=click.Choice(KINDS), default="all", show_default=True)
@click.option("--metric", help="Rank by this one. [default: each task's]")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Folder. [default: your own]")
@click.option("--steps", type=click.IntRange(1), default=1500, show_default=True, help="At most, per method.")
@click.option("--seconds", type=POSITIVE, help="At most, per method and task.")
@click.option("--patience", type=click.IntRange(1), default=8, show_default=True, help="Looks without gain.")
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--again", is_flag=True, help="Train also what is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train_meta_models(
    metabase: Path | None,
    methods: tuple[str, ...],
    task: str,
    metric: str | None,
    output: Path | None,
    again: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train the few-shot methods on a store, so that `--meta-model NAME` can use them. Needs PyTorch.

    Training ends early when meta-validation datasets gain no more. Stop it when you like: the same command goes on
    where it stopped. Weights lie in your own folder, or, with -o, where you say; they are found in a folder
    `meta-models` beside the store, too. The exit code is 1 if there were too few datasets for one of them.

    \b
    automl-meta metabase train-meta-models --methods deep-kernel,neural-process
    automl-meta metabase train-meta-models --metabase mine.sqlite -o meta-models
    """
    from automl_meta.optional import require

    require("torch", "neural")
    from automl_meta.datasets.task import Task
    from automl_meta.metabase import default_path
    from automl_meta.metalearning.chosen import own_folder
    from automl_meta.metalearning.neural.campaign import jobs_on
    from automl_meta.metalearning.neural.training import Training
    from automl_meta.metalearning.neural.weights_file import checksum_of

    names = _few_shot(methods)
    path = metabase or default_path()
    if not path.is_file():
        raise InputError(f"{path}: there is no such meta-base. Try --metabase with another file.")
    folder = output or own_folder(checksum_of([path]))
    folder.mkdir(parents=True, exist_ok=True)
    tasks = list(Task) if task == "all" else [Task(task)]
    console = console_for(machine_readable=as_json)
    training = Training(**given)
    jobs = jobs_on(path, folder, names, tasks, metric)
    results = [_train(console, job, training, again=again) for job in jobs]
    if not results:
        raise InputError(f"{path}: knows no dataset of this kind of task. Try --metabase with another file.")
    console.print(f"weights in {folder}", soft_wrap=True)
    if as_json:
        print_json({"folder": str(folder), "trained": results})
    if any(result["status"] == TOO_FEW for result in results):
        raise click.exceptions.Exit(1)


def _train(console: "Console", job: "Job", training: "Training", *, again: bool) -> dict[str, Any]:
    from automl_meta.metalearning.neural.campaign import carry_out, is_done

    result: dict[str, Any] = {"method": job.method, "task": job.task.value, "metric": job.metric}
    if is_done(job) and not again:
        console.print(f"{job.title}: trained already")
        return {**result, "status": "there already"}
    with console.status(job.title) as status:
        origin = carry_out(
            job,
            training,
            watch=lambda progress: status.update(
                f"{job.title}: step {progress.step} of {training.steps}, validation loss {progress.best_loss:.3f}"
            ),
        )
    if origin is None:
        console.print(f"{job.title}: too few datasets to learn from")
        return {**result, "status": TOO_FEW}
    kilobytes = job.file.stat().st_size / 1000
    console.print(
        f"{job.title}: {origin.steps} steps, {origin.seconds:.0f} s, validation loss {origin.loss:.3f}, "
        f"{kilobytes:.0f} kB",
    )
    trained = {"steps": origin.steps, "seconds": origin.seconds, "loss": origin.loss, "kilobytes": kilobytes}
    return {**result, "status": "trained", **trained}


def _few_shot(methods: tuple[str, ...]) -> list[str]:
    """Return the few-shot methods that were asked for; those that the mixture consists of for that name."""
    from automl_meta.metalearning.methods import FEW_SHOT, learned_members

    asked = separated(methods) or FEW_SHOT
    unknown = [name for name in asked if not learned_members(name)]
    if unknown:
        raise InputError(
            f"{unknown[0]!r} is no method that is trained. Try --methods with some of: {', '.join(FEW_SHOT)}"
        )
    return list(dict.fromkeys(member for name in asked for member in learned_members(name)))

"""Training several methods on a meta-base, one file each; what is there already is not trained again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.metalearning.memory import read_comparable
from automl_meta.metalearning.neural.learners import LEARNERS
from automl_meta.metalearning.neural.model import NeuralMetaModel
from automl_meta.metalearning.neural.training import Progress, Training
from automl_meta.metalearning.neural.weights_file import Origin, checksum_of, file_name, load, save
from automl_meta.metalearning.protocol import Experience

UNFINISHED = ".unfinished.npz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One method to be trained for one kind of task and metric."""

    method: str
    task: Task
    metric: str
    experience: Experience
    checksum: str
    file: Path

    @property
    def title(self) -> str:
        """What it is called on the terminal."""
        return f"{self.method}, {self.task.value}, {self.metric}"


def jobs_on(
    metabase: Path, folder: Path, methods: Sequence[str], tasks: Sequence[Task], metric: str | None = None
) -> Iterator[Job]:
    """Yield what is to be trained, one method after the other for each kind of task.

    Kinds of task of which the meta-base knows nothing are left out.
    """
    checksum = checksum_of([metabase])
    for task in tasks:
        experience, _, found = read_comparable([metabase], task, metric)
        if not experience.datasets:
            continue
        for method in methods:
            file = folder / file_name(method, task.value, found)
            yield Job(
                method=method, task=task, metric=found, experience=experience, checksum=checksum, file=file
            )  # fmt: skip


def is_done(job: Job) -> bool:
    """Return whether the file of `job` is there and came from the same meta-base."""
    if not job.file.is_file():
        return False
    try:
        return load(job.file).origin.checksum == job.checksum
    except InputError:
        return False  # of an older version


def carry_out(
    job: Job, training: Training, *, watch: Callable[[Progress], object] = lambda progress: None
) -> Origin | None:
    """Train and write one file, going on from where an interrupted training stood; None if too little is known.

    The unfinished training lies beside the file under the meta-base's checksum.
    """
    unfinished = job.file.with_name(f".{job.file.stem}-{job.checksum[:12]}{UNFINISHED}")
    model = NeuralMetaModel(LEARNERS[job.method](), training, checkpoint=unfinished, watch=watch)
    model.fit(job.experience)
    if not model.weights_:
        return None
    progress = model.progress_
    origin = Origin(
        method=job.method,
        task=job.task.value,
        metric=job.metric,
        checksum=job.checksum,
        datasets=job.experience.datasets,
        families=tuple(sorted(set(job.experience.families))),
        steps=progress.step,
        seconds=round(progress.seconds, 1),
        loss=progress.best_loss,
    )
    save(model, origin, job.file)
    unfinished.unlink(missing_ok=True)
    return origin

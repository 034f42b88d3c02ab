"""What is remembered for one kind of task and one metric: read from the meta-base, kept in the user's cache."""

import difflib
import hashlib
import json
import logging
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_meta import __version__
from automl_meta.datasets.listing import names_in
from automl_meta.datasets.task import Task
from automl_meta.errors import InputError
from automl_meta.evaluation.metrics import default_metric, metrics_of, resolve_metric
from automl_meta.files import replacing
from automl_meta.metabase.connection import LOG
from automl_meta.metabase.experience import Experience, Floats
from automl_meta.metabase.records import FIT_SOURCES
from automl_meta.metalearning.kept_configurations import kept_configurations
from automl_meta.metalearning.similarity import Similarity, fit_similarity
from automl_meta.metalearning.standings import learn_standings
from automl_meta.pipelines.configuration import Configuration

logger = logging.getLogger(__name__)

FORMAT = 11  # of the cache; raise it whenever what is stored, or how it is learned, changes
KEPT_FILES = 24  # in the cache; the oldest go first
FAIR_SHARE = 0.5  # of the datasets that a relative covers: a metric that covers fewer is not learned from
OWN_SOURCES = frozenset({"build", "import", *FIT_SOURCES})  # of runs that are made as `fit` makes them

# Metrics that the meta-base does not store, and the stored one that orders configurations most like it.
RELATIVES = {
    "f1_weighted": "f1_macro",
    "f1_micro": "accuracy",
    "precision": "average_precision",
    "recall": "balanced_accuracy",
    "jaccard": "f1",
    "top_k_accuracy": "neg_log_loss",
    "average_precision": "roc_auc",
    "f1": "f1_macro",
    "neg_mean_squared_error": "neg_root_mean_squared_error",
    "explained_variance": "r2",
    "r2": "neg_root_mean_squared_error",
    "neg_mean_absolute_percentage_error": "neg_mean_absolute_error",
    "neg_root_mean_squared_log_error": "neg_root_mean_squared_error",
    "neg_mean_squared_log_error": "neg_root_mean_squared_error",
    "neg_mean_poisson_deviance": "neg_root_mean_squared_error",
    "neg_mean_gamma_deviance": "neg_root_mean_squared_error",
    "neg_max_error": "neg_root_mean_squared_error",
    "neg_median_absolute_error": "neg_mean_absolute_error",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """What was learned from a meta-base for one kind of task.

    Attributes
    ----------
    metric : str
        The one that the experience is in.
    asked : str
        The one that was asked for; another than `metric` if the meta-base does not have it, or hardly.
    sources : tuple of str
        Who made the runs.
    """

    task: Task
    metric: str
    asked: str
    experience: Experience
    configurations: tuple[Configuration, ...]
    similarity: Similarity
    sources: tuple[str, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether a score means the same on every dataset: not if runs were made in different ways."""
        alike = len(self.sources) <= 1 or OWN_SOURCES.issuperset(self.sources)
        return alike and (self.task.is_classification or self.metric == "r2")

    @property
    def note(self) -> str:
        """A sentence about the metric if it had to be replaced, else nothing."""
        return note_on(self.asked, self.metric)


def note_on(asked: str, used: str) -> str:
    """Return a sentence where the metric `used` for ranking is not the one that was `asked` for, else nothing."""
    return "" if used == asked else f"The meta-base has no {asked}; ranked by {used}, its nearest relative."


def remember(
    paths: Sequence[Path],
    task: Task,
    metric: str | None = None,
    *,
    forget: Collection[str] = (),
    cache: Path | None = None,
    use_cache: bool = True,
) -> Memory:
    """Return what the meta-bases at `paths` teach for `task` and `metric`.

    What is learned is kept in `cache` under the checksum of the files, so that the next call takes milliseconds.

    Parameters
    ----------
    metric : str, optional
        Name of a scorer; the task's default if not given. One that is not stored, or of few datasets only, is
        replaced by its nearest relative.
    forget : collection of str
        Datasets and families that must not be known, see `remembered`. What ran only there is not known either.
    cache : Path, optional
        Folder; that of this user if not given.

    Raises
    ------
    InputError
        If a meta-base cannot be read, the metric does not fit, or there is nothing by a name to be forgotten.
    """
    asked = (resolve_metric(metric, task) if metric else default_metric(task)).name
    folder = cache or cache_directory()
    file = folder / f"{_key(paths, task, asked, forget)}.npz"
    if use_cache:
        known = _load(file)
        if known is not None:
            return known
    memory = _learn(paths, task, asked, forget)
    if use_cache:
        _store(memory, file)
    return memory


def remembered(
    datasets: Sequence[str], families: Sequence[str], metafeatures: Floats, names: Collection[str]
) -> NDArray[np.bool_]:
    """Return which of the datasets stay where `names` are forgotten, see `names_meant`.

    A dataset takes its family with it. So do near-duplicates, such as the same table under the name by which
    `fit --learn` keeps it, and their families.

    Raises
    ------
    InputError
        If nothing has one of the names.
    """
    if not names:
        return np.ones(len(datasets), dtype=bool)
    from automl_meta.metalearning.loo import joined_families  # SciPy's part for it is slow to import

    known = list(zip(datasets, families, strict=True))
    meant = names_meant(names, {*datasets, *families})
    forgotten = np.array([not meant.isdisjoint(pair) for pair in known], dtype=bool)
    groups = joined_families(families, metafeatures)
    return ~np.isin(groups, groups[forgotten])


def names_meant(texts: Iterable[str], known: Collection[str]) -> set[str]:
    """Return the datasets and families that are meant: each text is a name, or several separated by commas.

    A name that has commas itself is taken as it is where it is known.

    Raises
    ------
    InputError
        If one of them is not among the `known`.
    """
    meant = names_in(texts, known)
    for name in meant:
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=3)
            hint = f" Did you mean {', '.join(near)}?" if near else " Try: automl-meta metabase export -o tables"
            raise InputError(f"the meta-base has no dataset or family {name!r} for this kind of task.{hint}")
    return set(meant)


def cache_directory() -> Path:
    """Return the folder where this user's cache is, or would be."""
    named = os.environ.get("XDG_CACHE_HOME")
    if named and Path(named).is_absolute():
        return Path(named) / "automl-meta"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "automl-meta"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "automl-meta" / "Cache"
    return Path.home() / ".cache" / "automl-meta"


def nearest_metric(asked: str, coverage: Mapping[str, int], task: Task) -> str:
    """Return `asked` if it has been measured on enough datasets, else its nearest relative that has.

    Enough are half as many as any of its further relatives has. So a few runs of one's own by a metric that a large
    meta-base lacks do not hide that meta-base.

    Parameters
    ----------
    coverage : mapping from metric to int
        On how many datasets each metric was measured.

    Raises
    ------
    InputError
        If no metric was measured anywhere.
    """
    names = [asked]
    while names[-1] in RELATIVES and RELATIVES[names[-1]] not in names:
        names.append(RELATIVES[names[-1]])
    usual = [metric.name for metric in (default_metric(task), *metrics_of(task))]
    if not any(name in coverage for name in names[1:]) and (asked not in usual or asked not in coverage):
        names += [name for name in usual if name in coverage][:1]
    counts = [coverage.get(name, 0) for name in names]
    for place, name in enumerate(names):
        if counts[place] and counts[place] >= FAIR_SHARE * max(counts[place:]):
            return name
    raise InputError(f"the meta-base has no scores of {task} tasks. Try --metabase with another file.")


def read_comparable(
    paths: Sequence[Path], task: Task, metric: str | None = None, *, forget: Collection[str] = ()
) -> tuple[Experience, tuple[Configuration, ...], str]:
    """Return the experience of `task`, its configurations, and the metric that it is in.

    Both kinds of classification are taken together where the metric is defined for both. Configurations that the
    catalogue does not have are left out; where there are very many, so are those that say least, see
    `kept_configurations`.

    Parameters
    ----------
    metric, forget
        As for `remember`.

    Raises
    ------
    InputError
        As `remember`.
    """
    experience, configurations, stored, _ = _read(paths, task, metric, forget)
    return experience, configurations, stored


def _read(
    paths: Sequence[Path], task: Task, metric: str | None, forget: Collection[str]
) -> tuple[Experience, tuple[Configuration, ...], str, tuple[str, ...]]:
    """Return what `read_comparable` does, and the sources of the runs."""
    from automl_meta.metabase.view import open_matrices
    from automl_meta.pipelines.vectors import vectorize  # the search spaces are slow to import

    asked = (resolve_metric(metric, task) if metric else default_metric(task)).name
    if not paths:
        return empty_experience(), (), asked, ()
    matrices = open_matrices(paths, _tasks_like(task, default_metric(task).name), recommendable_for=task)
    datasets = tuple(record.name for record in matrices.datasets)
    families = tuple(record.family for record in matrices.datasets)
    # Before anything else is looked at: what follows is not to depend on what is forgotten.
    matrices = matrices.take_datasets(remembered(datasets, families, matrices.metafeatures, forget))
    if not matrices.datasets:
        return empty_experience(), (), asked, ()
    kinds = np.array([record.task for record in matrices.datasets])
    stored = nearest_metric(asked, matrices.take_datasets(kinds == task).coverage or matrices.coverage, task)
    matrices = matrices.take_datasets(np.isin(kinds, _tasks_like(task, stored)))
    matrices = matrices.take_configurations(kept_configurations(matrices, stored))
    experience = matrices.experience(stored, vectorize(matrices.configurations, task))
    sources = tuple(sorted({protocol.source for protocol in matrices.protocols}))
    kept = np.flatnonzero(experience.tried)  # what ran nowhere else is forgotten too
    configurations = tuple(matrices.configurations[column] for column in kept)
    return experience.take_configurations(kept), configurations, stored, sources


def _learn(paths: Sequence[Path], task: Task, asked: str, forget: Collection[str]) -> Memory:
    experience, configurations, metric, sources = _read(paths, task, asked, forget)
    return Memory(
        task=task,
        metric=metric,
        asked=asked,
        experience=experience,
        configurations=configurations,
        similarity=fit_similarity(learn_standings(experience)),
        sources=sources,
    )


def forgetful(task: Task, metric: str) -> Memory:
    """Return the memory of someone who has seen nothing."""
    experience = empty_experience()
    return Memory(
        task=task,
        metric=metric,
        asked=metric,
        experience=experience,
        configurations=(),
        similarity=fit_similarity(learn_standings(experience)),
    )


def empty_experience() -> Experience:
    """Return the experience of someone who has seen nothing."""
    nothing = np.zeros((0, 0))
    return Experience(
        datasets=(),
        families=(),
        configurations=(),
        metafeature_names=(),
        scores=nothing,
        failed=nothing.astype(bool),
        seconds=nothing,
        fits=np.zeros(0),
        training_rows=np.zeros(0),
        metafeatures=nothing,
        vectors=nothing,
    )


def _tasks_like(task: Task, metric: str) -> tuple[Task, ...]:
    """Return the kinds of task to learn from: all on which the metric is defined, classification with its like."""
    if not task.is_classification:
        return (task,)
    other = Task.MULTICLASS if task is Task.BINARY else Task.BINARY
    both = {m.name for m in metrics_of(task)} & {m.name for m in metrics_of(other)}
    return (task, other) if metric in both else (task,)


def _key(paths: Sequence[Path], task: Task, metric: str, forget: Collection[str]) -> str:
    digest = hashlib.sha256(json.dumps([FORMAT, __version__, task.value, metric, sorted(forget)]).encode())
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
        log = path.with_name(path.name + LOG)  # what SQLite has written but not yet moved into the file
        digest.update(log.read_bytes() if log.is_file() else b"")
    return digest.hexdigest()[:32]


def _store(memory: Memory, file: Path) -> None:
    """Write the cache; that it cannot be written is no reason to fail."""
    head = {
        "format": FORMAT,
        "task": memory.task.value,
        "metric": memory.metric,
        "asked": memory.asked,
        "configurations": [configuration.to_dict() for configuration in memory.configurations],
        "sources": list(memory.sources),
    }
    arrays: dict[str, NDArray[Any]] = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    for part in (memory.experience, memory.similarity):
        for field in fields(part):
            value = getattr(part, field.name)
            arrays[f"{type(part).__name__}.{field.name}"] = (
                np.array(value, dtype=str) if isinstance(value, tuple) else value
            )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle
        _tidy(file.parent)
    except (OSError, InputError) as error:
        logger.info("cannot keep what was learned in %s: %s", file, error)


def _load(file: Path) -> Memory | None:
    """Return what is in the cache; None where it is not there, or damaged."""
    if not file.is_file():
        return None
    try:
        return _read_cache(file)
    except Exception as error:  # noqa: BLE001 - numpy, zipfile and zlib each fail in their own ways on a torn file
        logger.info("cannot read %s (%r); learning anew", file, error)
        return None


def _read_cache(file: Path) -> Memory:
    with np.load(file, allow_pickle=False) as content:
        head = json.loads(content["head"].tobytes())
        parts = {
            kind: {field.name: _plain(content[f"{kind.__name__}.{field.name}"]) for field in fields(kind)}
            for kind in (Experience, Similarity)
        }
    return Memory(
        task=Task(head["task"]),
        metric=head["metric"],
        asked=head["asked"],
        experience=Experience(**parts[Experience]),
        configurations=tuple(Configuration.from_dict(content) for content in head["configurations"]),
        similarity=Similarity(**parts[Similarity]),
        sources=tuple(head["sources"]),
    )


def _plain(value: NDArray[Any]) -> Any:
    return tuple(str(item) for item in value) if value.dtype.kind == "U" else value


def _tidy(folder: Path) -> None:
    files = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
    for path in files[:-KEPT_FILES]:
        path.unlink(missing_ok=True)

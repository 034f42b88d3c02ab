"""What a build is asked for, and what it has done so far."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from automl_meta.datasets.task import Task
from automl_meta.execution.protocol import Status
from automl_meta.metabase.plan import Shard
from automl_meta.metabase.records import Protocol
from automl_meta.pipelines.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What is to be built.

    Attributes
    ----------
    candidates : mapping from Task to sequence of Configuration
        Most informative first. Datasets of other tasks are passed over.
    time_limit : float
        Seconds that one evaluation may take: algorithms are asked to end by then, and killed somewhat later.
    memory_mb : float or None
        MiB that one evaluation may use.
    retry_failed : bool
        Run again what ended at a limit or crashed. What raised an error would raise it again.
    metafeatures : bool
        Extract the meta-features of datasets that have none, or those of another version of the extractor.
    """

    protocol: Protocol
    candidates: Mapping[Task, Sequence[Configuration]]
    time_limit: float = 120.0
    memory_mb: float | None = None
    shard: Shard = field(default_factory=Shard)
    retry_failed: bool = False
    metafeatures: bool = True

    @property
    def hard_limit(self) -> float:
        """Seconds after which an evaluation is killed."""
        return 1.25 * self.time_limit + 10


@dataclass(slots=True, kw_only=True)
class BuildReport:
    """What one call of `build` has done so far.

    Attributes
    ----------
    planned : int
        Evaluations that were missing when it began.
    unreadable : dict
        Dataset to the reason why it could not be used.
    undescribed : dict
        Dataset to the reason why it has no meta-features of this version.
    """

    planned: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    unreadable: dict[str, str] = field(default_factory=dict)
    undescribed: dict[str, str] = field(default_factory=dict)
    described: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    seconds_left: float | None = None
    last: str = ""  # the evaluation that ended last, for people

    @property
    def done(self) -> int:
        """Evaluations that ended."""
        return self.statuses.total()

    @property
    def is_whole(self) -> bool:
        """Whether every dataset could be used and described; evaluations that failed are results, too."""
        return not (self.unreadable or self.undescribed)

"""What a user may ask of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from automl_meta.ensembling.options import Refit
from automl_meta.errors import InputError
from automl_meta.execution.cluster import ClusterOptions
from automl_meta.seeding import check_seed

TOP_K = 12  # ranked picks, unless something else is asked for
Search = Literal["random", "grid", "halving", "meta", "none", "uniform"]
EnsembleKind = Literal["auto", "stack", "greedy", "best"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run searches and what it may spend; the defaults are those of the command ``fit``.

    Attributes
    ----------
    metric : str or None
        A scikit-learn scorer's name or a friendly alias; None is the task's default.
    time_budget : float or None
        Seconds from start to saved file. None with `max_evaluations` makes the result depend on the seed alone.
    max_evaluations : int or None
        How many configurations are tried at the most.
    search : {"random", "grid", "halving", "meta", "none", "uniform"}
        How it goes on after the ranked picks; "uniform" draws from the whole space and does without picks.
    ensemble : {"auto", "stack", "greedy", "best"}
        How the candidates are combined.
    top_k : int
        How many ranked picks are tried before refinement begins; of no effect on searches by "halving", "meta" and
        "uniform", and where rows are so few that a short list is tried.
    jobs : int or None
        Worker processes; None is one a core, 0 runs everything in this process, without limits on candidates.
    cluster : ClusterOptions or None
        A Dask cluster that does the work instead of processes here.
    include, exclude : tuple of str
        Names of algorithms: only these, not these.
    forget : tuple of str
        Datasets or families that the meta-base is to forget.
    metabase : Path or None
        Another meta-base than the default one.
    meta_model : str or None
        Name of the method that ranks candidates; None is the default.
    folds : int or None
        Folds of the cross-validation; None follows the number of rows.
    refit : {"auto", "bag", "refit"}
        Whether members are the bags of their fold models or one model fitted to all rows; ``auto`` is a bag unless
        that is large or slow to use.
    predict_limit : float or None
        Seconds that the ensemble may take to predict 1,000 rows.
    cost : str or None
        What mistakes cost, as ``fp=1,fn=5`` or ``TRUE:PREDICTED=COST,...``; the predicted class is the one with the
        smallest expected cost.
    negative_weights : bool
        Whether the weights of a stack may be negative.
    repeats : int or None
        How often the cross-validation is repeated on other folds; None follows the number of rows.
    learn : bool
        Add the run's experiments (meta-features, configurations and scores, no data) to the personal meta-base.
    racing : bool
        Give up candidates that are clearly behind after some folds.
    patience : bool
        End the search before its time when it is not expected to help any more.
    memory_limit : float or None
        MiB that one candidate may use; None is an even share of the machine's.
    """

    metric: str | None = None
    time_budget: float | None = 60.0
    max_evaluations: int | None = None
    search: Search = "random"
    ensemble: EnsembleKind = "auto"
    top_k: int = TOP_K
    jobs: int | None = None
    cluster: ClusterOptions | None = None
    seed: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()
    metabase: Path | None = None
    meta_model: str | None = None
    folds: int | None = None
    repeats: int | None = None
    memory_limit: float | None = None
    refit: Refit = "auto"
    predict_limit: float | None = None
    cost: str | None = None
    negative_weights: bool = False
    learn: bool = False
    racing: bool = True
    patience: bool = True

    def __post_init__(self) -> None:
        for name, choices in (("search", Search), ("ensemble", EnsembleKind), ("refit", Refit)):
            if getattr(self, name) not in get_args(choices):
                raise InputError(f"{name}={getattr(self, name)!r} is not one of: {', '.join(get_args(choices))}")
        for name in ("time_budget", "max_evaluations", "top_k", "memory_limit", "predict_limit", "repeats"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} must be above 0, not {value}")
        if self.jobs is not None and self.jobs < 0:
            raise InputError(f"jobs must be at least 0, not {self.jobs}")
        if self.folds is not None and self.folds < 2:
            raise InputError(f"folds must be at least 2, not {self.folds}")
        check_seed(self.seed)
        if self.time_budget is None and self.max_evaluations is None:
            raise InputError("without a time budget the search never ends. Give time_budget or max_evaluations.")

    @property
    def asks_for_picks(self) -> bool:
        """Whether another number of ranked picks is asked for than the usual one."""
        return self.top_k != TOP_K

    @property
    def workers(self) -> int:
        """How many worker processes to use; 0 for none."""
        return available_cores() if self.jobs is None else self.jobs


def available_cores() -> int:
    """Return how many cores this process may use: fewer than there are if a container has a quota of them."""
    from joblib import cpu_count

    return int(cpu_count())

"""The run as a whole: from a dataset to a model, within a budget."""

import json
import logging
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from automl_meta.automl.account import Timeline, account, checksums, tried
from automl_meta.automl.advice import Advice, seek_advice
from automl_meta.automl.combining import Combining, ensemble_options
from automl_meta.automl.interruption import Interruption
from automl_meta.automl.journal import Journal
from automl_meta.automl.late_fits import LateFits
from automl_meta.automl.listener import Listener
from automl_meta.automl.options import RunOptions, available_cores
from automl_meta.automl.reserve import seconds_after_search
from automl_meta.automl.run_folder import RunFolder, folder_for
from automl_meta.automl.search import (
    effort_of,
    few_rows_in_words,
    grows,
    is_short,
    make_strategy,
    samples_in_words,
    short_list,
)
from automl_meta.automl.validation import check_weights, fits_in_time, folds_of_run, scheme_in_words, scheme_of_run
from automl_meta.datasets import Dataset
from automl_meta.datasets.fingerprint import fingerprint
from automl_meta.datasets.profile import profile_of
from automl_meta.ensembling import EnsemblePlan, EnsemblePredictor
from automl_meta.errors import InputError
from automl_meta.evaluation import Evaluation, FoldScheme, Metric, default_metric, resolve_metric
from automl_meta.evaluation.folds import Fold
from automl_meta.evaluation.spilling import PredictionStore
from automl_meta.execution import InlineExecutor, LocalExecutor
from automl_meta.execution.cluster import DaskExecutor, connect
from automl_meta.execution.fork_server import ForkServer
from automl_meta.execution.protocol import Executor, Status
from automl_meta.metabase.personal import learn
from automl_meta.metalearning import Advisor
from automl_meta.persistence import FittedModel, get_ready, make_model
from automl_meta.reporting.leaderboard import leaderboard
from automl_meta.tuning.budget import Budget, BudgetTooSmallError, Clock
from automl_meta.tuning.patience import Patience
from automl_meta.tuning.racing import Racing
from automl_meta.tuning.strategies.growing import CLOSING_SHARE
from automl_meta.tuning.tuner import Tuner, TunerLimits
from automl_meta.tuning.work import Problem

logger = logging.getLogger(__name__)

INTERRUPTED = "interrupted"
TOO_LITTLE_SHARE = 0.05  # of the budget: with less left for searching, it was the time that ended the search
INSPECTION_SHARE = 0.3  # of what is left after combining, that looking into the ensemble may take
ONE_CANDIDATE_SHARE = 0.35  # of the time for searching, that one candidate may take
# Cells from which candidates run one after the other, each on all cores: side by side they would fill the memory.
LARGE = 2e7


@dataclass(slots=True, kw_only=True)
class RunResult:
    """What came of a run.

    Attributes
    ----------
    timings : dict from str to float
        Seconds by stage, in order.
    scheme : FoldScheme
        How the rows were split.
    stopped : str
        Why the search ended.
    """

    dataset: Dataset
    metric: Metric
    model: FittedModel
    plan: EnsemblePlan
    evaluations: list[Evaluation]
    leaderboard: list[dict[str, Any]]
    similar: tuple[str, ...]
    scheme: FoldScheme
    stopped: str
    clock: Clock
    timings: dict[str, float] = field(default_factory=dict)


def warm_workers(
    options: RunOptions, log: Path | None = None, *, server: ForkServer | None = None
) -> LocalExecutor | InlineExecutor | DaskExecutor:
    """Start worker processes, which import what they need while the caller reads the table.

    Parameters
    ----------
    log : Path, optional
        Where what candidates print and warn of here goes; on a cluster it stays with its workers.
    server : ForkServer, optional
        For processes here, one that has begun already.

    Raises
    ------
    InputError
        If the cluster cannot be used.
    """
    if options.cluster is not None:
        return connect(options.cluster)
    return LocalExecutor(options.workers, log=log, server=server) if options.workers else InlineExecutor()


def run(
    dataset: Dataset,
    options: RunOptions,
    *,
    executor: Executor | None = None,
    folder: RunFolder | None = None,
    started: float | None = None,
    listener: Listener | None = None,
    interruption: Interruption | None = None,
    arguments: Mapping[str, Any] | None = None,
    command: str = "",
) -> RunResult:
    """Search, combine, and return the fitted model with all that is to be told of it.

    Parameters
    ----------
    executor : Executor, optional
        Workers that the caller has started; otherwise they are started and ended here.
    folder : RunFolder, optional
        Where candidates are kept, and perhaps were: what is in it is not evaluated again. Otherwise a temporary one.
    started : float, optional
        When the budget began to run, on the clock of `time.monotonic`.
    interruption : Interruption, optional
        What heeds Ctrl-C until the caller has saved the model; otherwise until the run ends.
    arguments : mapping, optional
        What the run was asked for, JSON-ready, for the model file; otherwise that is `options`.
    command : str
        How the run can be repeated, for the model file.

    Raises
    ------
    BudgetTooSmallError
        If nothing could be trained in time.
    InputError
        If every candidate failed, or an option does not fit the dataset.
    """
    began = time.monotonic() if started is None else started
    with ExitStack() as own:
        if folder is None:
            folder = own.enter_context(folder_for(None))
        if executor is None:
            workers: AbstractContextManager[Executor] = warm_workers(options, folder.log)
            executor = own.enter_context(workers)
        if interruption is None:
            interruption = own.enter_context(Interruption())
        if arguments is None:
            arguments = json.loads(json.dumps(asdict(options), default=str))
        asked = {"arguments": arguments, "command": command}
        return _Run(dataset, options, executor, began, listener or Listener(), folder, asked).go(interruption)


class _Run:
    """The stages of one run, in the order in which they happen."""

    def __init__(
        self,
        dataset: Dataset,
        options: RunOptions,
        executor: Executor,
        started: float,
        listener: Listener,
        folder: RunFolder,
        asked: Mapping[str, Any],
    ) -> None:
        self.dataset, self.options, self.executor = dataset, options, executor
        self.listener, self.folder, self.asked = listener, folder, asked
        task = dataset.task
        self.metric = resolve_metric(options.metric, task) if options.metric else default_metric(task)
        check_weights(dataset, self.metric)
        budget = Budget(seconds=options.time_budget, evaluations=options.max_evaluations)
        self.clock = Clock(budget, started)
        self.startup = self.clock.elapsed
        self.timings: dict[str, float] = {}
        self.evaluations: list[Evaluation] = []
        self.timeline = Timeline(self.metric.name)
        self.folds: Sequence[Fold] = ()
        self.disk_full = ""  # in words
        self.predictions = PredictionStore(folder.path)
        self.racing = Racing(self.metric.name) if options.racing and not dataset.is_tiny else None
        patient = not options.patience or budget.is_deterministic
        self.patience = None if patient else Patience(self.metric.name, options.top_k)
        self._reserve()
        self._lap("start and read")

    def go(self, interruption: Interruption) -> RunResult:
        self.listener.began(self.dataset, self.metric, self.clock, self.executor.workers)
        ensemble_options(self.options, self.dataset)  # what does not fit the table is said before the search
        advice = seek_advice(self.dataset, self.metric, self.options, self.clock)
        self.scheme = self._scheme(advice.advisor)
        self.folds = folds = folds_of_run(self.dataset, self.options, self.scheme)
        self._reserve()
        advice.advisor.expect(effort_of(self.options, self.dataset, folds))
        advice = advice.ranked(self.clock)
        self.listener.recommended(advice.recommendations, advice.similar)
        self._lap("recommend")
        self._check_time()
        self.journal = Journal(
            self.folder.journal, self.dataset, advice.metafeatures, folds=len(folds), seed=self.options.seed
        )
        stopped = self._search(folds, advice, interruption)
        self.journal.close()
        self.listener.searched(stopped)
        self._lap("search")
        plan, predictor = self._combine(folds, hurry=interruption.came)
        model = self._model(plan, predictor, advice, stopped)
        if self.options.learn:
            self._learn()
        self.listener.ended()
        self._lap("combine")
        return RunResult(
            dataset=self.dataset,
            metric=self.metric,
            model=model,
            plan=plan,
            evaluations=self.evaluations,
            leaderboard=leaderboard(self.evaluations, self.metric.name),
            similar=advice.similar,
            scheme=self.scheme,
            stopped=stopped,
            clock=self.clock,
            timings=self.timings,
        )

    def _learn(self) -> None:
        """Add what was tried to the personal meta-base; that it cannot be changed is no reason to lose the model."""
        try:
            learn(self.folder.journal)
        except (InputError, OSError, sqlite3.Error) as error:
            logger.warning("nothing was learned from this run: %s", error)

    def _scheme(self, advisor: Advisor) -> FoldScheme:
        """Return how the rows are split: as when the run began, if it goes on."""
        known = self.folder.scheme()
        if known is not None:
            return known
        usual, scheme = scheme_of_run(self.dataset, self.options), None
        if not self.clock.budget.is_deterministic:
            core_seconds = self.executor.workers * max(self.clock.remaining_for_search, 0.0)
            fits = fits_in_time(advisor, self.dataset, core_seconds)
            scheme = scheme_of_run(self.dataset, self.options, fits)
            if scheme != usual:
                self.listener.planned(scheme_in_words(scheme, usual))
        self.folder.keep_scheme(scheme or usual)
        return scheme or usual

    def _search(self, folds: Sequence[Fold], advice: Advice, interruption: Interruption) -> str:
        problem = Problem(
            dataset=self.dataset,
            folds=folds,
            metric=self.metric.name,
            seed=self.options.seed,
            models_folder=self.folder.models,
        )
        limits = self._limits()
        self.folder.searched_under(seconds=limits.seconds, memory_mb=limits.memory_mb)
        known = self.folder.kept()
        strategy = make_strategy(self.options, self.dataset, self.metric.name, advice.advisor, folds)
        self.tuner = Tuner(
            problem,
            self.executor,
            self.clock,
            limits,
            self._take,
            racing=self.racing,
            known=known,
            # Of a large table only few candidates can be looked at: none is to be begun just to keep workers busy.
            meanwhile=None if grows(self.options, self.dataset) else get_ready,
        )
        if grows(self.options, self.dataset):
            self.listener.planned(samples_in_words(folds))
        elif is_short(self.options, self.dataset, validated=bool(folds)) and short_list(self.dataset, advice.advisor):
            self.listener.planned(few_rows_in_words(self.dataset, folds))
        interruption.begin(self.tuner.interrupt)
        self.tuner.run(strategy)
        if interruption.came:
            return INTERRUPTED
        if self.disk_full:
            return f"{self.disk_full}; what was found until then is kept"
        if self.tuner.executor_lost:
            return f"{self.tuner.executor_lost}; what was found until then is kept"
        if self.patience is not None and self.patience.is_over:
            return "more search is not expected to help"
        if self.clock.remaining_for_search < TOO_LITTLE_SHARE * (self.options.time_budget or 0.0):
            return "the time for searching is over"
        if len(self.evaluations) == self.options.max_evaluations:
            return "all evaluations are spent"
        return "nothing more to try in the time left"

    def _take(self, evaluation: Evaluation) -> None:
        try:
            self.folder.keep(evaluation)
            evaluation = self.predictions.keep(evaluation)
            self.journal.add(evaluation)
        except (OSError, sqlite3.OperationalError) as error:
            # Without room for more, what there is can still be combined; the predictions of this one are in memory.
            self.disk_full = f"nothing more could be written ({error})"
            self.tuner.stop()
        self.evaluations.append(evaluation)
        self.timeline.add(self.clock.elapsed, evaluation)
        self._reserve()
        self.listener.evaluated(evaluation)
        if self.patience is not None:
            self.patience.add(evaluation)
            if self.patience.is_over:
                self.tuner.stop()

    def _reserve(self) -> None:
        """Keep time back for what is likely to come after the search."""
        self.clock.reserve = seconds_after_search(
            self.options, self.dataset, self.folds, self.evaluations, self.metric.name, self.startup
        )

    def _done(self) -> list[Evaluation]:
        return [evaluation for evaluation in self.evaluations if evaluation.status is Status.OK]

    def _combine(self, folds: Sequence[Fold], *, hurry: bool) -> tuple[EnsemblePlan, EnsemblePredictor]:
        done = self._done()
        if not done:
            raise self._nothing_succeeded()
        fits = LateFits(
            dataset=self.dataset,
            metric=self.metric,
            folds=folds,
            seed=self.options.seed,
            executor=self.executor,
            limits=self._limits(),
            folder=self.folder.models,
        )
        combining = Combining(fits=fits, options=self.options, clock=self.clock, startup=self.startup)
        return combining.combine(done, hurry=hurry)

    def _model(self, plan: EnsemblePlan, predictor: EnsemblePredictor, advice: Advice, stopped: str) -> FittedModel:
        profile = profile_of(self.dataset)
        report = account(
            dataset=self.dataset,
            profile=profile,
            metric=self.metric,
            advice=advice,
            plan=plan,
            predictor=predictor,
            fold_models={evaluation.configuration.id: evaluation.models for evaluation in self.evaluations},
            folds=self.folds,
            timeline=self.timeline,
            stopped=stopped,
            seed=self.options.seed,
            seconds=None if self.clock.budget.is_deterministic else INSPECTION_SHARE * self.clock.remaining,
        )
        return make_model(
            dataset=self.dataset,
            predictor=predictor,
            plan=plan,
            profile=profile,
            report=report,
            leaderboard=leaderboard(self.evaluations, self.metric.name),
            metafeatures=advice.metafeatures,
            seed=self.options.seed,
            notes={
                "budget": {"seconds": self.options.time_budget, "evaluations": self.options.max_evaluations},
                "search": self.options.search,
                "fingerprint": fingerprint(self.dataset),
                "folds": self.scheme.n_folds,
                "similar_datasets": advice.similar,
                "forgotten": self.options.forget,
                **self.asked,
                "metabase": checksums(advice.sources),
                "tried": tried(self.evaluations),
            },
        )

    def _limits(self) -> TunerLimits:
        seconds = None
        if not self.clock.budget.is_deterministic:
            share = CLOSING_SHARE if grows(self.options, self.dataset) else ONE_CANDIDATE_SHARE
            seconds = max(self.clock.remaining_for_search * share, 1.0)
        memory = self.executor.memory_mb  # None where the workers have machines of their own
        large = memory is not None and self.dataset.n_rows * len(self.dataset.schema.features) > LARGE
        together = 1 if large else self.executor.workers
        return TunerLimits(
            seconds=seconds,
            memory_mb=self.options.memory_limit or (memory and memory * self.executor.workers / together),
            threads=available_cores() if large else 1,
            side_by_side=1 if large else None,
        )

    def _check_time(self) -> None:
        if self.clock.remaining_for_search < 0.5:
            raise self._too_small()

    def _nothing_succeeded(self) -> InputError:
        late = (Status.TIMEOUT, Status.CANCELLED)  # a first look, with no time left for a whole evaluation
        if not self.clock.budget.is_deterministic and all(found.status in late for found in self.evaluations):
            return self._too_small()
        errors = {evaluation.error for evaluation in self.evaluations if evaluation.error}
        return InputError(f"All {len(self.evaluations)} candidates failed: {'; '.join(sorted(errors)[:3])}")

    def _too_small(self) -> BudgetTooSmallError:
        enough = math.ceil(2 * (sum(self.timings.values()) + self.clock.reserve) + 5)
        return BudgetTooSmallError(
            f"--time-budget {self.options.time_budget:g} is too small to train anything on {self.dataset.n_rows} "
            f"rows here: reading and recommending alone took {self.timings['start and read']:.1f} s and saving needs "
            f"{self.clock.reserve:.1f} s. Try --time-budget {enough}"
        )

    def _lap(self, stage: str) -> None:
        self.timings[stage] = self.clock.elapsed - sum(self.timings.values())
        logger.info("%s: %.2f s", stage, self.timings[stage])

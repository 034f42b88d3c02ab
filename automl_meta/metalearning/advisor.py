"""What the tuner asks: what to try next on this dataset, and how long it will take."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl_meta.metalearning.choice import NothingLeftError, choose
from automl_meta.metalearning.chosen import ModelMaker
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.importance import hyperparameter_importance
from automl_meta.metalearning.memory import Memory
from automl_meta.metalearning.protocol import Comparing, Floats, MetaModel, Valuing
from automl_meta.metalearning.recommendation import Recommendation, affordable, patience_of, recommend
from automl_meta.metalearning.seconds import LEAST_GROWTH, ROWS, Effort, SecondsModel
from automl_meta.pipelines.candidates import candidate_configurations
from automl_meta.pipelines.catalogue import catalogue
from automl_meta.pipelines.configuration import Configuration

FEW = 3  # datasets below which experience is hearsay, and the catalogue's own order is followed
FALLBACK = 100  # candidates that are known without any experience
LIKES = 3  # configurations by which the time of an unknown one is judged


class Advisor:
    """Proposes configurations for one dataset; the same questions get the same answers.

    Parameters
    ----------
    memory : Memory
        What the meta-base teaches; may be empty.
    metafeatures : mapping from name to float
        Of the dataset; names that the memory does not have are ignored, missing ones are undefined.
    algorithms : collection of str, optional
        Names that may be proposed; what is installed if not given.
    chosen : callable, optional
        Makes another method than the default, see `chosen_model`: it proposes, and says what to expect. The evidence
        stays the default's, unless the method itself says how alike datasets are.
    effort : Effort, optional
        What an evaluation consists of, see `expect`.
    """

    def __init__(
        self,
        memory: Memory,
        metafeatures: Mapping[str, float],
        *,
        algorithms: Collection[str] | None = None,
        chosen: ModelMaker | None = None,
        effort: Effort | None = None,
    ) -> None:
        known = catalogue(memory.task)
        names = set(known) if algorithms is None else set(algorithms)
        experience = memory.experience
        self.memory = memory
        self.algorithms = tuple(sorted(names))
        self._described = dict(metafeatures)
        self._favourites: dict[str, tuple[Configuration, ...]] = {}
        self._importance: dict[str, dict[str, float]] = {}
        self._position = {configuration.id: i for i, configuration in enumerate(memory.configurations)}
        self._allowed = np.array([c.algorithm in names for c in memory.configurations], dtype=bool)
        self._anytime = np.array(
            [c.algorithm in known and known[c.algorithm].anytime for c in memory.configurations], dtype=bool
        )
        self._metafeatures = np.array(
            [metafeatures.get(name, np.nan) for name in experience.metafeature_names], dtype=np.float64
        )
        self._model = Combined().fit(experience, memory.similarity)
        self._make_chosen = chosen
        self._chosen: MetaModel | None = chosen(experience) if chosen is not None else None
        growth = {name: algorithm.rows_growth for name, algorithm in known.items()}
        rows_growth = np.array([growth.get(c.algorithm, LEAST_GROWTH[ROWS]) for c in memory.configurations])
        self._seconds_model = SecondsModel().fit(experience, rows_growth)
        self.expect(effort)
        self._fallback: tuple[Configuration, ...] = ()
        if len(self._model.knowledge_.datasets) < FEW or not self._allowed.any():
            candidates = candidate_configurations(memory.task, FALLBACK)
            self._fallback = tuple(c for c in candidates if c.algorithm in names)

    def expect(self, effort: Effort | None) -> None:
        """Take `effort` for what an evaluation consists of: a single fit to all rows if it is None.

        What ran so far no longer counts: see `calibrate`.
        """
        self._effort = effort
        self._seconds = self._seconds_model.predict(self._metafeatures, effort=effort)

    @property
    def knows_nothing(self) -> bool:
        """Whether the catalogue's order is followed, for want of experience."""
        return bool(self._fallback)

    @property
    def similar_datasets(self) -> list[tuple[str, float]]:
        """Known datasets and their weights before anything is observed, most similar first."""
        names = self._model.knowledge_.datasets
        if not names:
            return []
        weights = self._alike()
        return [(names[i], float(weights[i])) for i in np.argsort(-np.round(weights, 9), kind="stable")]

    def with_unseen(self, configurations: Sequence[Configuration]) -> "Advisor":
        """Return an advisor that may also propose `configurations`, which the memory knows only by their likes.

        Those that the memory has already change nothing; nor does anything without experience.
        """
        new = {c.id: c for c in configurations if c.id not in self._position}
        if self._fallback or not new:
            return self
        from automl_meta.pipelines.vectors import vectorize

        old = self.memory.experience
        nothing = np.full((len(old.datasets), len(new)), np.nan)
        experience = replace(
            old,
            configurations=(*old.configurations, *new),
            scores=np.hstack([old.scores, nothing]),
            failed=np.hstack([old.failed, np.zeros_like(nothing, dtype=bool)]),
            seconds=np.hstack([old.seconds, nothing]),
            vectors=np.vstack([old.vectors, vectorize(list(new.values()), self.memory.task)]),
        )
        memory = replace(
            self.memory, experience=experience, configurations=(*self.memory.configurations, *new.values())
        )
        return Advisor(
            memory, self._described, algorithms=self.algorithms, chosen=self._make_chosen, effort=self._effort
        )

    def favourites(self, algorithm: str, top: int = 5) -> tuple[Configuration, ...]:
        """Return the configurations of `algorithm` that were its best on similar datasets, the most telling first.

        Each known dataset votes for its best one with its similarity.
        """
        if algorithm not in self._favourites:
            configurations = self.memory.configurations
            own = [i for i, c in enumerate(configurations) if c.algorithm == algorithm]
            knowledge = self._model.knowledge_
            if self._fallback or not own:
                return ()
            table = np.where(knowledge.known[:, own], knowledge.standings[:, own], -np.inf)
            votes = np.zeros(len(own))
            heard = np.isfinite(table).any(axis=1)
            weights = self._model.dataset_weights(self._metafeatures)
            np.add.at(votes, table[heard].argmax(axis=1), weights[heard])
            order = np.lexsort((knowledge.tie_order[own], -np.round(votes, 9)))
            self._favourites[algorithm] = tuple(configurations[own[i]] for i in order[:top] if votes[i] > 0)
        return self._favourites[algorithm]

    def importance(self, algorithm: str) -> dict[str, float]:
        """Return how much each hyperparameter of `algorithm` matters, see `hyperparameter_importance`."""
        if algorithm not in self._importance:
            known = self._model.knowledge_
            task, configurations = self.memory.task, self.memory.configurations
            self._importance[algorithm] = (
                {} if self._fallback else hyperparameter_importance(algorithm, task, known, configurations)
            )
        return self._importance[algorithm]

    def next(
        self, observed: Mapping[str, float], *, excluded: Collection[str] = (), time_left: float | None = None
    ) -> Configuration:
        """Return what to evaluate next.

        Parameters
        ----------
        observed : mapping from configuration id to score
            Higher is better; NaN for a failure. Ids that the memory does not have are ignored.
        excluded : collection of str
            Ids that are not to be proposed, because they are being evaluated.
        time_left : float, optional
            Seconds. If given, gain per second decides, among what is likely to end in time; before anything has
            succeeded, the quickest if nothing is.

        Raises
        ------
        NothingLeftError
            If nothing is left, or nothing that is likely to end in time.
        """
        if self._fallback:
            for configuration in self._fallback:
                if configuration.id not in observed and configuration.id not in excluded:
                    return configuration
            raise NothingLeftError("no configuration is left to propose: all candidates have been observed")
        known = self._known(observed)
        allowed, cost = self._allowed.copy(), None
        allowed[[self._position[key] for key in excluded if key in self._position]] = False
        if time_left is not None:
            in_time = allowed & affordable(self._seconds, time_left, self._anytime)
            untried = allowed.copy()
            untried[list(known)] = False
            nothing_yet = not np.isfinite(list(observed.values())).any()
            if nothing_yet and untried.any() and not (in_time & untried).any():
                in_time[np.argmin(np.where(untried, self._seconds.expected, np.inf))] = True
            allowed = in_time
            cost = self._seconds.expected + patience_of(time_left)
        return self.memory.configurations[self._propose(known, allowed, cost)]

    def expected_seconds(self, configuration: Configuration) -> float:
        """Return the median of the expected seconds of all folds, here and on this machine.

        A configuration that the memory does not have is judged by those of its algorithm that are most like it; NaN
        if there is none.
        """
        position = self._position.get(configuration.id)
        if position is not None:
            return float(self._seconds.expected[position])
        likes = np.array([c.algorithm == configuration.algorithm for c in self.memory.configurations], dtype=bool)
        if not likes.any():
            return float("nan")
        from automl_meta.pipelines.vectors import vectorize

        vector = vectorize([configuration], self.memory.task)[0]
        distances = ((self.memory.experience.vectors[likes] - vector) ** 2).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[:LIKES]
        return float(np.exp(np.log(self._seconds.expected[likes][nearest]).mean()))

    def calibrate(self, seconds: Mapping[str, float], *, stopped: Mapping[str, float] | None = None) -> None:
        """Take what ran so far (configuration id to seconds) as what is known of this machine; replaces the last.

        What was `stopped` when its time was over would have taken longer.
        """
        self._seconds = self._seconds_model.predict(
            self._metafeatures, self._known(seconds), effort=self._effort, stopped=self._known(stopped or {})
        )

    def recommendations(
        self, top: int = 10, *, observed: Mapping[str, float] | None = None, time_budget: float | None = None
    ) -> list[Recommendation]:
        """Return up to `top` configurations with expected score, seconds and evidence, see `recommend`.

        Without experience they are the catalogue's first, and nothing is expected of them.
        """
        if self._fallback:
            return [_hearsay(configuration, self.memory.metric) for configuration in self._fallback[:top]]
        return recommend(
            self._model,
            self.memory.experience,
            self.memory.configurations,
            self._metafeatures,
            metric=self.memory.metric,
            observed=self._known(observed or {}),
            allowed=self._allowed,
            seconds=self._seconds,
            top=top,
            time_budget=time_budget,
            comparable=self.memory.comparable,
            chosen=self._chosen,
            alike=None if self._chosen is None else self._alike(),
        )

    def chosen_elsewhere(self, configurations: Sequence[Configuration]) -> list[Recommendation]:
        """Return configurations that others have ranked, with their expected seconds; no more is expected of them."""
        metric = self.memory.metric
        return [_hearsay(one, metric, self.expected_seconds(one)) for one in configurations]

    def expected_standings(self, observed: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Return expected standings of the memory's configurations and their deviations, given `observed`."""
        belief = (self._chosen or self._model).believe(self._metafeatures, self._known(observed))
        return belief.mean, belief.doubt

    def _propose(self, known: Mapping[int, float], allowed: NDArray[np.bool_], cost: Floats | None) -> int:
        if self._chosen is None:
            return self._model.propose(self._metafeatures, known, allowed, cost=cost)
        if cost is None or not isinstance(self._chosen, Valuing):
            return self._chosen.propose(self._metafeatures, known, allowed)
        worth = np.maximum(self._chosen.values(self._metafeatures, known), 0.0) / (cost / cost.min())
        return choose(worth, self._model.knowledge_.tie_order, allowed, known)

    def _alike(self) -> Floats:
        """Return the weight of each known dataset before anything is observed."""
        own = self._chosen.dataset_weights(self._metafeatures) if isinstance(self._chosen, Comparing) else None
        if own is None:
            return self._model.dataset_weights(self._metafeatures)
        return np.array([own.get(name, 0.0) for name in self._model.knowledge_.datasets])

    def _known(self, values: Mapping[str, float]) -> dict[int, float]:
        return {self._position[key]: value for key, value in values.items() if key in self._position}


def _hearsay(configuration: Configuration, metric: str, seconds: float = float("nan")) -> Recommendation:
    unknown = float("nan")
    return Recommendation(
        configuration=configuration,
        metric=metric,
        standing=unknown,
        doubt=unknown,
        score=None,
        score_doubt=None,
        seconds=seconds,
        seconds_factor=unknown,
        measured=0,
        evidence=(),
    )

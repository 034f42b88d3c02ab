"""A ranked list of configurations for a dataset, each with what is expected of it and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from automl_meta.metalearning.choice import choose
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.levels import Levels, learn_levels
from automl_meta.metalearning.protocol import Belief, Experience, Floats, MetaModel, Valuing
from automl_meta.metalearning.seconds import SecondsBelief
from automl_meta.pipelines.configuration import Configuration

WITNESSES = 3  # similar datasets that are named
PATIENCE = 30.0  # seconds that cost nothing much, where no budget is given
SHARE = 0.03  # of a budget that costs nothing much: what is cheap goes first
CUT = 4.0  # times as long as there is time for may take what can be cut short: it learns in larger steps then
LIKELY = 0.6  # probability of ending within the budget below which nothing is recommended


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """How a configuration did on a dataset that is like the new one."""

    dataset: str
    similarity: float  # share of the weight of all known datasets
    rank: int | None  # 1 is best; None where it was not measured there, or failed
    of: int  # how many configurations were measured there
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One line of the list.

    Attributes
    ----------
    standing, doubt : float
        Expected place between the dataset's worst (0) and best (1) configuration, and its standard deviation; NaN, as
        the seconds are, where nothing is known.
    metric : str
        The one by which it was ranked, and that `score` is in.
    score, score_doubt : float or None
        Expected score and its standard deviation, where the metric means the same on every dataset; higher is better.
    seconds, seconds_factor : float
        Median of the expected time of all folds, and the factor that it may be off by.
    measured : int
        On how many datasets the meta-base has it; 0 for one that is judged by its likes.
    evidence : tuple of Evidence
        From the most similar datasets; from the most similar ones that have it, if none of these does.
    """

    configuration: Configuration
    metric: str
    standing: float
    doubt: float
    score: float | None
    score_doubt: float | None
    seconds: float
    seconds_factor: float
    measured: int
    evidence: tuple[Evidence, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "configuration": self.configuration.to_dict(),
            "metric": self.metric,
            "standing": _number(self.standing),
            "doubt": _number(self.doubt),
            "score": self.score,
            "score_doubt": self.score_doubt,
            "seconds": _number(self.seconds),
            "seconds_factor": _number(self.seconds_factor),
            "measured": self.measured,
            "evidence": [asdict(witness) for witness in self.evidence],
        }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def recommend(
    model: Combined,
    experience: Experience,
    configurations: Sequence[Configuration],
    metafeatures: Floats,
    *,
    metric: str,
    observed: Mapping[int, float] | None = None,
    allowed: NDArray[np.bool_] | None = None,
    seconds: SecondsBelief,
    top: int = 10,
    time_budget: float | None = None,
    comparable: bool = False,
    chosen: MetaModel | None = None,
    alike: Floats | None = None,
) -> list[Recommendation]:
    """Return up to `top` configurations in the order in which to try them.

    The first is expected to stand best; each further one adds most to what those before it reach, over the known
    datasets weighted by similarity and, where something was observed, by agreement. Gains are divided by seconds,
    softened by a small share of the budget. Within a budget, only what is likely to end is recommended, or the
    quickest if nothing is.

    Parameters
    ----------
    model : Combined
        Fitted to `experience`.
    metric : str
        The one that `experience` is in.
    observed : mapping from position to score, optional
        What was tried on this dataset already; not recommended again.
    comparable : bool
        Whether raw scores mean the same on every dataset, so that one can be expected.
    chosen : MetaModel, optional
        Another method, whose proposals and beliefs are shown instead.
    alike : array of shape (n_datasets,), optional
        Weights of the known datasets for its evidence.
    """
    observed = observed or {}
    left = np.ones(len(configurations), dtype=bool) if allowed is None else allowed
    left = left if time_budget is None else _in_time(left, affordable(seconds, time_budget), seconds)
    cost = seconds.expected + patience_of(time_budget)
    posterior = model.posterior(metafeatures, observed)
    weights = posterior.component_weights(len(model.components_)) if alike is None else alike
    known = len(model.knowledge_.datasets) > 0
    scales = learn_levels(model.knowledge_, experience, metric) if comparable and known else None
    levels = None
    if chosen is None:
        belief = model.standings_of(posterior)
        order = _order(posterior.weights, posterior.means, cost, left, observed, model, top)
        if scales is not None:
            levels = _levels(scales, model.knowledge_.standings, weights)
    else:
        belief = chosen.believe(metafeatures, observed)
        order = _order_of(chosen, metafeatures, cost, left, observed, model, top)
        if scales is not None:
            levels = _levels_of(belief, scales, weights)
    witnesses = _Witnesses(model, experience, weights)
    measured = model.knowledge_.measured
    return [
        Recommendation(
            configuration=configurations[i],
            metric=metric,
            standing=float(belief.mean[i]),
            doubt=float(belief.doubt[i]),
            score=None if levels is None else float(levels[0][i]),
            score_doubt=None if levels is None else float(levels[1][i]),
            seconds=float(seconds.expected[i]),
            seconds_factor=float(seconds.factor[i]),
            measured=int(measured[i]),
            evidence=witnesses.of(i),
        )
        for i in order
    ]


def _in_time(allowed: NDArray[np.bool_], can_end: NDArray[np.bool_], seconds: SecondsBelief) -> NDArray[np.bool_]:
    """Return which of the `allowed` can end in time; the quickest if none can: better than silence."""
    quickest = seconds.expected <= 2 * seconds.expected[allowed].min(initial=np.inf)
    return allowed & (can_end if (allowed & can_end).any() else quickest)


def affordable(
    seconds: SecondsBelief, time_budget: float, anytime: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return which configurations are likely to end well within `time_budget` seconds.

    Parameters
    ----------
    anytime : bool array of shape (n_configurations,), optional
        Which keep to their time with what they have learned until then: they may be expected to take `CUT` times as
        long, for a quarter of a boosting, in larger steps, is better than none.
    """
    spread = np.log(np.maximum(seconds.factor, 1.0 + 1e-9))
    margin = np.log(max(time_budget, 1e-9)) - np.log(seconds.expected)
    if anytime is not None:
        margin = margin + np.where(anytime, np.log(CUT), 0.0)
    return np.asarray(margin >= ndtri(LIKELY) * spread)


def patience_of(time_budget: float | None) -> float:
    """Return the seconds that are added to every expected time before gains are divided by it."""
    return PATIENCE if time_budget is None else max(SHARE * time_budget, 0.1)


def _order(
    weights: Floats,
    means: Floats,
    cost: Floats,
    allowed: NDArray[np.bool_],
    observed: Mapping[int, float],
    model: Combined,
    top: int,
) -> list[int]:
    """Return the greedy portfolio of gains per cost over the hypotheses."""
    reached = means[:, sorted(observed)].max(axis=1, initial=0.0)
    seen = dict.fromkeys(observed, 0.0)
    order: list[int] = []
    average = weights @ means
    while len(order) < top and (allowed.sum() - allowed[list(seen)].sum()) > 0:
        gain = weights @ np.maximum(means - reached[:, None], 0.0)
        pick = choose((gain + 1e-4 * np.maximum(average, 0.0)) / cost, model.knowledge_.tie_order, allowed, seen)
        order.append(pick)
        seen[pick] = 0.0
        reached = np.maximum(reached, means[:, pick])
    return order


def _order_of(
    chosen: MetaModel,
    metafeatures: Floats,
    cost: Floats,
    allowed: NDArray[np.bool_],
    observed: Mapping[int, float],
    model: Combined,
    top: int,
) -> list[int]:
    """Return what another method would try first, second and so on if it learned nothing in between."""
    worth = chosen.values(metafeatures, observed) if isinstance(chosen, Valuing) else None
    seen = dict(observed)
    order: list[int] = []
    while len(order) < top and (allowed.sum() - allowed[list(seen)].sum()) > 0:
        if worth is None:
            pick = chosen.propose(metafeatures, seen, allowed)
        else:
            pick = choose(np.maximum(worth, 0.0) / cost, model.knowledge_.tie_order, allowed, seen)
        order.append(pick)
        seen[pick] = math.nan
    return order


def _levels(scales: Levels, standings: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return expected score and its deviation: standings on the similar datasets, in their own scores."""
    scores = scales.expected(standings)
    mean = weights @ scores
    return mean, np.sqrt(weights @ (scores - mean) ** 2)


def _levels_of(belief: Belief, scales: Levels, weights: Floats) -> tuple[Floats, Floats]:
    """Return expected score and its deviation: a belief in standings, in the scores of the similar datasets."""
    scores = scales.at(belief.mean)
    mean = weights @ scores
    within = belief.doubt * (weights @ scales.widths)
    return mean, np.sqrt(weights @ (scores - mean) ** 2 + within**2)


class _Witnesses:
    """The datasets most like the new one, and how configurations did there."""

    def __init__(self, model: Combined, experience: Experience, weights: Floats) -> None:
        self._knowledge = model.knowledge_
        self._experience = experience
        self._weights = weights
        self._order = (
            np.argsort(-np.round(weights, 9), kind="stable") if self._knowledge.datasets else np.zeros(0, int)
        )

    def of(self, configuration: int) -> tuple[Evidence, ...]:
        """Return those on the most similar datasets; if none of these has it, on the most similar ones that do."""
        nearest = self._order[:WITNESSES]
        has_it = self._knowledge.known[:, configuration]
        if has_it.any() and not has_it[nearest].any():
            nearest = self._order[has_it[self._order]][:WITNESSES]
        return tuple(self._witness(int(dataset), configuration) for dataset in nearest)

    def _witness(self, dataset: int, configuration: int) -> Evidence:
        name = self._knowledge.datasets[dataset]
        row = self._experience.datasets.index(name)
        scores = self._experience.scores[row]
        own, known = scores[configuration], scores[np.isfinite(scores)]
        return Evidence(
            dataset=name,
            similarity=float(self._weights[dataset]),
            rank=1 + int((known > own).sum()) if np.isfinite(own) else None,
            of=len(known),
            failed=bool(self._experience.failed[row, configuration]),
        )

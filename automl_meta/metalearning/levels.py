"""From standings back to scores: what a place on the common scale is worth on each known dataset."""

from dataclasses import dataclass

import numpy as np

from automl_meta.metabase.verification import score_range
from automl_meta.metalearning.protocol import Experience, Floats
from automl_meta.metalearning.standings import Knowledge


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """The scale of each known dataset.

    Attributes
    ----------
    scores : array of shape (n_datasets, n_configurations)
        As they were measured; NaN where there is none.
    ranges : array of shape (n_datasets, 2)
        Where the worst and the best of them stand, see `Knowledge`.
    widths : array of shape (n_datasets,)
        By how much the score grows from standing 0 to 1, outside of the range: no more than is usual, for what was
        seen in a narrow range says little of what is far from it.
    bounds : tuple of float
        The least and the greatest value of the metric.
    """

    scores: Floats
    ranges: Floats
    widths: Floats
    bounds: tuple[float, float]

    def at(self, standings: Floats) -> Floats:
        """Return the scores of `standings`, of shape (n_configurations,) or one row for each dataset."""
        low, high = self.ranges.T[:, :, None]
        worst, best = np.nanmin(self.scores, axis=1)[:, None], np.nanmax(self.scores, axis=1)[:, None]
        inside = np.clip(standings, low, high)
        share = np.where(high > low, (inside - low) / np.where(high > low, high - low, 1.0), 1.0)
        scores = worst + share * (best - worst) + (standings - inside) * self.widths[:, None]
        return np.asarray(np.clip(scores, *self.bounds))

    def expected(self, standings: Floats) -> Floats:
        """Return the scores of the known datasets' `standings`, one row for each: what was measured as it was."""
        return np.where(np.isfinite(self.scores), self.scores, self.at(standings))


def learn_levels(knowledge: Knowledge, experience: Experience, metric: str) -> Levels:
    """Return the scales of the datasets of `knowledge`, which was learned from `experience` with `metric`."""
    rows = [experience.datasets.index(name) for name in knowledge.datasets]
    scores = np.where(np.isfinite(experience.scores[rows]), experience.scores[rows], np.nan)
    seen = np.nanmax(scores, axis=1) - np.nanmin(scores, axis=1)
    with np.errstate(divide="ignore"):
        whole = seen / (knowledge.ranges[:, 1] - knowledge.ranges[:, 0])
    widths = np.maximum(np.minimum(whole, np.median(seen)), seen)
    return Levels(scores=scores, ranges=knowledge.ranges, widths=widths, bounds=score_range(metric))

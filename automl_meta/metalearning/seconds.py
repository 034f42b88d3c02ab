"""How long a configuration will take on a dataset, on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from automl_meta.metalearning.kernel import Kernel, fit_kernel
from automl_meta.metalearning.protocol import Experience, Floats
from automl_meta.metalearning.scaling import column_medians
from automl_meta.pipelines.encoders.screening import KEPT_COLUMNS, MOST_COLUMNS

SIZES = ("log_nr_inst", "log_nr_attr", "nr_class")  # what time depends on most
COLUMNS = 1  # its position
FLOOR = 1e-3  # seconds
SHORT = 0.05  # seconds; below, overhead rules and a measurement says little
STIFFNESS = 3.0  # datasets that pull a configuration's own growth towards that of all
LIKES = 2.0  # datasets that pull its level towards those of its likes
STOPPED_EARLY = 1.5  # times as long as it ran would one have taken that was stopped
UNSURE_GROWTH = 0.4  # of the logarithm of seconds, for a table e times as wide as the widest known one
MACHINE = 0.7  # standard deviation between machines and datasets, of the natural logarithm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SecondsBelief:
    """Expected seconds of every configuration.

    Attributes
    ----------
    expected : array of shape (n_configurations,)
        The median.
    factor : array of shape (n_configurations,)
        One standard deviation: the truth lies within a factor of this, about two times in three.
    """

    expected: Floats
    factor: Floats


class SecondsModel:
    """Logarithm of seconds, linear in the logarithms of rows, columns and classes.

    Every configuration has its own coefficients, pulled towards those of all (a ridge around the pooled fit); a
    configuration that was never timed takes those of its likes. What ran so far shifts all predictions together:
    this machine and this dataset may be slower or faster than what the meta-base knows.

    In narrow tables, fixed costs hide how time grows with columns: beyond the widest known table it grows at least as
    they do, and all predictions are more doubtful the wider it is. Columns that no algorithm looks at do not count.
    """

    def fit(self, experience: Experience) -> Self:
        """Fit the coefficients to all known times."""
        timed = np.isfinite(experience.seconds) & ~experience.failed
        logs = np.log(np.maximum(np.where(timed, experience.seconds, 1.0), FLOOR))
        self.positions_ = [_position(experience.metafeature_names, name) for name in SIZES]
        raw = self._sizes(experience.metafeatures)
        self.middle_ = column_medians(raw)
        self.widest_ = float(np.nanmax(raw[:, COLUMNS], initial=-np.inf))
        sizes = self._centred(raw)
        n_configurations = experience.scores.shape[1]
        counts = timed.sum(axis=0)
        if not timed.any():
            self.coefficients_ = np.zeros((n_configurations, 1 + len(SIZES)))
            self.deviation_ = np.full(n_configurations, 2.0)
            return self
        pooled = _pooled_growth(logs, timed, sizes)
        levels = np.where(timed, logs - (sizes @ pooled)[:, None], 0.0).sum(axis=0) / np.maximum(counts, 1)
        kernel = fit_kernel(experience.vectors, levels[counts > 0][:, None], rows=counts > 0)
        self.coefficients_ = self._own(logs, timed, sizes, pooled, _smooth_levels(levels, counts, kernel))
        errors = np.where(timed, logs - self._predict(sizes), 0.0)
        overall = np.sqrt((errors**2).sum() / counts.sum())
        own = np.sqrt((errors**2).sum(axis=0) / np.maximum(counts, 1))
        self.deviation_ = (counts * own + 5.0 * overall) / (counts + 5.0) + np.where(counts == 0, 0.7, 0.0)
        return self

    def predict(
        self,
        metafeatures: Floats,
        observed: Mapping[int, float] | None = None,
        *,
        stopped: Mapping[int, float] | None = None,
    ) -> SecondsBelief:
        """Return the seconds of every configuration.

        Parameters
        ----------
        metafeatures : array of shape (n_metafeatures,)
            In the order of the experience.
        observed : mapping from position to seconds, optional
            What ran so far on this dataset and machine; NaN is left out.
        stopped : mapping from position to seconds, optional
            After which it was stopped: it would have taken longer, which is news where less was expected.
        """
        sizes = self._sizes(metafeatures[None])
        wider = self._wider(sizes[0])
        logs = self._predict(self._centred(sizes))[0]
        logs += np.maximum(1.0 - self.coefficients_[:, 1 + COLUMNS], 0.0) * wider
        spread = float(np.hypot(MACHINE, UNSURE_GROWTH * wider))
        known = dict(observed or {})
        shift, doubt = self._shift(logs, known, spread)
        news = {
            position: STOPPED_EARLY * seconds
            for position, seconds in (stopped or {}).items()
            if np.log(max(STOPPED_EARLY * seconds, FLOOR)) > logs[position] + shift
        }
        if news:
            shift, doubt = self._shift(logs, news | known, spread)
        return SecondsBelief(
            expected=np.exp(np.clip(logs + shift, np.log(FLOOR), 20.0)),
            factor=np.exp(np.minimum(np.sqrt(self.deviation_**2 + doubt**2), 5.0)),
        )

    def _wider(self, sizes: Floats) -> float:
        """Return the logarithm of how many times wider a table is than the widest that is known; at least 0."""
        if not (np.isfinite(self.widest_) and np.isfinite(sizes[COLUMNS])):
            return 0.0
        return max(float(sizes[COLUMNS]) - self.widest_, 0.0)

    def _shift(self, logs: Floats, observed: Mapping[int, float], spread: float) -> tuple[float, float]:
        """Return posterior mean and deviation of what is common to all times here; `spread` is that before."""
        precision, total = 1.0 / spread**2, 0.0
        for position, seconds in sorted(observed.items()):
            if not np.isfinite(seconds):
                continue
            noise = self.deviation_[position] ** 2 + (SHORT / max(seconds, FLOOR)) ** 2
            precision += 1.0 / noise
            total += (np.log(max(seconds, FLOOR)) - logs[position]) / noise
        return total / precision, precision**-0.5

    def _sizes(self, metafeatures: Floats) -> Floats:
        columns = [
            np.full(len(metafeatures), np.nan) if position is None else metafeatures[:, position]
            for position in self.positions_
        ]
        columns[COLUMNS] = np.where(columns[COLUMNS] > np.log(MOST_COLUMNS), np.log(KEPT_COLUMNS), columns[COLUMNS])
        columns[2] = np.log(np.maximum(np.nan_to_num(columns[2], nan=1.0), 1.0))
        return np.stack(columns, axis=1)

    def _centred(self, sizes: Floats) -> Floats:
        return np.asarray(np.where(np.isfinite(sizes), sizes, self.middle_) - self.middle_)

    def _predict(self, sizes: Floats) -> Floats:
        return np.asarray(self.coefficients_[:, 0] + sizes @ self.coefficients_[:, 1:].T)

    @staticmethod
    def _own(logs: Floats, timed: np.ndarray, sizes: Floats, pooled: Floats, levels: Floats) -> Floats:
        """Return each configuration's coefficients, pulled towards its `levels` and the `pooled` growth."""
        design = np.hstack([np.ones((len(sizes), 1)), sizes])
        spread = np.concatenate([[1.0], np.maximum(sizes.var(axis=0), 0.05)])
        pull = np.diag(np.concatenate([[LIKES], STIFFNESS * spread[1:]]))
        result = np.empty((logs.shape[1], design.shape[1]))
        for position in range(logs.shape[1]):
            rows = timed[:, position]
            centre = np.concatenate([[levels[position]], pooled])
            inputs = design[rows]
            residuals = logs[rows, position] - inputs @ centre
            result[position] = centre + np.linalg.solve(inputs.T @ inputs + pull, inputs.T @ residuals)
        return result


def _pooled_growth(logs: Floats, timed: np.ndarray, sizes: Floats) -> Floats:
    """Return the growth with each size that fits all configurations, each with its own level."""
    counts = np.maximum(timed.sum(axis=0), 1)
    weights = timed.astype(np.float64)
    within = np.where(timed, logs - (logs * weights).sum(axis=0) / counts, 0.0)
    gram = np.zeros((sizes.shape[1], sizes.shape[1]))
    moments = np.zeros(sizes.shape[1])
    for position in range(logs.shape[1]):
        rows = timed[:, position]
        centred = sizes[rows] - sizes[rows].mean(axis=0) if rows.any() else sizes[:0]
        gram += centred.T @ centred
        moments += centred.T @ within[rows, position]
    return np.asarray(np.linalg.solve(gram + np.eye(len(gram)), moments))


def _smooth_levels(levels: Floats, counts: np.ndarray, kernel: Kernel) -> Floats:
    """Return levels pulled towards those of like configurations."""
    middle = float(np.median(levels[counts > 0]))
    weights = counts / (counts + LIKES)
    likes = middle + kernel.smooth(levels - middle, weights=weights)
    return np.asarray(weights * levels + (1 - weights) * likes)


def _position(names: tuple[str, ...], name: str) -> int | None:
    return names.index(name) if name in names else None

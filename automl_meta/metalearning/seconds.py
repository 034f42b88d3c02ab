"""How long a configuration will take on a dataset, on this machine."""

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Self

import numpy as np

from automl_meta.metalearning.kernel import Kernel, fit_kernel
from automl_meta.metalearning.protocol import Experience, Floats
from automl_meta.metalearning.scaling import column_medians
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.encoders.screening import KEPT_COLUMNS, MOST_COLUMNS

SIZES = ("log_nr_inst", "log_nr_attr", "nr_class")  # what time depends on most
ROWS, COLUMNS = 0, 1  # their positions
FLOOR = 1e-3  # seconds
SHORT = 0.05  # seconds; below, overhead rules and a measurement says little
STIFFNESS = 3.0  # datasets that pull a configuration's own growth towards that of all
LIKES = 2.0  # datasets that pull its level towards those of its likes
STOPPED_EARLY = 1.5  # times as long as it ran would one have taken that was stopped
UNSURE_GROWTH = 0.4  # of the logarithm of seconds, for a table e times as wide or long as the largest known one
# Beyond the largest known table, seconds grow at least by these powers of rows and of columns.
LEAST_GROWTH = {ROWS: Algorithm.rows_growth, COLUMNS: 1.0}
MACHINE = 0.7  # standard deviation between machines and datasets, of the natural logarithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What an evaluation consists of: so many fits, each to so many rows."""

    fits: int
    training_rows: float

    @classmethod
    def of(cls, folds: Sequence[tuple[Sized, Sized]], n_rows: int) -> Self:
        """Return that of a cross-validation with these (training, validation) positions; without any, of one fit to
        all rows."""
        if not folds:
            return cls(fits=1, training_rows=n_rows)
        return cls(fits=len(folds), training_rows=sum(len(train) for train, _ in folds) / len(folds))


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
    """Logarithm of a fit's seconds, linear in the logarithms of training rows, columns and classes.

    Every configuration has its own coefficients, pulled towards those of all (a ridge around the pooled fit); a
    configuration that was never timed takes those of its likes. What ran so far shifts all predictions together:
    this machine and this dataset may be slower or faster than what the meta-base knows.

    In small tables, fixed costs hide how time grows with rows and columns: beyond the largest known table it grows at
    least about as they do, and all predictions are more doubtful the larger it is. Columns that no algorithm looks at
    do not count.
    """

    def fit(self, experience: Experience, rows_growth: Floats | None = None) -> Self:
        """Fit the coefficients to all known times.

        Parameters
        ----------
        rows_growth : array of shape (n_configurations,), optional
            By which power of the rows seconds grow at least, beyond the longest known table; `LEAST_GROWTH`'s if not
            given.
        """
        timed = np.isfinite(experience.seconds) & ~experience.failed
        by_fit = experience.seconds / np.nan_to_num(experience.fits, nan=1.0)[:, None]
        logs = np.log(np.maximum(np.where(timed, by_fit, 1.0), FLOOR))
        self.positions_ = [_position(experience.metafeature_names, name) for name in SIZES]
        raw = self._sizes(experience.metafeatures, experience.training_rows)
        self.middle_ = column_medians(raw)
        self.largest_ = {size: float(np.nanmax(raw[:, size], initial=-np.inf)) for size in LEAST_GROWTH}
        sizes = self._centred(raw)
        n_configurations = experience.scores.shape[1]
        self.least_growth_ = {size: np.full(n_configurations, least) for size, least in LEAST_GROWTH.items()}
        if rows_growth is not None:
            self.least_growth_[ROWS] = rows_growth
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
        effort: Effort | None = None,
        stopped: Mapping[int, float] | None = None,
    ) -> SecondsBelief:
        """Return the seconds of every configuration.

        Parameters
        ----------
        metafeatures : array of shape (n_metafeatures,)
            In the order of the experience.
        observed : mapping from position to seconds, optional
            What ran so far on this dataset and machine; NaN is left out.
        effort : Effort, optional
            Of one evaluation; a single fit to all rows if not given.
        stopped : mapping from position to seconds, optional
            After which it was stopped: it would have taken longer, which is news where less was expected.
        """
        rows = np.array([effort.training_rows if effort is not None else np.nan])
        sizes = self._sizes(metafeatures[None], rows)
        logs = self._predict(self._centred(sizes))[0]
        logs += np.log(effort.fits if effort is not None else 1)
        beyond = {size: self._beyond(size, sizes[0, size]) for size in LEAST_GROWTH}
        for size, least in self.least_growth_.items():
            logs += np.maximum(least - self.coefficients_[:, 1 + size], 0.0) * beyond[size]
        spread = float(np.linalg.norm([MACHINE, *(UNSURE_GROWTH * larger for larger in beyond.values())]))
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

    def _beyond(self, size: int, value: float) -> float:
        """Return the logarithm of how many times larger a table is than the largest that is known; at least 0."""
        largest = self.largest_[size]
        return max(float(value) - largest, 0.0) if np.isfinite(largest) and np.isfinite(value) else 0.0

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

    def _sizes(self, metafeatures: Floats, training_rows: Floats) -> Floats:
        columns = [
            np.full(len(metafeatures), np.nan) if position is None else metafeatures[:, position]
            for position in self.positions_
        ]
        with np.errstate(invalid="ignore", divide="ignore"):
            columns[ROWS] = np.where(training_rows > 0, np.log(training_rows), columns[ROWS])
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

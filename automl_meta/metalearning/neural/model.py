"""A few-shot learner as a meta-model: trained on episodes of the meta-base, proposing by expected improvement."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr

from automl_meta.metalearning.choice import choose, observed_arrays
from automl_meta.metalearning.combined import slope, unstretch
from automl_meta.metalearning.episodes import (
    EpisodeSampler,
    InputScaling,
    TaskTable,
    canonical,
    fit_input_scaling,
    split_families,
    standardise,
    task_table,
)
from automl_meta.metalearning.neural.batches import Batch, Sizes, batch_of
from automl_meta.metalearning.neural.learner import Chooser, Comparer, Learner
from automl_meta.metalearning.neural.networks import Weights, tensor
from automl_meta.metalearning.neural.training import Progress, Training, Watcher, train
from automl_meta.metalearning.protocol import Belief, Experience, Floats
from automl_meta.seeding import generator

SHOTS = (0, 2, 3, 4, 5, 7, 10, 15, 25)  # in training; one shot says as much as none
JUDGED_SHOTS = (0, 3, 5, 10)  # in meta-validation
FEWEST_TASKS = 8  # datasets below which there is nothing to meta-learn, and the average is followed
DIGITS = 6  # of residuals: what scores in another unit change beyond them is no more than rounding


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What a learner expects of all configurations, in stretched residuals, and whom it would try."""

    mean: Floats
    deviation: Floats
    incumbent: float  # the best standing that the support suggests
    preferences: Floats | None


class NeuralMetaModel:
    """The meta-model that a learner makes.

    Parameters
    ----------
    learner : Learner
    training : Training
    checkpoint : Path, optional
        See `train`.
    watch : callable
        Told of the training's progress.
    """

    def __init__(
        self,
        learner: Learner,
        training: Training | None = None,
        *,
        checkpoint: Path | None = None,
        watch: Watcher = lambda progress: None,
    ) -> None:
        self.learner = learner
        self.training = training or Training()
        self.checkpoint = checkpoint
        self.watch = watch
        self.name = learner.name

    def fit(self, experience: Experience) -> Self:
        """Meta-train on the datasets of `experience`, in place, and return self.

        The families of meta-validation decide when to stop. Those of meta-test are trained on, too: who judges a
        method leaves out whole families himself, see `loo`.
        """
        ordered, _ = canonical(experience)
        scaling = fit_input_scaling(ordered)
        table = task_table(ordered, scaling)
        if len(np.unique(table.families)) < FEWEST_TASKS:
            return self.use({}, scaling, experience)
        self.progress_ = self._train(table)
        return self.use(self.progress_.best, scaling, experience)

    def use(self, weights: Weights, scaling: InputScaling, experience: Experience) -> Self:
        """Take trained weights instead of training, in place, and return self.

        Parameters
        ----------
        weights : weights
            None at all: the average over datasets is followed.
        scaling : InputScaling
            Learned where the weights were.
        experience : Experience
            With the configurations to be judged and the datasets to be compared with; perhaps more or others than
            the weights were trained on.
        """
        ordered, self._position = canonical(experience)
        columns = {name: i for i, name in enumerate(experience.metafeature_names)}
        self._columns = [columns.get(name, -1) for name in scaling.metafeature_names]
        self.scaling_ = scaling
        self.weights_ = weights
        described = self._reorder(ordered.metafeatures)
        self.table_ = task_table(_with_metafeatures(ordered, described, scaling.metafeature_names), scaling)
        return self

    def believe(self, metafeatures: Floats, observed: Mapping[int, float]) -> Belief:
        """Return expected standings, between 0 and 1, and their deviations."""
        outlook = self._outlook(metafeatures, observed)
        mean = unstretch(np.clip(outlook.mean, 0.0, 1.0))
        return Belief(mean=mean[self._position], doubt=(outlook.deviation * slope(mean))[self._position])

    def values(self, metafeatures: Floats, observed: Mapping[int, float]) -> Floats:
        """Return what `propose` maximises: expected standing first, then expected improvement, or preference."""
        outlook = self._outlook(metafeatures, observed)
        if outlook.preferences is not None:
            return outlook.preferences[self._position]
        if not len(observed_arrays(observed)[0]):
            return outlook.mean[self._position]
        return expected_improvement(outlook.mean, outlook.deviation, outlook.incumbent)[self._position]

    def propose(self, metafeatures: Floats, observed: Mapping[int, float], allowed: NDArray[np.bool_]) -> int:
        """Return what has the largest of `values` among what is left."""
        return choose(self.values(metafeatures, observed), self._position, allowed, observed)

    def dataset_weights(self, metafeatures: Floats) -> dict[str, float] | None:
        """Return how alike each known dataset is before anything is observed; None if the learner does not say."""
        if not isinstance(self.learner, Comparer) or not self.weights_ or not len(self.table_.datasets):
            return None
        found = self.learner.dataset_weights(self.weights_, self._batch(metafeatures, {}))[0].detach().numpy()
        return {name: float(weight) for name, weight in zip(self.table_.datasets, found, strict=True)}

    def _train(self, table: TaskTable) -> Progress:
        training_part, validation_part, rest = split_families(table.families, self.training.seed)
        taught = np.concatenate([training_part, rest])
        sampler = EpisodeSampler(table, taught, taught)
        evaluated = table.known[taught].sum(axis=1)
        shots = [k for k in SHOTS if (evaluated > k).sum() >= FEWEST_TASKS] or [0]

        def draw(random: np.random.Generator) -> Batch:
            drawn = sampler.draw(int(random.choice(shots)), self.training.tasks, random)
            if drawn is None:
                raise ValueError("no dataset has a result")
            return batch_of(table, drawn, taught)

        return train(
            self.learner,
            Sizes(n_inputs=table.configurations.shape[1], n_traits=table.traits.shape[1]),
            draw,
            self._validation(table, validation_part, taught),
            self.training,
            checkpoint=self.checkpoint,
            watch=self.watch,
        )

    def _validation(self, table: TaskTable, judges: NDArray[np.intp], taught: NDArray[np.intp]) -> list[Batch]:
        """Return the episodes that decide when to stop; the library they may look into is that of training."""
        sampler = EpisodeSampler(table, judges, taught)
        batches = []
        for shots in JUDGED_SHOTS:
            random = generator(self.training.seed, "validation", shots)
            drawn = sampler.draw(shots, 4 * self.training.tasks, random)
            if drawn is not None:
                batches.append(batch_of(table, drawn, taught))
        return batches

    def _outlook(self, metafeatures: Floats, observed: Mapping[int, float]) -> Outlook:
        table = self.table_
        positions, residuals = self._support(observed)
        seen = table.expected[positions] + residuals
        incumbent = float(seen.max(initial=-np.inf))
        if not self.weights_:
            usual = np.full(len(table.expected), table.spread)
            return Outlook(table.expected, usual, incumbent, None)
        batch = self._batch(metafeatures, observed)
        mean, deviation = self.learner.predict(self.weights_, batch)
        preferences = None
        if isinstance(self.learner, Chooser):
            preferences = self.learner.preferences(self.weights_, batch)[0].detach().numpy().astype(np.float64)
        return Outlook(
            table.expected + mean[0].detach().numpy(),
            deviation[0].detach().numpy().astype(np.float64),
            incumbent,
            preferences,
        )

    def _support(self, observed: Mapping[int, float]) -> tuple[NDArray[np.intp], Floats]:
        """Return what was observed as canonical positions, ascending, and standardised residuals."""
        positions, scores = observed_arrays({int(self._position[i]): score for i, score in observed.items()})
        residuals = standardise(scores, self.table_.expected[positions], self.table_.spread)
        return positions, np.round(residuals, DIGITS)

    def _batch(self, metafeatures: Floats, observed: Mapping[int, float]) -> Batch:
        """Return the one task whose query are all configurations."""
        table = self.table_
        positions, residuals = self._support(observed)
        n_known, n_configurations = table.residuals.shape
        return Batch(
            traits=tensor(self.scaling_.traits.of(self._reorder(metafeatures[None]))),
            support_x=tensor(table.configurations[positions])[None],
            support_y=tensor(residuals)[None],
            query_x=tensor(table.configurations)[None],
            query_y=torch.zeros(1, n_configurations),
            counts=torch.ones(1, n_configurations, dtype=torch.bool),
            known_traits=tensor(table.traits),
            known_support=tensor(table.residuals[:, positions])[None],
            known_query=tensor(table.residuals)[None],
            usable=torch.ones(1, n_known, dtype=torch.bool),
        )

    def _reorder(self, metafeatures: Floats) -> Floats:
        """Return meta-features in the order that the scaling knows; those that are not there are undefined."""
        extended = np.hstack([metafeatures, np.full((len(metafeatures), 1), np.nan)])
        return np.asarray(extended[:, self._columns])


def expected_improvement(mean: Floats, deviation: Floats, incumbent: float) -> Floats:
    """Return by how much Gaussians are expected to exceed `incumbent`."""
    z = (mean - incumbent) / deviation
    return np.asarray((mean - incumbent) * ndtr(z) + deviation * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))


def _with_metafeatures(experience: Experience, metafeatures: Floats, names: tuple[str, ...]) -> Experience:
    return replace(experience, metafeatures=metafeatures, metafeature_names=names)

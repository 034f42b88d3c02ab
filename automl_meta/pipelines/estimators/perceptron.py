"""A multilayer perceptron for tables: small networks trained side by side, each stopped on a fold of its own."""

import time
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from automl_meta.pipelines.estimators.perceptron_inputs import PerceptronInputs, inner_folds
from automl_meta.pipelines.estimators.perceptron_network import Array, Layout, forward
from automl_meta.pipelines.estimators.perceptron_training import (
    CrossEntropy,
    Objective,
    Plan,
    Rows,
    SquaredError,
    softmax,
    train,
)
from automl_meta.pipelines.inner_split import group_folds

FEWEST_FOLDS = 5  # a member holds out a fifth of the rows at most
ROWS_TO_HOLD_OUT = 20  # with fewer, all are trained on
NUMBERS_AT_ONCE = 2**21  # inputs of all members in one step of a prediction; 8 MB


class _Perceptron(BaseEstimator):  # type: ignore[misc]
    def __init__(
        self,
        *,
        width: int = 48,
        depth: int = 2,
        activation: str = "relu",
        embedding: str = "piecewise",
        n_bins: int = 8,
        n_members: int = 8,
        learning_rate: float = 0.05,
        weight_decay: float = 0.02,
        dropout: float = 0.2,
        label_smoothing: float = 0.0,
        batch_size: int = 64,
        epochs: int = 40,
        patience: int = 12,
        class_weight: str | None = None,
        max_seconds: float | None = None,
        random_state: int = 0,
    ) -> None:
        self.width = width
        self.depth = depth
        self.activation = activation
        self.embedding = embedding
        self.n_bins = n_bins
        self.n_members = n_members
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.class_weight = class_weight
        self.max_seconds = max_seconds
        self.random_state = random_state

    def _fit_members(
        self,
        X: NDArray[np.floating],
        targets: Array,
        weights: NDArray[np.float64],
        strata: NDArray[np.int64],
        objective: Objective,
        first_outputs: NDArray[np.float64],
        groups: ArrayLike | None,
    ) -> None:
        start = time.monotonic()
        rng = np.random.default_rng(self.random_state)
        self.inputs_ = PerceptronInputs(self.embedding, self.n_bins).fit(X)
        rows = Rows(self.inputs_.transform(X), targets, (weights / weights.mean()).astype(np.float32))
        self.n_outputs_ = targets.shape[1]
        layout = self._layout()
        theta = layout.initial(self.n_members, rng)
        layout.views(theta)[f"bias{self.depth}"][:] = first_outputs
        n_folds = max(self.n_members, FEWEST_FOLDS)
        if groups is None:
            folds = inner_folds(strata, n_folds, rng)
        else:
            folds = group_folds(np.asarray(groups), n_folds, rng)
        # Of fewer groups than members, several members hold out the same; one that held out nothing could not stop.
        held_out = folds == np.arange(self.n_members)[:, None] % (folds.max() + 1)
        if len(X) < ROWS_TO_HOLD_OUT or held_out.all(axis=1).any():  # all rows may be of one group
            held_out[:] = False
        plan = Plan(
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            dropout=self.dropout,
            batch_size=self.batch_size,
            epochs=self.epochs,
            patience=self.patience,
            max_seconds=None if self.max_seconds is None else self.max_seconds - (time.monotonic() - start),
        )
        # The products are small: more threads cost more than they give, and would change the last bits.
        with threadpool_limits(limits=1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
            self.theta_, self.n_epochs_ = train(theta, layout, rows, held_out, objective, plan, rng)

    def _layout(self) -> Layout:
        return Layout(
            n_inputs=len(self.inputs_.centre_),
            hidden=(self.width,) * self.depth,
            n_outputs=self.n_outputs_,
            n_periodic=self.inputs_.n_periodic_,
            activation=self.activation,
        )

    def _outputs(self, X: ArrayLike) -> Array:
        """Return the members' outputs, of shape (n_members, n_rows, n_outputs)."""
        check_is_fitted(self, "theta_")
        numbers = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        layout = self._layout()
        views = layout.views(self.theta_)
        at_once = max(1, NUMBERS_AT_ONCE // (len(self.theta_) * max(layout.widths)))
        parts = [numbers[start : start + at_once] for start in range(0, len(numbers), at_once)]
        with threadpool_limits(limits=1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
            found = [forward(views, self.inputs_.transform(part)[None], layout)[0] for part in parts]
        return np.asarray(np.nan_to_num(np.concatenate(found, axis=1)))


class PerceptronClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """Classify rows of finite, scaled numbers by an ensemble of small networks, trained side by side.

    All members are trained at once, as one batch of small matrix products in float32. Each holds out a fold of its
    own, stratified by the target, and keeps the weights of the epoch that was best on it; predictions are averaged.
    So the ensemble learns from every row, though each member stops early. From RealMLP [1]_ come the learned scale of
    each input, learning rates as under the neural tangent parametrisation, AdamW with a beta2 of 0.95, random first
    biases and the rates' factors; the piecewise-linear encoding of inputs is that of [2]_.

    Parameters
    ----------
    width, depth : int
        Of the hidden layers.
    activation : {"relu", "silu", "selu", "mish"}
    embedding : {"none", "piecewise", "periodic"}
        Of inputs with more than two values: see `PerceptronInputs`; ``periodic`` is trained, as in [1]_.
    n_bins : int
        Pieces of the piecewise-linear encoding.
    n_members : int
        Networks in the ensemble.
    learning_rate, weight_decay, dropout : float
    label_smoothing : float
        Share of each target that is spread over all classes, in training.
    batch_size : int
        Rows a step.
    epochs : int
        Times that each row is seen; more often in small tables, less often in huge ones.
    patience : int
        Epochs without any member's improvement after which training ends.
    class_weight : {None, "balanced"}
        ``balanced`` lets classes count alike.
    max_seconds : float, optional
        Of training; the best weights so far are kept.
    random_state : int

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees
       on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.
    .. [2] Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
       NeurIPS 2022, https://arxiv.org/abs/2203.05556.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit to `X` of shape (n_rows, n_columns), finite and scaled, and classes `y`.

        No member is judged on a group that it saw.

        Raises
        ------
        ValueError
            If a number is not finite, or the shapes do not fit together.
        """
        numbers, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        self.classes_, codes = np.unique(labels, return_inverse=True)
        weights = _given_or_ones(sample_weight, len(codes))
        counts = np.bincount(codes, weights=weights)
        if self.class_weight == "balanced":
            weights = weights / counts[codes]
        logits = np.log(
            counts / counts.sum() if self.class_weight is None else np.full(len(counts), 1.0 / len(counts))
        )
        targets = np.eye(len(counts), dtype=np.float32)[codes]
        objective = CrossEntropy(self.label_smoothing)
        self._fit_members(
            numbers, targets, weights, codes.astype(np.int64), objective, logits - logits.mean(), groups
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        probabilities = softmax(self._outputs(X).astype(np.float64)).mean(axis=0)
        return np.asarray(probabilities, dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable classes."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


class PerceptronRegressor(RegressorMixin, _Perceptron):  # type: ignore[misc]
    """Predict numbers from finite, scaled numbers; the parameters are those of `PerceptronClassifier`.

    The target is standardised inside. Of `label_smoothing` and `class_weight`, nothing is made.
    """

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit to `X` of shape (n_rows, n_columns), finite and scaled, and numbers `y`, standardised inside.

        Raises
        ------
        ValueError
            If a number is not finite, or the shapes do not fit together.
        """
        numbers, values = validate_data(self, X, y, dtype=[np.float64, np.float32], y_numeric=True)
        values = np.asarray(values, dtype=np.float64)
        self.centre_, spread = float(values.mean()), float(values.std())
        self.spread_ = spread if spread > 0.0 else 1.0
        targets = ((values - self.centre_) / self.spread_)[:, None].astype(np.float32)
        self.bounds_ = [float(targets.min()), float(targets.max())]
        strata = np.argsort(np.argsort(values, kind="stable"), kind="stable") // FEWEST_FOLDS
        weights = _given_or_ones(sample_weight, len(values))
        self._fit_members(numbers, targets, weights, strata, SquaredError(), np.zeros(1), groups)
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return numbers of shape (n_rows,), none beyond those of the training rows."""
        low, high = self.bounds_
        outputs = np.clip(self._outputs(X)[..., 0].astype(np.float64), low, high).mean(axis=0)
        return np.asarray(outputs * self.spread_ + self.centre_)


def _given_or_ones(sample_weight: ArrayLike | None, n_rows: int) -> NDArray[np.float64]:
    if sample_weight is None:
        return np.ones(n_rows)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_rows,) or not (np.isfinite(weights).all() and weights.min() >= 0 and weights.max() > 0):
        raise ValueError(f"sample_weight must be {n_rows} finite numbers, none negative, not all zero")
    return weights

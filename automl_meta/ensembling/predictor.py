"""The fitted ensemble: what a model file stores and what predicts."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.ensembling.calibration import Calibration
from automl_meta.ensembling.combiners import Combiner
from automl_meta.ensembling.decision import Decided
from automl_meta.ensembling.intervals import Residuals
from automl_meta.ensembling.plan import EnsemblePlan
from automl_meta.ensembling.upper_features import extended
from automl_meta.errors import InputError
from automl_meta.pipelines.build import predict as predict_pipeline

NO_RESIDUALS = "no rows were held out when the model was fitted: how far it is off is not known. Fit to more rows."


class EnsemblePredictor(BaseEstimator):  # type: ignore[misc]
    """Fitted pipelines, and how their predictions become one.

    Parameters
    ----------
    task : str
        ``binary``, ``multiclass`` or ``regression``.
    n_classes : int
        0 for regression.
    members : list of lists of fitted pipelines
        One list a member: the fold models, whose predictions are averaged, or one model refitted on all rows.
    combiner
        Makes one prediction of the members'.
    calibration
        Applied to the combined probabilities; None for none.
    decision : array of shape (n_classes,) or None
        Weights per class by which the predicted class is decided.
    residuals
        What prediction intervals are made of; None where there are none.
    inputs : list of lists of int, or None
        For each member above the first layer the positions of those that feed it, all before it; None where all are
        of the first layer.
    """

    def __init__(
        self,
        task: str,
        n_classes: int,
        members: list[list[Any]],
        combiner: Combiner,
        calibration: Calibration | None = None,
        decision: NDArray[np.float64] | None = None,
        residuals: Residuals | None = None,
        inputs: list[list[int]] | None = None,
    ) -> None:
        self.task = task
        self.n_classes = n_classes
        self.members = members
        self.combiner = combiner
        self.calibration = calibration
        self.decision = decision
        self.residuals = residuals
        self.inputs = inputs

    def predict_proba(self, X: pd.DataFrame, *, threads: int = 1) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes) for a table in canonical form.

        Raises
        ------
        InputError
            If the model predicts numbers.
        """
        if not Task(self.task).is_classification:
            raise InputError("this model predicts numbers, not classes, so it has no probabilities")
        return self._combined(X, threads)

    def predict(self, X: pd.DataFrame, *, threads: int = 1) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return class codes or numbers, shape (n_rows,), for a table in canonical form."""
        combined = self._combined(X, threads)
        return self.decide(combined) if Task(self.task).is_classification else combined

    def decide(self, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class codes that `probabilities`, (n_rows, n_classes), lead to."""
        return np.asarray(self.decided(probabilities).weighed.argmax(axis=1), dtype=np.int64)

    def decided(self, predictions: NDArray[np.float64]) -> Decided:
        """Return `predictions`, (n_rows, n_classes) or (n_rows,), with what the classes are decided by."""
        return Decided.by(self.decision, predictions)

    def predict_interval(
        self, X: pd.DataFrame, level: float = 0.9, *, threads: int = 1
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lower and upper bounds, each (n_rows,), that hold the truth with probability `level`.

        Raises
        ------
        InputError
            If the model predicts classes, nothing was validated, or the level is out of reach.
        """
        if Task(self.task).is_classification:
            raise InputError("this model predicts classes; prediction intervals are for numbers")
        if self.residuals is None:
            raise InputError(NO_RESIDUALS)
        lower, upper = self.residuals.bounds(level)
        combined = self._combined(X, threads)
        return combined + lower, combined + upper

    def member_predictions(self, X: pd.DataFrame, *, threads: int = 1) -> list[NDArray[np.float64]]:
        """Return each member's own predictions, in the members' order."""
        means: list[NDArray[np.float64]] = []
        for position, below in self._layers():
            tables = [extended(X, [means[i] for i in fed]) if fed else X for fed in below]
            work = [
                (model, table)
                for member, table in zip(self.members[position : position + len(below)], tables, strict=True)
                for model in member
            ]
            predictions = self._run(work, threads)
            for member in self.members[position : position + len(below)]:
                own = [next(predictions) for _ in member]
                means.append(np.asarray(np.mean(own, axis=0, dtype=np.float64)))
        return means

    def member_seconds(self, X: pd.DataFrame) -> list[float]:
        """Return how long each member takes to predict `X`, measured on one of its models."""
        seconds: list[float] = []
        means: list[NDArray[np.float64]] = []
        for member, fed in zip(self.members, self.inputs or [[] for _ in self.members], strict=True):
            start = time.perf_counter()
            table = extended(X, [means[i] for i in fed]) if fed else X
            means.append(predict_pipeline(member[0], table, Task(self.task), self.n_classes))
            seconds.append(len(member) * (time.perf_counter() - start))
        return seconds

    def _layers(self) -> Iterator[tuple[int, list[list[int]]]]:
        """Yield runs of members that do not feed each other: the first one's position, and what feeds each."""
        inputs = self.inputs or [[] for _ in self.members]
        start = 0
        for position, fed in enumerate(inputs):
            if any(i >= start for i in fed):
                yield start, inputs[start:position]
                start = position
        yield start, inputs[start:]

    def _combined(self, X: pd.DataFrame, threads: int) -> NDArray[np.float64]:
        if not len(X):
            return np.empty((0, self.n_classes) if self.n_classes else 0)
        combined = self.combiner.combine(self.member_predictions(X, threads=threads))
        return combined if self.calibration is None else self.calibration.apply(combined)

    def _run(self, work: Sequence[tuple[Any, pd.DataFrame]], threads: int) -> Iterator[NDArray[np.float64]]:
        task = Task(self.task)

        def one(model_and_table: tuple[Any, pd.DataFrame]) -> NDArray[np.float64]:
            model, table = model_and_table
            return predict_pipeline(model, table, task, self.n_classes)

        if threads <= 1 or len(work) == 1:
            return map(one, work)
        with ThreadPoolExecutor(min(threads, len(work))) as pool:
            return iter(list(pool.map(one, work)))


def make_predictor(plan: EnsemblePlan, models: Mapping[str, Sequence[Any]], n_classes: int) -> EnsemblePredictor:
    """Return the predictor of a plan.

    Parameters
    ----------
    models : mapping from a member's name to fitted pipelines
        Of every member: its fold models, or one refitted on all rows.
    n_classes : int
        0 for regression.

    Raises
    ------
    ValueError
        If a member has no model.
    """
    missing = [member for member in plan.members if not models.get(member)]
    if missing:
        raise ValueError(f"no fitted models for the members {', '.join(missing)}")
    return EnsemblePredictor(
        task=str(plan.task),
        n_classes=n_classes,
        members=[list(models[member]) for member in plan.members],
        combiner=plan.combiner,
        calibration=plan.calibration,
        decision=plan.decision,
        residuals=plan.residuals,
        inputs=[list(fed) for fed in plan.inputs] if any(plan.inputs) else None,
    )

"""The multilayer perceptron."""

from collections.abc import Mapping
from typing import Any

from ConfigSpace import ConfigurationSpace
from sklearn.base import BaseEstimator

from automl_meta.datasets.task import Task
from automl_meta.pipelines.algorithm import Algorithm
from automl_meta.pipelines.configuration import Value
from automl_meta.pipelines.context import FitContext
from automl_meta.pipelines.estimators.perceptron import PerceptronClassifier, PerceptronRegressor
from automl_meta.pipelines.preprocessing import Preprocessing
from automl_meta.pipelines.spaces import choice, class_weight, real, space_of, target_transform, whole


class Perceptron(Algorithm):
    """An ensemble of small networks; see `PerceptronClassifier`.

    The ranges of learning rate, weight decay, dropout and label smoothing are those of RealMLP's search space [1]_,
    seen from the defaults that won here; depth and width are smaller, as the networks are many and trained on a CPU.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees
       on Tabular Data", NeurIPS 2024, https://arxiv.org/abs/2407.04491.
    """

    name = "perceptron"
    anytime = True
    tunability = 2.0

    def space(self, task: Task) -> ConfigurationSpace:
        """Return the search space."""
        own = (
            (choice("label_smoothing", {"0": 0.7, "0.05": 0.3}), class_weight())
            if task.is_classification
            else (target_transform("log", "quantile", "power"),)
        )
        return space_of(
            choice("scaling", {"robust_smooth": 0.6, "quantile": 0.25, "standard": 0.15}),
            choice("categorical", {"onehot": 0.7, "target": 0.3}),
            choice("embedding", {"piecewise": 0.6, "periodic": 0.2, "none": 0.2}),
            whole("n_bins", 4, 24, 8 if task.is_classification else 12, log=True),
            whole("width", 24, 128, 48, log=True),
            whole("depth", 1, 3, 2),
            choice("activation", {"relu": 0.5, "silu": 0.25, "mish": 0.25}),
            real("learning_rate", 0.01, 0.2, 0.05, log=True),
            real("weight_decay", 1e-3, 0.3, 0.02, log=True),
            real("dropout", 0.0, 0.5, 0.25 if task.is_classification else 0.15),
            *own,
            only_if={"n_bins": ("embedding", ["piecewise"])},
        )

    def expert_picks(self, task: Task) -> tuple[Mapping[str, Value], ...]:
        """Return picks that differ from the default in what the network sees, and in how freely it fits."""
        # Smooth clipping flattens the tails that some regressions live in.
        unclipped: tuple[Mapping[str, Value], ...] = ({"scaling": "standard"},) if task is Task.REGRESSION else ()
        return (
            *unclipped,
            {"scaling": "quantile", "embedding": "none", "width": 128, "dropout": 0.2},
            {"embedding": "periodic", "activation": "mish"},
            {"dropout": 0.35, "weight_decay": 0.1, "depth": 1},
        )

    def preprocessing(self, values: Mapping[str, Value], task: Task) -> Preprocessing:
        """Return scaled columns; where cells are missing is said."""
        return Preprocessing(
            numeric=values["scaling"],  # type: ignore[arg-type]
            categorical=values["categorical"],  # type: ignore[arg-type]
            missing="indicator",
        )

    def estimator(self, values: Mapping[str, Value], context: FitContext) -> BaseEstimator:
        """Return the ensemble."""
        names = ("embedding", "width", "depth", "activation", "learning_rate", "weight_decay", "dropout")
        settings: dict[str, Any] = {name: values[name] for name in names}
        settings |= {
            "n_bins": values.get("n_bins", 8),
            "max_seconds": context.max_seconds,
            "random_state": context.seed,
        }
        if not context.task.is_classification:
            return PerceptronRegressor(**settings)
        return PerceptronClassifier(
            label_smoothing=float(str(values["label_smoothing"])),
            class_weight="balanced" if values["class_weight"] == "balanced" else None,
            **settings,
        )

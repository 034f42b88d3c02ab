"""Judging one configuration on one dataset: metrics, folds, cross-validation."""

from automl_meta.evaluation.folds import FoldScheme, default_n_folds, default_repeats, make_folds, suitable_scheme
from automl_meta.evaluation.metrics import Metric, default_metric, metrics_of, resolve_metric
from automl_meta.evaluation.records import Evaluation

__all__ = [
    "Evaluation",
    "FoldScheme",
    "Metric",
    "default_metric",
    "default_n_folds",
    "default_repeats",
    "make_folds",
    "metrics_of",
    "resolve_metric",
    "suitable_scheme",
]

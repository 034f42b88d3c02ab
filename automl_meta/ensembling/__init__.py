"""Combining what was evaluated into one model, and saying honestly what it is worth."""

from automl_meta.ensembling.candidates import Candidate
from automl_meta.ensembling.choice import plan_ensemble
from automl_meta.ensembling.costs import parse_costs
from automl_meta.ensembling.options import EnsembleOptions, Refit
from automl_meta.ensembling.plan import EnsemblePlan, KindEstimate
from automl_meta.ensembling.predictor import EnsemblePredictor, make_predictor

__all__ = [
    "Candidate",
    "EnsembleOptions",
    "EnsemblePlan",
    "EnsemblePredictor",
    "KindEstimate",
    "Refit",
    "make_predictor",
    "parse_costs",
    "plan_ensemble",
]

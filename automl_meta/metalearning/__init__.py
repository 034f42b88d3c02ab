"""What learns from the meta-base: priors over configurations, posteriors, similarity, and their evaluation."""

from automl_meta.metalearning.advisor import Advisor
from automl_meta.metalearning.chosen import chosen_model
from automl_meta.metalearning.memory import Memory, forgetful, remember
from automl_meta.metalearning.methods import DEFAULT, METHODS
from automl_meta.metalearning.protocol import Belief, Experience, MetaModel
from automl_meta.metalearning.recommendation import Evidence, Recommendation, recommend
from automl_meta.metalearning.seconds import Effort

__all__ = [
    "DEFAULT",
    "METHODS",
    "Advisor",
    "Belief",
    "Effort",
    "Evidence",
    "Experience",
    "Memory",
    "MetaModel",
    "Recommendation",
    "chosen_model",
    "forgetful",
    "recommend",
    "remember",
]

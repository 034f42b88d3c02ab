"""All methods by name; the benchmark compares them, the default recommends."""

from collections.abc import Callable
from importlib import import_module

from automl_meta.metalearning.average_rank import AverageRank
from automl_meta.metalearning.combined import Combined
from automl_meta.metalearning.gaussian_posterior import GaussianPosterior
from automl_meta.metalearning.nearest_datasets import NearestDatasets
from automl_meta.metalearning.portfolio import Portfolio, ReweightedPortfolio
from automl_meta.metalearning.protocol import MetaModel
from automl_meta.metalearning.random import RandomOrder
from automl_meta.metalearning.regression import Regression
from automl_meta.optional import require

CLASSICAL: dict[str, Callable[[], MetaModel]] = {
    "combined": Combined,
    "average-rank": AverageRank,
    "nearest-datasets": NearestDatasets,
    "portfolio": Portfolio,
    "re-weighted-portfolio": ReweightedPortfolio,
    "regression": Regression,
    "gaussian-posterior": GaussianPosterior,
    "random": RandomOrder,
}
# Few-shot learners, which need PyTorch; their names are known without it.
FEW_SHOT = (
    "siamese",
    "matching",
    "maml",
    "first-order-maml",
    "reptile",
    "meta-sgd",
    "deep-kernel",
    "neural-process",
    "memory-augmented",
    "recurrent",
    "learned-optimiser",
)
MIXED = ("combined", "deep-kernel", "neural-process", "matching")  # members of the mixture
DEFAULT = "combined"


def _few_shot(name: str) -> Callable[[], MetaModel]:
    """Return what makes the few-shot method `name`, importing PyTorch only then."""

    def make() -> MetaModel:
        require("torch", "neural")
        package = "automl_meta.metalearning.neural"
        learner = import_module(f"{package}.learners").LEARNERS[name]()
        model: MetaModel = import_module(f"{package}.model").NeuralMetaModel(learner)
        return model

    return make


def _mixture() -> MetaModel:
    from automl_meta.metalearning.mixture import Mixture

    return Mixture([METHODS[name]() for name in MIXED])


METHODS: dict[str, Callable[[], MetaModel]] = {
    **CLASSICAL,
    **{name: _few_shot(name) for name in FEW_SHOT},
    "mixture": _mixture,
}


def learned_members(name: str) -> tuple[str, ...]:
    """Return the few-shot methods that a method consists of: none for a classical one, itself for a few-shot one."""
    return tuple(member for member in (MIXED if name == "mixture" else (name,)) if member in FEW_SHOT)

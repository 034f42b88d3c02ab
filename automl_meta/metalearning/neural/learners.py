"""All few-shot learners by name."""

from collections.abc import Callable

from automl_meta.metalearning.neural.deep_kernel import DeepKernel
from automl_meta.metalearning.neural.gradient_based import Maml, Reptile
from automl_meta.metalearning.neural.learned_optimiser import LearnedOptimiser
from automl_meta.metalearning.neural.learner import Learner
from automl_meta.metalearning.neural.matching import Matching
from automl_meta.metalearning.neural.memory_augmented import MemoryAugmented
from automl_meta.metalearning.neural.neural_process import NeuralProcess
from automl_meta.metalearning.neural.recurrent import Recurrent
from automl_meta.metalearning.neural.siamese import Siamese

LEARNERS: dict[str, Callable[[], Learner]] = {
    "siamese": Siamese,
    "matching": Matching,
    "maml": Maml,
    "first-order-maml": lambda: Maml(name="first-order-maml", second_order=False),
    "reptile": Reptile,
    "meta-sgd": lambda: Maml(name="meta-sgd", learned_rates=True),
    "deep-kernel": DeepKernel,
    "neural-process": NeuralProcess,
    "memory-augmented": MemoryAugmented,
    "recurrent": Recurrent,
    "learned-optimiser": LearnedOptimiser,
}

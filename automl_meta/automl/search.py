"""Which strategy a run searches by."""

from automl_meta.automl.options import RunOptions
from automl_meta.datasets import Dataset
from automl_meta.metalearning.advisor import Advisor
from automl_meta.tuning.strategies.halving import Halving
from automl_meta.tuning.strategies.posterior import PosteriorGuided
from automl_meta.tuning.strategies.protocol import Strategy
from automl_meta.tuning.strategies.recommended import Recommended
from automl_meta.tuning.strategies.refinement import GridAround, RandomAround
from automl_meta.tuning.strategies.sequence import Alternating, Distinct, Sequential
from automl_meta.tuning.strategies.uniform import Uniform

FIRST_PICKS = 3  # that are evaluated in whole before a search by first looks begins: something safe to end with


def make_strategy(options: RunOptions, dataset: Dataset, metric: str, advisor: Advisor) -> Strategy:
    """Return the ranked picks, followed by what the options ask for.

    A random search takes turns with further recommendations, which keep the candidates different from each other:
    refining alone would give the ensemble many of the same.
    """
    task, seconds = dataset.task, advisor.expected_seconds
    picks = Recommended(advisor, metric)
    if options.search == "none":
        return Distinct(Sequential([(picks, options.top_k)]))
    if options.search == "uniform":
        return Distinct(Uniform(task, advisor.algorithms, options.seed))
    if options.search == "grid":
        grid = GridAround(task, metric, seconds, advisor.importance)
        return Distinct(Sequential([(picks, options.top_k), (grid, None)]))
    if options.search == "meta":
        return Distinct(PosteriorGuided(task, metric, options.seed, advisor))
    steps = Alternating([RandomAround(task, metric, options.seed, seconds, advisor.favourites), picks])
    if options.search == "halving":
        return Distinct(Sequential([(picks, FIRST_PICKS), (Halving(steps, metric, dataset.n_rows), None)]))
    return Distinct(Sequential([(picks, options.top_k), (steps, None)]))

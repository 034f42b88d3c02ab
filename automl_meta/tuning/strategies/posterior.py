"""What the meta-model's posterior proposes, configurations that nobody has tried included."""

from automl_meta.datasets.task import Task
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.metalearning.advisor import Advisor
from automl_meta.pipelines.configuration import Configuration
from automl_meta.pipelines.neighbourhood import sample
from automl_meta.seeding import generator
from automl_meta.tuning.strategies.protocol import Proposal
from automl_meta.tuning.strategies.recommended import Recommended
from automl_meta.tuning.strategies.standings import Standings

REFRESHED = 10  # proposals after which the unknown configurations are drawn anew
AROUND, ANYWHERE = 40, 20  # unknown configurations: near the leaders, and anywhere in their algorithms' spaces
RADIUS = 0.6


class PosteriorGuided:
    """Draws configurations that the meta-base has never seen, and lets the posterior choose among them and the rest.

    The posterior knows unseen configurations through the kernel on their vectors, and so learns from every score, on
    seen and unseen ones alike. As in Bayesian optimisation by random candidates with local ones among them (Hutter et
    al. 2011, "Sequential model-based optimization", section 4.3), with a prior over the scores that was learned
    across datasets.
    """

    def __init__(self, task: Task, metric: str, seed: int, advisor: Advisor) -> None:
        self._task = task
        self._advisor = advisor
        self._recommended = Recommended(advisor, metric)
        self._standings = Standings(metric)
        self._random = generator(seed, "posterior search")
        self._asked = 0
        self._tried: dict[str, Configuration] = {}

    def ask(self, seconds: float) -> Proposal | None:
        """Return the configuration from which the posterior expects the largest improvement."""
        leaders = self._standings.leaders(5)
        if leaders and self._asked % REFRESHED == 0:
            self._draw_anew(leaders)
        self._asked += 1
        proposal = self._recommended.ask(seconds)
        if proposal is None and leaders:  # all that is known has been tried, or takes too long
            self._draw_anew(leaders)
            proposal = self._recommended.ask(seconds)
        return None if proposal is None else Proposal(proposal.configuration, "posterior")

    def tell(self, evaluation: Evaluation) -> None:
        """Let the posterior know."""
        if evaluation.status is Status.OK:
            self._tried[evaluation.configuration.id] = evaluation.configuration
        self._standings.add(evaluation)
        self._recommended.tell(evaluation)

    def _draw_anew(self, leaders: list[Configuration]) -> None:
        self._recommended.consult(self._advisor.with_unseen([*self._tried.values(), *self._draws(leaders)]))

    def _draws(self, leaders: list[Configuration]) -> list[Configuration]:
        near = [leaders[i % len(leaders)] for i in range(AROUND)]
        draws = [sample(c.algorithm, self._task, self._random, centre=c, radius=RADIUS) for c in near]
        for i in range(ANYWHERE):
            draws.append(sample(leaders[i % len(leaders)].algorithm, self._task, self._random))
        return draws

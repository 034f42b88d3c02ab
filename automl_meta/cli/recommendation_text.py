"""What a recommendation expects, and what it rests on, in a few words."""

import math
from typing import TYPE_CHECKING

from automl_meta.cli.output import number

if TYPE_CHECKING:
    from automl_meta.metalearning.recommendation import Recommendation

NOTHING = number(None)
RANKS = "there: rank of all"  # the heading of what `evidence` returns
STANDINGS = "Expected is the place between the worst (0) and the best (1) known configuration."


def expected(recommendation: "Recommendation") -> str:
    """Return expected score, or standing where scores of other datasets say nothing, with its doubt."""
    if recommendation.score is None or recommendation.score_doubt is None:
        value, doubt = recommendation.standing, recommendation.doubt
    else:
        value, doubt = recommendation.score, recommendation.score_doubt
    return NOTHING if math.isnan(value) else f"{number(value, 3)} ± {number(doubt, 3)}"


def seconds(recommendation: "Recommendation") -> str:
    """Return expected seconds with one or two significant digits."""
    value = recommendation.seconds
    return NOTHING if math.isnan(value) else f"{value:.1f}" if value >= 0.95 else f"{value:.1g}"


def evidence(recommendation: "Recommendation") -> str:
    """Return the ranks on similar datasets."""
    if recommendation.measured == 0:
        return "judged by its likes" if recommendation.evidence else NOTHING
    witnesses = [witness for witness in recommendation.evidence if witness.rank or witness.failed]
    return ", ".join(f"{w.dataset} {'failed' if w.failed else f'{w.rank}/{w.of}'}" for w in witnesses)

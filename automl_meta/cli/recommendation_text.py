"""What a recommendation expects, and what it rests on, in a few words."""

import math
from typing import TYPE_CHECKING

from automl_meta.cli.output import number, plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from automl_meta.metalearning.recommendation import Recommendation

NOTHING = number(None)
RANKS = "there: rank of all"  # the heading of what `evidence` returns
STANDINGS = "Expected is the place between the worst (0) and the best (1) known configuration."
NO_SHORT_LIST = (
    "Rows are few: what ranks first on larger tables misleads here, but nothing of the short list for few rows is "
    "allowed."
)


def ranked_table(recommendations: "Sequence[Recommendation]") -> "Table":
    """Return what the meta-base ranks, with what is expected and why."""
    table = plain_table("#", "configuration", "expected", "seconds", RANKS, right=("#", "seconds"))
    for rank, one in enumerate(recommendations, 1):
        table.add_row(str(rank), str(one.configuration), expected(one), seconds(one), evidence(one))
    return table


def short_table(recommendations: "Sequence[Recommendation]") -> "Table":
    """Return what was ranked without the meta-base, which says only how long it may take."""
    table = plain_table("#", "configuration", "seconds", right=("#", "seconds"))
    for rank, one in enumerate(recommendations, 1):
        table.add_row(str(rank), str(one.configuration), seconds(one))
    return table


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

"""What stands in canonical columns for cells whose level the schema lacks: neither missing nor any known level.

Cross-validation knows such cells too: levels that the training rows of a fold lack. Missing cells are something else,
and often tell of the target what a new level does not.
"""

from collections.abc import Sequence

import pandas as pd

# The category behind all levels. Levels are stripped texts, so none begins with a blank.
NEW_LEVEL = " (new level)"
# The only level of a column whose texts say nothing, where which cells have one may: whatever is given is this level,
# and none is new.
GIVEN = " (given)"
# What a cell of a Boolean column is that is neither false (0) nor true (1).
NEITHER = 0.5


def level_dtype(levels: Sequence[str] | None) -> pd.CategoricalDtype:
    """Return the type of a canonical categorical column: the schema's levels, and `NEW_LEVEL` behind them.

    So a cell's code is its level's position, ``len(levels)`` if the schema lacks the level, and -1 if it is missing.
    """
    return pd.CategoricalDtype(pd.Index([*(levels or ()), NEW_LEVEL], dtype=object))

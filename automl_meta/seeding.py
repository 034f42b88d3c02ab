"""One seed, one stream of random numbers per piece of work, keyed by what is done."""

import hashlib
from typing import TYPE_CHECKING

from automl_meta.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MOST_SEED = 2**63 - 1  # that a meta-base can keep


def check_seed(seed: int) -> None:
    """Check that a seed can be kept with what was made by it.

    Raises
    ------
    InputError
        If not.
    """
    if abs(seed) > MOST_SEED:
        raise InputError(f"seed must be between {-MOST_SEED} and {MOST_SEED}, not {seed}")


def integer_seed(seed: int, *key: str | int) -> int:
    """Return a seed in [0, 2**31) for the piece of work named by `key`."""
    digest = hashlib.sha256("/".join(map(str, (seed, *key))).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def generator(seed: int, *key: str | int) -> "np.random.Generator":
    """Return a generator for the piece of work named by `key`; other keys give independent streams."""
    import numpy as np  # seeds are checked by commands that need it only later, if at all

    return np.random.default_rng(integer_seed(seed, *key))

"""The scale on which configurations are compared: what separates good from very good counts more."""

import numpy as np

from automl_meta.metalearning.protocol import Floats

EPSILON = 0.2  # regret below which differences count alike; above, their logarithms do


def stretch(standings: Floats) -> Floats:
    """Return standings on a scale that is logarithmic in regret, 0 and 1 staying where they are."""
    return np.asarray(1.0 - np.log1p((1.0 - standings) / EPSILON) / np.log1p(1.0 / EPSILON))


def unstretch(stretched: Floats) -> Floats:
    """Return the standings that `stretch` stretched."""
    return np.asarray(1.0 - EPSILON * np.expm1((1.0 - stretched) * np.log1p(1.0 / EPSILON)))


def slope(standings: Floats) -> Floats:
    """Return by how much a standing grows with its stretched value."""
    return np.asarray((1.0 + EPSILON - standings) * np.log1p(1.0 / EPSILON))

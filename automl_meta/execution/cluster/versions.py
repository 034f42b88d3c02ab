"""Which versions matter to a cluster: a configuration must mean, and a model must be, the same on every machine."""

import importlib
import sys
from collections.abc import Callable, Mapping
from importlib import metadata

Versions = Mapping[str, str | None]  # None: not installed

DISTRIBUTIONS = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "ConfigSpace",
    "lightgbm",
    "catboost",
    "xgboost-cpu",
    "xgboost",
    "torch",
)


def make_probe() -> Callable[[], dict[str, str | None]]:
    """Return a function that finds the versions in the process that it is called in.

    Being made here, it is pickled by value: a worker without automl-meta can run it, and say so.
    """
    names = DISTRIBUTIONS

    def probe() -> dict[str, str | None]:
        found: dict[str, str | None] = {"Python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
        try:
            found["automl-meta"] = importlib.import_module("automl_meta").__version__
        except ModuleNotFoundError:
            found["automl-meta"] = None
        for name in names:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = None
        return found

    return probe


def differences(there: Versions, here: Versions) -> list[str]:
    """Return "numpy 1.26.4 (here 2.4.6)" for each package whose version is not the same."""
    return [
        f"{name} {there.get(name) or 'is missing'} (here {version or 'missing'})"
        for name, version in here.items()
        if there.get(name) != version
    ]

"""How long a stored booster is looked at before its library may read it, beside what the library takes to read it.

    python benchmarks/booster_checks.py --trees 2000

One core, a model of four columns of numbers for each library.
"""

import argparse
import time
from collections.abc import Callable

import catboost
import lightgbm
import numpy as np
import xgboost

from automl_meta.pipelines.estimators import catboost_model, lightgbm_text, xgboost_model

REPEATS = 5


def main() -> None:
    """Train three boosters, and print what checking and reading them takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trees", type=int, default=2000)
    n_trees = parser.parse_args().trees
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 4))
    y = X[:, 0] + random.normal(size=300)
    settings = {"objective": "regression", "num_leaves": 15, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    text = lightgbm.train(settings, lightgbm.Dataset(X, y), n_trees).model_to_string()
    settings = {"objective": "reg:squarederror", "max_depth": 4, "nthread": 1, "tree_method": "hist"}
    matrix = xgboost.DMatrix(X, y, feature_types=["q"] * 4, nthread=1)
    ubjson = bytes(xgboost.train(settings, matrix, n_trees).save_raw("ubj"))
    quiet = {"thread_count": 1, "verbose": False, "allow_writing_files": False}
    model = catboost.CatBoostRegressor(iterations=n_trees, depth=4, **quiet).fit(X, y)
    cbm = bytes(model._serialize_model())
    no_levels = np.zeros(4, dtype=int)
    print(f"{n_trees} trees: megabytes, seconds to check, seconds to read (median of {REPEATS})")
    for name, content, check, read in (
        (
            "LightGBM",
            text.encode(),
            lambda: lightgbm_text.check_text(text, n_features=4, n_classes=0),
            lambda: lightgbm.Booster(model_str=text),
        ),
        (
            "XGBoost",
            ubjson,
            lambda: xgboost_model.check_model(ubjson, kinds=["q"] * 4, n_levels=no_levels, n_classes=0),
            lambda: xgboost.Booster(model_file=bytearray(ubjson)),
        ),
        (
            "CatBoost",
            cbm,
            lambda: catboost_model.check_model(cbm, n_columns=4, categorical=(), n_classes=0),
            lambda: catboost.CatBoostRegressor().load_model(blob=cbm),
        ),
    ):
        print(f"{name:10}{len(content) / 1e6:6.2f}{seconds_of(check):8.3f}{seconds_of(read):8.3f}")


def seconds_of(action: Callable[[], object]) -> float:
    """Return the median of the seconds that `action` takes."""
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


if __name__ == "__main__":
    main()

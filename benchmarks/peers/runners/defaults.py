"""One model at its library's defaults: what a search has to be worth."""

from typing import Any

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, CatBoostRegressor
from job import TARGET, class_names, finish, given
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

KINDS = {
    "random_forest": (RandomForestClassifier, RandomForestRegressor),
    "hist_gradient_boosting": (HistGradientBoostingClassifier, HistGradientBoostingRegressor),
    "lightgbm": (LGBMClassifier, LGBMRegressor),
    "catboost": (CatBoostClassifier, CatBoostRegressor),
}
THREADS = {"random_forest": "n_jobs", "lightgbm": "n_jobs", "catboost": "thread_count"}


def main() -> None:
    """Fit once, whatever the budget, and predict."""
    job = given()
    settings: dict[str, Any] = {"random_state": job.seed}
    if job.variant in THREADS:
        settings[THREADS[job.variant]] = job.cores
    if job.variant == "catboost":
        settings |= {"verbose": False, "allow_writing_files": False}
    model = KINDS[job.variant][0 if job.classes else 1](**settings)

    def fit(train):  # type: ignore[no-untyped-def]
        X, y = train.drop(columns=TARGET), train[TARGET]
        if job.variant == "catboost":
            return model.fit(native(X), y, cat_features=list(X.select_dtypes(exclude="number")))
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        prepare = make_column_transformer(
            (codes, make_column_selector(dtype_exclude="number")), remainder="passthrough"
        )
        steps = [prepare, SimpleImputer(keep_empty_features=True)] if job.variant == "random_forest" else [prepare]
        return make_pipeline(*steps, model).fit(X, y)

    def predict(fitted, test):  # type: ignore[no-untyped-def]
        X = native(test) if job.variant == "catboost" else test
        if not job.classes:
            return fitted.predict(X)
        return pd.DataFrame(np.asarray(fitted.predict_proba(X)), columns=list(fitted.classes_))[class_names(job)]

    finish(job, fit, predict)


def native(X: pd.DataFrame) -> pd.DataFrame:
    """Return `X` with text that CatBoost takes as categories: no cell of it missing."""
    words, X = list(X.select_dtypes(exclude="number")), X.copy()
    for name in words:
        X[name] = X[name].astype(object).where(X[name].notna(), "missing").astype(str)
    return X


if __name__ == "__main__":
    main()

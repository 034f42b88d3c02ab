"""FLAML at its defaults."""

import pandas as pd
from flaml import AutoML
from job import TARGET, class_names, finish, given, metric


def main() -> None:
    """Fit within the budget and predict."""
    job = given()
    name = metric(job, binary="roc_auc", multiclass="log_loss", regression="rmse")
    task = "classification" if job.classes else "regression"

    def fit(train):  # type: ignore[no-untyped-def]
        model = AutoML()
        settings = {"time_budget": job.budget, "n_jobs": job.cores, "seed": job.seed, "verbose": 0}
        model.fit(train.drop(columns=TARGET), train[TARGET], task=task, metric=name, **settings)
        return model

    def predict(model, test):  # type: ignore[no-untyped-def]
        if not job.classes:
            return model.predict(test)
        return pd.DataFrame(model.predict_proba(test), columns=list(model.classes_))[class_names(job)]

    finish(job, fit, predict)


if __name__ == "__main__":
    main()

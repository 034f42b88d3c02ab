"""AutoGluon, with one of its presets."""

from pathlib import Path

from autogluon.tabular import TabularPredictor
from job import TARGET, class_names, finish, given, metric


def main() -> None:
    """Fit within the budget and predict."""
    job = given()
    name = metric(job, binary="roc_auc", multiclass="log_loss", regression="root_mean_squared_error")
    folder = Path(job.output.with_suffix(".autogluon"))

    def fit(train):  # type: ignore[no-untyped-def]
        predictor = TabularPredictor(label=TARGET, problem_type=job.task, eval_metric=name, path=folder, verbosity=0)
        return predictor.fit(train, time_limit=job.budget, presets=job.variant, num_cpus=job.cores, num_gpus=0)

    def predict(predictor, test):  # type: ignore[no-untyped-def]
        return predictor.predict_proba(test)[class_names(job)] if job.classes else predictor.predict(test)

    finish(job, fit, predict)


if __name__ == "__main__":
    main()

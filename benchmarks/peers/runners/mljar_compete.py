"""mljar-supervised in its mode for competitions."""

from job import TARGET, class_names, finish, given, metric
from supervised.automl import AutoML


def main() -> None:
    """Fit within the budget and predict."""
    job = given()
    name = metric(job, binary="auc", multiclass="logloss", regression="rmse")

    def fit(train):  # type: ignore[no-untyped-def]
        model = AutoML(
            mode="Compete",
            total_time_limit=int(job.budget),
            eval_metric=name,
            results_path=str(job.output.with_suffix(".mljar")),
            n_jobs=job.cores,
            random_state=job.seed,
            verbose=0,
        )
        model.fit(train.drop(columns=TARGET), train[TARGET])
        return model

    def predict(model, test):  # type: ignore[no-untyped-def]
        table = model.predict_all(test)
        return table[[f"prediction_{label}" for label in class_names(job)]] if job.classes else table["prediction"]

    finish(job, fit, predict)


if __name__ == "__main__":
    main()

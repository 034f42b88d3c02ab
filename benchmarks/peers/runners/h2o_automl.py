"""H2O AutoML at its defaults; needs Java."""

import h2o
from h2o.automl import H2OAutoML
from job import TARGET, class_names, finish, given, metric


def main() -> None:
    """Fit within the budget and predict."""
    job = given()
    name = metric(job, binary="AUC", multiclass="logloss", regression="RMSE")

    def fit(train):  # type: ignore[no-untyped-def]
        h2o.init(nthreads=job.cores, max_mem_size="8G")
        h2o.no_progress()
        frame = h2o.H2OFrame(train)
        if job.classes:
            frame[TARGET] = frame[TARGET].asfactor()
        search = H2OAutoML(max_runtime_secs=int(job.budget), seed=job.seed, sort_metric=name)
        search.train(y=TARGET, training_frame=frame)
        return search

    def predict(search, test):  # type: ignore[no-untyped-def]
        table = search.leader.predict(h2o.H2OFrame(test)).as_data_frame()
        return table[class_names(job)] if job.classes else table["predict"]

    try:
        finish(job, fit, predict)
    finally:
        h2o.cluster().shutdown()


if __name__ == "__main__":
    main()

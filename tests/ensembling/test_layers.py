from pathlib import Path

import numpy as np

from automl_meta.datasets import read_dataset
from automl_meta.ensembling import plan_ensemble
from automl_meta.ensembling.upper_features import extended, extended_dataset
from automl_meta.evaluation import default_metric, make_folds
from automl_meta.evaluation.cross_validation import cross_validate
from automl_meta.evaluation.spilling import PredictionStore
from automl_meta.pipelines.catalogue import default_configuration


def test_predictions_below_are_columns_of_the_table() -> None:
    dataset = read_dataset("sklearn:wine").take(np.arange(0, 178, 6))
    p = np.full((dataset.n_rows, 3), 1 / 3)
    below = extended_dataset(dataset, [p, p])
    assert len(below.schema.features) == len(dataset.schema.features) + 6
    assert list(below.X.columns) == [column.name for column in below.schema.features]
    assert below.X.equals(extended(dataset.X, [p, p]))
    assert (below.X.iloc[:, -6:] == 0).all(axis=None)  # equal odds


def test_predictions_past_the_limit_are_kept_in_files(tmp_path: Path) -> None:
    dataset = read_dataset("sklearn:wine")
    folds = make_folds(dataset, 3, 0)
    evaluations = [
        cross_validate(default_configuration(name, dataset.task), dataset, folds, seed=0)
        for name in ("logistic_regression", "gaussian_nb", "lda")
    ]
    store = PredictionStore(tmp_path, limit=evaluations[0].predictions.nbytes)
    kept = [store.keep(evaluation) for evaluation in evaluations]
    assert len(list(tmp_path.iterdir())) == 2
    assert isinstance(kept[2].predictions, np.memmap)
    metric = default_metric(dataset.task)
    plans = [plan_ensemble(each, dataset.y, dataset.task, metric, folds) for each in (evaluations, kept)]
    assert plans[0].score == plans[1].score
    assert plans[0].weights == plans[1].weights

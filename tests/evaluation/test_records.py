import numpy as np
import pytest

from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration

UNDEFINED = float("nan")


def scored(*scores: float, repeats: int = 1) -> Evaluation:
    configuration = Configuration("a", {})
    return Evaluation(configuration=configuration, status=Status.OK, scores={"roc_auc": scores}, repeats=repeats)


def test_score_and_error_are_of_the_folds_in_which_the_metric_is_defined() -> None:
    whole, defined = scored(0.6, UNDEFINED, 0.8, 0.7), scored(0.6, 0.8, 0.7)
    assert whole.score("roc_auc") == pytest.approx(0.7)
    assert whole.score_error("roc_auc") == pytest.approx(defined.score_error("roc_auc"))
    assert np.isfinite(whole.score_error("roc_auc"))


def test_nothing_is_made_up_where_no_fold_has_a_score() -> None:
    for none in (scored(UNDEFINED, UNDEFINED), scored()):
        assert np.isnan(none.score("roc_auc"))
        assert np.isnan(none.score_error("roc_auc"))
    assert np.isnan(scored(0.5, UNDEFINED).score_error("roc_auc"))


def test_a_score_that_is_infinitely_bad_is_not_passed_over() -> None:
    assert scored(-1.0, -np.inf).score("roc_auc") == -np.inf

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_ensembles import made, shop_table

from automl_meta.automl.judging import Judgement, judge, missed_gates
from automl_meta.datasets import Column, ColumnRole, Task
from automl_meta.ensembling import EnsemblePredictor
from automl_meta.persistence import FittedModel, make_model

DECISIONS = {"threshold": np.array([0.1, 0.9]), "costs": np.array([[0.0, 1.0], [12.0, 0.0]])}


def deciding_by(decision: np.ndarray | None) -> FittedModel:
    one = made(Task.BINARY)
    predictor = EnsemblePredictor(**{**one.predictor.get_params(deep=False), "decision": decision})
    return make_model(dataset=one.dataset, predictor=predictor, plan=one.plan)


def scores_of(judged: Judgement) -> dict[str, float]:
    return {row["metric"]: row["score"] for row in judged.scores}


@pytest.mark.parametrize("decision", DECISIONS)
def test_metrics_of_classes_score_what_the_model_predicts(decision: str) -> None:
    table, model = shop_table(Task.BINARY), deciding_by(DECISIONS[decision])
    judged = judge(model, table)
    accuracy = np.mean(model.predict(table)[0] == table["target"])
    plain = scores_of(judge(deciding_by(None), table))
    found = scores_of(judged)
    assert found["accuracy"] == pytest.approx(accuracy)
    assert found["accuracy"] < plain["accuracy"]
    assert found["f1"] == pytest.approx(judged.diagnosis["per_class"][1]["f1"])
    assert found["roc_auc"] == plain["roc_auc"]
    assert found["neg_log_loss"] == plain["neg_log_loss"]


@pytest.mark.parametrize("decision", DECISIONS)
def test_intervals_and_gates_are_of_what_the_model_predicts(decision: str) -> None:
    table = shop_table(Task.BINARY)
    judged, plain = (judge(deciding_by(how), table) for how in (DECISIONS[decision], None))
    for row in judged.scores:
        lower, upper = row["interval"]
        assert lower <= row["score"] <= upper
    between = {"accuracy": (scores_of(judged)["accuracy"] + scores_of(plain)["accuracy"]) / 2}
    assert missed_gates(judged, between, Task.BINARY)
    assert not missed_gates(plain, between, Task.BINARY)


def test_intervals_draw_whole_groups_where_the_table_has_them() -> None:
    table, one = shop_table(Task.BINARY), made(Task.BINARY)
    grouped = Column(name="shop", role=ColumnRole.GROUP, dtype="object")
    schema = replace(one.dataset.schema, columns=(*one.dataset.schema.columns, grouped))
    model = replace(deciding_by(None), schema=schema)
    by_day = table.assign(shop=table["day"].astype(str))
    judged = judge(model, table.assign(shop=None))
    assert judged.scores == judge(model, table).scores
    nine = pd.concat([by_day] * 9, ignore_index=True)
    for row, repeated in zip(judge(model, by_day).scores, judge(model, nine).scores, strict=True):
        assert repeated["interval"] == pytest.approx(row["interval"])
    assert all(row["interval"] == [None, None] for row in judge(model, table.assign(shop="here")).scores)

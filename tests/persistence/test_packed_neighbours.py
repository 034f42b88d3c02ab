from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from automl_meta.automl.options import RunOptions
from automl_meta.automl.run import run
from automl_meta.datasets import make_dataset
from automl_meta.persistence import load_model, save_model
from automl_meta.persistence.packed_neighbours import PackedNeighbours, has_search_tree
from automl_meta.persistence.packing import pack, unpack
from automl_meta.persistence.predictor_part import PredictorPartError, dump_predictor

X = np.random.default_rng(0).normal(size=(500, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("kind", [KNeighborsClassifier, KNeighborsRegressor])
def test_neighbours_find_the_same_rows_after_packing(kind: type, p: int, algorithm: str) -> None:
    model = kind(9, p=p, algorithm=algorithm).fit(X, Y)
    packed = pack(model)
    assert isinstance(packed, PackedNeighbours) == (algorithm != "brute")
    assert not has_search_tree(packed)
    again = unpack(packed)
    assert has_search_tree(again) == has_search_tree(model)
    np.testing.assert_array_equal(again.kneighbors(X)[1], model.kneighbors(X)[1])
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_a_model_whose_neighbours_are_in_a_tree_can_be_opened(tmp_path: Path) -> None:
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=np.where(Y, "yes", "no"))
    options = RunOptions(time_budget=None, max_evaluations=2, jobs=0, include=("knn",))
    model = run(make_dataset(table, "y"), options).model
    pipelines = [pipeline for member in model.predictor.members for pipeline in member]
    assert any(has_search_tree(pipeline[-1].estimator_.model_) for pipeline in pipelines)
    save_model(tmp_path / "x.automl", model)
    np.testing.assert_array_equal(
        load_model(tmp_path / "x.automl").predict_proba(table)[0], model.predict_proba(table)[0]
    )


def test_rows_that_no_tree_can_hold_are_refused() -> None:
    model = KNeighborsClassifier(9, algorithm="kd_tree").fit(X, Y)
    packed = PackedNeighbours.of(model)
    packed.model._fit_X = np.full((5, 3), np.nan)
    with pytest.raises(ValueError, match="NaN"):
        packed.unpacked()
    with pytest.raises(ValueError, match="DummyClassifier"):
        PackedNeighbours(DummyClassifier()).unpacked()


def test_what_could_not_be_opened_again_is_not_stored() -> None:
    with pytest.raises(PredictorPartError, match="pathlib"):
        dump_predictor(DummyClassifier(constant=Path("x")))  # type: ignore[arg-type]

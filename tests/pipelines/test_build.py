from types import SimpleNamespace

import pytest

from automl_meta.datasets import Task, read_dataset
from automl_meta.pipelines import build
from automl_meta.pipelines.catalogue import default_configuration
from automl_meta.pipelines.context import FitContext


@pytest.mark.parametrize(("spent", "left"), [(0.0, 10.0), (4.0, 6.0), (60.0, 1.0)])
def test_model_has_the_seconds_that_preparing_the_columns_leaves(
    spent: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_dataset("sklearn:iris")
    context = FitContext(task=Task.MULTICLASS, n_classes=3, max_seconds=10.0)
    pipeline = build.build_pipeline(default_configuration("random_forest", Task.MULTICLASS), data.schema, context)
    moments = iter((100.0, 100.0 + spent))
    monkeypatch.setattr(build, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    build.fit_pipeline(pipeline, data.X, data.y)
    assert pipeline["model"].estimator.max_seconds == pytest.approx(left)

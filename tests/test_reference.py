import re
from pathlib import Path

from automl_meta.datasets import Task
from automl_meta.evaluation import default_metric, metrics_of
from automl_meta.evaluation.metrics import ALIASES

PAGE = (Path(__file__).parents[1] / "docs" / "reference.md").read_text(encoding="utf-8")
METRICS = {
    name: (where, set(re.findall(r"`(\w+)`", aliases)))
    for name, where, aliases in re.findall(r"^\| `(\w+)` \| ((?:classes|two|numbers)[^|]*) \|([^|]*)\|$", PAGE, re.M)
}


def test_the_page_lists_the_metrics_of_every_task() -> None:
    assert set(METRICS) == {metric.name for task in Task for metric in metrics_of(task)}
    for name, (where, _) in METRICS.items():
        metric = next(m for task in Task for m in metrics_of(task) if m.name == name)
        several, two, numbers = (task in metric.tasks for task in (Task.MULTICLASS, Task.BINARY, Task.REGRESSION))
        assert where.split(";")[0] == ("numbers" if numbers else "classes" if several else "two classes")
        assert two or numbers
    defaults = {name for name, (where, _) in METRICS.items() if "the default" in where}
    assert defaults == {default_metric(task).name for task in Task}


def test_the_page_lists_the_aliases() -> None:
    beside = {alias for _, aliases in METRICS.values() for alias in aliases}
    for name, (_, aliases) in METRICS.items():
        assert all(ALIASES[alias] == name for alias in aliases)
    others = set(ALIASES) - beside
    assert all(f"`{alias}`" in PAGE and ALIASES[alias] not in METRICS for alias in others)

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from small_ensembles import made

from automl_meta.cli.ensemble_text import costs_in_words, print_ensemble
from automl_meta.datasets import Task
from automl_meta.ensembling import parse_costs


def told(ensemble: dict[str, Any], classes: tuple[str, ...]) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_ensemble(console, ensemble, {}, classes)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("classes", "line"),
    [
        (("no", "yes"), "yes taken for no costs 5, no taken for yes costs 1"),
        (("churned", "stayed"), "stayed taken for churned costs 5, churned taken for stayed costs 1"),
    ],
)
def test_costs_are_told_by_the_names_of_the_classes(classes: tuple[str, ...], line: str) -> None:
    costs = parse_costs("fp=1,fn=5", classes)
    assert costs_in_words(costs.tolist(), classes) == line
    ensemble = made(Task.BINARY).plan.to_dict() | {"decision": costs.tolist(), "cost": 0.5, "undecided_cost": 0.75}
    assert line in told(ensemble, classes)


@pytest.mark.parametrize("classes", [("no", "yes"), ("low", "middle", "high")])
def test_costs_are_told_where_nothing_tells_what_mistakes_will_cost(classes: tuple[str, ...]) -> None:
    costs = 1.0 - np.eye(len(classes))
    costs[1, 0] = 5
    unknown = {"decision": costs.tolist(), "cost": None, "score": None, "doubt": "nobody knows"}
    text = told(made(Task.BINARY).plan.to_dict() | unknown, classes)
    assert f"{classes[1]} taken for {classes[0]} costs 5, " in text
    assert "per row" not in text
    assert "weighted probabilities" not in text


def test_of_many_mistakes_the_dearest_are_named() -> None:
    costs = 1.0 - np.eye(4)
    costs[2, 0] = 9
    line = costs_in_words(costs.tolist(), "abcd")
    assert line.startswith("c taken for a costs 9, ")
    assert line.endswith(", and 6 more mistakes")


def test_a_threshold_names_the_class_that_it_is_for() -> None:
    ensemble = made(Task.BINARY).plan.to_dict() | {"decision": [0.3, 0.7]}
    assert "stayed is predicted from a probability of 0.300 on" in told(ensemble, ("churned", "stayed"))

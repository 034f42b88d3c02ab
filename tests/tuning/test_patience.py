import pytest

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.patience import Patience

LOOK = Fidelity(rows=1 / 9, folds=1)


def evaluation(number: int, fidelity: Fidelity = FULL) -> Evaluation:
    return Evaluation(
        configuration=Configuration("a", {"x": number}),
        status=Status.CANCELLED if fidelity.is_look else Status.OK,
        scores={"r2": (0.5, 0.6)},
        fidelity=fidelity,
    )


@pytest.mark.parametrize(("fidelity", "over"), [(FULL, True), (LOOK, False), (Fidelity(rows=0.5), True)])
def test_a_hundred_evaluations_without_progress_end_a_search_but_looks_do_not(fidelity: Fidelity, over: bool) -> None:
    patience = Patience("r2", picks=3)
    patience.add(evaluation(0))
    for number in range(1, 101):
        assert not patience.is_over
        patience.add(evaluation(number, fidelity))
    assert patience.is_over is over

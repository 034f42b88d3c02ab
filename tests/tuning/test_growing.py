import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Status
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.strategies.growing import (
    CLOSING_SHARE,
    FEWEST_ROWS,
    FINALISTS,
    SAFETY,
    Growing,
    growing_rungs,
)
from automl_meta.tuning.strategies.protocol import Proposal

BUDGET = 100.0


class Numbered:
    """Proposes 0, 1, 2, ...; the higher, the better."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = itertools.count()
        self.heard: list[Fidelity] = []

    def ask(self, seconds: float) -> Proposal | None:
        return Proposal(Configuration("a", {"x": next(self._numbers)}), "numbers")

    def tell(self, evaluation: Evaluation) -> None:
        self.heard.append(evaluation.fidelity)


def answer(proposal: Proposal, seconds_on_all: float) -> Evaluation:
    """Return a score that depends on the configuration, and seconds in proportion to the rows."""
    return Evaluation(
        configuration=proposal.configuration,
        status=Status.CANCELLED if proposal.fidelity.is_look else Status.OK,
        scores={"r2": (float(proposal.configuration.hyperparameters["x"]),)},
        fit_seconds=seconds_on_all * proposal.fidelity.rows,
        fidelity=proposal.fidelity,
    )


def search(seconds_on_all: float, budget: float = BUDGET) -> list[Proposal]:
    """Return the proposals of a search that ends when a proposal would not fit the time left."""
    strategy = Growing(Numbered(), "r2", 1_000_000)
    left, proposals = budget, []
    while left > 0:
        proposal = strategy.ask(left)
        assert proposal is not None
        evaluation = answer(proposal, seconds_on_all)
        left -= evaluation.fit_seconds
        if left < 0:
            break
        proposals.append(proposal)
        strategy.tell(evaluation)
    return proposals


def test_first_looks_are_on_small_samples_and_the_best_are_promoted() -> None:
    proposals = search(20.0)
    shares = [proposal.fidelity.rows for proposal in proposals]
    assert shares[:3] == [1 / 27] * 3
    assert sorted(set(shares)) == [1 / 27, 1 / 9, 1 / 3, 1.0]
    first_promoted = next(p for p in proposals if p.fidelity.rows == 1 / 9)
    assert first_promoted.configuration.hyperparameters["x"] == 2  # of 0, 1 and 2


@settings(max_examples=30, deadline=None)
@given(seconds=st.floats(4.0, 35.0))
def test_some_candidate_is_evaluated_in_whole_before_the_time_is_over(seconds: float) -> None:
    whole = [proposal for proposal in search(seconds) if proposal.fidelity.is_full]
    assert whole
    assert len({proposal.configuration for proposal in whole}) == len(whole)


def test_first_finalist_is_the_best_of_the_largest_sample() -> None:
    proposals = search(12.0)
    position = next(n for n, p in enumerate(proposals) if p.origin.startswith("best of"))
    looks = [p for p in proposals[:position] if not p.fidelity.is_full]
    done = {p.configuration for p in proposals[:position] if p.fidelity.is_full}
    best = max(
        (p for p in looks if p.configuration not in done),
        key=lambda p: (p.fidelity.rows, p.configuration.hyperparameters["x"]),
    )
    assert proposals[position].configuration == best.configuration
    assert sum(p.fidelity.is_full for p in proposals) >= FINALISTS


def test_what_is_too_slow_is_fitted_to_as_many_rows_as_there_is_time_for() -> None:
    strategy = Growing(Numbered(), "r2", 1_000_000)
    for _ in range(3):
        proposal = strategy.ask(BUDGET)
        assert proposal is not None
        strategy.tell(answer(proposal, 600.0))
    late = CLOSING_SHARE * BUDGET - 1
    first = strategy.ask(late)
    assert first is not None
    assert not first.fidelity.is_look
    assert 600.0 * first.fidelity.rows == pytest.approx(late / SAFETY)
    assert first.origin.endswith(f"fitted to {first.fidelity.rows:.0%}")
    strategy.tell(answer(first, 600.0))
    in_part = strategy.ask(late)
    assert in_part is not None
    assert not in_part.fidelity.is_look
    assert in_part.configuration != first.configuration
    too_late = strategy.ask(late / 2)
    assert too_late is not None
    assert too_late.fidelity.is_look


@pytest.mark.parametrize(("n_rows", "smallest"), [(200_000, 1 / 9), (1_000_000, 1 / 27), (10_000_000, 1 / 81)])
def test_first_samples_are_large_enough_to_say_something(n_rows: int, smallest: float) -> None:
    rungs = growing_rungs(n_rows)
    assert rungs[0].rows == smallest
    assert rungs[0].rows * n_rows >= FEWEST_ROWS
    assert rungs[-1] == FULL


def test_source_hears_of_whole_evaluations_alone() -> None:
    source = Numbered()
    strategy = Growing(source, "r2", 1_000_000)
    proposal = strategy.ask(BUDGET)
    assert proposal is not None
    strategy.tell(answer(proposal, 1.0))
    assert source.heard == []
    strategy.tell(answer(Proposal(proposal.configuration, "", FULL), 1.0))
    assert source.heard == [FULL]

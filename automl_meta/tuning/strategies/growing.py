"""Search on growing samples, for tables on which a whole evaluation takes a good part of the budget."""

from dataclasses import dataclass

from automl_meta.evaluation.partial import FULL, Fidelity
from automl_meta.evaluation.records import Evaluation
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning.strategies.halving import Halving
from automl_meta.tuning.strategies.protocol import Proposal, Strategy

FEWEST_ROWS = 20_000  # of a first look
SHARES = (1 / 81, 1 / 27, 1 / 9, 1 / 3)
CLOSING_SHARE = 0.6  # of the time for searching: with less left, the best are evaluated in whole
GROWTH = 3  # times as many rows in the next look
SAFETY = 1.25  # an estimate of seconds may be too low by so much
WORTH = 1.5  # times as many rows as in its look make it worth while to fit another finalist in part
FINALISTS = 3  # at least so many, and a third of those that were looked at


@dataclass(frozen=True, slots=True)
class _Look:
    """What the largest sample so far said of a configuration."""

    rows: float
    score: float
    seconds: float

    @property
    def seconds_on_all(self) -> float:
        """Expected on all rows; fits grow about as the rows do."""
        return self.seconds / self.rows


class Growing:
    """Looks at what another strategy proposes on few rows, promotes the best third to three times as many, and so on.

    In the last part of the time, which begins earlier where fits are slow, the best of all looks are evaluated in
    whole, those of larger samples first, as long as they are expected to end in time. Where none is, the best is
    fitted to as many of the rows as it is expected to have time for, and validated on all that are held out. Only
    these evaluations can become members of the ensemble.

    Parameters
    ----------
    n_rows : int
        That a fit in whole is made to.
    """

    def __init__(self, source: Strategy, metric: str, n_rows: int) -> None:
        self._metric = metric
        self._halving = Halving(source, metric, growing_rungs(n_rows))
        self._looks: dict[Configuration, _Look] = {}
        self._whole: set[Configuration] = set()  # proposed as finalists
        self._first_seconds = 0.0

    def ask(self, seconds: float) -> Proposal | None:
        """Return the next look, or in the closing time the next finalist."""
        self._first_seconds = max(self._first_seconds, seconds)
        proposal = None
        if seconds <= CLOSING_SHARE * self._first_seconds or self._is_last_call(seconds):
            proposal = self._finalist(seconds)
        while proposal is None or (not proposal.fidelity.is_look and proposal.configuration in self._whole):
            proposal = self._halving.ask(seconds)
            if proposal is None:
                return None
        if not proposal.fidelity.is_look:
            self._whole.add(proposal.configuration)
        return proposal

    def tell(self, evaluation: Evaluation) -> None:
        """Remember what it says."""
        self._halving.tell(evaluation)
        score = evaluation.score(self._metric)
        if score == score and evaluation.fidelity.is_look:
            seconds = evaluation.fit_seconds + evaluation.predict_seconds
            self._looks[evaluation.configuration] = _Look(evaluation.fidelity.rows, score, seconds)

    def _is_last_call(self, seconds: float) -> bool:
        """Return whether one more look could take the time that the first whole evaluation needs."""
        if self._whole or len(self._looks) < FINALISTS:
            return False
        best = self._looks[self._ranked()[0]]
        return seconds - GROWTH * best.seconds < SAFETY * best.seconds_on_all

    def _ranked(self) -> list[Configuration]:
        return sorted(self._looks, key=lambda c: (-self._looks[c].rows, -self._looks[c].score, c.id))

    def _finalist(self, seconds: float) -> Proposal | None:
        ranked = self._ranked()
        best = ranked[: max(FINALISTS, len(ranked) // 3)]
        left = [configuration for configuration in best if configuration not in self._whole]
        in_time = [c for c in left if self._looks[c].seconds_on_all <= seconds]
        if in_time:
            return self._proposed(in_time[0], FULL)
        if not left:
            return None
        look = self._looks[left[0]]
        share = seconds / (SAFETY * look.seconds_on_all)
        if self._whole and share < WORTH * look.rows:
            return None
        return self._proposed(left[0], Fidelity(rows=min(max(share, look.rows), 1.0)))

    def _proposed(self, finalist: Configuration, fidelity: Fidelity) -> Proposal:
        fitted = "" if fidelity.is_full else f", fitted to {fidelity.rows:.0%}"
        origin = f"best of {len(self._looks)} on {self._looks[finalist].rows:.0%} of the rows{fitted}"
        return Proposal(finalist, origin, fidelity)


def growing_rungs(n_rows: int) -> list[Fidelity]:
    """Return the samples of one fold, of whose `n_rows` training rows they are, smallest first, and the whole."""
    return [*(Fidelity(rows=share, folds=1) for share in SHARES if share * n_rows >= FEWEST_ROWS), FULL]

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automl_meta.automl.combining import Combining
from automl_meta.automl.interruption import Interruption
from automl_meta.cli import main

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread"
)
FIT = ["fit", "sklearn:iris", "--max-evaluations", "2", "--include", "knn", "--jobs", "0", "--quiet"]


@pytest.fixture
def fit_with_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], tuple[int, bool]]:
    """Fit, with so many signals while combining; return the exit code, and whether there is a model."""
    combine = Combining.combine

    def fit(signals: int) -> tuple[int, bool]:
        def disturbed(self: Combining, *arguments: object, **options: object) -> object:
            for _ in range(signals):
                os.kill(os.getpid(), signal.SIGINT)
            return combine(self, *arguments, **options)

        monkeypatch.setattr(Combining, "combine", disturbed)
        model = tmp_path / "iris.automl"
        with pytest.raises(SystemExit) as caught:
            main([*FIT, "-o", str(model)])
        return int(caught.value.code or 0), model.exists()

    return fit


def test_a_signal_while_combining_lets_the_model_be_saved(fit_with_signals: Callable) -> None:
    assert fit_with_signals(1) == (0, True)


def test_a_second_signal_while_combining_stops_at_once(fit_with_signals: Callable) -> None:
    assert fit_with_signals(2) == (130, False)


@pytest.fixture
def _usual_handler() -> Iterator[None]:
    """Ctrl-C raises, also where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_usual_handler")
def test_signals_do_what_they_did_before_there_is_something_to_save_and_after() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        interruption.begin(lambda: None)
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.came
    assert signal.getsignal(signal.SIGINT) is before

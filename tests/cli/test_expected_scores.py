"""What `fit` says that it expects: by which metric, and which way is better."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from automl_meta.cli import main

QUICK = (
    "--max-evaluations",
    "1",
    "--top-k",
    "1",
    "--folds",
    "2",
    "--jobs",
    "0",
    "--include",
    "gaussian_nb",
    "-o",
    "m.automl",
)
NOTE = "The meta-base has no top_k_accuracy; ranked by neg_log_loss, its nearest relative."


@pytest.fixture
def fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], tuple[str, str]]:
    """Return a function that fits by a metric, and returns what is printed and the section of the report."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def fit(metric: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["fit", "sklearn:iris", "--metric", metric, "--report", "r.html", *QUICK])
        captured = capsys.readouterr()
        assert ended.value.code in (0, None)
        section = re.search(r'<section id="recommended">.*?</section>', Path("r.html").read_text(), re.DOTALL)
        assert section is not None
        return captured.out + captured.err, section[0]

    return fit


def test_another_metric_than_the_one_asked_for_is_told(fitted: Callable[[str], tuple[str, str]]) -> None:
    printed, section = fitted("top_k_accuracy")
    assert NOTE in printed
    assert re.search(r"expected neg_log_loss\s.*\n.*gaussian_nb.* -0\.\d+ ±", printed)
    assert NOTE in section
    assert "Expected is the log loss, lower is better." in section


def test_expected_scores_are_shown_as_the_leaderboard_shows_them(fitted: Callable[[str], tuple[str, str]]) -> None:
    printed, section = fitted("neg_log_loss")
    assert "nearest relative" not in printed + section
    assert "expected neg_log_loss" not in printed
    assert re.search(r">0\.\d+ ± 0\.\d+<", section)
    assert not re.search(r"-0\.\d+ ±", section)
    assert "Expected is the log loss, lower is better." in section

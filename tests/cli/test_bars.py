import io
from pathlib import Path

import pytest
from rich.console import Console

from automl_meta.cli import bars
from automl_meta.cli.bars import Bar


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, seconds_a_step: float) -> str:
    """Return what is written while ten steps are made."""
    times = iter(seconds_a_step * step for step in range(1000))
    monkeypatch.setattr(bars.time, "monotonic", lambda: next(times))
    stream = io.StringIO()
    with Bar(Console(file=stream, force_terminal=terminal, width=100, markup=False)) as bar:
        for step in range(1, 11):
            bar.show(step / 10, "reading [x].csv")
    return stream.getvalue()


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, terminal=False, seconds_a_step=bars.SECONDS_BETWEEN_LINES / 2).splitlines()
    assert lines == [f"reading [x].csv: {share}%" for share in (20, 40, 60, 80, 100)]


def test_what_is_quick_leaves_a_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, terminal=False, seconds_a_step=0.01) == ""


def test_a_terminal_gets_a_bar_once_it_takes_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "reading" in shown(monkeypatch, terminal=True, seconds_a_step=1.0)
    monkeypatch.undo()
    assert "reading" not in shown(monkeypatch, terminal=True, seconds_a_step=0.01)


def test_reading_a_table_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_meta.cli import main

    table = tmp_path / "table.csv"
    table.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(200)))
    told: list[tuple[float, str]] = []
    monkeypatch.setattr(Bar, "show", lambda bar, share, doing, line=None: told.append((share, doing)))
    with pytest.raises(SystemExit):
        main(["fit", str(table), "--target", "y", "--max-evaluations", "1", "--include", "dummy", "--jobs", "0",
              "-o", str(tmp_path / "x.automl")])  # fmt: skip
    assert told[-1] == (1.0, f"reading {table}")

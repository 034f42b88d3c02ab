import errno
import io
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from automl_meta.cli import COMMANDS, main
from automl_meta.cli.output import console_for, print_json
from automl_meta.cli.surroundings import Ended, ended_by_signals, lenient_streams
from automl_meta.files import replacing


def run_command(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any], *before: str) -> object:
    """Return the exit code of the command line, called with a command that does `work`."""
    monkeypatch.setitem(COMMANDS, "work", "Do it.")
    monkeypatch.setitem(
        sys.modules, "automl_meta.cli.work", SimpleNamespace(work=click.Command("work", callback=work))
    )
    with pytest.raises(SystemExit) as ended:
        main([*before, "work"])
    return ended.value.code


def test_a_command_that_is_asked_to_end_leaves_no_half_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        with replacing(tmp_path / "model.automl") as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)

    assert run_command(monkeypatch, work) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert "Aborted." in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_has_the_exit_code_that_shells_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        raise KeyboardInterrupt

    assert run_command(monkeypatch, work) == 130


@pytest.mark.parametrize(("number", "advice"), [(errno.ENOSPC, "Make room"), (errno.EROFS, "Ask for the rights")])
def test_what_the_machine_refuses_is_no_internal_error(
    number: int, advice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        raise OSError(number, os.strerror(number), "out.csv")

    assert run_command(monkeypatch, work) == 2
    assert capsys.readouterr().err == f"Error: out.csv: {os.strerror(number)}. {advice}, or name another place.\n"


def test_a_signal_that_is_to_be_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            with pytest.raises(Ended):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def ascii_output(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Make standard output one that has ASCII only, and return what it is written to."""
    content = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(content, encoding="ascii", write_through=True))
    return content


def test_text_is_printed_where_the_encoding_lacks_its_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        output = ascii_output(patch)
        lenient_streams()
        console_for().print("0.9 ± 0.1")
        assert output.getvalue() == b"0.9 \\xb1 0.1\n"


@pytest.mark.parametrize("name", ["Köln", "東京", "\udcff"])
def test_json_stays_json_where_the_encoding_lacks_its_characters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        output = ascii_output(patch)
        print_json({"name": name})
        assert json.loads(output.getvalue().decode("ascii")) == {"name": name}


@pytest.mark.parametrize(("before", "heard"), [((), 0), (("-v",), 1)])
def test_what_libraries_warn_of_is_shown_to_those_who_ask(
    before: tuple[str, ...], heard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        monkeypatch.setattr(sys, "warnoptions", [])
        run_command(monkeypatch, lambda: warnings.warn("no positive class", UserWarning, stacklevel=1), *before)
    assert len(caught) == heard

"""What candidates may do wrong, for tests of whole runs: `evaluate` takes the place of the tuner's in the workers."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from automl_meta.evaluation import cross_validation
from automl_meta.evaluation.records import Evaluation
from automl_meta.execution.protocol import Shared
from automl_meta.pipelines.configuration import Configuration
from automl_meta.tuning import work

VICTIM = "lda"  # the algorithm whose default misbehaves; the file that FAULT_FILE names says how


def evaluate(problem: Shared, configuration: Configuration, *rest: Any) -> Evaluation:
    """Evaluate as the tuner does, except for the victim."""
    if configuration.algorithm != VICTIM:
        return work.evaluate(problem, configuration, *rest)
    with FAULTS[Path(os.environ["FAULT_FILE"]).read_text()]() or nullcontext():
        return work.evaluate(problem, configuration, *rest)


def raise_an_error() -> None:
    raise ArithmeticError("no luck today")


def return_nan() -> AbstractContextManager[object]:
    predict = cross_validation.predict
    return mock.patch.object(cross_validation, "predict", lambda *given: np.full_like(predict(*given), np.nan))


def hang_in_c() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    libc = ctypes.PyDLL(None)  # keeps the interpreter's lock: no Python code runs meanwhile, handlers included
    while True:
        libc.sleep(1000)


def eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(np.ones(2**24))  # 128 MiB, touched


def exit_at_once() -> None:
    os._exit(3)


def print_much() -> None:
    for _ in range(100):
        sys.stdout.write("x" * 2**20)
    raise ArithmeticError("printed 100 MB")


def crash() -> None:
    ctypes.string_at(0)


def sleep_in_python() -> None:
    time.sleep(1000)


FAULTS: dict[str, Callable[[], AbstractContextManager[object] | None]] = {
    function.__name__: function
    for function in (
        raise_an_error,
        return_nan,
        hang_in_c,
        eat_memory,
        exit_at_once,
        print_much,
        crash,
        sleep_in_python,
    )
}

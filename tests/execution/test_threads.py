import inspect
import threading

import pytest

from automl_meta.execution.cluster.dispatcher import Dispatcher
from automl_meta.execution.supervisor import Supervisor


@pytest.mark.parametrize("thread", [Supervisor, Dispatcher])
def test_no_method_has_a_name_that_python_gives_to_what_every_thread_holds(thread: type[threading.Thread]) -> None:
    # `_handle` had: Python 3.13 keeps the thread's own handle there, and no worker was ever heard of again.
    own = {name for name, _ in inspect.getmembers(thread, inspect.isfunction) if name in vars(thread)}
    assert own & set(vars(threading.Thread())) == set()

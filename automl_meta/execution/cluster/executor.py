"""The executor that sends work to a Dask cluster."""

import itertools
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from automl_meta.execution.cluster.dispatcher import Dispatcher, Job
from automl_meta.execution.cluster.parcel import ClusterShared, pack
from automl_meta.execution.protocol import Limits, Outcome, Status
from automl_meta.execution.shared import SharedFile
from automl_meta.execution.supervisor import OutcomeFuture
from automl_meta.execution.worker import one_line

PATIENCE = 60.0


class DaskExecutor:
    """Runs functions on the workers of a Dask cluster, each in a supervised process beside the Dask worker.

    Limits and outcomes are those of `LocalExecutor`. A worker that dies is survived: what it was doing is done again
    elsewhere. Workers that join are used. When the scheduler is lost, or there has been no worker for `patience`
    seconds, all work ends as CANCELLED. Use it as a context manager, or call `shutdown`.

    Parameters
    ----------
    client : distributed.Client
    cluster
        Of Dask, if it was started for this executor; it is closed with it.
    preload : tuple of str
        Modules that the workers' pools import before they take work.
    patience : float
        Seconds to wait for a worker when there is none.

    Raises
    ------
    InputError
        If there is no worker, or if versions on a worker differ from those here.

    Notes
    -----
    A `Path` in what is sent that names a folder here becomes a folder there, and files in it that the returned value
    names come back with it: machines need not share a file system.
    """

    def __init__(
        self, client: Any, cluster: Any = None, *, preload: tuple[str, ...] = (), patience: float = PATIENCE
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="automl-meta-"))
        self._numbers = itertools.count()
        self._session = uuid.uuid4().hex
        self._cluster = cluster
        self._client = client
        self._dispatcher = Dispatcher(client, self._session, preload, patience)
        try:
            self._dispatcher.check_workers()
        except BaseException:
            self._close()
            raise
        self._dispatcher.start()

    @property
    def workers(self) -> int:
        """How many pieces of work the workers of this moment do at a time, at least one."""
        return max(self._dispatcher.slots, 1)

    @property
    def memory_mb(self) -> None:
        """None: each worker knows its own share."""
        return None

    def share(self, value: Any) -> ClusterShared:
        """Make `value` available to all workers; each fetches it when it first needs it."""
        key = f"shared-{next(self._numbers)}"
        path = self._folder / key
        parcel = pack(value)
        path.write_bytes(parcel.content)
        self._dispatcher.add_shared(key, path, parcel.folders)
        return ClusterShared(key, SharedFile(path), parcel.folders, self._dispatcher.drop_shared)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, limits: Limits) -> OutcomeFuture:
        """Run `function(*arguments)` (both must pickle) on a worker; the future ends with an `Outcome`."""
        future = OutcomeFuture(self._dispatcher.stop_work)
        try:
            parcel = pack((function, arguments))
        except Exception as error:  # noqa: BLE001 - any class may refuse to be pickled, in its own way
            future.set_result(Outcome(status=Status.FAILED, error=one_line(error)))
            return future
        self._dispatcher.add_work(Job(parcel, limits, future))
        return future

    def shutdown(self, *, cancel: bool = False) -> None:
        """Take no more work, wait for what there is, or stop it if `cancel`; further calls do nothing."""
        self._dispatcher.finish(cancel=cancel)
        if threading.current_thread() is not self._dispatcher:
            self._dispatcher.join()
        self._close()

    def _close(self) -> None:
        self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close(timeout=5)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "DaskExecutor":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.shutdown(cancel=kind is not None)

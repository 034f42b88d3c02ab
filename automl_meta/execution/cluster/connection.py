"""Reaching a cluster, or starting one here."""

import gc
import logging
import traceback
import warnings
from typing import Any

from automl_meta.errors import InputError
from automl_meta.execution.cluster.address import ClusterOptions
from automl_meta.execution.cluster.executor import PATIENCE, DaskExecutor
from automl_meta.execution.local import PRELOAD
from automl_meta.execution.memory import physical_mb
from automl_meta.optional import require

CONNECT_SECONDS = 10.0
CONNECT_HERE_SECONDS = 120.0  # to a scheduler in this process, which is busy while many workers join
LOOPBACK = "127.0.0.1"
DASK_LOGGERS = tuple(
    f"distributed.{name}" for name in ("client", "core", "comm", "nanny", "scheduler", "worker", "http.proxy")
)
# Ctrl-C in the terminal is for the run alone, which then ends its workers in order.
IGNORE_INTERRUPTS = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


def connect(
    options: ClusterOptions, *, preload: tuple[str, ...] = PRELOAD, patience: float = PATIENCE
) -> DaskExecutor:
    """Return an executor on the cluster that `options` name, once it has been found fit for use.

    Parameters
    ----------
    preload : tuple of str
        Modules that the workers' pools import before they take work.
    patience : float
        Seconds to wait for a worker when there is none, at the start and later.

    Raises
    ------
    InputError
        If there is no scheduler or no worker, or if versions on a worker differ from those here.
    MissingExtraError
        If Dask is not installed.
    """
    distributed = require("distributed", "dask")
    for name in ("distributed", *DASK_LOGGERS):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters to a user is said by this package
    security = _security(options, distributed)
    cluster = _start_here(options, distributed, security) if options.is_local else None
    address = options.address if cluster is None else cluster.scheduler_address
    try:
        with warnings.catch_warnings(action="ignore"):  # of versions that differ, which are looked at below
            client = distributed.Client(
                address,
                security=security,
                timeout=CONNECT_SECONDS if cluster is None else CONNECT_HERE_SECONDS,
                set_as_default=False,
                name="automl-meta",
            )
    except (OSError, TypeError) as error:  # Dask's TypeError: the address wants TLS, and nothing is configured
        if cluster is not None:
            cluster.close()
        _destroy_what_failed(error)
        raise InputError(
            f"no Dask scheduler answers at {address}: {' '.join(str(error).split())[:200]}. "
            "Is it running, and is TLS set on both sides or on neither?"
        ) from error
    return DaskExecutor(client, cluster, preload=preload, patience=patience)


def _destroy_what_failed(error: BaseException | None) -> None:
    """Destroy the half-made client that the frames of an error hold.

    At a later time its destructor may run while another client starts, and wait for ever for a lock of Dask's.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
    gc.collect()


def _security(options: ClusterOptions, distributed: Any) -> Any:
    """Return Dask's object, or None, with which its own configuration decides."""
    if not options.has_tls:
        return None
    ca, certificate, key = (path and str(path) for path in (options.tls_ca, options.tls_cert, options.tls_key))
    return distributed.Security(
        require_encryption=True,
        tls_ca_file=ca,
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_scheduler_cert=certificate,
        tls_scheduler_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
    )


def _start_here(options: ClusterOptions, distributed: Any, security: Any) -> Any:
    from dask.system import CPU_COUNT

    workers = options.local_workers or CPU_COUNT
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        memory_limit=int(physical_mb() * 2**20 / workers),
        host=LOOPBACK,
        protocol="tls://" if security else "tcp://",
        dashboard_address=f"{LOOPBACK}:0",  # None would listen everywhere
        worker_dashboard_address=f"{LOOPBACK}:0",
        scheduler_kwargs={"dashboard": False},
        security=security,
        silence_logs=logging.CRITICAL,
        preload=[IGNORE_INTERRUPTS],
    )

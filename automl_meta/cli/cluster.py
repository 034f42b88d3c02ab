"""The options by which commands run on a Dask cluster."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from automl_meta.errors import InputError

if TYPE_CHECKING:
    from automl_meta.execution.cluster import ClusterOptions

PEM = click.Path(exists=True, dir_okay=False, path_type=Path)
ADDRESS_HELP = "Run on a Dask cluster: tcp://HOST:PORT of its scheduler, or local:N to start one here."
CLUSTER_OPTIONS = (
    click.option("--cluster", metavar="ADDRESS", help=ADDRESS_HELP),
    click.option("--cluster-tls-ca", type=PEM, help="Authority that signed the cluster's certificates, PEM."),
    click.option("--cluster-tls-cert", type=PEM, help="Certificate for the cluster, PEM."),
    click.option("--cluster-tls-key", type=PEM, help="Private key for the cluster, PEM."),
)


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--cluster`` and its TLS files to a command."""
    for option in reversed(CLUSTER_OPTIONS):
        command = option(command)
    return command


def take_cluster_options(given: dict[str, Any]) -> "ClusterOptions | None":
    """Take the options of `cluster_options` out of `given` and return what they say, None for no cluster.

    Raises
    ------
    InputError
        If they do not fit together, with each other or with ``--jobs``.
    """
    from automl_meta.execution.cluster import ClusterOptions

    address = given.pop("cluster")
    files = {name: given.pop(f"cluster_{name}") for name in ("tls_ca", "tls_cert", "tls_key")}
    if address is None:
        if any(files.values()):
            raise InputError("TLS files were given without a cluster. Add --cluster tls://HOST:PORT")
        return None
    if given.get("jobs") is not None:
        raise InputError("--jobs are processes here and --cluster is elsewhere. Give one of them")
    return ClusterOptions(address=address, **files)

"""What a user may say about the cluster, checked before anything is imported or started."""

import re
from dataclasses import dataclass
from pathlib import Path

from automl_meta.errors import InputError

LOCAL = re.compile(r"local(?::(\d+))?")
REMOTE = re.compile(r"(?:tcp|tls|ucx|ws|wss)://.+:\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """Where the cluster is and how the connection to it is secured.

    Attributes
    ----------
    address : str
        A scheduler's, such as ``tcp://10.0.0.5:8786``; or ``local`` or ``local:N``, which starts a scheduler and N
        workers (by default one a core) on the loopback interface and ends them with the run.
    tls_ca, tls_cert, tls_key : Path or None
        Files in PEM format. Without them, Dask's own configuration decides.

    Raises
    ------
    InputError
        If the address is none, a file is missing, or certificate and key are not given together.
    """

    address: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        local = LOCAL.fullmatch(self.address)
        if not local and not REMOTE.fullmatch(self.address):
            raise InputError(
                f"--cluster {self.address!r} is no address of a Dask scheduler. "
                "Try tcp://HOST:PORT (what `dask scheduler` prints), or local:2 for two workers here"
            )
        if local and local[1] is not None and int(local[1]) < 1:
            raise InputError("--cluster local:N needs at least one worker")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InputError("--cluster-tls-cert and --cluster-tls-key belong together. Give both or none")
        for path in (self.tls_ca, self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise InputError(f"there is no file {path}, which was named for the cluster's TLS")
        if self.has_tls and not local and self.address.startswith("tcp://"):
            raise InputError(f"TLS files were given, but {self.address} is not encrypted. Try tls://HOST:PORT")

    @property
    def has_tls(self) -> bool:
        """Whether any TLS file was named."""
        return self.tls_ca is not None or self.tls_cert is not None

    @property
    def is_local(self) -> bool:
        """Whether the cluster is to be started here."""
        return LOCAL.fullmatch(self.address) is not None

    @property
    def local_workers(self) -> int | None:
        """How many workers to start here; None is one a core."""
        match = LOCAL.fullmatch(self.address)
        return int(match[1]) if match and match[1] else None

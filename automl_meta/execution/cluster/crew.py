"""Which workers of a cluster there are, and which of them may be used."""

import logging
import time
from collections.abc import Callable
from typing import Any

from automl_meta.errors import InputError
from automl_meta.execution.cluster.station import prepare
from automl_meta.execution.cluster.versions import differences, make_probe
from automl_meta.execution.worker import one_line

logger = logging.getLogger(__name__)

CALL_SECONDS = 10.0
POLL_SECONDS = 0.1


class Crew:
    """The workers of a cluster as one session sees them.

    Attributes
    ----------
    addresses : set of str
        Of the workers that may be used.
    """

    def __init__(self, client: Any, session: str, preload: tuple[str, ...]) -> None:
        self._client = client
        self._session = session
        self._preload = preload
        self._refused: dict[str, str] = {}  # address to the reason
        self._threads: dict[str, int] = {}
        self.addresses: set[str] = set()
        self.versions = make_probe()()
        self.scheduler = client.scheduler.address

    @property
    def slots(self) -> int:
        """How many pieces of work the workers that may be used do at a time."""
        return sum(self._threads[address] for address in set(self.addresses))

    def gather(self, patience: float) -> None:
        """Wait for the first worker, and see whether all that are there may be used.

        Raises
        ------
        InputError
            If none comes, or if versions on one differ from those here.
        """
        deadline = time.monotonic() + patience
        self.look()
        while not (self.addresses or self._refused) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            self.look()
        if self._refused:
            lines = [f"  {address}: {why}" for address, why in sorted(self._refused.items())]
            raise InputError(
                "these workers have other versions than this process, so nothing was run:\n"
                + "\n".join(lines[:10])
                + "\nInstall the same versions on all machines."
            )
        if not self.addresses:
            raise InputError(
                f"the Dask scheduler at {self.scheduler} has no workers. Try: dask worker {self.scheduler}"
            )

    def look(self) -> None:
        """Learn who came and who went; those who came are asked for their versions and told to get ready."""
        try:
            threads = self._client.nthreads(callback_timeout=CALL_SECONDS)
            welcome = self._welcome([a for a in threads if a not in self._threads and a not in self._refused])
        except Exception as error:  # noqa: BLE001 - Dask raises what it likes when somebody is gone
            logger.debug("nobody said who is there: %s", one_line(error))
            return
        self._refused = {address: why for address, why in self._refused.items() if address in threads}
        self.addresses = (self.addresses & set(threads)) | welcome
        self._threads = {address: threads[address] for address in (*self.addresses, *self._refused)}

    def refuse(self, address: str, why: str) -> None:
        """Use a worker no more."""
        if address not in self._refused:
            logger.warning("%s is not used: %s", address, why)
        self._refused[address] = why
        self.addresses.discard(address)

    def allowed(self, avoided: set[str]) -> frozenset[str] | None:
        """Return the workers that a piece of work may go to; None is any, those to come among them."""
        if not self._refused and not avoided:
            return None
        return frozenset(self.addresses - avoided) or frozenset(self.addresses)

    def tell(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have `function` called on all workers; those that are gone need not answer."""
        try:
            self._client.run(function, *arguments, on_error="ignore", callback_timeout=CALL_SECONDS)
        except Exception as error:  # noqa: BLE001 - see `look`
            logger.debug("not all workers were told: %s", one_line(error))

    def _welcome(self, new: list[str]) -> set[str]:
        """Return those of the `new` workers that may be used."""
        if not new:
            return set()
        answers = self._client.run(make_probe(), workers=new, on_error="return", callback_timeout=CALL_SECONDS)
        good = set()
        for address, answer in answers.items():
            if isinstance(answer, BaseException):
                continue  # gone again; or asked again at the next look
            different = differences(answer, self.versions)
            if different:
                self.refuse(address, ", ".join(different))
            else:
                good.add(address)
        if good:
            ready = {"workers": sorted(good), "on_error": "ignore", "callback_timeout": CALL_SECONDS}
            self._client.run(prepare, self._session, self._preload, **ready)
        return good
